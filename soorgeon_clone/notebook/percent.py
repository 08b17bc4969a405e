"""Cells <-> a script in the percent format, byte for byte as jupytext writes it, without the wait for jupytext.

A code cell with a known ``%%language`` magic, a Markdown and a raw cell are written as comments, and so is every line
that is IPython's and not Python's::

    # %% [markdown]
    # ## Load

    # %% tags=["parameters"]
    # %matplotlib inline
    upstream = None

Where jupytext would read back something else than was written, this does better: a line of a cell that looks like a
cell marker (``# %% ...``) gets one more ``# `` in front (or Markdown is written between triple quotes), and is read
back without it. Only this is lost: a single blank line at the end of a code cell, to which IPython adds one anyway.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from soorgeon_clone.notebook.model import Cell
from soorgeon_clone.notebook.percent_header import read_header, write_header
from soorgeon_clone.notebook.percent_layout import blank_lines
from soorgeon_clone.notebook.percent_lines import (
    LIKE_MARKER,
    comment_magics,
    commented,
    escaped,
    has_bare_magic,
    quote_after,
    uncomment_magics,
    uncommented,
)

# The magics that jupytext takes for languages (jupytext.languages), but for python itself, which it forgets.
LANGUAGES = frozenset(
    [
        *("R", "bash", "c#", "c++", "clojure", "coconut", "cs", "csharp", "cython", "f#", "fs", "fsharp", "gnuplot"),
        *("go", "groovy", "haskell", "html", "idl", "java", "javascript", "jenner", "js", "julia", "latex", "logtalk"),
        *("lua", "markdown", "matlab", "maxima", "ocaml", "octave", "perl", "powershell", "pypy", "python2", "python3"),
        *("q", "robotframework", "ruby", "rust", "sage", "sas", "scala", "scheme", "script", "sh", "sos", "spark"),
        *("sql", "stata", "svg", "tcl", "typescript", "xonsh"),
    ]
)

_MARKER = re.compile(r"\s*#\s*%%(%*)(?:\s(.*))?$", re.DOTALL)
_OLD_MARKER = re.compile(r"\s*#\s*(?:<codecell>|In\[[0-9 ]*\]:?)\s*$")

_OPTION = re.compile(r"\s*([A-Za-z0-9_.@/-]+)\s*=\s*")
# The same, tried only where a word begins: a title may be long.
_FIRST_OPTION = re.compile(r"(?<!\s)\s*(?<![A-Za-z0-9_.@/-])([A-Za-z0-9_.@/-]+)\s*=\s*")
_CELL_TYPE = re.compile(r"\[(markdown|md|raw)\]")


def write_script(cells: Sequence[Cell], metadata: Mapping[str, Any]) -> str:
    """Return the script. Its header holds what there is of ``kernelspec`` and ``jupytext`` in ``metadata``.

    Of the cells' metadata, tags and titles are written: the rest belongs to the notebook's editor.
    """
    header = write_header(metadata)
    pieces = [_cell_lines(cell) for cell in cells]
    lines = [*header, ""] if header else []
    for piece, gap in zip(pieces, blank_lines(pieces), strict=True):
        lines += piece + [""] * gap
    return "\n".join(lines)


def read_script(text: str) -> dict[str, Any] | None:
    """Return the script as nbformat 4 data, or None if it is not plain percent format and jupytext must look at it."""
    lines = text.split("\n")
    header = read_header(lines)
    if header is None:
        return None
    metadata, start = header
    named = "text_representation" in metadata.get("jupytext", {})
    if start >= len(lines) or _MARKER.match(lines[start]) is None:
        return None
    cells = []
    for marker, body in _split(lines[start:]):
        cell = _read_cell(marker, body, magics_may_stand=named)
        if cell is None:
            return None
        cells.append(cell)
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}


def ordered_tags(cell: Cell) -> list[str]:
    """Return the cell's tags: first those it was read with, in their order, then the new ones by name."""
    read = cell.metadata.get("tags")
    listed = [tag for tag in read if isinstance(tag, str)] if isinstance(read, list) else []
    kept = [tag for tag in dict.fromkeys(listed) if tag in cell.tags]
    return kept + sorted(cell.tags.difference(kept))


# Writing


def _cell_lines(cell: Cell) -> list[str]:
    """Return the cell's marker and text."""
    # What was read has no other line ends. In a name that became a heading, one would end the comment.
    lines = cell.source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    options: dict[str, Any] = {"tags": tags} if (tags := ordered_tags(cell)) else {}
    if cell.kind != "code":
        marker = _marker(cell, f"[{cell.kind}]", options)
        if '"""' not in cell.source and (_has_open_fence(lines) or any(map(LIKE_MARKER.match, commented(lines)))):
            raw = "r" if "\\" in cell.source else ""
            return [marker, raw + '"""', *lines, '"""']
        return [marker, *escaped(commented(lines))]
    language, _, arguments = lines[0][2:].partition(" ") if lines[0].startswith("%%") else ("", "", "")
    if language in LANGUAGES:
        if arguments:
            options["magic_args"] = arguments
        options["language"] = language
        return [_marker(cell, "", options), *escaped(commented(lines[1:]))]
    if not _is_active(cell.tags):
        return [_marker(cell, "", options), *escaped(commented(lines))]
    if len(lines) > 1 and not lines[-1] and lines[-2].strip():
        lines.pop()
    indent = lines[0][: len(lines[0]) - len(lines[0].lstrip())] if lines[0].strip() else ""
    marker = indent + _marker(cell, "", options)
    return [marker] if lines == [""] else [marker, *comment_magics(lines)]


