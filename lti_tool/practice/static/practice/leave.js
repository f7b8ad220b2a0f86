// In the tool's frame: the whole window goes on. Not in a frame, the page stays and the link is there.
const link = document.getElementById("leave");
if (window.top !== window.self) {
  window.top.location.assign(link.href);
}
