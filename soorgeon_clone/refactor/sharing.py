"""Wiring -> what each unit saves, and which values must be in one file so that they still share what they share.

Values are followed backward from their uses to the units that give or change them last (liveness). Values that may
share a part which a later unit changes, or compares, are saved together.
"""

from __future__ import annotations

from collections.abc import Iterable

from soorgeon_clone.analysis.dataflow import Unit
from soorgeon_clone.analysis.objects.heap import Obj, Value, look_for_more
from soorgeon_clone.analysis.objects.types import FRAMES, NDARRAY
from soorgeon_clone.refactor.carriers import ambient
from soorgeon_clone.refactor.carriers.carrier import Refused, about
from soorgeon_clone.refactor.carriers.pickled import cannot_save, verdict
from soorgeon_clone.refactor.wiring import Group, Wiring

_APART = "copy one of them (`.copy()`) before that, or make the change in the section that makes them"
_COPIED = "copy the part (`.copy()`) before that, or make the change in the section that makes it"


class Sharing:
    """What can be told from a value after it was loaded; answers are kept, since units ask for the same values."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self.reach_of = wiring.borders.facts.heap.reach
        self._reach: dict[tuple[Value, int], frozenset[Obj]] = {}
        self._tellable: dict[tuple[Value, int], tuple[tuple[Obj, int], ...]] = {}
        self._by_reference: dict[Value, frozenset[Obj]] = {}
        self._views: dict[Value, tuple[Obj, ...]] = {}
        # as they are while values are followed once
        self._live: dict[int, set[str]] = {}
        self._names: dict[int, set[str]] = {}
        self._twice: dict[tuple[Obj, int], bool] = {}

    def spread(self) -> bool:
        """Follow values backward once; return whether that made a unit need more."""
        wiring = self.wiring
        before = len(wiring.askers)
        self._live = live = self.live()
        self._names, self._twice = wiring.names(), {}
        for unit in wiring.cut.units:
            alive = live[unit.begin]
            touched = {v for v in alive if v in unit.binds or self._changes(unit, v)}
            groups = [tuple(sorted(g)) for g in self._together(unit, alive) if touched & g] if touched else []
            wiring.groups[unit.begin] = [*((name,) for name in sorted(wiring.states[unit.begin])), *groups]
            for group in groups:
                for name in group:
                    if not unit.binds.get(name, False):
                        self._want(name, unit, group)
                    self._can_save(name, unit)
                self._refuse_mixed_picklers(group, unit)
        self._let_files_load()
        return len(wiring.askers) > before

    def live(self) -> dict[int, set[str]]:
        """Return, by unit, the values that are still needed after it."""
        live: dict[int, set[str]] = {}
        alive: set[str] = set()
        for unit in reversed(self.wiring.cut.units):
            live[unit.begin] = set(alive)
            made = {name for name in alive if unit.binds.get(name, False) or self._makes_again(name, unit)}
            alive = (alive - made) | self.wiring.loads[unit.begin]
        return live

    def _makes_again(self, name: str, unit: Unit) -> bool:
        """Whether a unit repeats a definition as it was, and is the first to change it."""
        if (name, unit.begin) not in self.wiring.askers or name in self.wiring.loads[unit.begin]:
            return False
        return not ambient.is_ambient(name) and self._changes(unit, name)

    def _value_after(self, name: str, unit: Unit) -> Value:
        return self.wiring.borders.value(name, unit.end)

    def _changes(self, unit: Unit, name: str) -> bool:
        return bool(unit.changes) and not unit.changes.isdisjoint(self.reach(self._value_after(name, unit)))

    def _want(self, name: str, unit: Unit, group: Group) -> None:
        """Let a unit have what it must save, or what must exist when it saves a group."""
        if (name, unit.begin) not in self.wiring.askers:
            self.wiring.want(name, unit, self._toucher(unit, group))

    def _toucher(self, unit: Unit, group: Group) -> int:
        """Return the first statement of a unit that gives or changes a value of a group."""
        reach = frozenset[Obj]().union(*(self.reach(self._value_after(name, unit)) for name in group))
        for statement in unit.statements:
            if not statement.binds.keys().isdisjoint(group) or not statement.changes.isdisjoint(reach):
                return statement.index
        return unit.start

    # -- what comes with a value -------------------------------------------------------------------------------

    def reach(self, value: Value) -> frozenset[Obj]:
        """Return what comes with a value in a file; of definitions whose attributes have a file of their own, nothing:
        their names lead to them."""
        binders = self.wiring.borders.binders
        amended = {obj for obj in self.wiring.ledger.amended if len(binders.get(obj.name, ())) < 2}
        reach = self.reach_of(value)
        if not amended or amended.isdisjoint(reach) or self.wiring.ledger.amended_as(value) is not None:
            return reach
        key = (value, len(amended))
        if key not in self._reach:
            seen = set(value) | amended
            stack = [obj for obj in value if obj not in amended]
            while stack:
                obj = stack.pop()
                if not obj.immutable:
                    stack.extend(look_for_more(obj, seen))
            self._reach[key] = frozenset(obj for obj in seen if not obj.immutable) - amended
        return self._reach[key]

    def _tellable_in(self, value: Value) -> tuple[tuple[Obj, int], ...]:
        """Return what comes with a value and is changed, or compared by its identity, with the last statement that
        does so."""
        key = (value, len(self.wiring.ledger.amended))
        if key not in self._tellable:
            told = [obj for obj in self.reach(value) if obj.changed or obj.compared_by]
            self._tellable[key] = tuple((obj, last_told(obj)) for obj in told)
        return self._tellable[key]

    def _reach_by_reference(self, value: Value) -> frozenset[Obj]:
        if value not in self._by_reference:
            self._by_reference[value] = frozenset(reach_by_reference(value))
        return self._by_reference[value]

    def _views_in(self, value: Value) -> tuple[Obj, ...]:
        """Return the arrays in a value that share memory with another one."""
        if value not in self._views:
            reach = self._reach_by_reference(value)
            self._views[value] = tuple(o for o in reach if o.memory is not None and not o.is_attributes)
        return self._views[value]

    # -- what must be together ---------------------------------------------------------------------------------

    def _together(self, unit: Unit, alive: set[str]) -> list[set[str]]:
        """Part the living values into those that must be saved in one file, in the order of their first names."""
        owner: dict[Obj, str] = {}  # by the first name that has it
        group_of: dict[str, set[str]] = {}
        shared: set[Obj] = set()
        for name in sorted(alive):
            value = self._value_after(name, unit)
            self._refuse_views_inside(name, value, unit)
            group_of[name] = {name}
            for obj, last in self._tellable_in(value):
                if not obj.made < unit.stop <= last:
                    continue
                if obj not in owner:
                    owner[obj] = name
                elif self._is_told(obj, unit):
                    shared.add(obj)
                    _join(group_of, name, owner[obj])
        for obj in sorted(shared, key=lambda obj: obj.serial):
            self._refuse_shared_memory(obj, group_of[owner[obj]], unit)
        return sorted({id(group): group for group in group_of.values()}.values(), key=min)

    def _is_told(self, obj: Obj, unit: Unit) -> bool:
        """Whether it can be told, after ``unit``, that two values have ``obj``: they are there when it is changed.

        A frame that gets a column is not seen in the train set that was taken from it where nobody asks for that any
        more.
        """
        numbers = sorted(number for number in {*obj.changed, *obj.compared_by} if number >= unit.stop)
        homes = {home.begin: home for home in map(self.wiring.cut.home, numbers)}
        return any(self._is_seen_twice(obj, home) for home in homes.values())

    def _is_seen_twice(self, obj: Obj, unit: Unit) -> bool:
        """Whether two of the values that a unit gets, or that live on after it, have ``obj``, or one has it twice."""
        key = (obj, unit.begin)
        if key not in self._twice:
            borders = self.wiring.borders
            values = {name: borders.value(name, unit.begin) for name in self._names[unit.begin]}
            later = (name for name in self._live[unit.begin] if not unit.binds.get(name, False))
            values.update((name, borders.value(name, unit.end)) for name in later)
            holders = [value for value in values.values() if obj in self.reach_of(value)]
            self._twice[key] = len(holders) > 1 or any(self._has_twice(value, obj) for value in holders)
        return self._twice[key]

    def _has_twice(self, value: Value, obj: Obj) -> bool:
        """Whether two arrays in a value show the same memory."""
        return sum(obj in array.views or obj is array for array in self._views_in(value)) > 1

    def _refuse_shared_memory(self, obj: Obj, group: set[str], unit: Unit) -> None:
        holders = [n for n in sorted(group) if obj in self.reach_of(self._value_after(n, unit))]
        if all(obj in self._reach_by_reference(self._value_after(n, unit)) for n in holders):
            return
        if obj.is_lent and all(self._shows_in_frames(self._value_after(n, unit), obj) for n in holders):
            return
        if _are_kept(part for n in holders for part in self._views_in(self._value_after(n, unit)) if obj in part.views):
            return
        what = f"{_listed(holders)} share memory that a later section changes"
        self._refuse_change(what, "shared memory", _APART, obj, holders, unit)

    def _shows_in_frames(self, value: Value, memory: Obj) -> bool:
        """Whether only frames of a value show memory that is lent to them."""
        showing = [obj for obj in self._views_in(value) if memory in obj.views]
        return bool(showing) and all(obj.type in FRAMES for obj in showing)

    def _refuse_views_inside(self, name: str, value: Value, unit: Unit) -> None:
        """Two arrays in one value that share memory are two arrays in its file: a later change of one would be lost."""
        groups: dict[int, list[Obj]] = {id(obj.memory): [obj] for obj in value}  # of these it is one
        told: dict[int, list[Obj]] = {}
        for obj in self._views_in(value):
            shown = [part for part in _shown(obj) if matters(part, unit.stop)] if obj not in value else []
            if shown:
                groups.setdefault(id(obj.memory), []).append(obj)
                told.setdefault(id(obj.memory), []).extend(shown)
        for memory, parts in told.items():
            if len(groups[memory]) < 2 or _are_lent(groups[memory]) or _are_attributes(groups[memory]):
                continue
            if _are_kept(groups[memory]):
                continue
            if any(self._is_told(part, unit) for part in parts):
                what = f"`{name}` holds arrays that share memory, which a later section changes"
                self._refuse_change(what, "shared memory", _COPIED, min(parts, key=last_told), [name], unit)

    def _refuse_change(self, what: str, rule: str, remedy: str, obj: Obj, names: Iterable[str], unit: Unit) -> None:
        """Refuse to part what is shared from the last statement that changes it."""
        borders = self.wiring.borders
        names = tuple(names)
        made = (max(binding.defs) for n in names if (binding := borders.before(n, unit.end)) and binding.defs)
        facts = tuple(fact for name in names for fact in about(name, [obj]))
        last = last_told(obj)
        refused = Refused(what, unit.begin, tuple(sorted(set(made))), (last,), rule, remedy, facts=facts)
        self.wiring.refuse(refused, unit, borders.section_of(last))

    # -- files -------------------------------------------------------------------------------------------------

    def _can_save(self, name: str, unit: Unit) -> None:
        if ambient.is_ambient(name):
            return
        found = verdict(self.wiring.ledger, name, self.wiring.value_after(name, unit), unit.end)
        if found.obstacle is not None:
            user, _ = next(self.wiring.users({name}, unit), (None, name))
            last = user.begin if user is not None else unit.end
            asks = [self.wiring.askers[name, last]] if user is not None else []
            made = (self._toucher(unit, (name,)),)
            self.wiring.refuse(cannot_save(name, found.obstacle, unit.begin, made), unit, last, *asks)
            return
        for other in sorted(found.refers):
            if not unit.binds.get(other, False) or other in self.wiring.ledger.exported:
                self._want(other, unit, (name,))

    def _refuse_mixed_picklers(self, group: Group, unit: Unit) -> None:
        """Pickled by value, definitions that the notebook's other tasks repeat would be copied: others than theirs."""
        wiring = self.wiring
        verdicts = [found for name in group if (found := wiring.ledger.verdicts.get((name, unit.end))) is not None]
        if all(found.serializer == "pickle" for found in verdicts):
            return
        for name in sorted({name for found in verdicts for name in found.refers}):
            if name in wiring.ledger.exported or wiring.borders.is_import(name):
                continue
            what = f"{_listed(group)} cannot be saved: a function without a name goes with `{name}`"
            remedy = f"give the function a name by `def`, or let it do without `{name}`"
            user, used = next(wiring.users(set(group), unit), (None, ""))
            last = user.begin if user is not None else unit.end
            asks = [wiring.askers[used, last]] if user is not None else []
            made = (self._toucher(unit, group),)
            refused = Refused(what, unit.begin, made, rule="a function without a name", remedy=remedy)
            wiring.refuse(refused, unit, last, *asks)

    def _let_files_load(self) -> None:
        """Whoever loads a file needs the definitions that all values in it refer to."""
        for unit, files in self.wiring.providers():
            for name in sorted(self.wiring.loads[unit.begin]):
                provider, group = files.get(name, (unit, ()))
                for other in sorted(referred(self.wiring, provider, group)):
                    self.wiring.want(other, unit, self.wiring.askers[name, unit.begin])


