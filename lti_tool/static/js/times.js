/* Moments (<time data-when>) in the reader's own time zone; without script they stand in the server's best guess. */

export function localTimes(root = document) {
  const lang = document.documentElement.lang;
  // Plain "en" would mean the American order, which none of our readers uses.
  const writer = new Intl.DateTimeFormat(lang === "en" ? "en-GB" : lang, {
    day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  });
  for (const part of root.querySelectorAll("time[data-when]")) {
    const moment = new Date(part.dateTime);
    if (!Number.isNaN(moment.valueOf())) part.textContent = writer.format(moment);
  }
}
