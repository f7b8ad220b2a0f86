/* Registration is done: the LMS may close the frame. https://www.imsglobal.org/spec/lti-dr/v1p0#closing-the-registration
   The message holds nothing, and which LMS frames us is not known to the page, so any origin may read it. */

function close() {
  (window.opener || window.parent).postMessage({ subject: "org.imsglobal.lti.close" }, "*");
}

const button = document.querySelector("[data-close]");
button.hidden = false;
button.addEventListener("click", close);
if (button.dataset.close === "now") window.setTimeout(close, 2500);
