"""The cells of a task -> what came of what it takes for granted, in the process that runs it.

A guard begins before the first cell of the notebook's own that follows the comment, and ends after the last cell.
"""

from __future__ import annotations

import ast
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from soorgeon_clone.pipeline.assumptions import told
from soorgeon_clone.pipeline.assumptions.callee import effect_of, entry_key
from soorgeon_clone.pipeline.assumptions.comments import placed_in
from soorgeon_clone.pipeline.assumptions.comments import text_of as comment_of
from soorgeon_clone.pipeline.assumptions.guards.guard import Found, Guard, Pausing, Subject
from soorgeon_clone.pipeline.assumptions.guards.table import ORDER, guard_of
from soorgeon_clone.pipeline.assumptions.model import IN_MEMORY, Assumption, Broken, Cause, Effect, Kept, Kind
from soorgeon_clone.pipeline.assumptions.pauses import Pauses
from soorgeon_clone.pipeline.assumptions.statements import normalized

_PATIENCE = 5.0  # seconds that threads of the task get to end
_AGAIN = "Run `soorgeon-clone refactor` again: the sections will be put together now that this is known."
_SECTION = "[tool.soorgeon-clone.effects]"


@dataclass(frozen=True)
class TaskCell:
    """A code cell of a task, by its place among all cells. ``own``: it is the notebook's, not one that we wrote."""

    index: int
    source: str
    own: bool


@dataclass
class _Watch:
    """A guard, what it is for, and before which cell it begins; None: there is no such cell."""

    guard: Guard
    assumptions: tuple[Assumption, ...]
    before: int | None
    begun: bool = False
    problem: str = ""

    def begin(self, namespace: Mapping[str, Any]) -> None:
        """Begin; what cannot be looked at now cannot be compared later."""
        self.begun = True
        try:
            self.guard.begin(namespace)
        except Exception as error:  # whatever the classes of values do
            self.problem = f"it cannot be checked: {type(error).__name__}: {error}"

    def turn(self, *, off: bool) -> None:
        """Look away, or look on, where the guard has statements that it does not look at."""
        if not self.begun or self.problem or not isinstance(self.guard, Pausing):
            return
        try:
            if off:
                self.guard.pause()
            else:
                self.guard.resume()
        except Exception as error:
            self.problem = f"it cannot be checked: {type(error).__name__}: {error}"

    def end(self, namespace: Mapping[str, Any]) -> Found | None:
        """End. What cannot be checked does not hold."""
        if not self.problem:
            try:
                return self.guard.end(namespace)
            except Exception as error:
                self.problem = f"it cannot be checked: {type(error).__name__}: {error}"
        return Found((), self.problem)


class Session:
    """The guards of one run of a task. Truth value: whether there are any."""

    def __init__(self, task: str, cells: Sequence[TaskCell]) -> None:
        self._task = task
        self._cells = cells
        self._threads = set(threading.enumerate())
        self._watches = sorted(_watches(cells), key=lambda watch: ORDER.index(watch.assumptions[0].kind))
        left_out = [statement for cell in cells for statement in _left_out(cell)]
        self._pauses = Pauses(left_out, self._pause, self._resume) if left_out else None
        self._is_paused = False

    def __bool__(self) -> bool:
        return bool(self._watches)

    def before(self, index: int, namespace: Mapping[str, Any]) -> None:
        """Begin the guards whose time has come. Call it before each cell runs."""
        if self._is_paused:
            self._resume()
        if self._pauses is not None:
            self._pauses.before(next((cell.source for cell in self._cells if cell.index == index and cell.own), ""))
        for watch in self._watches:
            if not watch.begun and watch.before is not None and watch.before <= index:
                watch.begin(namespace)

    def watched(self, tree: ast.Module) -> ast.Module:
        """Return what runs in the place of a cell's syntax tree. IPython, where it is there, asks by itself."""
        if self._pauses is not None:
            self._pauses.visit(tree)
        return tree

    def _pause(self) -> None:
        self._is_paused = True
        for watch in self._watches:
            watch.turn(off=True)

    def _resume(self) -> None:
        self._is_paused = False
        for watch in self._watches:
            watch.turn(off=False)

    def end(self, namespace: Mapping[str, Any]) -> tuple[Broken | Kept, ...]:
        """Look at everything again, when the last cell has run and what it started has ended."""
        if self._pauses is not None:
            self._pauses.end()
        _end_threads(self._threads)
        outcomes: list[Broken | Kept] = []
        for watch in self._watches:
            if not watch.begun:
                watch.begin(namespace)
            outcomes += self._outcomes(watch, watch.end(namespace), namespace)
        return tuple(outcomes)

    def _outcomes(self, watch: _Watch, found: Found | None, namespace: Mapping[str, Any]) -> Iterator[Broken | Kept]:
        sources = [cell.source for cell in self._cells]
        for one in watch.assumptions:
            names = found.names or one.names if found is not None else one.names
            statement = one.cause.statement if one.cause is not None else ""
            effect = effect_of(statement, names, sources, namespace)
            if found is None:
                yield Kept(self._task, one, effect)
                continue
            cell, row = (one.cause.cell, one.cause.row) if one.cause is not None else (0, 0)
            certain = len(watch.assumptions) == 1
            remedy = (_AGAIN, *_entry(one.kind, effect, namespace)) if statement else _without_statement(one)
            yield Broken(
                self._task, one.kind, names, cell, row, normalized(statement), effect, found.text, remedy, certain
            )


