
const rows = [...document.querySelectorAll("[data-name]")], filter = document.getElementById("filter");
filter.addEventListener("input", () => {
  const wanted = filter.value.trim().toLowerCase();
  let left = 0;
  for (const row of rows) {
    row.hidden = !row.dataset.name.toLowerCase().includes(wanted);
    left += row.tagName === "DETAILS" && !row.hidden;
  }
  document.getElementById("count").textContent = wanted ? `${left} shown` : "";
});
document.querySelector("table.lives")?.addEventListener("keydown", event => {
  const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  const cell = event.target.closest("td, tbody th");
  if (!step || !cell) return;
  event.preventDefault();
  let row = cell.parentElement, place = cell.cellIndex, found = null;
  const lines = [...event.currentTarget.querySelectorAll("tr[data-name]:not([hidden])")];
  if (step[1]) {
    for (place += step[1]; place >= 0 && place < row.cells.length && !found; place += step[1])
      found = row.cells[place].querySelector("a");
  } else {
    for (let at = lines.indexOf(row) + step[0]; at >= 0 && at < lines.length && !found; at += step[0])
      found = lines[at].cells[place].querySelector("a");
  }
  found?.focus();
});
for (const one of document.querySelectorAll("g.task")) {
  const go = () => {
    const article = [...document.querySelectorAll("article")].find(a => a.dataset.task === one.dataset.task);
    if (article) location.hash = article.id;
  };
  one.setAttribute("tabindex", "0"); one.setAttribute("role", "link");
  one.addEventListener("click", go);
  one.addEventListener("keydown", event => { if (event.key === "Enter") go(); });
}