def referred(wiring: Wiring, provider: Unit, group: Iterable[str]) -> set[str]:
    """Return the names of the definitions that must exist where a file is loaded."""
    values = [name for name in group if not ambient.is_ambient(name)]
    found = [verdict(wiring.ledger, n, wiring.value_after(n, provider), provider.end) for n in values]
    return {name for one in found for name in one.refers}


def _shown(obj: Obj) -> list[Obj]:
    """Return what stands for the memory that an object shares."""
    return [*(view for view in obj.views if view.is_memory), *([obj] if obj.is_same else [])]


def _are_lent(objs: list[Obj]) -> bool:
    return all(o.type in FRAMES for o in objs) and all(view.is_lent for obj in objs for view in obj.views)


def _are_kept(objs: Iterable[Obj]) -> bool:
    """Whether a file keeps that these share memory: arrays do, and the frames that they are taken from; of a frame to
    which memory is lent it is not known who else has it, and whether it will copy it before it is written."""
    objs = list(objs)
    frames = [obj for obj in objs if obj.type in FRAMES]
    return all(o.type == NDARRAY or o.type in FRAMES for o in objs) and not any(
        view.is_lent for obj in frames for view in obj.views
    )


def _are_attributes(objs: list[Obj]) -> bool:
    return any(other.is_attributes for other in objs[-1].memory or ())


def matters(obj: Obj, stop: int) -> bool:
    """Whether it can be told, from statement ``stop`` on, that two values made before it share ``obj``."""
    return obj.made < stop <= last_told(obj)


def last_told(obj: Obj) -> int:
    """Return the last statement that changes an object or compares its identity."""
    return max(max(obj.changed, default=-1), max(obj.compared_by, default=-1))


def reach_by_reference(value: Value) -> set[Obj]:
    """Return what can be reached without crossing from an array to one that shares its memory."""
    seen: set[Obj] = set()
    stack = [obj for obj in value if not obj.immutable]
    while stack:
        obj = stack.pop()
        if obj in seen:
            continue
        seen.add(obj)
        stack.extend(held for value in obj.fields.values() for held in value if not held.immutable)
        if obj.scope is not None:
            stack.extend(held for held in obj.scope.captured(obj) if not held.immutable)
    return seen


def _join(group_of: dict[str, set[str]], one: str, other: str) -> None:
    small, large = sorted((group_of[one], group_of[other]), key=len)
    if small is not large:
        large |= small
        for name in small:
            group_of[name] = large


def _listed(names: Iterable[str]) -> str:
    return " and ".join(f"`{name}`" for name in sorted(names)[:2])
