"""Units -> what each loads, repeats and saves; or the units between which something cannot cross.

Forward, each use is led back to what carries it: a definition in exported.py, a statement that is repeated, or a value.
Backward, values are followed from their uses to the units that give or change them last (liveness). Values that may
share a part which a later unit changes are saved together, so that they still share it when they are loaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from soorgeon_clone.analysis.effects import Knowledge
from soorgeon_clone.analysis.heap import ATTRIBUTES, CLASS, FRAMES, FUNCTION, UNBOUND, Obj, Value, holds, look_for_more
from soorgeon_clone.analysis.model import StatementFacts
from soorgeon_clone.refactor.carriers import ambient
from soorgeon_clone.refactor.carriers.amended import Amended, amended, among
from soorgeon_clone.refactor.carriers.pickled import Pickled, function_by_value, pickled
from soorgeon_clone.refactor.carriers.program import LAST_RESULT_NAMES, SESSION_NAMES, Program
from soorgeon_clone.refactor.carriers.replay import (
    can_repeat,
    is_code,
    needed_to_repeat,
    only_named,
    rebuilt,
    statement_to_repeat,
)


@dataclass(frozen=True)
class Clash(Exception):
    """Nothing can carry something from unit ``first`` to unit ``last``: they must become one."""

    first: int
    last: int
    reason: str


@dataclass
class Wiring:
    """By unit: names of values that it loads, statements that it repeats, names it takes from exported.py, groups of
    names that it saves, one file each, the units whose files it must come after, and all names that it needs."""

    loads: list[set[str]]
    repeats: list[set[int]]
    imports: list[set[str]]
    saves: list[list[tuple[str, ...]]]
    after: list[set[int]]
    names: list[set[str]]
    verdicts: dict[tuple[str, int], Pickled] = field(default_factory=dict)
    amended: dict[Obj, Amended] = field(default_factory=dict)
    rebuilt: dict[tuple[str, int], list[int]] = field(default_factory=dict)

    def amended_as(self, value: Value) -> Amended | None:
        """Return how the definition that is ``value`` crosses if it was given something after it was made."""
        return among(self.amended, value)

    def provider(self, name: str, unit: int) -> int | None:
        """Return the unit whose product ``unit`` loads ``name`` from."""
        for index in range(unit - 1, -1, -1):
            if any(name in group for group in self.saves[index]):
                return index
        return None


def wire(program: Program, knowledge: Knowledge, exported: Mapping[str, StatementFacts]) -> Wiring:
    """Return how the units are connected. Raise `Clash` where they cannot be."""
    return _Wirer(program, knowledge, frozenset(exported)).wire()


class _Wirer:
    def __init__(self, program: Program, knowledge: Knowledge, exported: frozenset[str]) -> None:
        self.program = program
        self.knowledge = knowledge
        self.exported = exported
        count = len(program.units)
        self.count = count
        self.loads: list[set[str]] = [set() for _ in range(count)]
        self.repeats: list[set[int]] = [set() for _ in range(count)]
        self.imports: list[set[str]] = [set() for _ in range(count)]
        self.groups: list[list[tuple[str, ...]]] = [[] for _ in range(count)]
        self.verdicts: dict[tuple[str, int], Pickled] = {}
        self.seen: set[tuple[str, int]] = set()
        self.by_reference: dict[Value, frozenset[Obj]] = {}
        self.amended: dict[Obj, Amended] = {}
        self.reached: dict[tuple[Value, int], frozenset[Obj]] = {}
        self.by_value: set[Value] = set()
        self.rebuilt: dict[tuple[str, int], list[int]] = {}

    def wire(self) -> Wiring:
        self._refuse_what_cannot_be_cut()
        for unit in self.program.units:
            for name in sorted(unit.uses):
                self.need(name, unit.index)
            self.imports[unit.index] |= {n for s in unit.statements for n in s.reads if n in self.exported}
        self._settings()
        while self._spread():
            pass
        for index in range(1, self.count):
            self._refuse_rings(index)
            self._refuse_two_lives(index)
        order, names = self._file_order(), self._names()
        return Wiring(
            self.loads, self.repeats, self.imports, self.groups, order, names, self.verdicts, self.amended, self.rebuilt
        )

    def _names(self) -> list[set[str]]:
        """Return, by unit, all names that it needs, however they come."""
        names: list[set[str]] = [set() for _ in range(self.count)]
        for name, unit in self.seen:
            names[unit].add(name)
        return names

    # -- uses --------------------------------------------------------------------------------------------------

    def need(self, name: str, unit: int) -> None:
        """Let ``unit`` have what ``name`` denotes when it starts."""
        if (name, unit) in self.seen:
            return
        self.seen.add((name, unit))
        if name in self.exported:
            self.imports[unit].add(name)
            return
        binding = self.program.before(name, unit)
        if binding is None:
            self._session_name(name, unit)
            return
        value = binding.value - {UNBOUND}
        if not value:
            return
        if ambient.is_ambient(name):
            if not ambient.can_carry(name):
                raise Clash(self._first(binding.defs, unit), unit, ambient.why_not(name))
            self.loads[unit].add(name)
            self._import_before_state(unit)
            return
        if is_code(value):
            statement = statement_to_repeat(self.program, name, binding, unit)
            if statement is not None:
                self.repeat(statement, unit)
                return
            repeated = amended(self.program, binding, unit) if value not in self.by_value else None
            if repeated is not None:
                self.amended[repeated.obj] = repeated
                self.repeat(repeated.statement, unit)
            elif among(self.amended, value) or function_by_value(self.program, value, self.exported) is None:
                raise Clash(self._first(binding.defs, unit), unit, self._why_not_repeated(name, binding.defs))
            else:
                self.by_value.add(value)
        self._refuse_state_of_modules(name, value, self._first(binding.defs, unit), unit)
        if not value.isdisjoint(self.program.registries):
            statement = statement_to_repeat(self.program, name, binding, unit)
            if statement is None:
                raise Clash(self._first(binding.defs, unit), unit, f"`{name}` notes definitions as they are made")
            self.repeat(statement, unit)
            return
        verdict = self.verdict(name, value, unit)
        if verdict.obstacle is not None:
            statement = statement_to_repeat(self.program, name, binding, unit)
            again = [statement] if statement is not None else rebuilt(self.program, self.knowledge, binding, unit)
            if again is not None:
                self.rebuilt[name, unit] = [statement.index for statement in again]
                for statement in again:
                    self.repeat(statement, unit)
                return
            first = max(self._first(binding.defs, unit), self.program.unit_of[verdict.since])
            raise Clash(first, unit, f"`{name}` cannot be saved: it holds {verdict.obstacle}")
        self.loads[unit].add(name)
        for other in sorted(verdict.refers):
            self.need(other, unit)

    def _refuse_state_of_modules(self, name: str, value: Value, first: int, unit: int) -> None:
        """What belongs to a module beside the notebook would be another object in another task."""
        states = self.program.facts.states & self.program.facts.heap.reach(value)
        stop = self.program.units[unit].stop
        if any(number < stop for state in states for number in state.changed):
            raise Clash(first, unit, f"`{name}` belongs to a module beside the notebook, which keeps it")

    def _import_before_state(self, unit: int) -> None:
        """A library that draws while it is imported has done so: it must not do it again after the state is back."""
        for statement in self.program.statements[: self.program.units[unit].start]:
            if statement.kind == "import" and statement.draws_on_import:
                for name in sorted(statement.binds):
                    if self.program.is_import(name):
                        self.need(name, unit)

    def verdict(self, name: str, value: Value, unit: int) -> Pickled:
        key = (name, unit)
        if key not in self.verdicts:
            by_value = None
            if (repeated := among(self.amended, value)) is not None:
                value = repeated.state
            elif is_code(value):
                by_value = function_by_value(self.program, value, self.exported)
            self.verdicts[key] = by_value or pickled(self.program, self.knowledge, value, unit, self.exported)
        return self.verdicts[key]

    def repeat(self, statement: StatementFacts, unit: int) -> None:
        if statement.index in self.repeats[unit]:
            return
        self.repeats[unit].add(statement.index)
        for name in needed_to_repeat(statement):
            self.need(name, unit)
        for other in self.program.noting(statement, unit):
            if not can_repeat(self.program, other, unit):
                names = " and ".join(f"`{name}`" for name in sorted(other.binds)[:2])
                first = min(self.program.unit_of[statement.index], self.program.unit_of[other.index])
                raise Clash(first, unit, f"the definition of {names}, which is noted as it is made, cannot be repeated")
            self.repeat(other, unit)

    def _first(self, defs: Iterable[int], unit: int) -> int:
        """Return the earliest unit that binds here, so that all of it runs in one process."""
        return min([self.program.unit_of[number] for number in defs], default=unit - 1)

    def _why_not_repeated(self, name: str, defs: Iterable[int]) -> str:
        if len(set(defs)) > 1:
            return f"`{name}` may be any of several definitions"
        return f"`{name}` is changed after its definition, or what its definition reads is"

    def _session_name(self, name: str, unit: int) -> None:
        if unit == 0:
            return
        if name == "_" and self._has_own_result(unit):
            return
        if name in LAST_RESULT_NAMES:
            raise Clash(unit - 1, unit, f"`{name}` is the result of an earlier cell")
        history = name.lstrip("_").removeprefix("i")
        if name in SESSION_NAMES or (name.startswith("_") and history.isdigit()):
            raise Clash(0, unit, f"`{name}` holds results of earlier cells")

    def _has_own_result(self, unit: int) -> bool:
        """Whether an earlier cell of the unit certainly displays a value before anything in it asks for `_`."""
        given: set[int] = set()
        for statement in self.program.units[unit].statements:
            if "_" in statement.reads:
                return bool(given - {statement.cell})
            if statement.gives_result:
                given.add(statement.cell)
        return True

    def _refuse_what_cannot_be_cut(self) -> None:
        if self.count < 2:
            return
        for statement in self.program.statements:
            if statement.opaque:
                raise Clash(0, self.count - 1, statement.opaque)

    # -- settings ----------------------------------------------------------------------------------------------

    def _settings(self) -> None:
        for statement in self.program.statements:
            if not statement.sets:
                continue
            origin = self.program.unit_of[statement.index]
            for unit in range(origin + 1, self.count):
                if not can_repeat(self.program, statement, unit, setting=True):
                    raise Clash(origin, self.count - 1, self._why_setting(statement))
                self.repeat(statement, unit)

    def _why_setting(self, statement: StatementFacts) -> str:
        line, *more = self.program.source(statement).split("\n")
        said = f"`{line[:60]}{' ...' if more or len(line) > 60 else ''}` (cell {statement.cell + 1})"
        if statement.sets == {"modules"}:
            return f"{said} may change what a module keeps, which cannot be repeated"
        what = ", ".join(sorted(statement.sets)).replace("_", " ")
        return f"{said} changes settings ({what}) in a way that cannot be repeated"

    # -- values ------------------------------------------------------------------------------------------------

    def _spread(self) -> bool:
        """Follow values backward once; return whether that made a unit need more."""
        before = len(self.seen)
        live = self._live()
        self.groups = [[] for _ in range(self.count)]
        for unit in self.program.units:
            index = unit.index
            alive = live[index]
            touched = {v for v in alive if v in unit.binds or self._changes(index, v)}
            if not touched:
                continue
            for group in self._together(index, alive):
                if not touched & set(group):
                    continue
                self.groups[index].append(tuple(sorted(group)))
                for name in group:
                    if not unit.binds.get(name, False):
                        self.need(name, index)
                    self._can_save(name, index)
                self._refuse_mixed_picklers(group, index)
        self._let_files_load()
        return len(self.seen) > before

    def _let_files_load(self) -> None:
        """Whoever loads a file needs the definitions that all values in it refer to."""
        files: dict[str, tuple[int, tuple[str, ...]]] = {}
        for index in range(self.count):
            for name in sorted(self.loads[index]):
                provider, group = files.get(name, (index, ()))
                for other in sorted(self._referred(provider, group)):
                    self.need(other, index)
            for group in self.groups[index]:
                files.update(dict.fromkeys(group, (index, group)))

    def _live(self) -> list[set[str]]:
        """Return the values that are still needed after each unit."""
        live: list[set[str]] = [set() for _ in range(self.count)]
        alive: set[str] = set()
        for unit in reversed(self.program.units):
            live[unit.index] = set(alive)
            made = {name for name in alive if unit.binds.get(name, False) or self._makes_again(name, unit.index)}
            alive = (alive - made) | self.loads[unit.index]
        return live

    def _makes_again(self, name: str, unit: int) -> bool:
        """Whether a unit repeats a definition as it was, and is the first to change it."""
        again = (name, unit) in self.seen and name not in self.loads[unit] and not ambient.is_ambient(name)
        return again and self._changes(unit, name)

    def _value_after(self, name: str, unit: int) -> Value:
        binding = self.program.before(name, unit + 1)
        return binding.value if binding is not None else frozenset()

    def _changes(self, unit: int, name: str) -> bool:
        changes = self.program.units[unit].changes
        return bool(changes) and not changes.isdisjoint(self._reach(self._value_after(name, unit)))

    def _reach(self, value: Value) -> frozenset[Obj]:
        """Return what comes with a value in a file; of classes whose attributes have a file of their own, nothing."""
        reach = self.program.facts.heap.reach(value)
        if self.amended.keys().isdisjoint(reach) or among(self.amended, value) is not None:
            return reach
        key = (value, len(self.amended))
        if key in self.reached:
            return self.reached[key]
        seen = set(value) | self.amended.keys()
        stack = [obj for obj in value if obj not in self.amended]
        while stack:
            obj = stack.pop()
            if not obj.immutable:
                stack.extend(look_for_more(obj, seen))
        self.reached[key] = frozenset(obj for obj in seen if not obj.immutable) - self.amended.keys()
        return self.reached[key]

    def _together(self, unit: int, alive: set[str]) -> list[set[str]]:
        """Part the living values into those that must be saved in one file."""
        stop = self.program.units[unit].stop
        groups: list[set[str]] = []
        owner: dict[Obj, set[str]] = {}
        for name in sorted(alive):
            mine = {name}
            groups.append(mine)
            self._refuse_views_inside(name, unit, stop)
            for obj in self._reach(self._value_after(name, unit)):
                if not self._matters(obj, stop):
                    continue
                other = owner.get(obj)
                if other is not None:
                    self._refuse_shared_memory(obj, mine | other, unit, stop)
                if other is not None and other is not mine:
                    other |= mine
                    groups.remove(mine)
                    for key, group in owner.items():
                        if group is mine:
                            owner[key] = other
                    mine = other
                owner[obj] = mine
        return groups

    def _matters(self, obj: Obj, stop: int) -> bool:
        """Whether it can be told, from statement ``stop`` on, that two values made before it share ``obj``."""
        if obj.made >= stop:
            return False
        return any(number >= stop for number in obj.changed) or any(number >= stop for number in obj.identity)

    def _refuse_shared_memory(self, obj: Obj, names: set[str], unit: int, stop: int) -> None:
        holders = [n for n in names if obj in self.program.facts.heap.reach(self._value_after(n, unit))]
        if all(obj in self._reach_by_reference(n, unit) for n in holders):
            return
        if obj.is_lent and all(self._shows_in_frames(n, obj, unit) for n in holders):
            return
        last = max(self.program.unit_of[n] for n in obj.changed | obj.identity)
        first = unit
        listed = " and ".join(f"`{n}`" for n in sorted(holders)[:2])
        raise Clash(first, last, f"{listed} share memory that a later section changes")

    def _shows_in_frames(self, name: str, memory: Obj, unit: int) -> bool:
        """Whether only frames of a value show memory that is lent to them."""
        showing = [obj for obj in self._reach_by_reference(name, unit) if memory in obj.views]
        return bool(showing) and all(obj.type in FRAMES for obj in showing)

    def _reach_by_reference(self, name: str, unit: int) -> frozenset[Obj]:
        value = self._value_after(name, unit)
        if value not in self.by_reference:
            self.by_reference[value] = frozenset(_reach_by_reference(value))
        return self.by_reference[value]

    def _refuse_views_inside(self, name: str, unit: int, stop: int) -> None:
        """Two arrays in one value that share memory are two arrays in its file: a later change of one would be lost."""
        value = self._value_after(name, unit)
        groups: dict[int, list[Obj]] = {id(obj.memory): [obj] for obj in value}  # of these it is one
        told: list[Obj] = []
        for obj in self._reach_by_reference(name, unit) - value:
            shown = [part for part in self._shown(obj) if self._matters(part, stop)]
            if shown and obj.path != ATTRIBUTES:
                groups.setdefault(id(obj.memory), []).append(obj)
                told += shown
        for group in groups.values():
            are_lent = all(view.is_lent for obj in group for view in obj.views) and all(o.type in FRAMES for o in group)
            if len(group) > 1 and not are_lent and not any(o.path == ATTRIBUTES for o in group[-1].memory or ()):
                last = max(self.program.unit_of[n] for part in told for n in part.changed | part.identity)
                raise Clash(unit, last, f"`{name}` holds arrays that share memory, which a later section changes")

    def _shown(self, obj: Obj) -> list[Obj]:
        """Return what stands for the memory that an object shares."""
        return [*(view for view in obj.views if view.is_memory), *([obj] if obj.is_same else [])]

    def _refuse_rings(self, unit: int) -> None:
        """A definition that values in a file refer to must stand before they are loaded: it cannot need one of them."""
        files: dict[str, tuple[int, tuple[str, ...]]] = {}
        for index in range(unit):
            files.update({name: (index, group) for group in self.groups[index] for name in group})
        files = {name: files[name] for name in self.loads[unit] if name in files}
        for provider, group in sorted(set(files.values())):
            loaded = self.loads[unit].intersection(group)
            again = {name for name in loaded if self._is_amended(name, unit)}
            names = sorted((name, True) for name in self._referred(provider, group) | again)
            for number in sorted(self.repeats[unit]):
                statement = self.program.statements[number]
                variables = {name for name in statement.binds if not ambient.is_ambient(name)}
                if not loaded.isdisjoint(variables):  # it would bind anew what was loaded
                    names += self._asked_by(statement)
            seen: set[tuple[str, bool]] = set()
            while names:
                name, as_it_is = names.pop()
                if (name, as_it_is) in seen:
                    continue
                seen.add((name, as_it_is))
                if name in files and not (as_it_is and self._is_amended(name, unit)):
                    if files[name] == (provider, group):
                        listed = " and ".join(f"`{n}`" for n in group[:2])
                        raise Clash(provider, unit, f"{listed} belong to a class or function that is made of `{name}`")
                    names += [(other, True) for other in self._referred(*files[name])]
                binding = self.program.before(name, unit)
                for number in self.repeats[unit].intersection(binding.defs if binding is not None else ()):
                    names += self._asked_by(self.program.statements[number])

    def _asked_by(self, statement: StatementFacts) -> list[tuple[str, bool]]:
        """Return the names that a statement reads, and whether it only names them."""
        return [(name, only_named(self.program, statement, name)) for name in statement.read_bindings]

    def _refuse_two_lives(self, unit: int) -> None:
        """What a class that is made again holds must not come in a file as well, if it can be told from that."""
        start = self.program.units[unit].start
        loaded: dict[Obj, str] = {}
        for name in sorted(self.loads[unit]):
            binding = self.program.before(name, unit)
            for obj in _reach_by_value(binding.value) if binding is not None else ():
                if self._matters(obj, start):
                    loaded[obj] = name
        for obj in self.program.registries & loaded.keys():
            if obj.made in self.repeats[unit]:
                first, name = self.program.unit_of[obj.made], loaded[obj]
                raise Clash(first, unit, f"`{name}` holds what notes definitions as they are made")
        for number in sorted(self.repeats[unit]) if loaded else ():
            for name in self.program.statements[number].binds:
                binding = self.program.before(name, unit)
                made = binding.value if binding is not None and number in binding.defs else frozenset()
                if name in self.loads[unit] and among(self.amended, made) is not None:
                    continue  # its attributes come in the file
                for obj in self._reach(made) if any(o.type == CLASS for o in made) else ():
                    if obj in loaded:
                        first = self.program.unit_of[number]
                        listed = f"`{loaded[obj]}` and `{name}`"
                        raise Clash(first, unit, f"{listed} share something that a later section changes or compares")

    def _is_amended(self, name: str, unit: int) -> bool:
        binding = self.program.before(name, unit)
        return binding is not None and among(self.amended, binding.value) is not None

    def _referred(self, provider: int, group: Iterable[str]) -> set[str]:
        """Return the names of the definitions that must exist where a file is loaded."""
        values = [n for n in group if not ambient.is_ambient(n)]
        verdicts = [self.verdict(n, self._value_after(n, provider) - {UNBOUND}, provider + 1) for n in values]
        return {name for verdict in verdicts for name in verdict.refers}

    def _can_save(self, name: str, unit: int) -> None:
        if ambient.is_ambient(name):
            return
        verdict = self.verdict(name, self._value_after(name, unit) - {UNBOUND}, unit + 1)
        if verdict.obstacle is not None:
            user = next((u for u in range(unit + 1, self.count) if name in self.loads[u]), unit + 1)
            raise Clash(unit, user, f"`{name}` cannot be saved: it holds {verdict.obstacle}")
        for other in verdict.refers:
            if not self.program.units[unit].binds.get(other, False) or other in self.exported:
                self.need(other, unit)

    def _refuse_mixed_picklers(self, group: set[str], unit: int) -> None:
        """cloudpickle would copy the definitions that the notebook's other tasks repeat: they would not be the same."""
        verdicts = [self.verdicts[n, unit + 1] for n in sorted(group) if (n, unit + 1) in self.verdicts]
        if not any(v.serializer == "cloudpickle" for v in verdicts):
            return
        for name in sorted({n for v in verdicts for n in v.refers}):
            if name not in self.exported and not self.program.is_import(name):
                listed = " and ".join(f"`{n}`" for n in sorted(group)[:2])
                user = next((u for u in range(unit + 1, self.count) if self.loads[u] & group), unit + 1)
                raise Clash(unit, user, f"{listed} cannot be saved: a function without a name goes with `{name}`")

    # -- files -------------------------------------------------------------------------------------------------

    def _file_order(self) -> list[set[int]]:
        reads, writes = [], []
        moves = min((s.index for s in self.program.statements if "directory" in s.sets), default=None)
        for unit in self.program.units:
            statements = [*unit.statements, *(self.program.statements[n] for n in self.repeats[unit.index])]
            moved = moves is not None and moves < unit.stop
            reads.append({_where(path, moved) for s in statements for path in s.files_read})
            writes.append({_where(path, moved) for s in unit.statements for path in s.files_written})
        return [
            {
                earlier
                for earlier in range(later)
                if _collide(writes[earlier], reads[later])
                or _collide(writes[earlier], writes[later])
                or _collide(reads[earlier], writes[later])
            }
            for later in range(self.count)
        ]


def _reach_by_reference(value: Value) -> set[Obj]:
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


def _reach_by_value(value: Value) -> set[Obj]:
    """Return what is in a file with ``value``: all that can be reached but what definitions hold."""
    seen: set[Obj] = set()
    stack = [obj for obj in value if not obj.immutable and obj.type != CLASS]
    while stack:
        obj = stack.pop()
        if obj not in seen:
            seen.add(obj)
            stack.extend(held for held in holds(obj) if not held.immutable and held.type not in (CLASS, FUNCTION))
    return seen


def _where(path: str, moved: bool) -> str:
    """Return the path, or that it may be any where the working directory may have changed before."""
    return path if not moved or path.startswith("/") else "*"


def _collide(one: set[str], other: set[str]) -> bool:
    if not one or not other:
        return False
    if "*" in one or "*" in other:
        return True
    if one & other:
        return True
    # of a folder and what is in it, or a name that gets a suffix when it is written: np.save("x") makes x.npy
    return any(a.startswith((b + "/", b + ".")) or b.startswith((a + "/", a + ".")) for a in one for b in other)
