"""Scripts as other tools write them -> nbformat 4 data: Databricks, nbconvert, PyCharm; headings in comments.

    # Databricks notebook source        #%% md              # %% Load          # %%
    # MAGIC %md ## Load                 ## Load             x = 1              # Load
    # COMMAND ----------                #%%                 # %% Show          # ----
    x = 1                               x = 1               print(x)           x = 1

The first three have Markdown cells of their own kind; in the others (Spyder, sphinx-gallery) comments are headings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from soorgeon_clone.notebook.percent_lines import uncommented
from soorgeon_clone.notebook.platforms import DATABRICKS

_DATABRICKS = "# Databricks notebook source"
_COMMAND = re.compile(r"(?m)^# COMMAND -+[ \t]*$")
_MAGIC = re.compile(r"# MAGIC ?")
_TITLE = re.compile(r"\A# DBTITLE \d+,(.*)\n?")
# The languages of Databricks' cells, each said by one percent sign: Jupyter has two for a cell.
_LANGUAGE = re.compile(r"%(sql|sh|scala|r|fs)\b", re.IGNORECASE)
_PLATFORM_MARKDOWN = re.compile(r"%md(?:-sandbox)?\b[ \t]*\n?")

_PROMPT = re.compile(r"(?m)^# In\[[ \d]*\]:[ \t]*$")
_EXPORTED = re.compile(r"\A(?:#!.*\n)?# (?:coding|-\*- coding): ?utf-8(?: -\*-)?[ \t]*\n")

_PYCHARM = re.compile(r"(?m)^#[ \t]?%%[ \t]+(?:md|markdown|raw)[ \t]*$")
_CELL = re.compile(r"(?m)^#[ \t]?%%(?:[ \t]+(.*))?$")

_DEPTH_OF_TITLE = 2
_UNDERLINE = re.compile(r"([=\-~^\"'*+#`])\1{2,}\s*$")
_SETEXT = {"=": 1, "-": 2}


def read_dialect(text: str) -> dict[str, Any] | None:
    """Return a script, whose lines end with a line feed, as nbformat 4 data; None if it is none of these."""
    if text.lstrip("\n").startswith(_DATABRICKS):
        return _data(_databricks(text.lstrip("\n").removeprefix(_DATABRICKS)), {DATABRICKS: {}})
    if _PROMPT.search(text) and (heading := _EXPORTED.match(text)):
        return _data(_exported(text[heading.end() :]))
    if _PYCHARM.search(text):
        return _data(_pycharm(text))
    return None


def platform_cell(source: str) -> tuple[str, str]:
    """Return kind and source of a cell of Databricks, whose first line may say which language it is in."""
    if (found := _PLATFORM_MARKDOWN.match(source)) is not None:
        return "markdown", source[found.end() :]
    if _LANGUAGE.match(source):
        return "code", f"%{source}"
    return "code", source.removeprefix("%python\n")


def with_headings(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a script's data with Markdown cells for the headings that are titles of cells, or begin them as comments.

    One that has Markdown cells says its headings there.
    """
    cells: Sequence[dict[str, Any]] = data["cells"]
    if any(cell["cell_type"] == "markdown" for cell in cells):
        return data
    parted = [part for cell in cells for part in _without_heading(cell)]
    if len(parted) == len(cells):
        titled = [cell for cell in cells if _title(cell)]
        if len(titled) < 2:
            return data
        parted = [part for cell in cells for part in ([_heading(cell), cell] if _title(cell) else [cell])]
    return {**data, "cells": parted}


def _data(cells: Iterator[tuple[str, str]], metadata: Mapping[str, Any] | None = None) -> dict[str, Any]:
    made = [_cell(kind, source.strip("\n")) for kind, source in cells if source.strip()]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": dict(metadata or {}), "cells": made}


def _cell(kind: str, source: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "source": source, "metadata": {}}
    return cell | {"outputs": [], "execution_count": None} if kind == "code" else cell


