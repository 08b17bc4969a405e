"""The JSON of a notebook -> where it breaks nbformat 4.0 to 4.5.

nbformat has a JSON schema, and takes longer to import than a notebook takes to lint. What follows are its rules in
Python; a test holds them against nbformat.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Problem = tuple[int | None, str]

_JSON = re.compile(r"application/(?:.*\+)?json")
_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_CELL_KEYS = {
    "code": {"cell_type", "metadata", "source", "outputs", "execution_count"},
    "markdown": {"cell_type", "metadata", "source"},
    "raw": {"cell_type", "metadata", "source"},
}
_MORE_KEYS = {"code": {"id"}, "markdown": {"id", "attachments"}, "raw": {"id", "attachments"}}
_OUTPUT_KEYS = {
    "execute_result": {"output_type", "data", "metadata", "execution_count"},
    "display_data": {"output_type", "data", "metadata"},
    "stream": {"output_type", "name", "text"},
    "error": {"output_type", "ename", "evalue", "traceback"},
}


def problems(raw: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong: the cell (None: the notebook) and a sentence."""
    minor = raw.get("nbformat_minor")
    if not isinstance(minor, int) or isinstance(minor, bool) or minor < 0:
        yield None, f"nbformat_minor is {minor!r}, not a number"
        minor = 4
    if not isinstance(raw.get("metadata"), dict):
        yield None, "the notebook has no metadata"
    else:
        yield from _notebook_metadata(raw["metadata"])
    for key in raw.keys() - {"metadata", "nbformat", "nbformat_minor", "cells"}:
        yield None, f"the notebook has an unknown key {key!r}"
    ids: dict[str, int] = {}
    cells = raw.get("cells")
    for index, cell in enumerate(cells if isinstance(cells, list) else []):
        if not isinstance(cell, dict):
            continue
        yield from ((index, message) for message in _cell(cell, minor))
        identity = cell.get("id")
        if minor >= 5 and isinstance(identity, str):
            if identity in ids:
                yield index, f"has the id {identity!r} of cell {ids[identity] + 1}"
            ids.setdefault(identity, index)


def _notebook_metadata(metadata: Mapping[str, Any]) -> Iterator[Problem]:
    spec, info = metadata.get("kernelspec"), metadata.get("language_info")
    if "kernelspec" in metadata:
        for key in ("name", "display_name"):
            if not isinstance(spec, dict) or not isinstance(spec.get(key), str):
                yield None, f"metadata.kernelspec has no {key}"
                break
    if "language_info" in metadata and (not isinstance(info, dict) or not isinstance(info.get("name"), str)):
        yield None, "metadata.language_info has no name"


def _cell(cell: Mapping[str, Any], minor: int) -> Iterator[str]:
    kind = cell.get("cell_type")
    if not isinstance(kind, str) or kind not in _CELL_KEYS:
        yield f"its cell type is {kind!r}"
        return
    required = _CELL_KEYS[kind] | ({"id"} if minor >= 5 else set())
    for key in sorted(required - cell.keys()):
        yield f"it has no {key}"
    allowed = required | (_MORE_KEYS[kind] - (set() if minor >= 5 else {"id"}))
    for key in sorted(cell.keys() - allowed):
        yield f"a {kind} cell has no key {key!r} in format 4.{minor}"
    if "id" in cell and minor >= 5 and not (isinstance(cell["id"], str) and _ID.fullmatch(cell["id"])):
        yield f"its id {cell['id']!r} is not one of 1 to 64 letters, digits, - and _"
    if "source" in cell and not _is_text(cell["source"]):
        yield "its source is not text"
    if "metadata" in cell:
        yield from _cell_metadata(cell["metadata"], kind)
    if kind == "code":
        if not _is_count(cell.get("execution_count")):
            yield f"its execution_count is {cell['execution_count']!r}"
        if "outputs" in cell:
            yield from _outputs(cell["outputs"])


def _cell_metadata(metadata: Any, kind: str) -> Iterator[str]:
    if not isinstance(metadata, dict):
        yield "its metadata are not a table"
        return
    if "tags" in metadata and not _are_tags(metadata["tags"]):
        yield "its tags are not a list of different texts without commas"
    for key in ("collapsed", "scrolled"):
        wanted = (bool,) if key == "collapsed" else (bool, str)
        if kind == "code" and key in metadata and not isinstance(metadata[key], wanted):
            yield f"its metadata.{key} is {metadata[key]!r}"
    if "name" in metadata and not (isinstance(metadata["name"], str) and metadata["name"]):
        yield "its metadata.name is no name"


def _outputs(outputs: Any) -> Iterator[str]:
    if not isinstance(outputs, list):
        yield "its outputs are not a list"
        return
    for output in outputs:
        kind = output.get("output_type") if isinstance(output, dict) else None
        if not isinstance(kind, str) or kind not in _OUTPUT_KEYS:
            yield f"an output has the type {kind!r}"
            continue
        for key in sorted(_OUTPUT_KEYS[kind] - output.keys()):
            yield f"an output ({kind}) has no {key}"
        for key in sorted(output.keys() - _OUTPUT_KEYS[kind]):
            yield f"an output ({kind}) has an unknown key {key!r}"
        for key, is_right in _VALUES[kind].items():
            if key in output and not is_right(output[key]):
                yield f"an output ({kind}) has a wrong {key}"


def _are_tags(tags: Any) -> bool:
    if not isinstance(tags, list) or any(not isinstance(tag, str) or "," in tag for tag in tags):
        return False
    return len(set(tags)) == len(tags)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or _are_lines(value)


def _is_bundle(value: Any) -> bool:
    """Tell whether a value is a table of contents by media type: JSON may be anything, all else is text."""
    if not isinstance(value, dict):
        return False
    return all(_JSON.fullmatch(kind) or _is_text(content) for kind, content in value.items())


def _is_string(value: Any) -> bool:
    return isinstance(value, str)


def _is_count(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _are_lines(value: Any) -> bool:
    return isinstance(value, list) and {str}.issuperset(map(type, value))


# What the keys of an output must hold.
_VALUES: Mapping[str, Mapping[str, Callable[[Any], bool]]] = {
    "execute_result": {"data": _is_bundle, "metadata": _is_table, "execution_count": _is_count},
    "display_data": {"data": _is_bundle, "metadata": _is_table},
    "stream": {"name": _is_string, "text": _is_text},
    "error": {"ename": _is_string, "evalue": _is_string, "traceback": _are_lines},
}
