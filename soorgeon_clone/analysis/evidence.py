"""Why facts hold, as it is noted on the way, and how that is said in the words of `Because` when somebody asks.

Whoever does something says first on whose behalf (`Walker.blame`); what is noted then takes over that reason. A reason
is a few references, made thousands of times; its words are found when it is shown.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from soorgeon_clone.analysis.because import Because
from soorgeon_clone.analysis.knowledge.effect_rules import Effect
from soorgeon_clone.analysis.lower import instructions as lowered
from soorgeon_clone.analysis.lower.cells import Statement
from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.lower.parts import inside

Rule = str | tuple[str, Effect] | None
"""What said so: its words, a table's entry (the path of the call and its effect), or None for the code as it stands."""


OWN_CODE = "the notebook's own code"
INSIDE = "what is in"  # something that nobody knows
_MOST_FRAMES = 4  # of a chain of calls that are told

Key = TypeVar("Key", bound=Hashable)


class Reason(NamedTuple):
    """On whose behalf something happens: ``node`` of the code, reached through ``inside`` from ``statement``."""

    statement: int
    node: Instruction | None
    rule: Rule
    feared: bool
    inside: Frame | None


class Frame(NamedTuple):
    """Code that was entered: the name of a function, and the reason that holds where it was called."""

    name: str
    entered: Reason


NOBODY = Reason(-1, None, None, False, None)

Why = dict[tuple[str, Hashable], Reason]
"""(field of `StatementFacts`, item) -> why it is there; items of ``opaque`` and ``prints`` are None."""


def keep(reasons: dict[Key, Reason], key: Key, reason: Reason) -> None:
    """Note a reason: the first one, but one that is known rather than feared."""
    old = reasons.get(key)
    if old is None or (old.feared and not reason.feared):
        reasons[key] = reason


def enter(name: str, reason: Reason) -> Reason:
    """Return the reason that holds in code that is entered for ``reason``; what is feared stays so in it."""
    rule = reason.rule if reason.feared else None
    return Reason(reason.statement, reason.node, rule, reason.feared, Frame(name, reason))


def moved(reason: Reason, old: Reason, new: Reason, known: dict[int, Reason]) -> Reason:
    """Return a reason that was noted in code entered for ``old`` as it is where the code is entered for ``new``.

    ``known`` keeps what was found for these two, by the reason's identity: calls in one place have it in common.
    """
    frame = reason.inside
    if frame is None:
        return new
    found = known.get(id(reason))
    if found is None:
        found = known[id(reason)] = _moved(reason, frame, old, new, known)
    return found


def _moved(reason: Reason, frame: Frame, old: Reason, new: Reason, known: dict[int, Reason]) -> Reason:
    entered = new if frame.entered is old else moved(frame.entered, old, new, known)
    if reason.feared and not frame.entered.feared:
        rule, feared = reason.rule, True
    else:
        rule, feared = (entered.rule, True) if entered.feared else (reason.rule, False)
    return Reason(new.statement, reason.node, rule, feared, Frame(frame.name, entered))


@dataclass(frozen=True)
class Place:
    """Where a statement stands: in a cell, or in a text or script (``name``)."""

    cell: int | None
    name: str = ""

    def said(self, node: Instruction) -> str:
        where = f"cell {self.cell + 1}" if self.cell is not None else self.name
        return f"{where}, row {node.row}"


class Places:
    """Where the notebook's code stands; instructions are looked for when somebody asks."""

    def __init__(self) -> None:
        self._statements: list[tuple[Statement, Place]] = []
        self._of_notebook: list[Statement] = []
        self._known: dict[Instruction, Place] = {}
        self._looked_through = 0

    def add(self, statement: Statement, place: Place) -> None:
        """Note where a statement stands."""
        self._statements.append((statement, place))
        if place.cell is not None:
            self._of_notebook.append(statement)

    def because(self, reason: Reason) -> Because:
        """Return a reason in words."""
        frames = list(_frames(reason))
        within = [self._said(frame.name, inner) for frame, inner in frames]
        if len(within) > _MOST_FRAMES:
            within = [*within[: _MOST_FRAMES - 2], "...", within[-1]]
        outermost = frames[0][0].entered if frames else reason
        return Because(reason.statement, self._row(outermost), rule_of(reason), reason.feared, tuple(within))

    def _row(self, reason: Reason) -> int:
        place = self._place(reason.node)
        if reason.node is None or place is None or place.cell is None:
            return self._of_notebook[reason.statement].first
        return reason.node.row

    def _said(self, name: str, inner: Reason) -> str:
        place = self._place(inner.node)
        return f"{name} ({place.said(inner.node)})" if inner.node is not None and place is not None else name

    def _place(self, node: Instruction | None) -> Place | None:
        if node is None:
            return None
        while node not in self._known and self._looked_through < len(self._statements):
            statement, place = self._statements[self._looked_through]
            self._looked_through += 1
            self._known.update((each, place) for item in statement.block for each in inside(item))
        return self._known.get(node)


def _frames(reason: Reason) -> Iterator[tuple[Frame, Reason]]:
    """Yield the frames that were entered, outermost first, each with the reason that holds in it."""
    found = []
    while reason.inside is not None:
        found.append((reason.inside, reason))
        reason = reason.inside.entered
    yield from reversed(found)


def rule_of(reason: Reason) -> str:
    """Return what said so, as a reader knows it."""
    rule = reason.rule
    if isinstance(rule, str):
        return rule
    if rule is not None:
        path, effect = rule
        entry = f"{path} ({', '.join(effect.held)})" if effect.held else path
        return f"{effect.source}: {entry}" if effect.source else entry
    node = reason.node
    if isinstance(node, lowered.OperateInPlace):
        return f"`{node.sign}=`"
    if isinstance(node, lowered.Bind):
        return (
            OWN_CODE
            if isinstance(node.value, (lowered.Decorate, lowered.MakeClass, lowered.MakeFunction))
            else "an assignment"
        )
    if isinstance(node, lowered.Loop):
        return "a loop" if node.over is not None else OWN_CODE
    return _WORDS.get(type(node), OWN_CODE)


_WORDS: dict[type, str] = {lowered.Import: "an import", lowered.With: "`with`", lowered.Unbind: "`del`"}
