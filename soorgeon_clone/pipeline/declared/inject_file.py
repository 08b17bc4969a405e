"""A task's source file <-> the same file with cells ``injected-parameters``; not another byte of it changes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.regular import read_bytes
from soorgeon_clone.notebook.tags import INJECTED
from soorgeon_clone.pipeline.declared.injected_cells import Injected, places

_PERCENT = re.compile(r"^#\s*%%(?!%)", re.MULTILINE)
_LIGHT = re.compile(r"^# \+(?=\s|$)", re.MULTILINE)
_TAGS = re.compile(r"tags\s*=\s*(\[[^\[\]]*\])")
_TEXT_CELL = re.compile(r"#\s*(%%+|\+).*\[(markdown|md|raw)\]")
# What Jupyter is told of the file, after a line for the system and one for editors.
_HEADER = re.compile(r"\ufeff?(#!.*\r?\n)?(# -\*-.*\r?\n)?(# ---\r?\n(#.*\r?\n)*?# ---\r?\n(\r?\n)*)?")


def source_text(path: Path) -> str:
    """The text of a source, with its line ends as they are. Raises UserError."""
    try:
        return read_bytes(path).decode("utf-8")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}", exit_code=2) from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path} cannot be read: {error}", hint="Save it as UTF-8.", exit_code=2) from None


def inject(text: str, path: str, injected: Injected) -> str:
    """The text of the file with the cells that `injected_cells` tells of; those that are there are replaced."""
    bare = remove(text, path)
    if path.endswith(".ipynb"):
        return _inject_ipynb(bare, path, injected)
    if path.endswith(".py"):
        return _inject_script(bare, path, injected)
    raise UserError(f"{path}: cells can be injected into .py and .ipynb files", exit_code=2)


def remove(text: str, path: str) -> str:
    """The text of the file without the cells."""
    return _remove_ipynb(text, path) if path.endswith(".ipynb") else _remove_script(text)


def has_cell(text: str, path: str) -> bool:
    """Whether the file has an injected cell."""
    return remove(text, path) != text


# -- scripts -------------------------------------------------------------------------------------------------------


def _inject_script(text: str, path: str, injected: Injected) -> str:
    percent = _PERCENT.search(text) is not None
    starts = [match.start() for match in (_PERCENT if percent else _LIGHT).finditer(text)]
    header = _HEADER.match(text)
    begin = header.end() if header else 0
    if not percent and _has_code(text[begin : starts[0] if starts else None]):
        # What stands before the first marker is a cell as well. With percent markers nothing can come before it: it
        # would become part of that.
        starts.insert(0, begin)
    found = places([(not _TEXT_CELL.match(text, start), _tags(_line(text, start))) for start in starts], injected)
    if found is None:
        raise UserError(
            f"{path}: there is no cell tagged 'parameters'",
            hint='Add one:\n# %% tags=["parameters"]\nupstream = None\nproduct = None',
            exit_code=2,
        )
    for index, source in reversed(found):
        at = starts[index] if index < len(starts) else None
        text = _with_block(text, at, starts[index - 1] if index else 0, source, percent=percent)
    return text


def _with_block(text: str, at: int | None, before: int, source: str, *, percent: bool) -> str:
    """The text with a cell before the one at ``at`` (None: at its end); ``before`` is where the one before starts."""
    newline = "\r\n" if "\r\n" in text else "\n"
    cell = source.replace("\n", newline)
    if percent:
        block = f'# %% tags=["{INJECTED}"]{newline}{cell}{newline}'
    else:
        close = re.compile(r"^# -\s*$", re.MULTILINE).search(text, before, len(text) if at is None else at)
        at = close.end() + len(newline) if close and close.end() < len(text) else at
        block = f'# + tags=["{INJECTED}"]{newline}{cell}{newline}# -{newline}'
    if at is not None:
        return f"{text[:at]}{block}{newline}{text[at:]}"
    if text.endswith("\n"):
        return f"{text}{newline}{block}"
    # The file goes on to end without a line end, which tells `remove` that it did.
    return f"{text}{newline}{newline}{block.removesuffix(newline)}"


def _has_code(text: str) -> bool:
    return any(line.strip() and not line.startswith("#") for line in text.splitlines())


def _remove_script(text: str) -> str:
    for marker in (_PERCENT, _LIGHT):
        starts = [match.start() for match in marker.finditer(text)]
        kept: list[str] = []
        done = 0
        for start, end in zip(starts, [*starts[1:], len(text)], strict=False):
            if INJECTED not in _tags(_line(text, start)):
                continue
            if marker is _LIGHT:
                close = _CLOSE.search(text, start, end)
                end = close.end() if close else end
            kept.append(text[done:start])
            done = end
        if not kept:
            continue
        before = "".join(kept)
        if done == len(text):
            # It was the last cell: the blank line before it came with it.
            before = re.sub(r"(\r?\n)\r?\n\Z", r"\1" if text.endswith("\n") else "", before)
        text = before + text[done:]
    return text


_CLOSE = re.compile(r"^# -\s*?(\r?\n){1,2}", re.MULTILINE)


def _line(text: str, start: int) -> str:
    end = text.find("\n", start)
    return text[start : end if end >= 0 else len(text)]


def _tags(line: str) -> list[str]:
    match = _TAGS.search(line)
    if match is None:
        return []
    try:
        tags = json.loads(match[1].replace("'", '"'))
    except ValueError:
        return []
    return [tag for tag in tags if isinstance(tag, str)]


# -- notebooks -----------------------------------------------------------------------------------------------------


def _inject_ipynb(text: str, path: str, injected: Injected) -> str:
    spans = _cell_spans(text, path)
    cells = [json.loads(text[start:end]) for start, end in spans]
    found = places([(_is_code(cell), _cell_tags(cell)) for cell in cells], injected)
    if found is None:
        raise UserError(
            f"{path}: there is no cell tagged 'parameters'",
            hint="Add the tag in Jupyter's property inspector.",
            exit_code=2,
        )
    for number, (index, source) in reversed(list(enumerate(found))):
        margin = _margin(text, spans[0][0])
        block = _render(cells[0], source, margin, INJECTED + (f"-{number}" if number else ""))
        separator = f",\n{margin}" if margin is not None else ", "
        at = spans[index - 1][1] if index else spans[0][0]
        text = f"{text[:at]}{separator}{block}{text[at:]}" if index else f"{text[:at]}{block}{separator}{text[at:]}"
    return text


def _is_code(cell: Any) -> bool:
    return isinstance(cell, dict) and cell.get("cell_type") == "code"


def _remove_ipynb(text: str, path: str) -> str:
    spans = _cell_spans(text, path)
    kept = [
        index for index, (start, end) in enumerate(spans) if INJECTED not in _cell_tags(json.loads(text[start:end]))
    ]
    if len(kept) == len(spans):
        return text
    # Each cell but the first comes with what stands between it and the one before.
    cells = [
        text[spans[index - 1][1] if number else spans[index][0] : spans[index][1]] for number, index in enumerate(kept)
    ]
    return text[: spans[0][0]] + "".join(cells) + text[spans[-1][1] :]


def _render(like: dict[str, Any], source: str, margin: str | None, identity: str) -> str:
    cell: dict[str, Any] = {"cell_type": "code", "execution_count": None}
    if "id" in like:
        cell["id"] = identity
    cell["metadata"] = {"tags": [INJECTED]}
    cell["outputs"] = []
    cell["source"] = source.splitlines(keepends=True)
    if margin is None:
        return json.dumps(cell, ensure_ascii=False)
    indent = max(1, len(margin) // 2)
    return json.dumps(cell, ensure_ascii=False, indent=indent).replace("\n", f"\n{margin}")


def _margin(text: str, start: int) -> str | None:
    """The white space before a cell on its line; None where it does not begin a line."""
    line = text.rfind("\n", 0, start) + 1
    margin = text[line:start]
    return margin if line and not margin.strip() else None


def _cell_tags(cell: Any) -> list[str]:
    metadata = cell.get("metadata") if isinstance(cell, dict) else None
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    return tags if isinstance(tags, list) else []


def _cell_spans(text: str, path: str) -> list[tuple[int, int]]:
    """Where each cell stands in the file."""
    decoder = json.JSONDecoder()
    try:
        position = _skip(text, 0)
        if text[position] != "{":
            raise ValueError("not an object")
        position = _skip(text, position + 1)
        while text[position] != "}":
            key, position = decoder.raw_decode(text, position)
            position = _skip(text, _skip(text, position) + 1)
            if key == "cells":
                return _elements(text, position, decoder)
            _, position = decoder.raw_decode(text, position)
            position = _skip(text, position)
            position = _skip(text, position + 1) if text[position] == "," else position
    except (ValueError, IndexError, RecursionError):
        pass
    raise UserError(f"{path} is not a notebook: it has no list of cells", exit_code=2)


def _elements(text: str, position: int, decoder: json.JSONDecoder) -> list[tuple[int, int]]:
    spans = []
    position = _skip(text, position + 1)
    while text[position] != "]":
        _, end = decoder.raw_decode(text, position)
        spans.append((position, end))
        position = _skip(text, end)
        position = _skip(text, position + 1) if text[position] == "," else position
    return spans


def _skip(text: str, position: int) -> int:
    if position == 0 and text[:1] == "\ufeff":
        position = 1
    while text[position] in " \t\r\n":
        position += 1
    return position
