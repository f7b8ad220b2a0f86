/* The end of a module whose grade is on its way: says by itself when it has arrived, or why not, in the words that the
   server has for it. Until then it asks, ever more slowly; a page that is out of sight doesn't. */

const FIRST_WAIT = 1500;
const LONGEST_WAIT = 30000;

const pause = (time) => new Promise((done) => window.setTimeout(done, time));
const part = (root) => root.querySelector("[data-grade]");

/** The part of the page that speaks of the grade, as it is now; null where the server can't be asked. */
async function asked() {
  try {
    const answer = await fetch(window.location.href, { credentials: "same-origin" });
    return answer.ok ? part(new DOMParser().parseFromString(await answer.text(), "text/html")) : null;
  } catch {
    return null;
  }
}

let wait = FIRST_WAIT;
while (part(document)?.dataset.grade === "waiting") {
  await pause(wait);
  wait = Math.min(wait * 1.5, LONGEST_WAIT);
  if (document.hidden) continue;
  const now = await asked();
  // A line that is read out, changed once: the words of "waiting" again would be read out again.
  if (now && now.dataset.grade !== "waiting") {
    const here = part(document);
    here.dataset.grade = now.dataset.grade;
    here.replaceChildren(...now.childNodes);
  }
}
