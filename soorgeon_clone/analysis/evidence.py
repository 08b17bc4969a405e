"""Why facts hold, as it is noted on the way, and how that is said in the words of `Because` when somebody asks.

Whoever does something says first on whose behalf (`Walker.blame`); what is noted then takes over that reason. A reason
is a few references, made thousands of times; its words are found when it is shown.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from soorgeon_clone.analysis.because import Because
from soorgeon_clone.analysis.effect_rules import Effect
from soorgeon_clone.analysis.syntax import Node

Rule = str | tuple[str, Effect] | None
"""What said so: its words, a table's entry (the path of the call and its effect), or None for the code as it stands."""


OWN_CODE = "the notebook's own code"
_MOST_FRAMES = 4  # of a chain of calls that are told

Key = TypeVar("Key", bound=Hashable)


class Reason(NamedTuple):
    """On whose behalf something happens: ``node`` of the code, reached through ``inside`` from ``statement``."""

    statement: int
    node: Node
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


def moved(reason: Reason, old: Reason, new: Reason) -> Reason:
    """Return a reason that was noted in code entered for ``old`` as it is where the code is entered for ``new``."""
    frame = reason.inside
    if frame is None:
        return new
    entered = new if frame.entered is old else moved(frame.entered, old, new)
    if reason.feared and not frame.entered.feared:
        rule, feared = reason.rule, True
    else:
        rule, feared = (entered.rule, True) if entered.feared else (reason.rule, False)
    return Reason(new.statement, reason.node, rule, feared, Frame(frame.name, entered))


@dataclass(frozen=True)
class Place:
    """Where a tree stands: in a cell, or in a text or script (``name``); rows in it are ``shift`` further down."""

    cell: int | None
    name: str = ""
    shift: int = 0
    first: int = 1
    last: int = 1_000_000_000

    def row(self, node: Node) -> int:
        return min(max(int(node.start_pos[0]) + self.shift, self.first), self.last)

    def said(self, node: Node) -> str:
        where = f"cell {self.cell + 1}" if self.cell is not None else self.name
        return f"{where}, row {self.row(node)}"


@dataclass
class Places:
    """Where the trees of the notebook's code stand, by their roots, which live as long as this."""

    roots: dict[int, Place] = field(default_factory=dict)
    rows: list[int] = field(default_factory=list)
    """Statement -> its first row in its cell."""

    def add(self, node: Node, place: Place) -> None:
        """Note where a statement stands."""
        key = id(_root(node))
        known = self.roots.setdefault(key, place)
        if known != place:  # a tree of several statements
            self.roots[key] = Place(place.cell, place.name)

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
        if place is None or place.cell is None:
            return self.rows[reason.statement]
        return place.row(reason.node)

    def _said(self, name: str, inner: Reason) -> str:
        place = self._place(inner.node)
        return f"{name} ({place.said(inner.node)})" if place is not None else name

    def _place(self, node: Node) -> Place | None:
        return self.roots.get(id(_root(node))) if node is not None else None


def _root(node: Node) -> Node:
    while node.parent is not None:
        node = node.parent
    return node


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
    kind = getattr(reason.node, "type", "")
    if kind == "expr_stmt" and reason.node.children[1].type == "operator":
        sign = reason.node.children[1].value
        return f"`{sign}`" if sign != "=" else "an assignment"
    return _WORDS.get(kind, OWN_CODE)


_WORDS = {
    "import_name": "an import",
    "import_from": "an import",
    "for_stmt": "a loop",
    "with_stmt": "`with`",
    "del_stmt": "`del`",
}
