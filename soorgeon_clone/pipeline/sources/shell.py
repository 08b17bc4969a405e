"""A shell script with placeholders -> what it says of its upstream; and the script with the placeholders filled in.

As in Ploomber: ``{{product}}``, ``{{product["key"]}}``, ``{{upstream["task"]}}``, ``{{upstream["task"]["key"]}}``, and
the names of params. There is no template language besides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.regular import read_text
from soorgeon_clone.pipeline.sources.digests import digest
from soorgeon_clone.pipeline.sources.model import CodeFacts, CodePiece, SourceFacts

SUFFIXES = (".sh", ".bash")
_PLACE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_NAME = re.compile(r"\s*([A-Za-z_]\w*)\s*((?:\[\s*(?:\"[^\"]*\"|'[^']*')\s*\]\s*){0,2})")
_KEY = re.compile(r"\[\s*[\"']([^\"']*)[\"']\s*\]")
_WORD = re.compile(r"[^\s\"'=;|&<>(){}$`]+")


def shell_facts(path: Path) -> SourceFacts:
    """Facts of a shell script. One that cannot be read has a ``problem``."""
    try:
        text = read_text(path)
        places = [_parsed(place[1], path.name) for place in _PLACE.finditer(text)]
    except (OSError, UnicodeDecodeError) as error:
        return SourceFacts(problem=f"{path} cannot be read: {error}")
    except UserError as error:
        return SourceFacts(problem=error.message)
    used = tuple((keys[0], keys[1] if len(keys) > 1 else None) for name, keys in places if name == "upstream" and keys)
    first = next((line.lstrip("# \t") for line in text.splitlines() if re.match(r"#[^!]", line)), "")
    return SourceFacts(
        upstream=tuple(dict.fromkeys(name for name, _ in used)),
        doc=first,
        code=CodeFacts(
            effects=CodePiece(digest(_without_comments(text)), tuple(sorted({name for name, _ in places}))),
            upstream=used,
            constants=tuple(sorted({word for word in _WORD.findall(text) if 1 < len(word) < 300})),
        ),
        moves=re.search(r"^\s*(cd|pushd)\b", text, re.MULTILINE) is not None,
    )


def filled_in(text: str, values: Mapping[str, Any], where: str) -> str:
    """Return the script for a task with these values. Raises UserError for a placeholder that stands for nothing."""

    def value(match: re.Match[str]) -> str:
        name, keys = _parsed(match[1], where)
        found: Any = values.get(name, _NOTHING)
        for key in keys:
            found = found.get(key, _NOTHING) if isinstance(found, Mapping) else _NOTHING
        if found is _NOTHING or isinstance(found, Mapping):
            raise UserError(f"{where}: {match[0]} stands for no value", hint=f"There are: {', '.join(values)}.")
        return str(found)

    return _PLACE.sub(value, text)


_NOTHING = object()


def _parsed(place: str, where: str) -> tuple[str, list[str]]:
    match = _NAME.fullmatch(place)
    if match is None:
        raise UserError(
            f"{where}: {{{{{place}}}}} is no placeholder",
            hint='Write {{product}}, {{upstream["task"]}}, {{upstream["task"]["key"]}} or the name of a param.',
        )
    return match[1], _KEY.findall(match[2])


def _without_comments(text: str) -> str:
    lines = [line.rstrip() for line in text.splitlines()]
    return "\n".join(line for line in lines if line and not re.match(r"\s*#(?!!)", line))
