/* A quiz: answers are kept while they are written, and after checking the result comes into focus.
   Without script the form does all of it by its buttons. */

import { persistent, turn } from "./module.js";

const SOON = 700;

function keepDraft(form) {
  const answers = () => new URLSearchParams(new FormData(form));
  const save = (keepalive = false) => fetch(form.dataset.draft, {
    method: "POST",
    keepalive,
    headers: { Accept: "application/json" },
    body: answers(),
  });
  let dirty = false;
  let timer = 0;
  const poke = persistent(() => {
    dirty = false;
    return save();
  });
  form.addEventListener("input", () => {
    dirty = true;
    window.clearTimeout(timer);
    timer = window.setTimeout(poke, SOON);
  });
  form.addEventListener("submit", () => {
    window.clearTimeout(timer);
    dirty = false;
    turn();
  });
  window.addEventListener("pagehide", () => {
    if (dirty) save(true).catch(() => {});
  });
}

const form = document.querySelector("form[data-draft]");
if (form) keepDraft(form);

// Whoever can't see the page must hear first what came out.
const checked = location.hash === "#result" || document.querySelector("[data-checked]");
const news = document.getElementById("unanswered") ?? (checked ? document.getElementById("result") : null);
news?.focus();
