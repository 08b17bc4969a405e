"""PlacedDrawing, sources and executed notebooks -> one HTML page that needs nothing else."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from soorgeon_clone.pipeline.plot.model import PlacedDrawing
from soorgeon_clone.pipeline.plot.svg import svg_of
from soorgeon_clone.visible import markup

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_LARGEST_OUTPUT = 2_000_000
_STYLE = """
body { margin: 0; font: 14px/1.45 ui-sans-serif, system-ui, "Segoe UI", Helvetica, Arial, sans-serif; color: #1f2733; }
main { display: flex; height: 100vh; }
#graph { flex: 1 1 50%; overflow: auto; padding: 1rem; }
#panel { flex: 1 1 50%; overflow: auto; padding: 1rem 1.25rem; border-left: 1px solid #d8dde5; background: #fafbfc; }
h1 { font-size: 1.1rem; margin: 0 0 .75rem; } h2 { font-size: 1.05rem; margin: 0 0 .5rem; }
h3 { font-size: .8rem; text-transform: uppercase; letter-spacing: .05em; color: #5b6573; margin: 1.25rem 0 .4rem; }
g.task { cursor: pointer; } g.task:hover rect, g.task.chosen rect { stroke-width: 3; }
g.task:focus { outline: none; } g.task:focus rect { stroke-width: 3; }
pre { background: #fff; border: 1px solid #e3e7ee; border-radius: 6px; padding: .6rem .75rem; overflow: auto;
  font: 12.5px/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; white-space: pre-wrap; margin: .4rem 0; }
pre.out { background: #f4f6f9; } pre.err { background: #fdf0ee; }
table.facts { border-collapse: collapse; } table.facts td { padding: .1rem .8rem .1rem 0; vertical-align: top; }
table.facts td:first-child { color: #5b6573; white-space: nowrap; }
table.report { border-collapse: collapse; margin-top: 1rem; font-size: 13px; }
table.report td, table.report th { text-align: left; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid #e3e7ee; }
img { max-width: 100%; background: #fff; }
iframe { width: 100%; border: 1px solid #e3e7ee; border-radius: 6px; background: #fff; }
section { display: none; } section.shown { display: block; }
@media (max-width: 800px) { main { flex-direction: column; height: auto; } #panel { border-left: none; } }
"""
_SCRIPT = """
const groups = [...document.querySelectorAll("g.task")];
function show(name) {
  document.querySelectorAll("#panel section").forEach(one => one.classList.toggle("shown", one.dataset.task === name));
  groups.forEach(one => one.classList.toggle("chosen", one.dataset.task === name));
  document.querySelectorAll("#panel section.shown iframe").forEach(fit);
}
function fit(frame) { if (!frame.srcdoc) frame.srcdoc = frame.dataset.html; }
groups.forEach(one => {
  one.setAttribute("tabindex", "0"); one.setAttribute("role", "button");
  one.addEventListener("click", () => {
    location.hash = encodeURIComponent(one.dataset.task);
    show(one.dataset.task);
  });
  one.addEventListener("keydown", event => { if (event.key === "Enter") show(one.dataset.task); });
});
const first = decodeURIComponent(location.hash.slice(1)) || (groups[0] && groups[0].dataset.task);
if (first) show(first);
"""


@dataclass(frozen=True)
class Page:
    """What the page tells about a task: facts in order, its source, the path of its executed notebook."""

    name: str
    facts: tuple[tuple[str, str], ...]
    source: str
    notebook: Path | None


def html_of(
    layout: PlacedDrawing, pages: tuple[Page, ...], *, title: str, table: tuple[tuple[str, ...], ...] = ()
) -> str:
    """The page: the drawing on the left, on the right what belongs to the task that was clicked.

    ``table`` stands below the drawing; its first row is the header.
    """
    sections = "\n".join(map(_section, pages))
    return (
        "<!DOCTYPE html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><title>{markup(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<style>{_STYLE}</style></head>\n<body><main><div id="graph"><h1>{markup(title)}</h1>\n'
        f'{svg_of(layout, title=title)}{_table(table)}</div>\n<div id="panel">{sections}</div></main>\n'
        f"<script>{_SCRIPT}</script></body></html>\n"
    )


def _table(rows: tuple[tuple[str, ...], ...]) -> str:
    if not rows:
        return ""
    header = "".join(f"<th>{markup(cell)}</th>" for cell in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{markup(cell)}</td>" for cell in row) + "</tr>" for row in rows[1:])
    return f'<table class="report"><tr>{header}</tr>{body}</table>'


def _section(page: Page) -> str:
    facts = "".join(f"<tr><td>{markup(name)}</td><td>{markup(value)}</td></tr>" for name, value in page.facts)
    notebook = notebook_html(page.notebook) if page.notebook else ""
    executed = f"<h3>Executed notebook</h3>{notebook}" if notebook else ""
    return (
        f'<section data-task="{markup(page.name)}"><h2>{markup(page.name)}</h2><table class="facts">{facts}</table>'
        f"{executed}<h3>Source</h3><pre>{markup(page.source)}</pre></section>"
    )


def notebook_html(path: Path) -> str:
    """The cells of an executed notebook with their outputs; "" where there is none that can be read."""
    try:
        cells = json.loads(path.read_bytes())["cells"]
        return "".join(map(_cell, cells))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""


def _cell(cell: Mapping[str, Any]) -> str:
    source = _text(cell.get("source", ""))
    if not source.strip():
        return ""
    if cell["cell_type"] != "code":
        return f'<pre class="text">{markup(source)}</pre>'
    return f"<pre>{markup(source)}</pre>" + "".join(map(_output, cell.get("outputs", ())))


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
        page = escape(_text(data["text/html"])).encode("utf-8", "replace").decode()
        return f'<iframe sandbox loading="lazy" height="220" data-html="{page}"></iframe>'
    if "text/plain" in data:
        return f'<pre class="out">{markup(_plain(data["text/plain"]))}</pre>'
    return ""


def _plain(text: Any) -> str:
    plain = _ANSI.sub("", _text(text))
    if "\r" in plain:  # a progress bar writes over itself
        plain = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in plain.split("\n"))
    return plain if len(plain) < _LARGEST_OUTPUT else plain[:_LARGEST_OUTPUT] + "\n..."


def _text(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)
