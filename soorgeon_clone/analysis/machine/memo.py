"""What following a function once did, kept to be noted again."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from soorgeon_clone.analysis.evidence import NOBODY, Reason, keep
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value
from soorgeon_clone.analysis.objects.state import Scope

CHANGES = ("changes", "replaces", "wholes")


@dataclass
class Memo:
    """What following a function once did, and why, to be noted again when it is called again with the same objects."""

    entered: Reason = NOBODY
    started: int = 0  # by the clock of the heap
    depends_on_all: bool = False  # whether it may do something else as soon as anything in the heap has grown
    result: Value = EMPTY
    seen: dict[str, Value] = field(default_factory=dict)
    given: dict[Obj, Value] = field(default_factory=dict)  # what functions gave that are followed once in a round
    writes: dict[str, Value] = field(default_factory=dict)
    did: defaultdict[str, dict[Any, Reason]] = field(default_factory=lambda: defaultdict(dict))
    """What it did, by kind: ``reads``, ``draws`` and ``seeds``, fields of `StatementFacts`, ``assumed``; objects that
    it ``changes``, ``replaces`` (without what shares memory with them) and ``wholes`` (with all that they hold)."""

    def take(self, inner: Memo) -> None:
        """Add what a call inside of this one did."""
        for kind, others in inner.did.items():
            mine = self.did[kind]
            if not mine:
                mine.update(others)
            else:
                for item, reason in others.items():
                    keep(mine, item, reason)
        for name, value in inner.seen.items():
            self.seen.setdefault(name, value)
        self.given.update(inner.given)
        for name, value in inner.writes.items():
            self.writes[name] = self.writes.get(name, EMPTY) | value

    @property
    def changed(self) -> set[Obj]:
        """The objects that it changed in any way."""
        return {obj for kind in CHANGES for obj in self.did.get(kind, ())}


@dataclass
class Together:
    """A function that is followed once for all its calls in a statement, with all that they pass."""

    values: dict[str, Value] = field(default_factory=dict)
    round: int = 0  # in which it was followed last
    memo: Memo = field(default_factory=Memo)
    surroundings: Any = None  # in which it was followed last, None if it grew meanwhile

    def take(self, values: dict[str, Value]) -> bool:
        """Add what a call passes; return whether that is news."""
        is_news = False
        for name, value in values.items():
            old = self.values.get(name)
            if old is None or not value <= old:
                self.values[name] = (old or EMPTY) | value
                is_news = True
        return is_news


@dataclass
class Activation:
    """A function that is being followed: its parameters grow when it calls itself with other objects."""

    scope: Scope
    depth: int = 0  # how many calls around it, and itself, are traced
    grew: bool = False
    recursed: bool = False
