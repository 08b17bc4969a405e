"""The header of a script <-> notebook metadata: the part of YAML that is needed for names and versions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_HEADER_LINE = re.compile(r"( *)([A-Za-z_][\w-]*):(?: (.*))?$")
_KEY = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z][\w .()+-]*(?<! )\Z", re.ASCII)
_YAML_WORDS = frozenset(["true", "false", "yes", "no", "on", "off", "null", "y", "n"])
_HEADER_KEYS = frozenset({"text_representation", "formats", "notebook_metadata_filter", "cell_metadata_filter"})


def write_header(metadata: Mapping[str, Any]) -> list[str]:
    """Return the lines of the header; none if ``metadata`` says neither the kernel nor anything for jupytext."""
    kept = {key: metadata[key] for key in ("jupytext", "kernelspec") if isinstance(metadata.get(key), Mapping)}
    body = list(_yaml(kept, "  ")) if kept else []
    return ["# ---", "# jupyter:", *("# " + line for line in body), "# ---"] if body else []


def _yaml(mapping: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, value in sorted(mapping.items()):
        if _KEY.fullmatch(key) is None:  # nor would it be read back; and a line end in it would end the comment
            continue
        if isinstance(value, Mapping):
            if body := list(_yaml(value, indent + "  ")):
                yield f"{indent}{key}:"
                yield from body
        elif isinstance(value, str):
            yield f"{indent}{key}: {_scalar(value)}"


def _scalar(value: str) -> str:
    if (_PLAIN.match(value) and value.lower() not in _YAML_WORDS) or re.fullmatch(
        r"\d+\.\d+\.[\d.]*\d|\.[a-z]+", value
    ):
        return value
    if value.isprintable() and value.isascii():
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value)


def without_header(text: str) -> str:
    """Return a script, whose lines end with a line feed, without its header."""
    return re.sub(r"\A# ---\n(?:#.*\n)*?# ---\n", "", text)


def read_header(lines: Sequence[str]) -> tuple[dict[str, Any], int] | None:
    """Return the metadata and where the cells begin; None if the header holds more than names and versions."""
    if lines[0].rstrip() != "# ---":
        return {}, 0
    root: dict[str, Any] = {}
    open_mappings: list[tuple[int, dict[str, Any]]] = [(-1, root)]
    start = 0
    for index, line in enumerate(lines[1:], 1):
        if line.rstrip() == "# ---":
            start = index + 1
            break
        parsed = _HEADER_LINE.match(line[2:]) if line.startswith("# ") else None
        if parsed is None:
            return None
        indent, key, value = len(parsed.group(1)), parsed.group(2), (parsed.group(3) or "").strip()
        while indent <= open_mappings[-1][0]:
            open_mappings.pop()
        if not value:
            inner: dict[str, Any] = {}
            open_mappings[-1][1][key] = inner
            open_mappings.append((indent, inner))
        elif (text := _read_scalar(value)) is None:
            return None
        else:
            open_mappings[-1][1][key] = text
    else:
        return None
    metadata = root.get("jupyter")
    if set(root) != {"jupyter"} or not isinstance(metadata, dict):
        return None
    options = metadata.get("jupytext", {})
    if not isinstance(options, dict) or not _HEADER_KEYS.issuperset(options):
        return None
    representation = options.get("text_representation", {})
    if not isinstance(representation, dict) or representation.get("format_name", "percent") != "percent":
        return None
    return metadata, start + 1 if start < len(lines) and not lines[start].strip() else start


def _read_scalar(value: str) -> str | None:
    if value.startswith("'"):
        return value[1:-1].replace("''", "'") if len(value) > 1 and value.endswith("'") else None
    if value.startswith('"'):
        try:
            text = json.loads(value)
        except ValueError:
            return None
        return text if isinstance(text, str) else None
    return None if re.match(r"[\[{&*!|>%@`?-]", value) or " #" in value or ": " in value else value