def _marker(cell: Cell, cell_type: str, options: Mapping[str, Any]) -> str:
    title = cell.metadata.get("title")
    # A carriage return would end the comment, and what follows it would be code.
    plain = isinstance(title, str) and title.isprintable() and not set(title) & set("{=[") and title[:1] != "%"
    words = ["# %%", str(title).strip() if plain else "", cell_type]
    words += [f"{key}={json.dumps(value)}" for key, value in options.items()]
    return " ".join(word for word in words if word)


def _is_active(tags: frozenset[str]) -> bool:
    """Tell whether jupytext leaves a code cell with these tags uncommented in a .py file."""
    active = [tag for tag in sorted(tags) if tag.startswith("active-")]
    return not active or "py" in active[0].split("-")


# Reading


def _split(lines: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield each cell's marker and the lines below it, without the blank lines that only part it from the next."""
    first = 0
    quote: str | None = None
    for index, line in enumerate(lines):
        if quote is None and index and "#" in line and (_MARKER.match(line) or _OLD_MARKER.match(line)):
            yield lines[first], _without_gap(lines[first:index])
            first = index
        else:
            quote = quote_after(line, quote)
    yield lines[first], _without_gap(lines[first:])


def _without_gap(lines: Sequence[str]) -> Sequence[str]:
    if len(lines) >= 3 and lines[-3].strip() and not lines[-2].strip() and not lines[-1].strip():
        return lines[1:-2]
    return lines[1:-1] if len(lines) > 1 and not lines[-1] else lines[1:]


def _read_cell(marker: str, lines: Sequence[str], *, magics_may_stand: bool) -> dict[str, Any] | None:
    """Return the cell, or None if it holds something that only jupytext knows how to read."""
    options = _read_marker(marker)
    if options is None:
        return None
    kind, metadata = options
    language, arguments = metadata.pop("language", None), metadata.pop("magic_args", "")
    if kind != "code":
        quoted = _quoted_text(lines)
        if quoted is None and _has_open_fence(list(uncommented(lines))):
            return None  # For jupytext, a marker inside a fence of a Markdown cell is none.
        source = "\n".join(uncommented(lines)) if quoted is None else quoted
    elif language is not None:
        head = f"%%{language} {arguments}" if arguments else f"%%{language}"
        source = "\n".join([head, *uncommented(lines)])
    else:
        if not magics_may_stand and has_bare_magic(lines):
            return None  # Without a header, jupytext takes a script with uncommented magics for Hydrogen's.
        source = "\n".join(uncomment_magics(lines))
    cell: dict[str, Any] = {"cell_type": kind, "source": source, "metadata": metadata}
    return cell | {"outputs": [], "execution_count": None} if kind == "code" else cell


def _read_marker(marker: str) -> tuple[str, dict[str, Any]] | None:
    """Return the cell's type and metadata, of a marker such as ``# %% Title [markdown] tags=["a"]``."""
    if marker == "# %%":
        return "code", {}
    parts = _MARKER.match(marker)
    if parts is None or parts.group(1):
        return None
    text = (parts.group(2) or "").strip()
    typed = _CELL_TYPE.search(text)
    first_option = _FIRST_OPTION.search(text)
    if typed and (first_option is None or typed.end() <= first_option.start() + 1):
        title, rest = text[: typed.start()].strip(), text[typed.end() :]
        kind = {"md": "markdown"}.get(typed.group(1), typed.group(1))
    else:
        cut = first_option.start() if first_option else len(text)
        title, rest, kind = text[:cut].strip(), text[cut:], "code"
    metadata = _read_options(rest)
    if metadata is None or "{" in title or not {"active", "run_control"}.isdisjoint(metadata):
        return None
    tags = metadata.get("tags", [])
    if not isinstance(tags, list) or any(not isinstance(tag, str) or tag.startswith("active-") for tag in tags):
        return None
    if any(not isinstance(metadata.get(key, ""), str) for key in ("language", "magic_args")):
        return None
    return kind, {"title": title, **metadata} if title else metadata


def _read_options(text: str) -> dict[str, Any] | None:
    options: dict[str, Any] = {}
    decoder = json.JSONDecoder()
    text, position = text.rstrip(), 0
    while position < len(text):
        key = _OPTION.match(text, position)
        if key is None:
            return None
        try:
            options[key.group(1)], position = decoder.raw_decode(text, key.end())
        except (ValueError, RecursionError):
            return None
    return options


def _has_open_fence(lines: Sequence[str]) -> bool:
    """Tell whether a code fence of a Markdown cell is still open at its end."""
    fence = ""
    for text in lines:
        found = re.match(r" {0,3}(`{3,}|~{3,})", text)
        if found is None:
            continue
        if not fence:
            fence = found.group(1)
        elif found.group(1).startswith(fence) and not text[found.end() :].strip():
            fence = ""
    return bool(fence)


def _quoted_text(lines: Sequence[str]) -> str | None:
    """Return the text of a Markdown cell that is written between triple quotes, else None."""
    content = "\n".join(lines).strip()
    for quote in ('"""', "'''"):
        for left in (quote, "r" + quote, "R" + quote):
            if content.startswith(left) and content.endswith(quote) and len(content) >= len(left) + 3:
                content = content[len(left) : -3]
                content = content[1:] if content.startswith("\n") else content
                return content[:-1] if content.endswith("\n") else content
    return None