def make_ready(kinds: Iterable[Kind]) -> None:
    """Do once what guards of these kinds do, with values that nobody has: processes that are forked from this one then
    need not import their modules and compile their patterns again."""
    names = ("x", "y")
    assumed = (Assumption(kind, names if kind in ("unchanged", "apart") else (), Cause("f(x)", 1, 1)) for kind in kinds)
    comments = [comment_of(one) for one in assumed]
    session = Session("", [TaskCell(0, "\n".join(comments), False), TaskCell(1, "import x\nf(x)", True)])
    namespace = dict.fromkeys(names, 0)
    session.before(1, namespace)
    session.end(namespace)


def _watches(cells: Sequence[TaskCell]) -> Iterator[_Watch]:
    groups: dict[tuple[Kind, tuple[str, ...], bool], tuple[int | None, list[Assumption]]] = {}
    for cell in cells:
        following = next((other.index for other in cells if other.index > cell.index and other.own), None)
        for placed in placed_in(cell.source):
            for one in _single(placed.assumption):
                if one.is_exception:
                    continue
                groups.setdefault((one.kind, one.names, one.where == IN_MEMORY), (following, []))[1].append(one)
    loads = tuple(cell.source for cell in cells if not cell.own)
    own = tuple(cell.source for cell in cells if cell.own)
    for (kind, *_), (before, assumptions) in groups.items():
        subject = Subject(tuple(dict.fromkeys(assumptions)), loads, own)
        yield _Watch(guard_of(kind, subject), subject.assumptions, before)


def _left_out(cell: TaskCell) -> Iterator[str]:
    """Yield the statements that make settings and are not looked at."""
    for placed in placed_in(cell.source):
        if placed.assumption.is_exception and placed.assumption.cause is not None:
            yield normalized(placed.assumption.cause.statement)


def _single(assumption: Assumption) -> Iterator[Assumption]:
    """Yield what is looked at on its own: each variable that is unchanged."""
    if assumption.kind != "unchanged":
        yield assumption
        return
    for name in assumption.names:
        yield Assumption("unchanged", (name,), assumption.cause)


def _entry(kind: Kind, effect: Effect, namespace: Mapping[str, Any]) -> Iterator[str]:
    """Yield what would tell it to all notebooks, where the call is known by name."""
    if "." not in effect.callee or "<" in effect.callee:
        return
    key, name = entry_key(effect, namespace)
    facts = {
        "unchanged": f'changes = "{name}"' if name else "",
        "draws nothing": 'draws = ["python_random", "numpy_random"]',
        "sets nothing": f'sets = "other:{effect.callee.partition(".")[0]}"',
    }.get(kind, "")
    if facts:
        key = key if kind == "unchanged" else effect.callee
        yield f'To make it known everywhere, add to pyproject.toml, under {_SECTION}:  "{key}" = {{ {facts} }}'


def _without_statement(assumption: Assumption) -> tuple[str, ...]:
    return (f"Take the comment `# soorgeon-clone: {assumption.kind}` away if no other task needs it to be so.",)


def _end_threads(before: set[threading.Thread]) -> None:
    """Wait for threads that the task has started: what they do, they do before anybody looks."""
    deadline = time.monotonic() + _PATIENCE
    for thread in set(threading.enumerate()) - before:
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(max(deadline - time.monotonic(), 0))


def text_of(outcomes: Sequence[Broken | Kept]) -> str | None:
    """Return the text for what was broken, None if all was kept."""
    broken = [one for one in outcomes if isinstance(one, Broken)]
    return told.text_of(broken) if broken else None
