"""Statements that are repeated where they are needed: imports, definitions, settings, and what can be made again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from soorgeon_clone.analysis.dataflow import changed_between
from soorgeon_clone.analysis.effects import Knowledge
from soorgeon_clone.analysis.heap import CLASS, EMPTY, FUNCTION, LIB, METHOD, UNBOUND, Obj, Value, holds
from soorgeon_clone.analysis.model import StatementFacts
from soorgeon_clone.analysis.state import Binding
from soorgeon_clone.refactor.carriers import ambient
from soorgeon_clone.refactor.carriers.program import Program

_DEFINED = (LIB, FUNCTION, CLASS)
_CODE = (*_DEFINED, METHOD)


def is_code(value: Value) -> bool:
    """Whether a value is made of modules, functions and classes only: those are repeated, never pickled."""
    kinds = {obj.type for obj in value}
    return not kinds.isdisjoint(_DEFINED) and kinds <= {*_DEFINED, "builtins.NoneType"}


def statement_to_repeat(program: Program, name: str, binding: Binding, unit: int) -> StatementFacts | None:
    """Return the statement that, repeated when ``unit`` starts, gives ``name`` what it denotes then, if one does."""
    if UNBOUND in binding.value or not binding.defs:
        return None
    numbers = sorted(binding.defs)
    statement = program.statements[numbers[-1]]
    if len(numbers) > 1 and not program.is_import(name):
        return None
    # a setting by another name (env = os.environ) is repeated as settings are
    is_setting = all(obj.type == LIB for obj in binding.value)
    if not can_repeat(program, statement, unit, setting=is_setting):
        return None
    others = [program.before(other, unit) for other in statement.binds if other != name]
    if any(other is None or UNBOUND in other.value for other in others):
        return None
    start = program.units[unit].start
    if changed_between(set(_changeable(binding.value)) - program.registries, statement.index, start):
        return None
    whole = {part for obj in binding.value for part in (obj, *own_parts(holds(obj), obj))}
    parts = {part for part in whole if part.type not in _CODE and not part.immutable}
    stop = start if any(obj.type == CLASS for obj in binding.value) else len(program.statements)
    if changed_between(parts - program.registries, statement.index, stop):
        return None  # a default or a closure's variable with a life of its own: others may share it
    return statement


def rebuilt(program: Program, knowledge: Knowledge, binding: Binding, unit: int) -> list[StatementFacts] | None:
    """Return the statements that, repeated when ``unit`` starts, make an object and change it as they did.

    None where something else would be done as well. It is of a type that no file takes, so no other file has it, and
    may hold nothing of the notebook, which could change out of sight: parts of its own library only
    (``handler.setFormatter(logging.Formatter(...))``).
    """
    if len(binding.defs) != 1:
        return None
    (number,) = binding.defs
    first, start = program.statements[number], program.units[unit].start
    own = binding.value
    libraries = {o.type.partition(".")[0] for o in own if "." in o.type}
    parts = program.facts.heap.reach(own) - own
    types = [knowledge.type(o.type) if "." in o.type and o.made == number else None for o in own]
    if any(facts is None or facts.picklable for facts in types):
        return None
    if any(part.changed or part.type.partition(".")[0] not in libraries for part in parts):
        return None
    changers = [program.statements[n] for n in sorted({n for o in own for n in o.changed}) if number < n < start]
    if any(changer.binds or changer.seeds for changer in changers):
        return None
    # what sets something is repeated in any case
    if not all(can_repeat(program, one, unit, setting=True, changes=own) for one in (first, *changers)):
        return None
    return [first, *changers]


def own_parts(start: Iterable[Obj], owner: Obj) -> Iterator[Obj]:
    """Yield what can be reached of the definition ``owner`` from ``start``, which it holds.

    Other classes and what they hold are left out: they cross by themselves.
    """
    seen = {owner}
    stack = list(start)
    while stack:
        obj = stack.pop()
        if obj in seen or obj.immutable or (obj.type == CLASS and obj.made != owner.made):
            continue
        seen.add(obj)
        yield obj
        stack.extend(holds(obj))


def _changeable(value: Value) -> list[Obj]:
    return [obj for obj in value if not obj.immutable]


def can_repeat(
    program: Program, statement: StatementFacts, unit: int, *, setting: bool = False, changes: Value = EMPTY
) -> bool:
    """Whether repeating ``statement`` when ``unit`` starts does what it did, and nothing else.

    ``changes`` are objects that it may change, since they are made again.
    """
    changes |= program.registries & statement.changes
    if not statement.changes <= changes or statement.opaque or statement.unknown_calls:
        return False
    if statement.files_written or statement.draws:
        return False
    if (statement.sets and not setting) or (statement.seeds and not setting) or (statement.prints and not setting):
        return False
    return all(reads_the_same(program, statement, name, unit, changes) for name in needed_to_repeat(statement))


def needed_to_repeat(statement: StatementFacts) -> list[str]:
    """Return the names that a statement reads and has not bound itself; for an import, no generator that it advances:
    it is repeated before the generator's state is put back."""
    return [
        name
        for name, then in sorted(statement.read_bindings.items())
        if statement.index not in then.defs and not (statement.draws_on_import and ambient.is_ambient(name))
    ]


def reads_the_same(program: Program, statement: StatementFacts, name: str, unit: int, but: Value = EMPTY) -> bool:
    """Whether ``name`` denotes, when ``unit`` starts, what it did when ``statement`` read it, unchanged.

    ``but`` are objects that may have been changed.
    """
    then = statement.read_bindings[name]
    now = program.before(name, unit)
    if now is None or now.defs != then.defs or UNBOUND in now.value:
        return program.is_import(name) and now is not None
    if only_named(program, statement, name):
        return True
    start = program.units[unit].start
    return not changed_between(program.facts.heap.reach(now.value) - but, statement.index - 1, start)


def only_named(program: Program, statement: StatementFacts, name: str) -> bool:
    """Whether a definition takes classes of the notebook as they are, without asking what they hold: as its bases."""
    bindings = statement.read_bindings
    if statement.kind not in ("class", "function") or any(obj.type != CLASS for obj in bindings[name].value):
        return False
    named, asked = statement.lowered.named
    if name not in named or name in asked:
        return False
    return all(program.is_import(n) or all(obj.immutable for obj in bindings[n].value) for n in asked & bindings.keys())
