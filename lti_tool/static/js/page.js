/* What every page does, once its text is there. Nothing here is needed to read or to send a form. */

import { copyButtons } from "./copy.js";
import { keepFrameFitting } from "./frame.js";
import { showSavedTime } from "./saved.js";
import { localTimes } from "./times.js";

keepFrameFitting();
localTimes();
showSavedTime();
copyButtons();

// The list of languages closes like a menu: on Escape and when something else is used.
const language = document.querySelector("details.language");
if (language) {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !language.open) return;
    language.open = false;
    language.querySelector("summary").focus();
  });
  document.addEventListener("click", (event) => {
    if (!language.contains(event.target)) language.open = false;
  });
}
