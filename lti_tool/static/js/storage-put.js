/* Login: leaves the secret of this login with the platform, then goes on to its sign-in. The cookie was set with this page;
   where it is kept, the storage is only a second string and need not be waited for long. */

import { ask } from "./platform-storage.js";

const page = document.querySelector("[data-storage-put]");
const { target, origin, key, value, next } = page.dataset;

function keepsCookies() {
  const probe = "lti-probe=1; Secure; SameSite=None; Partitioned; Path=/lti/";
  try {
    document.cookie = probe;
    const kept = document.cookie.includes("lti-probe=1");
    document.cookie = `${probe}; Max-Age=0`;
    return kept;
  } catch {
    return false;
  }
}

ask("lti.put_data", { target, origin, wait: keepsCookies() ? 300 : 2000, key, value })
  .catch(() => null)
  .then(() => window.location.replace(next));
