"""Whether a statement, repeated when a later task starts, does there what it did in its place, and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from soorgeon_clone.analysis.dataflow import changed_between
from soorgeon_clone.analysis.model import AMBIENT, AT_RANDOM, OF_MODULE, StatementFacts
from soorgeon_clone.analysis.objects.heap import EMPTY, UNBOUND, Obj, Value, holds
from soorgeon_clone.analysis.objects.state import IMPORTED, Binding
from soorgeon_clone.analysis.objects.types import CLASS, FUNCTION, LIB, METHOD
from soorgeon_clone.refactor.carriers.borders import Borders
from soorgeon_clone.refactor.carriers.file import may_meet

_DEFINED = (LIB, FUNCTION, CLASS)
_CODE = (*_DEFINED, METHOD)


def is_code(value: Value) -> bool:
    """Whether a value is made of modules, functions and classes only: those are repeated, never pickled."""
    kinds = {obj.type for obj in value}
    return not kinds.isdisjoint(_DEFINED) and kinds <= {*_DEFINED, "builtins.NoneType"}


def statements_to_repeat(borders: Borders, name: str, binding: Binding, border: int) -> tuple[StatementFacts, ...]:
    """Return what, repeated at ``border``, gives ``name`` what it denotes there: one statement, or the definition of
    ``f`` and ``f = jit(f)``; nothing, if it does not."""
    if UNBOUND in binding.value or not binding.defs:
        return ()
    numbers = sorted(binding.defs)
    statement = borders.statements[numbers[-1]]
    if len(numbers) > 1 and not borders.is_import(name):
        return ()
    dressed = _dressed(borders, statement, border)
    # a setting by another name (env = os.environ) is repeated as settings are
    is_setting = statement.kind == "import" or all(obj.type == LIB for obj in binding.value)
    if not can_repeat(borders, statement, border, setting=is_setting, given=dressed.keys()):
        return ()
    others = [borders.before(other, border) for other in statement.binds if other != name]
    if any(other is None or UNBOUND in other.value for other in others):
        return ()
    start = borders.starts[border]
    if statement.kind == "import":  # of a module beside the notebook, which was changed perhaps before that
        held = borders.facts.heap.reach(binding.value)
        return () if changed_between(held, -1, start) or _was_bound_anew(statement, name) else (statement,)
    return (*dressed.values(), statement) if _is_as_made(borders, binding.value, statement, start) else ()


def _dressed(borders: Borders, statement: StatementFacts, border: int) -> dict[str, StatementFacts]:
    """Return the definitions that a statement takes under names that it binds anew, by these names, as far as each can
    be repeated: ``f = jit(f)`` does to ``f`` what a decorator does."""
    found: dict[str, StatementFacts] = {}
    for name, then in statement.read_bindings.items():
        if name not in statement.binds or len(then.defs) != 1 or not is_code(then.value) or then.defs == IMPORTED:
            continue
        first = borders.statements[min(then.defs)]
        is_definition = first.kind in ("function", "class") and first.binds.keys() == {name}
        if first.index >= statement.index or not is_definition or not can_repeat(borders, first, border):
            continue
        if _is_as_made(borders, then.value, first, borders.starts[border]):
            found[name] = first
    return found


def _is_as_made(borders: Borders, value: Value, statement: StatementFacts, start: int) -> bool:
    """Whether nothing has changed what a statement made, before statement ``start``."""
    if changed_between(set(_changeable(value)) - borders.registries, statement.index, start):
        return False
    whole = EMPTY.union(*(_whole(borders, obj) for obj in value))
    parts = {part for part in whole if not part.immutable and (part.type not in _CODE or _is_method(part))}
    stop = start if any(obj.type == CLASS for obj in value) else len(borders.statements)
    # a default or a closure's variable with a life of its own: others may share it
    return not changed_between(parts - borders.registries, statement.index, stop)


def _was_bound_anew(statement: StatementFacts, name: str) -> bool:
    """Whether a module beside the notebook held something else by then than importing it anew gives."""
    for each in statement.lowered.imports:
        if each.name in (name, "*"):
            path = f"{each.path}{OF_MODULE}{name}" if each.name == "*" else each.path
            held = statement.read_bindings.get(path)
            if held is not None and held.defs != IMPORTED:
                return True
    return False


def _is_method(obj: Obj) -> bool:
    """Whether it is a function that no statement but that of its class gives once more."""
    return obj.type == FUNCTION and obj.code.owner is not None


def _whole(borders: Borders, obj: Obj) -> Value:
    """Return a definition with all that it is made of."""
    if obj not in borders.made_of:
        borders.made_of[obj] = frozenset((obj, *own_parts(holds(obj), obj)))
    return borders.made_of[obj]


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
    borders: Borders,
    statement: StatementFacts,
    border: int,
    *,
    setting: bool = False,
    changes: Value = EMPTY,
    given: Collection[str] = (),
) -> bool:
    """Whether repeating ``statement`` when the task at ``border`` starts does what it did, and nothing else.

    ``changes`` are objects that it may change, since they are made again; names ``given`` denote what they did.
    """
    changes |= borders.registries & statement.changes
    if not statement.changes <= changes or statement.opaque or statement.unknown_calls:
        return False
    if (statement.files_written and (statement.writes_again or not setting)) or statement.draws:
        return False
    if statement.may_be_left_out:
        return False
    if not setting and (statement.sets or statement.seeds or statement.prints):
        return False
    if statement.kind != "import" and not gives_the_same(borders, statement, borders.starts[border]):
        return False
    needed = needed_to_repeat(statement)
    return all(name in given or reads_the_same(borders, statement, name, border, changes) for name in needed)


def gives_the_same(borders: Borders, statement: StatementFacts, stop: int | None = None) -> bool:
    """Whether what a statement evaluates, once more, is what it was: no clock, no setting or file that is another.

    Before statement ``stop``; without one, wherever it stands.
    """
    if AT_RANDOM in statement.varies:
        return False
    if not statement.varies and not statement.files_read:
        return True
    others = borders.statements if stop is None else borders.statements[statement.index + 1 : stop]
    return not any(_may_change_what_is_read(statement, other) for other in others if other is not statement)


def _may_change_what_is_read(statement: StatementFacts, other: StatementFacts) -> bool:
    if any(may_meet(path, written) for written in other.files_written for path in statement.files_read):
        return True
    return not statement.varies.isdisjoint(other.sets)


def needed_to_repeat(statement: StatementFacts) -> list[str]:
    """Return the names that a statement reads and has not bound itself; for an import, no generator that it advances:
    it is repeated before the generator's state is put back."""
    return [
        name
        for name, then in sorted(statement.read_bindings.items())
        if statement.index not in then.defs
        and not (statement.draws_on_import and name.startswith(AMBIENT))
        and not (statement.kind == "import" and _is_imported_by(statement, name))
    ]


