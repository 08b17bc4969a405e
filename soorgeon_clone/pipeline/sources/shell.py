"""A shell script with placeholders -> what it says of its upstream; and the script with the placeholders filled in.

As in Ploomber: ``{{product}}``, ``{{product["key"]}}``, ``{{upstream["task"]}}``, ``{{upstream["task"]["key"]}}``, and
the names of params. A script with anything else of Jinja's (an expression, ``{% if %}``, a comment) is a template, as
all of them are there; what is none keeps what Jinja would take for its own, such as ``${#array[@]}``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.regular import read_text
from soorgeon_clone.pipeline.sources import template_facts, templates
from soorgeon_clone.pipeline.sources.digests import digest
from soorgeon_clone.pipeline.sources.model import CodeFacts, CodePiece, SourceFacts

SUFFIXES = (".sh", ".bash")
_PLACE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_NAME = re.compile(r"\s*([A-Za-z_]\w*)\s*((?:\[\s*(?:\"[^\"]*\"|'[^']*')\s*\]\s*){0,2})")
_KEY = re.compile(r"\[\s*[\"']([^\"']*)[\"']\s*\]")
_STATEMENT = re.compile(r"\{%|(?<!\$)\{#.*?#\}", re.DOTALL)
_WORD = re.compile(r"[^\s\"'=;|&<>(){}$`]+")


def shell_facts(path: Path) -> SourceFacts:
    """Facts of a shell script. One that cannot be read has a ``problem``."""
    try:
        text = read_text(path)
        used, names = _of_template(text, path.name) if _is_template(text) else _of_places(text)
    except (OSError, UnicodeDecodeError) as error:
        return SourceFacts(problem=f"{path} cannot be read: {error}")
    except UserError as error:
        return SourceFacts(problem=str(error))
    first = next((line.lstrip("# \t") for line in text.splitlines() if re.match(r"#[^!]", line)), "")
    return SourceFacts(
        upstream=tuple(dict.fromkeys(name for name, _ in used)),
        doc=first,
        undefined=tuple((name, 0, line) for name, line in names.items() if name not in ("upstream", "product")),
        code=CodeFacts(
            effects=CodePiece(digest(_without_comments(text)), tuple(sorted(names))),
            upstream=used,
            constants=tuple(sorted({word for word in _WORD.findall(text) if 1 < len(word) < 300})),
        ),
        moves=re.search(r"^\s*(cd|pushd)\b", text, re.MULTILINE) is not None,
    )


def filled_in(text: str, values: Mapping[str, Any], where: str) -> str:
    """Return the script for a task with these values. Raises UserError for a placeholder that stands for nothing."""
    if _is_template(text):
        return templates.filled_in(text, values, where)

    def value(match: re.Match[str]) -> str:
        name, *keys = _parts(match[1]) or [""]
        found: Any = values.get(name, _NOTHING)
        for key in keys:
            found = found.get(key, _NOTHING) if isinstance(found, Mapping) else _NOTHING
        if found is _NOTHING or isinstance(found, Mapping):
            raise UserError(f"{where}: {match[0]} stands for no value", hint=f"There are: {', '.join(values)}.")
        return str(found)

    return _PLACE.sub(value, text)


_NOTHING = object()


def _is_template(text: str) -> bool:
    """Whether there is more of Jinja's in a script than names and keys."""
    return _STATEMENT.search(text) is not None or any(_parts(place[1]) is None for place in _PLACE.finditer(text))


def _parts(place: str) -> list[str] | None:
    """What a placeholder names, and its keys; None for one that is an expression."""
    match = _NAME.fullmatch(place)
    return None if match is None else [match[1], *_KEY.findall(match[2])]


def _of_places(text: str) -> tuple[tuple[tuple[str, str | None], ...], dict[str, int]]:
    """The tasks, and keys of their products, that placeholders take out of ``upstream``; all names and their lines."""
    used, names = [], dict[str, int]()
    for place in _PLACE.finditer(text):
        name, *keys = _parts(place[1]) or [""]
        names.setdefault(name, text.count("\n", 0, place.start()) + 1)
        if name == "upstream" and keys:
            used.append((keys[0], keys[1] if len(keys) > 1 else None))
    return tuple(used), names


def _of_template(text: str, where: str) -> tuple[tuple[tuple[str, str | None], ...], dict[str, int]]:
    tree = templates.parsed(text, where)
    return tuple(dict.fromkeys(template_facts.upstream(tree))), template_facts.names(tree)


def _without_comments(text: str) -> str:
    lines = [line.rstrip() for line in text.splitlines()]
    # what stands in braces may be Jinja's, also in a comment of the shell's
    return "\n".join(line for line in lines if line and not re.match(r"\s*#(?!!)[^{]*$", line))
