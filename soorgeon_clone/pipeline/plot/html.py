"""PlacedDrawing, sources and executed notebooks -> one HTML page that needs nothing else."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

from soorgeon_clone.notebook import tags
from soorgeon_clone.page.code import code_html
from soorgeon_clone.page.document import document
from soorgeon_clone.page.drawing import zoomable
from soorgeon_clone.page.markdown import markdown_html
from soorgeon_clone.pipeline.plot.model import PlacedDrawing
from soorgeon_clone.pipeline.plot.svg import svg_of
from soorgeon_clone.visible import markup

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_LARGEST_OUTPUT = 2_000_000
# Cells that hold nothing of the notebook's: tag -> what a reader is told of them.
_OURS = {
    tags.IMPORTS: "imports",
    tags.PARAMETERS: "parameters",
    tags.INJECTED: "parameters of this run",
    tags.PATHS: "paths",
    tags.LOAD: "what is loaded",
    tags.SAVE: "what is saved",
    tags.SETTINGS: "settings",
    tags.DEFINITIONS: "definitions",
}
_STYLE = """
main { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); min-height: 100vh; }
#graph { padding: 1rem; position: sticky; top: 0; align-self: start; max-height: 100vh; overflow: auto; }
#panel { padding: 1rem 1.25rem; border-left: 1px solid var(--line); min-width: 0; }
#panel h3 { font-size: .85rem; color: var(--quiet); margin: 1.25rem 0 .4rem; }
g.task { cursor: pointer; } g.task:hover rect, g.task.chosen rect, g.task:focus rect { stroke-width: 3; }
g.task:focus { outline: none; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; } pre.out { background: none; }
pre.err { background: var(--bad-ground); }
table.facts td { padding: .1rem .8rem .1rem 0; vertical-align: top; overflow-wrap: anywhere; }
table.report td:nth-child(2) { white-space: nowrap; }
table.report td:last-child { overflow-wrap: anywhere; min-width: 6rem; }
table.facts td:first-child { color: var(--quiet); white-space: nowrap; }
table.report { margin-top: 1rem; font-size: .87rem; } .wide { overflow-x: auto; }
table.report td, table.report th { padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
button.task { font: inherit; color: var(--link); background: none; border: 0; padding: 0; text-align: left;
  cursor: pointer; text-decoration: underline; }
img { max-width: 100%; background: #fff; } iframe { width: 100%; border: 1px solid var(--line); border-radius: 6px;
  background: #fff; color-scheme: light; }
details.ours > summary { color: var(--quiet); font-size: .85rem; }
.js #panel section { display: none; } .js #panel section.shown { display: block; }
.js #panel.all section { display: block; border-bottom: 1px solid var(--line); padding-bottom: 1rem; }
@media (max-width: 50rem) { main { display: block; } #graph { position: static; } #panel { border-left: none; } }
"""
_SCRIPT = """
document.documentElement.classList.add("js");
const groups = [...document.querySelectorAll("g.task")];
const parts = [...document.querySelectorAll("#panel section")];
function show(name) {
  parts.forEach(one => one.classList.toggle("shown", one.dataset.task === name));
  groups.forEach(one => one.classList.toggle("chosen", one.dataset.task === name));
  document.querySelectorAll("#panel section.shown iframe").forEach(fit);
}
// The look that Jupyter gives to what is shown, which may have its own.
const look = "<!doctype html><style>body { font: 13px/1.4 ui-sans-serif, system-ui, sans-serif; margin: .5rem; } "
  + "table.dataframe { border-collapse: collapse; border: 0; white-space: nowrap; } "
  + ".dataframe td, .dataframe th { border: 0; padding: .2rem .6rem; text-align: right; } "
  + ".dataframe thead th { border-bottom: 1px solid #bbb; } "
  + ".dataframe tbody tr:nth-child(odd) { background: #f4f5f7; }</style>";
function fit(frame) { if (!frame.srcdoc) frame.srcdoc = look + frame.dataset.html; }
function choose(name) { history.replaceState(null, "", "#" + encodeURIComponent(name)); show(name); }
groups.forEach(one => {
  one.setAttribute("tabindex", "0"); one.setAttribute("role", "button");
  one.addEventListener("click", () => choose(one.dataset.task));
  one.addEventListener("keydown", event => { if (event.key === "Enter") choose(one.dataset.task); });
});
document.querySelectorAll("button.task").forEach(one => one.addEventListener("click", () => choose(one.dataset.task)));
const named = decodeURIComponent(location.hash.slice(1));
const first = parts.some(one => one.dataset.task === named) ? named : parts[0] && parts[0].dataset.task;
if (first) show(first);
"""


@dataclass(frozen=True)
class Page:
    """What the page tells about a task: facts in order, its source, the path of its executed notebook.

    ``products`` are paths from the folder of the page, ``failed`` whether its last run ended badly.
    """

    name: str
    facts: tuple[tuple[str, str], ...]
    source: str
    notebook: Path | None
    products: tuple[str, ...] = ()
    failed: bool = False


def html_of(
    layout: PlacedDrawing, pages: tuple[Page, ...], *, title: str, table: tuple[tuple[str, ...], ...] = ()
) -> str:
    """The page: the drawing on the left, on the right what belongs to the task that was clicked.

    ``table`` stands below the drawing; its first row is the header, its last column has products that are no files,
    to which links to the files come. Tasks that failed come first, in it and beside it.
    """
    failed = {page.name for page in pages if page.failed}
    ordered = sorted(pages, key=lambda page: not page.failed)
    rows = (*table[:1], *sorted(table[1:], key=lambda row: row[0] not in failed))
    links = {page.name: _links(page.products, short=True) for page in pages}
    sections = "\n".join(map(_section, ordered))
    drawing = zoomable(svg_of(layout, title=title))
    body = (
        f'<main><div id="graph"><h1>{markup(title)}</h1>\n{drawing}{_table(rows, links)}</div>\n'
        f'<div id="panel">{sections}</div></main>'
    )
    return document(title, body, style=_STYLE, script=_SCRIPT)


def _links(paths: Iterable[str], *, short: bool = False) -> str:
    """Return links to files; what is shown of a path is all of it, or the file's name."""
    shown = ((path, path.rpartition("/")[2] if short else path) for path in paths)
    return ", ".join(f'<a href="{markup(quote(path))}">{markup(text)}</a>' for path, text in shown)


def _table(rows: tuple[tuple[str, ...], ...], links: Mapping[str, str]) -> str:
    """Return the table; ``links`` lead to the products of tasks that are files."""
    if not rows:
        return ""
    header = "".join(f'<th scope="col">{markup(cell)}</th>' for cell in rows[0])
    body = "".join(
        f'<tr><td><button type="button" class="task" data-task="{markup(row[0])}">{markup(row[0])}</button></td>'
        + "".join(f"<td>{markup(cell)}</td>" for cell in row[1:-1])
        + f"<td>{', '.join(filter(None, [links.get(row[0]), markup(row[-1])]))}</td></tr>"
        for row in rows[1:]
    )
    return f'<div class="wide"><table class="report" aria-label="Tasks"><tr>{header}</tr>{body}</table></div>'


def _section(page: Page) -> str:
    facts = "".join(f"<tr><td>{markup(name)}</td><td>{markup(value)}</td></tr>" for name, value in page.facts)
    links = _links(page.products)
    facts += f"<tr><td>Products</td><td>{links}</td></tr>" if links else ""
    notebook = notebook_html(page.notebook) if page.notebook else ""
    executed = f"<h3>Executed notebook</h3>{notebook}" if notebook else ""
    name = markup(page.name)
    mark = ' <span class="bad">failed</span>' if page.failed else ""
    error = error_html(page.notebook) if page.failed and page.notebook else ""
    return (
        f'<section data-task="{name}" aria-label="{name}"><h2>{name}{mark}</h2><table class="facts">{facts}</table>'
        f"{error}{executed}<details{'' if executed else ' open'}><summary>Source</summary>"
        f"<pre><code>{code_html(page.source)}</code></pre></details></section>"
    )


def notebook_html(path: Path) -> str:
    """The cells of an executed notebook with their outputs; "" where there is none that can be read.

    Cells in a row that `refactor` added are folded.
    """
    try:
        cells = json.loads(path.read_bytes())["cells"]
        groups = groupby(cells, key=lambda cell: bool(_added(cell)))
        return "".join(_folded(list(group)) if ours else "".join(map(_cell, group)) for ours, group in groups)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""


def error_html(path: Path) -> str:
    """The error that ended a notebook; "" where there is none."""
    try:
        outputs = [one for cell in json.loads(path.read_bytes())["cells"] for one in cell.get("outputs", ())]
        return next((f"<h3>Error</h3>{_output(one)}" for one in outputs if one.get("output_type") == "error"), "")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""


def _added(cell: Mapping[str, Any]) -> str:
    """Return what a cell that is none of the notebook's holds; "" for others, and for one that failed."""
    tags_of = cell.get("metadata", {}).get("tags", ())
    failed = any(output.get("output_type") == "error" for output in cell.get("outputs", ()))
    return next((_OURS[tag] for tag in tags_of if isinstance(tag, str) and tag in _OURS and not failed), "")


def _folded(cells: list[Mapping[str, Any]]) -> str:
    what = ", ".join(dict.fromkeys(map(_added, cells)))
    return f'<details class="ours"><summary>added: {markup(what)}</summary>{"".join(map(_cell, cells))}</details>'


def _cell(cell: Mapping[str, Any]) -> str:
    source = _text(cell.get("source", ""))
    if not source.strip():
        return ""
    if cell["cell_type"] == "markdown":
        return f'<div class="md">{markdown_html(source)}</div>'
    if cell["cell_type"] != "code":
        return f'<pre class="text">{markup(source)}</pre>'
    return f"<pre><code>{code_html(source)}</code></pre>" + "".join(map(_output, cell.get("outputs", ())))


def _output(output: Mapping[str, Any]) -> str:
    kind = output.get("output_type")
    if kind == "stream":
        return f'<pre class="out">{markup(_plain(output.get("text", "")))}</pre>'
    if kind == "error":
        traceback = "\n".join(output.get("traceback", ()))
        return f'<pre class="err">{markup(_plain(traceback))}</pre>'
    data = output.get("data", {})
    for mime in ("image/png", "image/jpeg"):
        if mime in data and len(data[mime]) < _LARGEST_OUTPUT:
            return f'<img alt="" src="data:{mime};base64,{markup(_text(data[mime]).strip())}">'
    if "image/svg+xml" in data:
        encoded = base64.b64encode(_text(data["image/svg+xml"]).encode("utf-8", "replace")).decode()
        return f'<img alt="" src="data:image/svg+xml;base64,{encoded}">'
    if "text/html" in data and len(_text(data["text/html"])) < _LARGEST_OUTPUT:
        # In a sandbox: what a notebook shows must not act in this page. Its characters are its own, but halves of one
        # cannot be written.
        shown = _text(data["text/html"])
        page = escape(shown).encode("utf-8", "replace").decode()
        return f'<iframe sandbox loading="lazy" height="{_height(shown)}" data-html="{page}"></iframe>'
    if "text/plain" in data:
        return f'<pre class="out">{markup(_plain(data["text/plain"]))}</pre>'
    return ""


def _height(html: str) -> int:
    """Return the pixels that HTML may need, which a sandbox does not tell: those of a table with so many rows."""
    rows = html.count("<tr")
    return min(40 + 25 * rows, 400) if rows else 220


def _plain(text: Any) -> str:
    plain = _ANSI.sub("", _text(text))
    if "\r" in plain:  # a progress bar writes over itself
        plain = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in plain.split("\n"))
    return plain if len(plain) < _LARGEST_OUTPUT else plain[:_LARGEST_OUTPUT] + "\n..."


def _text(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)
