/* The line that says whether the work is saved (parts.html: saved()).
   A page's script calls saved() after the server has taken something, trying() while it has not. */

const line = () => document.getElementById("saved");

function say(state, text) {
  const part = line();
  if (!part) return;
  part.dataset.state = state;
  const words = part.querySelector(".saved-text");
  // The same words again would be read out again.
  if (words.textContent !== text) words.textContent = text;
}

function warnBeforeLeaving(event) {
  event.preventDefault();
}

/** "Saved 14:02", in the reader's own time; leaving is safe. */
export function saved(at = new Date()) {
  const time = at.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  say("saved", line()?.dataset.saved.replace("{time}", time));
  window.removeEventListener("beforeunload", warnBeforeLeaving);
}

/** What the server wrote in its best guess of the time zone, in the reader's own. */
export function showSavedTime() {
  if (line()?.dataset.at) saved(new Date(line().dataset.at));
}

/** "Not saved yet, trying again"; the browser asks back before the page is left. */
export function trying() {
  say("trying", line()?.dataset.trying);
  window.addEventListener("beforeunload", warnBeforeLeaving);
}
