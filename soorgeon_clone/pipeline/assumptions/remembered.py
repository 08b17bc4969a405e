"""What came of assumptions <-> `assumptions.yaml` beside pipeline.yaml: a file that people read, and commit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from soorgeon_clone.files.atomic import write_text
from soorgeon_clone.pipeline.assumptions.model import KINDS, Broken, Effect, Kept, Kind
from soorgeon_clone.pipeline.declared import yaml_tree

FILE = "assumptions.yaml"
_HEADING = """\
# What tasks took for granted about code that nobody has described, and what came of it when they ran.
# Written by soorgeon-clone; belongs under version control. `soorgeon-clone refactor` takes what is `broken` as a fact.
# `kept` counts runs, up to a few. Remove an entry, and it is assumed and checked again.
"""
# More runs would tell nothing, and the file would change with every build.
_ENOUGH = 3
_PLAIN = re.compile(r"[^\W\d][\w.]*(?: [\w.]+)*")
_WORDS_OF_YAML = frozenset("true false yes no on off null y n".split())


@dataclass(frozen=True)
class Remembered:
    """What is known of a statement from runs: it did something (``broken`` says what was seen) or did not (``kept``).

    ``statement`` is its text as `statements.normalized` gives it: with ``kind`` and ``names`` it is what an entry is
    about. ``cell`` is where it stood in the notebook when it was seen last.
    """

    statement: str
    kind: Kind
    names: tuple[str, ...] = ()
    cell: int = 0
    effect: Effect = field(default_factory=Effect)
    broken: str = ""
    kept: int = 0

    @property
    def key(self) -> tuple[str, Kind, tuple[str, ...]]:
        return (self.statement, self.kind, self.names)


def recall(folder: Path) -> tuple[Remembered, ...]:
    """Return what is remembered in a pipeline's folder, sorted. Raises UserError for a file that cannot be read."""
    try:
        tree = yaml_tree.read(folder / FILE, FILE)
    except FileNotFoundError:
        return ()
    if tree.value is None:
        return ()
    if not isinstance(tree.value, list):
        raise tree.error("a list of entries is expected", hint=f"Remove {FILE}: it is written again.")
    return tuple(sorted(map(_entry, tree.value), key=_order))


def remember(folder: Path, outcomes: Iterable[Broken | Kept]) -> None:
    """Add to what is remembered in a pipeline's folder. The file is left alone where that tells nothing new.

    What was broken once stays so. Outcomes whose task does not name a statement cannot be remembered. Raises OSError
    and UserError.
    """
    before = recall(folder)
    known = {one.key: one for one in before}
    for one in filter(None, map(_outcome, outcomes)):
        old = known.get(one.key)
        if old is None or (one.broken and not old.broken):
            known[one.key] = one
        elif one.kept and not old.broken:
            known[one.key] = replace(one, kept=min(old.kept + one.kept, max(_ENOUGH, old.kept)))
    after = tuple(sorted(known.values(), key=_order))
    if after != before:
        write_text(folder, FILE, text_of(after))


def text_of(entries: Iterable[Remembered]) -> str:
    """Return the file's text."""
    return _HEADING + "".join(f"\n{_entry_text(one)}" for one in entries)


def _order(one: Remembered) -> tuple[object, ...]:
    return (one.cell, one.statement, one.kind, one.names)


def _outcome(outcome: Broken | Kept) -> Remembered | None:
    if isinstance(outcome, Broken):
        if not outcome.statement:
            return None
        names, effect = outcome.names, outcome.effect
        return Remembered(outcome.statement, outcome.kind, names, outcome.cell, effect, broken=outcome.found)
    assumed, cause = outcome.assumption, outcome.assumption.cause
    if cause is None:
        return None
    return Remembered(cause.statement, assumed.kind, assumed.names, cause.cell, outcome.effect, kept=1)


def _entry_text(one: Remembered) -> str:
    lines = [f"- statement: {_scalar(one.statement)}"]
    if one.cell:
        lines.append(f"cell: {one.cell}")
    if one.effect.callee:
        lines.append(f"calls: {_scalar(one.effect.callee)}")
    lines.append(f"assumed: {one.kind}")
    if one.names:
        lines.append(f"names: [{', '.join(map(_scalar, one.names))}]")
    if one.effect.argument:
        lines.append(f"argument: {_argument(one.effect.argument)}")
    lines.append(f"broken: {_scalar(one.broken)}" if one.broken else f"kept: {one.kept}")
    return "\n  ".join(lines) + "\n"


def _scalar(text: str) -> str:
    """Return a text as YAML writes it: plain where nobody could take it for something else."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS_OF_YAML:
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _argument(text: str) -> str:
    """Return how an argument is written: a position is a number."""
    return text if text.isascii() and text.isdecimal() and str(int(text)) == text else _scalar(text)


def _entry(item: yaml_tree.Item) -> Remembered:
    if not isinstance(item.value, dict):
        raise item.error("an entry is a mapping", hint=f"Remove {FILE}: it is written again.")
    data: dict[str, Any] = item.plain()
    kind = next((kind for kind in KINDS if kind == data.get("assumed")), None)
    if kind is None or not isinstance(data.get("statement"), str):
        raise item.error(
            f"an entry has `statement` and `assumed`, which is one of: {', '.join(KINDS)}",
            hint="Correct or remove the entry.",
        )
    return Remembered(
        data["statement"],
        kind,
        tuple(_texts(data.get("names"))),
        _number(data.get("cell")),
        Effect(str(data.get("calls") or ""), "" if data.get("argument") is None else str(data["argument"])),
        str(data.get("broken") or ""),
        _number(data.get("kept")),
    )


def _texts(value: object) -> Iterator[str]:
    yield from map(str, value if isinstance(value, list) else () if value is None else (value,))


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
