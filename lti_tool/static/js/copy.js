/* Buttons that copy a text: <button data-copy="id of the element" data-done="Copied" hidden>. They show with script only. */

async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
  } catch {
    // Moodle's frame has no leave to use the clipboard; the old way works there within a click.
    const range = document.createRange();
    range.selectNodeContents(source);
    const selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    if (!document.execCommand("copy")) return false;
  }
  return true;
}

export function copyButtons(root = document) {
  for (const button of root.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const status = button.parentElement.querySelector("[role=status]");
      const done = await copy(document.getElementById(button.dataset.copy));
      if (done && status) status.textContent = button.dataset.done;
    });
  }
}
