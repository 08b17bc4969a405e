"""A job -> the guards of what its task takes for granted, and what came of it, for whoever runs its cells."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from soorgeon_clone.pipeline.assumptions.comments import MARK
from soorgeon_clone.pipeline.assumptions.model import KINDS, Broken, Kept, Kind
from soorgeon_clone.pipeline.execution.cells import hidden_tag, is_run, text
from soorgeon_clone.pipeline.execution.model import ASSUMPTION_BROKEN, CellError

if TYPE_CHECKING:
    from soorgeon_clone.pipeline.assumptions.session import Session

Outcomes = tuple[Broken | Kept, ...]


def takes_for_granted(cells: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a comment in any cell could say so."""
    return any(MARK in text(cell) for cell in cells if is_run(cell))


def kinds_assumed(cells: Sequence[Mapping[str, Any]]) -> frozenset[Kind]:
    """Return of which kinds what a task takes for granted may be, as far as words tell."""
    sources = [source for cell in cells if is_run(cell) and MARK in (source := text(cell))]
    return frozenset(kind for kind in KINDS if any(f"{MARK} {kind}" in source for source in sources))


def guards_of(name: str, cells: Sequence[Mapping[str, Any]]) -> Session | None:
    """Return the guards of a task; None, and nothing is imported, where it takes nothing for granted."""
    if not takes_for_granted(cells):
        return None
    from soorgeon_clone.pipeline.assumptions.session import Session, TaskCell

    own = [TaskCell(index, text(cell), hidden_tag(cell) is None) for index, cell in enumerate(cells) if is_run(cell)]
    return Session(name, own) or None


def check(session: Session, namespace: Mapping[str, Any]) -> tuple[Outcomes, CellError | None]:
    """Return what came of what was assumed, and the error if it was not so. What loading prints goes nowhere."""
    outcomes = outcomes_of(session, namespace)
    return outcomes, error_of(outcomes)


def outcomes_of(session: Session, namespace: Mapping[str, Any]) -> Outcomes:
    """Return what came of what was assumed."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return session.end(namespace)


def error_of(outcomes: Outcomes) -> CellError | None:
    """Return the error that ends the task where something was not as assumed."""
    from soorgeon_clone.pipeline.assumptions.session import text_of

    broken = text_of(outcomes)
    return CellError(None, None, ASSUMPTION_BROKEN, broken) if broken else None
