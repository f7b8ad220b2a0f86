/* Moments (<time data-when>) in the reader's own time zone; without script they stand in the server's best guess. */

export function localTimes(root = document) {
  const lang = document.documentElement.lang;
  // Plain "en" would mean the American order, which none of our readers uses.
  const tag = lang === "en" ? "en-GB" : lang;
  const days = new Intl.DateTimeFormat(tag, { day: "numeric", month: "short", year: "numeric" });
  const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  // As the server writes it (lti_tool/i18n.py): in Latvian browsers shorten the word for the year, and drop the comma.
  const said = (moment) => `${days.format(moment).replace(/^(\d+)\. g\. /, "$1. gada ")}, ${clock.format(moment)}`;
  for (const part of root.querySelectorAll("time[data-when]")) {
    const moment = new Date(part.dateTime);
    if (!Number.isNaN(moment.valueOf())) part.textContent = said(moment);
  }
}
