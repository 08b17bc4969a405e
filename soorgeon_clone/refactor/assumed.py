"""Solution -> what each task takes for granted about code that nobody has described, as the run can check it.

The analysis assumed that statements do not do some of what they may do. That matters to a task where another one would
see it: then the task says so. What no check of a run would notice must not be assumed: it is given back, and believed.
"""

from __future__ import annotations

import builtins
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

from soorgeon_clone.analysis.dataflow import Unit
from soorgeon_clone.analysis.model import AMBIENT, StatementFacts
from soorgeon_clone.analysis.objects.heap import Obj, Value, look_for_more
from soorgeon_clone.analysis.objects.policy import MEMORY, Assumed, Kind
from soorgeon_clone.analysis.objects.types import CLASS, FUNCTION, LIB, NDARRAY, UNKNOWN
from soorgeon_clone.pipeline.assumptions.model import IN_MEMORY, Assumption, Cause
from soorgeon_clone.pipeline.assumptions.remembered import Remembered
from soorgeon_clone.pipeline.assumptions.statements import normalized
from soorgeon_clone.refactor.carriers.borders import Borders
from soorgeon_clone.refactor.carriers.carrier import Refused, about
from soorgeon_clone.refactor.carriers.pickled import verdict
from soorgeon_clone.refactor.model import MustMerge
from soorgeon_clone.refactor.sharing import Sharing
from soorgeon_clone.refactor.solve import Solution
from soorgeon_clone.refactor.why import must_merge
from soorgeon_clone.refactor.wiring import Group

_APART = "copy one of them (`copy.deepcopy`) before that, or make the change in the section that makes them"
_MOST_CAUSES = 3  # statements that are named for one thing that is taken for granted
_DEFINED = (FUNCTION, CLASS)

Name = str
Given = tuple[StatementFacts, Assumed]
"""What a statement is assumed not to do."""


@dataclass(frozen=True)
class TakenForGranted:
    """``by_unit``: what the task that begins at a border assumes. ``unchecked``: what no check would notice, by the
    number of the statement that may do it. ``together``: what would have to be one task for nobody to see it; ``seen``:
    those of the unchecked that somebody would see all the same."""

    by_unit: Mapping[int, tuple[Assumption, ...]]
    unchecked: frozenset[tuple[int, Kind]]
    together: frozenset[MustMerge] = frozenset()
    seen: frozenset[tuple[int, Kind]] = frozenset()


NOTHING = TakenForGranted({}, frozenset())

KINDS: Mapping[str, Kind] = {
    "unchanged": "changes",
    "apart": "shares",
    "draws nothing": "draws",
    "sets nothing": "sets",
    "binds nothing else": "binds",
}


def beliefs(borders: Borders, known: Iterable[Remembered]) -> Mapping[int, frozenset[Kind]]:
    """Return what statements were seen to do, by their numbers: a run has shown that it was wrong to assume it not."""
    broken: dict[str, list[Remembered]] = defaultdict(list)
    for one in known:
        if one.broken:
            broken[one.statement].append(one)
    if not broken:
        return {}
    texts = {statement.index: normalized(borders.source(statement)) for statement in borders.statements}
    return {
        number: frozenset(kind for one in broken[text] for kind in _kinds(borders, number, one))
        for number, text in texts.items()
        if text in broken
    }


def _kinds(borders: Borders, number: int, one: Remembered) -> Iterator[Kind]:
    """Yield what a statement does that was seen to break an assumption."""
    values = [borders.value(name, borders.section_of(number)) for name in one.names]
    if one.kind != "unchanged":
        yield KINDS[one.kind]
        return
    if any(obj.type in _DEFINED for value in values for obj in value):
        yield "amends"
    if not values or any(obj.type not in _DEFINED for value in values for obj in value):
        yield "changes"


def taken_for_granted(solution: Solution) -> TakenForGranted:
    """Return what the tasks of a solution assume."""
    found = _Search(solution)
    by_unit = {unit.begin: found.of_unit(unit) for unit in solution.cut.units}
    return TakenForGranted(by_unit, frozenset(found.unchecked), frozenset(found.together), frozenset(found.seen))


def _may_change(obj: Obj) -> bool:
    return not obj.immutable and obj.type not in _DEFINED