def _databricks(text: str) -> Iterator[tuple[str, str]]:
    for piece in _COMMAND.split(text):
        source = piece.strip("\n")
        if (title := _TITLE.match(source)) is not None:
            source = source[title.end() :].strip("\n")
        lines = source.split("\n")
        if all(_MAGIC.match(line) for line in lines if line.strip()):
            source = "\n".join(_MAGIC.sub("", line, count=1) for line in lines)
        yield platform_cell(source)


def _exported(text: str) -> Iterator[tuple[str, str]]:
    """Yield the cells of nbconvert's script: below each prompt code, and behind two blank lines comments, Markdown."""
    above, *below = _PROMPT.split(text)
    yield from _comments(above)
    for piece in below:
        lines = piece.strip("\n").split("\n")
        end = len(lines)
        while end and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
            end -= 1
        rest = lines[end:]
        blank = next((i for i in range(len(rest) - 1) if not rest[i].strip() and not rest[i + 1].strip()), len(rest))
        yield "code", "\n".join(lines[: end + blank])
        yield from _comments("\n".join(rest[blank:]))


def _comments(text: str) -> Iterator[tuple[str, str]]:
    for block in re.split(r"\n[ \t]*\n", text):
        if block.strip():
            yield "markdown", "\n".join(uncommented(block.strip("\n").split("\n")))


def _pycharm(text: str) -> Iterator[tuple[str, str]]:
    """Yield the cells of PyCharm's script, whose Markdown may stand there as it is, or in comments."""
    markers = list(_CELL.finditer(text))
    bodies = [text[a.end() : b.start()] for a, b in pairwise(markers)]
    bodies.append(text[markers[-1].end() :])
    written = [(marker.group(1) or "", body.strip("\n")) for marker, body in zip(markers, bodies, strict=True)]
    lines = [line for title, body in written if _is_text(title) for line in body.split("\n") if line.strip()]
    in_comments = all(line == "#" or line.startswith("# ") for line in lines)
    yield "code", text[: markers[0].start()]
    for title, body in written:
        if not _is_text(title):
            yield "code", body
        elif (quoted := re.fullmatch(r'\s*("""|\'\'\')\n?(.*?)\n?\1\s*', body, re.DOTALL)) is not None:
            yield "markdown", quoted.group(2)
        else:
            text_lines = body.split("\n")
            yield "markdown", "\n".join(uncommented(text_lines)) if in_comments else body


def _is_text(title: str) -> bool:
    return title.strip() in ("md", "markdown", "[markdown]", "raw")


def _title(cell: Mapping[str, Any]) -> str:
    title = cell["metadata"].get("title")
    return title.strip() if isinstance(title, str) else ""


def _heading(cell: Mapping[str, Any]) -> dict[str, Any]:
    depth = cell["metadata"].get("cell_depth")
    level = _DEPTH_OF_TITLE + (depth if isinstance(depth, int) else 0)
    return _cell("markdown", f"{'#' * min(level, 6)} {_title(cell)}")


def _without_heading(cell: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a cell in two where it begins with comments that hold an underlined heading."""
    lines = cell["source"].split("\n")
    end = next((row for row, line in enumerate(lines) if not line.startswith("#")), len(lines))
    texts = [line[1:].removeprefix(" ") for line in lines[:end]]
    rows = [row for row in range(1, end) if texts[row - 1].strip() and _UNDERLINE.match(texts[row])]
    if cell["cell_type"] != "code" or not rows:
        yield dict(cell)
        return
    for row in rows:
        level = _SETEXT.get(texts[row][0], 3)
        texts[row - 1], texts[row] = f"{'#' * level} {texts[row - 1].strip()}", ""
    yield _cell("markdown", "\n".join(texts).strip("\n"))
    code = "\n".join(lines[end:]).strip("\n")
    if code:
        yield {**cell, "source": code}
