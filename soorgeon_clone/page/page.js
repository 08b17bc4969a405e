
// A link into a folded part unfolds it.
function unfold() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
  target.scrollIntoView({ block: "center" });
  if (!target.hasAttribute("tabindex")) target.setAttribute("tabindex", "-1");
  target.focus({ preventScroll: true });
}
addEventListener("hashchange", unfold);
addEventListener("DOMContentLoaded", unfold);

// Drawings in .zoom: buttons and keys + - 0, the wheel with Ctrl, and dragging.
for (const frame of document.querySelectorAll(".zoom")) {
  const view = frame.querySelector(".view"), svg = view.querySelector("svg");
  if (!svg) continue;
  const wide = svg.viewBox.baseVal.width, high = svg.viewBox.baseVal.height;
  let scale = 1;
  const zoom = (to, x = view.clientWidth / 2, y = view.clientHeight / 2) => {
    to = Math.min(4, Math.max(0.05, to));
    const left = (view.scrollLeft + x) / scale, top = (view.scrollTop + y) / scale;
    svg.setAttribute("width", wide * to); svg.setAttribute("height", high * to);
    scale = to;
    view.scrollLeft = left * to - x; view.scrollTop = top * to - y;
  };
  const fit = () => zoom(Math.min(1, (view.clientWidth - 4) / wide));
  const acts = { in: () => zoom(scale * 1.25), out: () => zoom(scale / 1.25), fit };
  for (const button of frame.querySelectorAll("button[data-zoom]"))
    button.addEventListener("click", acts[button.dataset.zoom]);
  view.addEventListener("keydown", event => {
    const act = { "+": acts.in, "=": acts.in, "-": acts.out, "0": fit }[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  view.addEventListener("wheel", event => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = view.getBoundingClientRect();
    zoom(scale * Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  let from = null;
  view.addEventListener("pointerdown", event => {
    if (event.button === 0) from = [event.clientX + view.scrollLeft, event.clientY + view.scrollTop];
  });
  addEventListener("pointermove", event => {
    if (!from) return;
    view.scrollLeft = from[0] - event.clientX; view.scrollTop = from[1] - event.clientY;
  });
  addEventListener("pointerup", () => { from = null; });
  if (wide * 0.999 > view.clientWidth) zoom(Math.max(0.45, (view.clientWidth - 4) / wide));
}