def _is_imported_by(statement: StatementFacts, name: str) -> bool:
    """Whether ``name``, of a module beside the notebook, is what a statement imports: others may be wanted of it."""
    owner = name.rpartition(OF_MODULE)[0]
    return any(name == each.path or (each.name == "*" and owner == each.path) for each in statement.lowered.imports)


def reads_the_same(borders: Borders, statement: StatementFacts, name: str, border: int, but: Value = EMPTY) -> bool:
    """Whether ``name`` denotes, when the task at ``border`` starts, what it did when ``statement`` read it, unchanged.

    ``but`` are objects that may have been changed.
    """
    then = statement.read_bindings[name]
    now = borders.before(name, border)
    if now is None or now.defs != then.defs or UNBOUND in now.value:
        return borders.is_import(name) and now is not None
    if only_named(borders, statement, name):
        return True
    start = borders.starts[border]
    return not changed_between(borders.facts.heap.reach(now.value) - but, statement.index - 1, start)


def only_named(borders: Borders, statement: StatementFacts, name: str) -> bool:
    """Whether a definition takes classes of the notebook as they are, without asking what they hold: as its bases."""
    bindings = statement.read_bindings
    if statement.kind not in ("class", "function") or any(obj.type != CLASS for obj in bindings[name].value):
        return False
    named, asked = statement.lowered.named
    if name not in named or name in asked:
        return False
    return all(borders.is_import(n) or all(obj.immutable for obj in bindings[n].value) for n in asked & bindings.keys())
