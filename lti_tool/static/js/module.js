/* A learner's page of a module: tells the record store what is read, and keeps trying while the page is open.
   Where the learner is, and what counts, the server notes by itself when it is asked for a page. Nothing is kept in the
   browser: in the LMS's frame its storage may be blocked. */

import { saved, trying } from "./saved.js";

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30000;
const AT_WORK = 120000;
const ADL = "http://adlnet.gov/expapi/verbs/";
const PROGRESS = "https://w3id.org/xapi/cmi5/result/extensions/progress";

const pause = (time) => new Promise((done) => window.setTimeout(done, time));

/** "done", "again" (worth another try), "over" (the session has ended) or "refused" (it never will be taken). */
async function verdict(send) {
  try {
    const answer = await send();
    if (answer.ok) return "done";
    if (answer.status === 401) return "over";
    return answer.status === 408 || answer.status === 429 || answer.status >= 500 ? "again" : "refused";
  } catch {
    return "again";
  }
}

function sayOver() {
  const part = document.getElementById("session-over");
  if (part) part.hidden = false;
}

/** Returns a function that makes `send()` (a fetch) happen: at once, and again, ever more slowly, until it is taken.
    `settled` is called when it was, or when it never will be. One is under way at a time. */
export function persistent(send, settled = () => {}) {
  let wanted = false;
  let running = false;
  return async function poke() {
    wanted = true;
    if (running) return;
    running = true;
    let wait = FIRST_WAIT;
    while (wanted) {
      wanted = false;
      const said = await verdict(send);
      if (said === "again") {
        wanted = true;
        trying();
        await pause(wait * (0.75 + Math.random() / 2));
        wait = Math.min(wait * 2, LONGEST_WAIT);
        continue;
      }
      wait = FIRST_WAIT;
      if (said === "done") saved();
      if (said === "over") {
        sayOver();
        break;
      }
      settled();
    }
    running = false;
  };
}

let staying = false;

/** True from the moment when the reader turns to another page of the module. */
export const turning = () => staying;

/** The next page belongs to the module too, and nobody is asked whether to leave. */
export function turn() {
  staying = true;
  window.addEventListener("beforeunload", (event) => event.stopImmediatePropagation(), { capture: true });
}

// crypto.randomUUID is missing where the tool is reached without https.
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const text = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

const duration = (milliseconds) => `PT${Math.max(0, Math.round(milliseconds / 1000))}S`;

function record(study) {
  const token = document.querySelector("meta[name=xapi-token]")?.content;
  const about = JSON.parse(study.dataset.about);
  const thing = study.dataset.thing ? JSON.parse(study.dataset.thing) : null;
  // The server's clock, as it was when the page was made, and the time since: clocks of old laptops are often wrong.
  const opened = performance.now();
  const server = Date.parse(study.dataset.now);
  const now = () => new Date(server + performance.now() - opened).toISOString();
  let queue = [];
  let sending = 0;

  const post = (statements, keepalive = false) => fetch(study.dataset.url, {
    method: "POST",
    keepalive,
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", "X-Experience-API-Version": "2.0.0" },
    body: JSON.stringify(statements),
  });
  const poke = persistent(
    () => {
      sending = queue.length;
      return post(queue.slice(0, sending));
    },
    () => {
      queue = queue.slice(sending);
      if (queue.length) poke();
    },
  );

  function say(verb, object, result) {
    const statement = { id: newId(), ...about, verb: { id: ADL + verb, display: { en: verb } }, timestamp: now() };
    if (object) statement.object = object;
    if (result) statement.result = result;
    queue.push(statement);
  }

  // The server could only guess the reader's time zone.
  if (study.dataset.saved) saved(new Date(study.dataset.saved));
  if (thing) {
    say("experienced", thing);
    // The scale of this extension is 0 to 100 (cmi5, 9.5.5.1).
    say("progressed", null, { extensions: { [PROGRESS]: Math.round(Number(study.dataset.share) * 100) } });
    poke();
  }

  // Who reads on for long is at work: without this, only the first minutes of a long page would count.
  let active = false;
  for (const kind of ["scroll", "pointermove", "keydown", "touchstart"]) {
    window.addEventListener(kind, () => { active = true; }, { passive: true });
  }
  window.setInterval(() => {
    if (!active || document.hidden) return;
    active = false;
    say("interacted", thing);
    poke();
  }, AT_WORK);

  window.addEventListener("pagehide", () => {
    if (!turning()) {
      say("terminated", null, { duration: duration(Number(study.dataset.worked) * 1000 + performance.now() - opened) });
    }
    // What is under way may not arrive; the ids are the same, so twice is once.
    if (queue.length) post(queue, true).catch(() => {});
    queue = [];
  });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (link && !link.target && link.origin === location.origin && !event.defaultPrevented) turn();
});

const study = document.getElementById("study");
if (study) record(study);
