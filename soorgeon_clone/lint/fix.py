"""A notebook file and its findings -> the file with what can be mended mended.

First cells are put back in an order that works, then the fixes of findings are made until none is left (one may make
room for the next), at last the counts are put right. After each step the rules are asked again.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.lint.check import check, check_bytes, too_large
from soorgeon_clone.lint.config import Settings
from soorgeon_clone.lint.confirm import confirmed
from soorgeon_clone.lint.document import CannotEdit, edited, overlap
from soorgeon_clone.lint.model import ORDER_RULES, Diagnostic, Edit, FileResult, Fix, SetCount
from soorgeon_clone.lint.order import Ordering, better_order
from soorgeon_clone.lint.subject import Subject
from soorgeon_clone.notebook.model import Notebook
from soorgeon_clone.notebook.read import parse, parse_with_json

_MOST_ROUNDS = 20


@dataclass(frozen=True)
class Fixed:
    """The new bytes (the old ones, if nothing was mended), what was mended, and why something was not."""

    data: bytes
    mended: tuple[Diagnostic, ...] = ()
    ordering: Ordering | None = None
    note: str = ""


def fixed(
    data: bytes,
    path: Path | None,
    settings: Settings,
    *,
    unsafe: bool = False,
    find_order: Callable[[Notebook], Ordering | None] = better_order,
) -> Fixed:
    """Return a notebook file with its findings mended, as far as the rules that are on know how."""
    enabled = settings.codes_for(path)
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    try:
        text = data[len(mark) :].decode("utf-8")
        notebook = parse(data, path)
    except (UserError, UnicodeDecodeError):
        return Fixed(data)
    name = str(path) if path is not None else "standard input"
    if too_large(notebook, name):  # linting says so
        return Fixed(data)
    mended: list[Diagnostic] = []
    try:
        text, ordering = _ordered(text, path, enabled, find_order)
        for _ in range(_MOST_ROUNDS):
            chosen, edits = _choose(_diagnostics(text, path, name, settings, enabled), unsafe)
            if not edits:
                break
            text = edited(text, parse(text.encode(), path), edits)
            mended += chosen
    except RecursionError:
        return Fixed(data, note=f"{name} is not mended: its code is nested too deeply")
    except CannotEdit as error:
        return Fixed(data, note=f"{name} is not mended: {error}")
    return Fixed(mark + text.encode("utf-8"), tuple(mended), ordering)


def mendable(data: bytes, path: Path | None, settings: Settings) -> int:
    """Return how many findings about a notebook file are gone when it is mended."""
    before, after = (
        confirmed(check_bytes(version, path, settings), path).diagnostics
        for version in (data, fixed(data, path, settings).data)
    )
    return max(len(before) - len(after), 0)


def _diagnostics(
    text: str, path: Path | None, name: str, settings: Settings, enabled: Collection[str]
) -> tuple[Diagnostic, ...]:
    notebook, raw = parse_with_json(text.encode("utf-8"), path)
    subject = Subject(notebook, settings.limits, raw)
    result = FileResult(name, tuple(check(subject, name, settings, enabled)))
    return confirmed(result, path).diagnostics


def _choose(diagnostics: Iterable[Diagnostic], unsafe: bool) -> tuple[list[Diagnostic], list[Edit]]:
    """Return the findings that are mended in this round, with their edits: none that touch the same place."""
    chosen: list[Diagnostic] = []
    edits: list[Edit] = []
    made: set[Fix] = set()
    mendable = [(one, fix) for one in diagnostics if (fix := one.finding.fix) is not None and (fix.safe or unsafe)]
    # Counts come last: what is removed or moved before changes them.
    others = [pair for pair in mendable if not isinstance(pair[1].edits[0], SetCount)]
    for one, fix in others or mendable:
        if fix in made:
            chosen.append(one)
        elif not any(overlap(edit, other) for edit in fix.edits for other in edits):
            made.add(fix)
            edits += fix.edits
            chosen.append(one)
    return chosen, edits


def _ordered(
    text: str, path: Path | None, enabled: Collection[str], find_order: Callable[[Notebook], Ordering | None]
) -> tuple[str, Ordering | None]:
    """Return the text with its cells in an order that works, if they are not and such an order is known."""
    if not ORDER_RULES & set(enabled):
        return text, None
    notebook = parse(text.encode("utf-8"), path)
    ordering = find_order(notebook)
    if ordering is None:
        return text, None
    counts = [SetCount(index, number) for index, number in ordering.counts]
    return edited(text, notebook, counts, ordering.order), ordering
