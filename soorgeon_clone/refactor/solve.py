"""Cut -> the finest coarser one in which everything that a task asks for comes to it, and the constraints behind it.

What cannot cross is collected for all units and then solved at once: the sections that it names become one unit. A
round follows that asks whether the coarser cut holds. It rarely finds more: a carrier may change its mind about a unit
that begins earlier. Rounds share what does not depend on the cut (`Borders`, what pickling takes).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from soorgeon_clone.analysis.analyse import failed
from soorgeon_clone.analysis.dataflow import Unit
from soorgeon_clone.analysis.knowledge.effects import Knowledge
from soorgeon_clone.analysis.objects.heap import Value
from soorgeon_clone.refactor.carriers.carrier import Refused
from soorgeon_clone.refactor.carriers.exported import candidates, closed_definitions
from soorgeon_clone.refactor.carriers.ledger import Ledger, Pickled
from soorgeon_clone.refactor.copies import refuse_told_copies
from soorgeon_clone.refactor.cut import Cut
from soorgeon_clone.refactor.loading import refuse_rings, refuse_two_lives
from soorgeon_clone.refactor.model import MustMerge
from soorgeon_clone.refactor.sharing import Sharing
from soorgeon_clone.refactor.wiring import Wiring


@dataclass(frozen=True)
class Solution:
    """A cut that holds, how its units are connected, and what forced sections to merge.

    ``idle`` are the sections of units that did nothing and are no units any more, ``folded`` of them.
    """

    cut: Cut
    wiring: Wiring
    merges: tuple[MustMerge, ...]
    idle: frozenset[int] = frozenset()
    folded: int = 0

    def lead(self, unit: Unit) -> int:
        """Return the section that a unit is named after: its first one that does something."""
        return next((one for one in range(unit.begin, unit.end) if one not in self.idle), unit.begin)


def solve(cut: Cut, knowledge: Knowledge, known_merges: Sequence[MustMerge] = ()) -> Solution:
    """Return the cut with those sections joined that cannot be parted, and its wiring.

    ``known_merges`` are those that the cut is made with.
    """
    merges = list(known_merges)
    known: dict[frozenset[str], dict[tuple[Value, int], Pickled]] = {}
    possible = candidates(cut.borders) if len(cut.units) > 1 else None
    allowed = 1
    while True:
        try:
            exported = closed_definitions(cut, possible) if possible is not None else {}
            ledger = Ledger(cut.borders, knowledge, exported, known.setdefault(frozenset(exported), {}))
            wiring = wire(cut, ledger)
            chosen = sorted(
                set(_nearest(wiring.clashes, allowed)), key=lambda c: (c.first, c.last, c.reason, repr(c.because))
            )
        except (RecursionError, MemoryError):
            raise
        except Exception as error:  # one of ours is no reason to refuse a notebook: as one task, nothing crosses
            if len(cut.units) == 1:
                raise
            chosen = [MustMerge(0, len(cut.homes) - 1, failed(error))]
        if not chosen:
            return Solution(cut, wiring, tuple(merges))
        joined = cut.joined(chosen)
        if len(joined.units) == len(cut.units):
            raise AssertionError(f"sections that are one already were to merge: {chosen[0].reason}")
        merges += chosen
        cut, allowed = joined, 2 * allowed


def wire(cut: Cut, ledger: Ledger) -> Wiring:
    """Return how the units are connected, or from the first look that finds any, what must merge."""
    wiring = Wiring(cut, ledger)
    for _ in _looks(wiring):
        if wiring.clashes:
            break
    return wiring


def _looks(wiring: Wiring) -> Iterator[None]:
    """Look at one kind of constraint after the other: each takes for granted that the earlier ones hold."""
    _refuse_what_cannot_be_cut(wiring)
    yield
    refuse_told_copies(wiring)
    yield
    wiring.want_uses()
    yield
    wiring.want_settings()
    yield
    sharing = Sharing(wiring)
    while sharing.spread():
        yield
    yield
    refuse_rings(wiring)
    yield
    refuse_two_lives(wiring, sharing)
    yield


def _refuse_what_cannot_be_cut(wiring: Wiring) -> None:
    first, *others = wiring.cut.units
    for statement in wiring.borders.statements if others else ():
        if statement.opaque:
            last = others[-1].end - 1
            refused = Refused(
                statement.opaque, 0, (statement.index,), rule=statement.opaque, role="", facts=(("opaque", None),)
            )
            wiring.refuse(refused, first, last)
            return


def _nearest(clashes: Mapping[int, Sequence[MustMerge]], allowed: int) -> Iterable[MustMerge]:
    """Yield, for each unit, those constraints that join least: once they are solved, its others may be none.

    ``allowed`` widths of them, so that there are few rounds.
    """
    for _, found in sorted(clashes.items()):
        spans = sorted({clash.last - clash.first for clash in found})
        reach = spans[min(allowed, len(spans)) - 1]
        yield from (clash for clash in found if clash.last - clash.first <= reach)
