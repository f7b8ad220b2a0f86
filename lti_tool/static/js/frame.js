/* In a frame of the LMS: tells the LMS how high this page is, so that there is no second scroll bar.
   The message is Canvas' `lti.frameResize`, also understood by Sakai, Brightspace and Moodle's message-handler plugin:
   https://developerdocs.instructure.com/services/canvas/external-tools/lti/file.lti_window_post_message
   https://github.com/bracken/lti_messaging . Moodle itself fits the frame to the window and does not listen. */

const SOON = 50;

/** The height of what is on the page, in CSS pixels; not of the window, which would never let the frame shrink. */
export function contentHeight() {
  return Math.ceil(document.documentElement.getBoundingClientRect().height);
}

/** Asks `frame` for this height. Some LMSs read the message as an object, others only as JSON text: both are sent.
    The receiver is unknown to the page and the height is no secret, so any origin may read it. */
export function askForHeight(height, frame = window.parent) {
  const message = { subject: "lti.frameResize", height };
  frame.postMessage(message, "*");
  frame.postMessage(JSON.stringify(message), "*");
}

/** Marks the page as framed and keeps the LMS told; does nothing in a window of its own. */
export function keepFrameFitting() {
  if (window.parent === window) return;
  document.body.dataset.framed = "yes";
  let asked = 0;
  let waiting = 0;
  const ask = () => {
    waiting = 0;
    const height = contentHeight();
    // A pixel up or down is rounding; answering it could go on for ever.
    if (Math.abs(height - asked) < 2) return;
    asked = height;
    askForHeight(height);
  };
  const askSoon = () => {
    if (!waiting) waiting = window.setTimeout(ask, SOON);
  };
  new ResizeObserver(askSoon).observe(document.documentElement);
  ask();
}
