"""A cut -> how everything that its units ask for comes to them, and which units must be one since it cannot come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from soorgeon_clone.analysis.dataflow import Unit
from soorgeon_clone.analysis.model import AMBIENT, StatementFacts
from soorgeon_clone.analysis.objects.heap import UNBOUND, Value
from soorgeon_clone.refactor.carriers import repeated, settings, states, table
from soorgeon_clone.refactor.carriers.carrier import Refused, Taken, Want
from soorgeon_clone.refactor.carriers.ledger import Ledger
from soorgeon_clone.refactor.carriers.replay import needed_to_repeat
from soorgeon_clone.refactor.cut import Cut
from soorgeon_clone.refactor.model import MustMerge
from soorgeon_clone.refactor.why import must_merge

Group = tuple[str, ...]
"""Names that are saved in one file, sorted."""


class Wiring:
    """How the units of one cut are connected. Units are called by the border that they begin at.

    ``taken``: how what a unit asks for comes, by name and unit, ``askers`` the statement that asks first. By unit:
    ``loads`` are the names of values that it loads, ``repeats`` the statements that it repeats, ``groups`` the names
    that it saves, one file each, ``states`` those of them that are settings, ``clashes`` what must merge since a unit
    cannot be served.
    """

    def __init__(self, cut: Cut, ledger: Ledger) -> None:
        self.cut = cut
        self.ledger = ledger
        self.borders = cut.borders
        self.taken: dict[tuple[str, int], Taken] = {}
        self.askers: dict[tuple[str, int], int] = {}
        self.loads: dict[int, set[str]] = {unit.begin: set() for unit in cut.units}
        self.repeats: dict[int, set[int]] = {unit.begin: set() for unit in cut.units}
        self.groups: dict[int, list[Group]] = {unit.begin: [] for unit in cut.units}
        self.states: dict[int, set[str]] = {unit.begin: set() for unit in cut.units}
        self.clashes: dict[int, list[MustMerge]] = {}

    def want(self, name: str, unit: Unit, asker: int) -> None:
        """Let ``unit`` have what ``name`` denotes when it starts, for statement ``asker``."""
        key = (name, unit.begin)
        if key in self.askers:
            return
        self.askers[key] = asker
        want = Want(name, unit.begin, self.borders.before(name, unit.begin), asker, unit.stop)
        answer = table.take(want, self.ledger)
        if isinstance(answer, Refused):
            self.refuse(answer, unit, unit.begin, asker)
            return
        self.taken[key] = answer
        if answer.loads:
            self.loads[unit.begin].add(name)
        for statement in answer.repeats:
            self._repeat(statement, want, unit)
        for other in answer.needs:
            self.want(other, unit, asker)

    def _repeat(self, statement: StatementFacts, want: Want, unit: Unit) -> None:
        if statement.index in self.repeats[unit.begin]:
            return
        self.repeats[unit.begin].add(statement.index)
        for name in needed_to_repeat(statement):
            self.want(name, unit, want.asker)
        noted = repeated.besides(statement, want, self.ledger)
        if isinstance(noted, Refused):
            self.refuse(noted, unit, unit.begin, want.asker)
            return
        for other in noted:
            self._repeat(other, want, unit)

    def refuse(self, refused: Refused, unit: Unit, last: int, *askers: int) -> None:
        """Note that sections up to ``last`` must be one, since ``unit`` cannot be served."""
        end = refused.last if refused.last is not None else last
        self.clashes.setdefault(unit.begin, []).append(must_merge(self.borders, refused, end, askers))

    def want_uses(self) -> None:
        """Let each unit have what it uses."""
        for unit in self.cut.units:
            for name, asker in sorted(unit.uses.items()):
                self.want(name, unit, asker)
            self._want_named(unit)

    def _want_named(self, unit: Unit) -> None:
        """Let a unit have the imports that functions in its cells name, though nobody calls them there: whoever reads
        the task, or calls one, looks for them."""
        for statement in unit.statements:
            if statement.binds.keys() <= self.ledger.exported.keys():
                continue  # it moves, and takes them along
            for name in sorted(self.borders.free.get(statement.index, ())):
                binding = self.borders.before(name, unit.begin)
                if binding is None or name in unit.binds or (name, unit.begin) in self.askers:
                    continue
                want = Want(name, unit.begin, binding, statement.index, unit.stop)
                answer = table.take(want, self.ledger) if self.borders.is_import(name) else None
                if isinstance(answer, Taken) and not answer.loads and not answer.needs:
                    self.want(name, unit, statement.index)

    def want_settings(self) -> None:
        """Let each unit have the settings that were made before it."""
        for statement in self.borders.settings:
            name = f"{settings.SETTING}{statement.index}"
            for unit in self.cut.units[self.cut.place(statement.section) + 1 :]:
                self.want(name, unit, statement.index)
                if (name, unit.begin) not in self.taken:
                    break  # the others would say the same
        self._save_states()

    def _save_states(self) -> None:
        """Let each state of a setting be saved by the last unit that sets it before one that asks for it."""
        for place, unit in enumerate(self.cut.units):
            for name in filter(states.is_state, self.loads[unit.begin]):
                setting = name.removeprefix(AMBIENT)
                earlier = self.cut.units[:place]
                giver = next(u for u in reversed(earlier) if any(setting in s.sets for s in u.statements))
                self.states[giver.begin].add(name)

    def value_after(self, name: str, unit: Unit) -> Value:
        """Return what ``name`` may be when ``unit`` has ended, if it is bound."""
        return self.borders.value(name, unit.end) - {UNBOUND}

    def users(self, names: set[str], unit: Unit) -> Iterator[tuple[Unit, str]]:
        """Yield the units after ``unit`` that load any of ``names``, nearest first."""
        for later in self.cut.units[self.cut.place(unit.begin) + 1 :]:
            yield from ((later, name) for name in sorted(self.loads[later.begin] & names))

    def providers(self) -> Iterator[tuple[Unit, dict[str, tuple[Unit, Group]]]]:
        """Yield each unit with the files that it loads from: name -> the unit whose product it is, the names in it.

        The mapping is one and grows: it is what holds when the unit starts.
        """
        files: dict[str, tuple[Unit, Group]] = {}
        for unit in self.cut.units:
            yield unit, files
            for group in self.groups[unit.begin]:
                files.update(dict.fromkeys(group, (unit, group)))

    def names(self) -> dict[int, set[str]]:
        """Return, by unit, all names that it needs, however they come."""
        names: dict[int, set[str]] = defaultdict(set)
        for name, begin in self.askers:
            names[begin].add(name)
        return names
