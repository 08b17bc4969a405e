"""A job -> the guards of what its task takes for granted, and what came of it, for whoever runs its cells."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from soorgeon_clone.pipeline.assumptions.comments import MARK
from soorgeon_clone.pipeline.assumptions.model import Broken, Kept
from soorgeon_clone.pipeline.execution.cells import hidden_tag, is_run, text
from soorgeon_clone.pipeline.execution.model import ASSUMPTION_BROKEN, CellError

if TYPE_CHECKING:
    from soorgeon_clone.pipeline.assumptions.session import Session

Outcomes = tuple[Broken | Kept, ...]


def guards_of(name: str, cells: Sequence[Mapping[str, Any]]) -> Session | None:
    """Return the guards of a task; None, and nothing is imported, where it takes nothing for granted."""
    if not any(MARK in text(cell) for cell in cells if is_run(cell)):
        return None
    from soorgeon_clone.pipeline.assumptions.session import Session, TaskCell

    own = [TaskCell(index, text(cell), hidden_tag(cell) is None) for index, cell in enumerate(cells) if is_run(cell)]
    return Session(name, own) or None


def check(session: Session, namespace: Mapping[str, Any]) -> tuple[Outcomes, CellError | None]:
    """Return what came of what was assumed, and the error if it was not so. What loading prints goes nowhere."""
    from soorgeon_clone.pipeline.assumptions.session import text_of

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        outcomes = session.end(namespace)
    broken = text_of(outcomes)
    return outcomes, CellError(None, None, ASSUMPTION_BROKEN, broken) if broken else None