class _Search:
    def __init__(self, solution: Solution) -> None:
        self.wiring = solution.wiring
        self.cut = solution.cut
        self.borders = solution.wiring.borders
        self.sharing = Sharing(solution.wiring)
        self.live = self.sharing.live()
        self.unchecked: set[tuple[int, Kind]] = set()
        self.together: set[MustMerge] = set()
        self.seen: set[tuple[int, Kind]] = set()
        self._parts: dict[Value, frozenset[Obj]] = {}
        self._parts_of_one: dict[Obj, frozenset[Obj]] = {}
        self.given: dict[int, list[Given]] = {
            unit.begin: [(s, assumed) for s in unit.statements for assumed in s.assumed] for unit in self.cut.units
        }

    def of_unit(self, unit: Unit) -> tuple[Assumption, ...]:
        """Return what a unit assumes, what is asked of most variables first."""
        if len(self.cut.units) == 1:
            return ()
        found = (self._unchanged, self._apart, self._draws, self._sets, self._binds)
        return tuple(dict.fromkeys(assumption for each in found for assumption in each(unit)))

    # -- what is known of values -------------------------------------------------------------------------------

    def parts(self, value: Value) -> frozenset[Obj]:
        """Return what a value is made of and may change: definitions, and what only they hold, are left out."""
        if value not in self._parts:
            self._parts[value] = frozenset[Obj]().union(*map(self._parts_of, value))
        return self._parts[value]

    def _parts_of(self, whole: Obj) -> frozenset[Obj]:
        """Return what an object is made of; many are made of the same, which is looked at once."""
        if whole not in self._parts_of_one:
            found: set[Obj] = set()
            seen, stack = {whole}, [whole]
            while stack:
                obj = stack.pop()
                if (known := self._parts_of_one.get(obj)) is not None:
                    found |= known
                    seen |= known
                    stack = [other for other in stack if other not in known]
                elif _may_change(obj):
                    found.add(obj)
                    stack.extend(look_for_more(obj, seen))
            self._parts_of_one[whole] = frozenset(found)
        return self._parts_of_one[whole]

    def after(self, name: Name, unit: Unit) -> frozenset[Obj]:
        """Return what a variable is made of when a unit has ended."""
        return self.parts(self.borders.value(name, unit.end))

    @cached_property
    def comes_from(self) -> Mapping[tuple[Name, int], int]:
        """(name, unit) -> the unit whose product it is loaded from."""
        found = {}
        for unit, files in self.wiring.providers():
            found.update({(n, unit.begin): files[n][0].begin for n in self.wiring.loads[unit.begin] if n in files})
        return found

    @cached_property
    def group_of(self) -> Mapping[tuple[Name, int], Group]:
        """(name, unit) -> the names in the file that it is loaded from."""
        found = {}
        for unit, files in self.wiring.providers():
            found.update({(n, unit.begin): files[n][1] for n in self.wiring.loads[unit.begin] if n in files})
        return found

    @cached_property
    def last_load(self) -> Mapping[Name, int]:
        """Name -> the last unit that loads it."""
        return {name: unit.begin for unit in self.cut.units for name in self.wiring.loads[unit.begin]}

    def is_touched(self, name: Name, unit: Unit) -> bool:
        """Whether a unit is known to bind or change a variable."""
        return name in unit.binds or not unit.changes.isdisjoint(self.after(name, unit))

    def is_in(self, name: Name, unit: Unit) -> bool:
        """Whether a unit has a variable when it ends."""
        return name in unit.binds or name in self.wiring.loads[unit.begin]

    # -- what does not change ----------------------------------------------------------------------------------

    def _unchanged(self, unit: Unit) -> Iterator[Assumption]:
        feared = self._of_kind(unit, "changes")
        if not feared:
            return
        torn = self._torn(unit)
        used = self._used_later(unit) | torn
        own = {name: self.after(name, unit) for name in self._begins_with(unit)}
        changed = (name for name in self.wiring.loads[unit.begin] if name not in own)
        torn &= frozenset[Obj]().union(*(self.parts(self.borders.value(name, unit.begin)) for name in changed))
        causes: dict[tuple[Name, ...], list[Given]] = defaultdict(list)
        for given in feared:
            asked = self.parts(given[1].objects) & used
            names = tuple(name for name, parts in own.items() if not asked.isdisjoint(parts))
            covered = frozenset[Obj]().union(*(own[name] for name in names))
            if not asked <= covered or not asked.isdisjoint(torn):
                self._cannot_check(given)
            elif names := tuple(sorted({*names, *self._definitions(given[1].objects, unit)})):
                causes[names].append(given)
        for names, several in causes.items():
            yield from self._said("unchanged", names, several)

    def _begins_with(self, unit: Unit) -> list[Name]:
        """Return the variables that a unit loads, or makes again, and is not known to change."""
        repeated = [n for (n, begin), taken in self.wiring.taken.items() if begin == unit.begin and taken.repeats]
        names = {*self.wiring.loads[unit.begin], *(name for name in repeated if self._can_save(name, unit))}
        return sorted(n for n in names if n.isidentifier() and not self.is_touched(n, unit))

    def _can_save(self, name: Name, unit: Unit) -> bool:
        """Whether a file could take what a variable is when a unit begins: then a run can look whether it changed."""
        value = self.borders.value(name, unit.begin)
        return verdict(self.wiring.ledger, name, value, unit.begin).obstacle is None

    def _used_later(self, unit: Unit) -> set[Obj]:
        """Return what later units load as it was before ``unit``, or make again."""
        used: set[Obj] = set()
        for later in self.cut.units[self.cut.place(unit.begin) + 1 :]:
            for name in self.wiring.loads[later.begin]:
                if self.comes_from.get((name, later.begin), unit.begin) < unit.begin:
                    used |= self.parts(self.borders.value(name, later.begin))
        used = {obj for obj in used if obj.made < unit.start}
        for (name, begin), taken in self.wiring.taken.items():
            if begin > unit.begin and taken.repeats:
                used |= self.parts(self.borders.value(name, begin))
        return used

    def _torn(self, unit: Unit) -> frozenset[Obj]:
        """Return what variables have in common and a unit loads from several files: each has its own there."""
        groups: dict[Group, frozenset[Obj]] = {}
        for name in sorted(self.wiring.loads[unit.begin]):
            group = self.group_of.get((name, unit.begin), (name,))
            groups[group] = groups.get(group, frozenset()) | self.parts(self.borders.value(name, unit.begin))
        return frozenset(
            obj
            for one, other in combinations(groups.values(), 2)
            for obj in one & other
            if not (obj.is_lent and _has_no_arrays(one) and _has_no_arrays(other))
        )

    def _definitions(self, objects: frozenset[Obj], unit: Unit) -> Iterator[Name]:
        """Yield the functions and classes among ``objects`` that a unit makes again, or imports, as others do."""
        given = {obj for obj in objects if obj.type in _DEFINED}
        given |= {cls for obj in self.parts(objects) for cls in obj.fields.get("*class", ())}
        # their attributes, or what defaults hold
        reach = self.borders.facts.heap.reach
        amended = {obj for obj in given if not unit.changes.isdisjoint(reach(frozenset({obj})))}
        for name in {obj.name for obj in given - amended if obj.made < unit.start}:
            later = any(n == name and begin > unit.begin for n, begin in self.wiring.askers)
            if later and (name, unit.begin) in self.wiring.askers and name not in unit.binds:
                yield name

    # -- what stays apart --------------------------------------------------------------------------------------

    def _apart(self, unit: Unit) -> Iterator[Assumption]:
        yield from self._apart_in_memory(unit)
        given = [one for one in self._of_kind(unit, "shares") if one[1].item != MEMORY]
        if not given:
            return
        handled = frozenset[Obj]().union(*(self.parts(assumed.objects) for _, assumed in given))
        alive = {n: self.after(n, unit) for n in sorted(self.live[unit.begin]) if not n.startswith(AMBIENT)}
        alive = {name: parts for name, parts in alive.items() if not parts.isdisjoint(handled)}
        together = {name: group for group in self.wiring.groups[unit.begin] for name in group}
        pairs: list[tuple[Name, Name]] = []
        for one, other in combinations(alive, 2):
            if not (self.is_touched(one, unit) or self.is_touched(other, unit)):
                continue
            if not (self._is_told(one, other, unit) or self._is_told(other, one, unit)):
                continue
            common = alive[one] & alive[other]
            if common and one in together and together[one] == together.get(other):
                continue
            asked = [
                (a, b)
                for a in self._stand_ins(one, alive[one] & handled, unit)
                for b in self._stand_ins(other, alive[other] & handled, unit)
            ]
            if asked and all(a != b and self._begin_apart(a, b, unit) for a, b in asked):
                pairs += asked
            else:
                self._believe_shared(given, (one, other), unit)
        for names in _cliques(sorted({(min(pair), max(pair)) for pair in pairs})):
            parts = [self.after(name, unit) for name in names]
            causes = [one for one in given if sum(not self.parts(one[1].objects).isdisjoint(p) for p in parts) > 1]
            some = [one for one in given if any(not self.parts(one[1].objects).isdisjoint(p) for p in parts)]
            yield from self._said("apart", names, causes or some)

    def _stand_ins(self, name: Name, handled: frozenset[Obj], unit: Unit) -> list[Name]:
        """Return the variable itself where a unit has it, else those that it loads and so gets at its parts.

        An empty list where it may get at them in another way.
        """
        if self.is_in(name, unit):
            return [name]
        loaded = sorted(n for n in self.wiring.loads[unit.begin] - unit.binds.keys() if n.isidentifier())
        found = {n: parts for n in loaded if not (parts := self.after(n, unit)).isdisjoint(handled)}
        return [*found] if handled <= frozenset[Obj]().union(*found.values()) else []

    def _begin_apart(self, one: Name, other: Name, unit: Unit) -> bool:
        """Whether two variables have nothing in common but what this unit lets them have: so a run can look for that.

        What something that nobody knows is, or may hold, is mostly a number, a text, or an object of its own.
        """
        known = self._known_parts(one, unit) & self._known_parts(other, unit)
        if all(obj.type == UNKNOWN for obj in known):
            return True
        files = [self.group_of.get((name, unit.begin), ()) for name in (one, other)]
        return all(files) and files[0] != files[1] and unit.binds.keys().isdisjoint((one, other))

    def _known_parts(self, name: Name, unit: Unit) -> frozenset[Obj]:
        """Return what a variable is made of, but for what something that nobody knows may hold."""
        seen = set(self.borders.value(name, unit.end))
        stack = [*seen]
        while stack:
            if (obj := stack.pop()).type != UNKNOWN and _may_change(obj):
                stack.extend(look_for_more(obj, seen))
        return frozenset(filter(_may_change, seen))

    def _apart_in_memory(self, unit: Unit) -> Iterator[Assumption]:
        """Files keep that names denote one object, and nothing of memory that two objects share."""
        given = [one for one in self._of_kind(unit, "shares") if one[1].item == MEMORY]
        for names in self.wiring.groups[unit.begin] if given else ():
            parts = frozenset[Obj]().union(*(self.after(name, unit) for name in names))
            causes = [one for one in given if not one[1].objects.isdisjoint(parts)]
            if len(names) > 1 and causes and self._first_change(parts, unit) is not None:
                several = self._said("apart", tuple(sorted(names)), causes)
                yield from (replace(one, where=IN_MEMORY) for one in several)

    def _is_told(self, name: Name, other: Name, unit: Unit) -> bool:
        """Whether ``name`` may change after ``unit``, and ``other`` is used then."""
        first = self._first_change(self.after(name, unit), unit)
        return first is not None and first <= self.last_load.get(other, -1)

    def _first_change(self, parts: frozenset[Obj], unit: Unit) -> int | None:
        """Return the first unit after ``unit`` that may change any of ``parts``, or tells it from others."""
        told = {n for obj in parts for n in (*obj.changed, *obj.compared_by) if n >= unit.stop}
        first = self.cut.home(min(told)).begin if told else None
        for later in self.cut.units[self.cut.place(unit.begin) + 1 :]:
            if first is not None and first <= later.begin:
                return first
            for _, assumed in self._of_kind(later, "changes"):
                if not self.parts(assumed.objects).isdisjoint(parts):
                    return later.begin
        return first

    def _believe_shared(self, given: Iterable[Given], names: tuple[Name, Name], unit: Unit) -> None:
        """Note that two variables may share what they hold, and nothing can check it: as long as both are used in one
        task, that does not matter."""
        parts = self.after(names[0], unit) | self.after(names[1], unit)
        causes = [one for one in given if not self.parts(one[1].objects).isdisjoint(parts)]
        last = self.cut.homes[max(self.last_load.get(name, unit.begin) for name in names)]
        self.unchecked |= {(one[0].index, one[1].kind) for one in causes}
        if last.begin <= unit.begin:
            self.seen |= {(one[0].index, one[1].kind) for one in causes}
        elif causes:
            what = f"`{names[0]}` and `{names[1]}` may share what a later section changes"
            made = tuple(sorted({one[0].index for one in causes}))[:2]
            refused = Refused(what, unit.begin, made, rule="shared objects", remedy=_APART, facts=about(names[0]))
            self.together.add(must_merge(self.borders, refused, last.end - 1))

    # -- generators and settings -------------------------------------------------------------------------------

    def _draws(self, unit: Unit) -> Iterator[Assumption]:
        for given in self._of_kind(unit, "draws"):
            state = f"{AMBIENT}{given[1].item}"
            seeded = min((s.index for s in unit.statements if given[1].item in s.seeds), default=unit.stop)
            is_there = (state, unit.begin) in self.wiring.askers or seeded < given[0].index
            if self.borders.before(state, unit.begin) is not None and not is_there:
                yield self._assumption("draws nothing", (), given)
                return  # one is enough: it is the same check

    def _sets(self, unit: Unit) -> Iterator[Assumption]:
        if unit is self.cut.units[-1]:
            return  # nobody is left to see it
        libraries: set[str] = set()
        for given in self._of_kind(unit, "sets"):
            library = given[1].item
            if given[0].sets:
                self._cannot_check(given)  # nobody can tell it from what the statement is known to set
            elif library not in libraries:
                libraries.add(library)
                word = "in" if self._is_used_later(library, unit) else "outside"
                yield replace(self._assumption("sets nothing", (), given), where=(word, library) if library else ())
        if libraries:
            for statement in unit.statements:
                if statement.sets:
                    cause = Cause(normalized(self.borders.source(statement)), statement.cell + 1, statement.first)
                    yield Assumption("sets nothing", (), cause, ("beside",))

    def _is_used_later(self, library: str, unit: Unit) -> bool:
        """Whether a later unit may notice what a library remembers."""
        return any(
            top in ("", library)
            for later in self.cut.units[self.cut.place(unit.begin) + 1 :]
            for top in self._libraries[later.begin]
        )

    @cached_property
    def _libraries(self) -> Mapping[int, frozenset[str]]:
        """By unit: the libraries of which it has anything, "" for what may be of any."""
        found: dict[int, set[str]] = {unit.begin: set() for unit in self.cut.units}
        for unit in self.cut.units:
            found[unit.begin] |= {assumed.item for _, assumed in self._of_kind(unit, "sets")}
            found[unit.begin] |= {path.partition(".")[0] for s in unit.statements for path in s.unknown_calls}
            found[unit.begin] |= {
                each.path.partition(".")[0] for s in unit.statements for each in s.lowered.all_imports
            }
        for name, begin in self.wiring.askers:
            seen = set(self.borders.value(name, begin))
            stack = list(seen)
            while stack:
                stack += look_for_more(stack.pop(), seen)
            found[begin] |= {obj.path.partition(".")[0] for obj in seen if obj.type in (LIB, UNKNOWN)}
        return {begin: frozenset(tops) for begin, tops in found.items()}

    def _binds(self, unit: Unit) -> Iterator[Assumption]:
        runs = [*unit.statements, *(self.borders.statements[n] for n in sorted(self.wiring.repeats[unit.begin]))]
        for statement in sorted(runs, key=lambda statement: statement.index):
            for assumed in statement.assumed:
                if assumed.kind == "binds":
                    yield self._assumption("binds nothing else", self.bound_here, (statement, assumed))

    @cached_property
    def bound_here(self) -> tuple[str, ...]:
        """In order, the names that the notebook binds without star imports, or takes from Python."""
        mentioned = self.borders.facts.names
        bound = {name for statement in self.borders.statements for name in statement.lowered.bound} - {"*"}
        return tuple(sorted(bound | {name for name in mentioned if hasattr(builtins, name)}))

    # -- how it is said ----------------------------------------------------------------------------------------

    def _of_kind(self, unit: Unit, kind: Kind) -> list[Given]:
        return [one for one in self.given[unit.begin] if one[1].kind == kind]

    def _cannot_check(self, given: Given) -> None:
        self.unchecked.add((given[0].index, given[1].kind))
        self.seen.add((given[0].index, given[1].kind))

    def _said(self, kind: str, names: tuple[Name, ...], several: list[Given]) -> Iterator[Assumption]:
        told: set[int] = set()
        for given in several:
            if given[0].index not in told and len(told) < _MOST_CAUSES:
                told.add(given[0].index)
                yield self._assumption(kind, names, given)

    def _assumption(self, kind: str, names: tuple[Name, ...], given: Given) -> Assumption:
        statement, assumed = given
        because = self.borders.facts.assumed(statement, assumed)
        text = normalized(self.borders.source(statement))
        return Assumption(kind, names, Cause(text, statement.cell + 1, because.row))  # type: ignore[arg-type]


def _has_no_arrays(parts: frozenset[Obj]) -> bool:
    """Whether nothing among these sees what is written into memory that is lent: frames do not."""
    return not any(obj.type == NDARRAY and not obj.is_memory for obj in parts)


def _cliques(pairs: list[tuple[Name, Name]]) -> list[tuple[Name, ...]]:
    """Return groups of names of which any two are a pair, so that all pairs are in one of them: few, not the fewest."""
    left = dict.fromkeys(pairs)
    known = set(pairs)
    found: list[tuple[Name, ...]] = []
    while left:
        one, other = next(iter(left))
        group = [one, other]
        for name in sorted({name for pair in known for name in pair} - set(group)):
            if all(tuple(sorted((name, member))) in known for member in group):
                group.append(name)
        for pair in combinations(sorted(group), 2):
            left.pop(pair, None)
        found.append(tuple(sorted(group)))
    return found
