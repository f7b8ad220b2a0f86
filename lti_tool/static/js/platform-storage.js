/* The platform's storage (postMessage), for browsers that keep no cookies in a frame of the LMS.
   https://www.imsglobal.org/spec/lti-cs-pm/v0p1 and https://www.imsglobal.org/spec/lti-pm-s/v0p1
   A message goes to the origin of the platform's sign-in address only, and only answers from that origin count. */

/** The window of the LMS: what opened us where we are a window of our own, else what frames us. */
function platformWindow() {
  return window.opener || (window.parent === window ? null : window.parent);
}

/** The frame of the LMS that keeps the storage: named by the login, or the LMS's window itself. */
function storageFrame(name) {
  const platform = platformWindow();
  if (!platform || name === "_parent") return platform;
  try {
    return platform.frames[name] || platform;
  } catch {
    return platform;
  }
}

/** Resolves to the answer's data; rejects when the platform refuses or says nothing for `wait` milliseconds. */
export function ask(subject, { target, origin, wait, ...fields }) {
  return new Promise((resolve, reject) => {
    const frame = storageFrame(target);
    if (!frame) {
      reject(new Error("there is no platform window"));
      return;
    }
    const messageId = crypto.getRandomValues(new Uint32Array(4)).join("-");
    const stop = (settle, value) => {
      window.clearTimeout(timer);
      window.removeEventListener("message", listen);
      settle(value);
    };
    const listen = (event) => {
      const data = event.data;
      if (event.origin !== origin || !data || typeof data !== "object") return;
      if (data.subject !== `${subject}.response` || data.message_id !== messageId) return;
      if (data.error) stop(reject, new Error(String(data.error.code || "refused")));
      else stop(resolve, data);
    };
    const timer = window.setTimeout(() => stop(reject, new Error("no answer")), wait);
    window.addEventListener("message", listen);
    frame.postMessage({ subject, message_id: messageId, ...fields }, origin);
  });
}
