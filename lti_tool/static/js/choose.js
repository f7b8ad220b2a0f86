/* The chooser without asking the server: search while typing, units at a click, what is ticked told at once.
   Everything here works without script too, one request slower. */

const plain = (text) => text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");

const send = document.getElementById("send");
if (send) {
  // Once: who comes back by the Back button wants to look, not to send again.
  if (performance.getEntriesByType("navigation")[0]?.type !== "back_forward") send.submit();
} else {
  const form = document.querySelector("form.choose");
  if (form) choose(form);
}

function choose(form) {
  const counted = JSON.parse(form.dataset.counted);
  const number = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 2 });
  const search = form.elements.q;
  const show = form.querySelector("input[name=show]");
  const shelves = [...form.querySelectorAll(".choose-shelf")];
  const turns = [...form.querySelectorAll(".choose-turn")];
  const rows = [...form.querySelectorAll(".choose-row")];
  const found = form.querySelector(".choose-found");
  const none = form.querySelector(".choose-none");
  const fold = form.querySelector(".choose-fold");
  const wide = matchMedia("(min-width: 48rem)");
  const boxOf = (row) => row.querySelector("input[name=pick]");

  function look() {
    const wanted = plain(search.value).split(/\s+/).filter(Boolean);
    let hits = 0;
    for (const shelf of shelves) {
      for (const group of shelf.querySelectorAll(".choose-group")) {
        let any = false;
        for (const row of group.querySelectorAll(".choose-row")) {
          row.hidden = !wanted.every((word) => row.dataset.words.includes(word));
          if (!row.hidden) any = true;
          if (!row.hidden) hits += 1;
        }
        group.hidden = wanted.length ? !any : ![group.dataset.value, shelf.dataset.value].includes(show.value);
      }
      shelf.hidden = [...shelf.querySelectorAll(".choose-group")].every((group) => group.hidden);
    }
    for (const turn of turns) {
      if (!wanted.length && turn.value === show.value) turn.setAttribute("aria-current", "true");
      else turn.removeAttribute("aria-current");
    }
    found.hidden = !wanted.length;
    found.textContent = wanted.length ? counted.found[hits] : "";
    none.hidden = !wanted.length || hits > 0;
  }

  function tell() {
    for (const whole of form.querySelectorAll("input[data-whole]")) {
      const boxes = [...whole.closest(".choose-group").querySelectorAll(".choose-row")].map(boxOf);
      const ticked = boxes.filter((box) => box.checked).length;
      whole.checked = ticked === boxes.length;
      whole.indeterminate = ticked > 0 && ticked < boxes.length;
    }
    const picked = rows.filter((row) => boxOf(row).checked);
    const record = form.querySelector("input[name=pick][value=record]").checked;
    const button = form.querySelector("[data-add]");
    const label = button.querySelector("span");
    button.dataset.plain ??= label.textContent;
    const sum = form.querySelector(".choose-sum");
    sum.dataset.plain ??= sum.textContent;
    const units = form.querySelectorAll('input[name=pick][value*="/progress/"]:checked').length;
    // The counted words know modules and My record alone: with a unit's progress among them they would leave it out.
    if (units) label.textContent = button.dataset.plain;
    else if (!picked.length) label.textContent = record ? button.dataset.one : button.dataset.plain;
    else label.textContent = (record ? counted.both : counted.add)[picked.length];
    const hours = picked.reduce((total, row) => total + Number(row.dataset.hours), 0);
    const columns = picked.filter((row) => "graded" in row.dataset).length + units;
    const sums = picked.length
      ? [counted.modules[picked.length], form.dataset.hours.replace("{}", number.format(hours))]
      : [];
    if (sums.length || columns) sums.push(counted.columns[columns]);
    sum.toggleAttribute("data-empty", !sums.length);
    sum.textContent = sums.join(", ") || sum.dataset.plain;
    const list = form.querySelector(".choose-picked");
    const titles = form.querySelectorAll(".choice:has(input[name=pick]:checked) .choice-title");
    list.querySelector("ul").replaceChildren(
      ...[...titles].map((title) => {
        const item = document.createElement("li");
        item.textContent = title.textContent;
        return item;
      }),
    );
    list.hidden = titles.length === 0;
  }

  form.addEventListener("change", (event) => {
    if ("whole" in event.target.dataset) {
      for (const row of event.target.closest(".choose-group").querySelectorAll(".choose-row")) {
        boxOf(row).checked = event.target.checked;
      }
    }
    tell();
  });
  search.addEventListener("input", look);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  form.querySelector(".search button").hidden = true;
  for (const turn of turns) {
    turn.addEventListener("click", (event) => {
      event.preventDefault();
      show.value = turn.value;
      search.value = "";
      look();
      if (!wide.matches) fold.open = false;
    });
  }
  // The head's form for the language is another form: it takes along what is ticked and shown.
  document.querySelector(".language form")?.addEventListener("submit", (event) => {
    const carried = new FormData(form);
    for (const old of event.target.querySelectorAll("[name=pick], [name=show], [name=q]")) old.remove();
    for (const name of ["pick", "show", "q"]) {
      for (const value of carried.getAll(name)) {
        const input = document.createElement("input");
        Object.assign(input, { type: "hidden", name, value });
        event.target.append(input);
      }
    }
  });
  // On a phone the tree would push the modules out of sight.
  const fit = () => {
    fold.open = wide.matches;
  };
  wide.addEventListener("change", fit);
  fit();
  look();
  tell();
}
