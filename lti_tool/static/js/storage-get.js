/* Launch without a cookie: asks the platform for the secret of this login and sends the launch again with it.
   Where the platform has none, the page offers a new tab. */

import { ask } from "./platform-storage.js";

const form = document.querySelector("[data-storage-get]");
const { target, origin, key } = form.dataset;

ask("lti.get_data", { target, origin, wait: 3000, key })
  .then((answer) => {
    if (typeof answer.value !== "string" || !answer.value) throw new Error("nothing is kept");
    form.elements.namedItem("binding").value = answer.value;
    form.submit();
  })
  .catch(() => {
    document.getElementById("asking").hidden = true;
    document.getElementById("new-tab").hidden = false;
  });
