"""What is taken for granted where code is not followed, as at a limit: it may do anything to what it can reach."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from soorgeon_clone.analysis.knowledge.feared import Feared
from soorgeon_clone.analysis.limits import REACHED
from soorgeon_clone.analysis.machine.walk import Run
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value, spread
from soorgeon_clone.analysis.objects.keys import ANY, OF_CLASS
from soorgeon_clone.analysis.objects.machine import BY_NAME
from soorgeon_clone.analysis.objects.types import CLASS, FUNCTION, INSTANCE, LIB, NDARRAY, UNKNOWN

DEPTH = "calls inside one another"


def exhausted(machine: Run, values: Value, limit: str = "what one statement runs") -> Value:
    """Take for granted, once in a statement, that all functions did anything; what is passed later is in it as well."""
    if machine.gives_up():
        return EMPTY
    reason = machine.blame(machine.heap.reason.node, f"{REACHED}: {limit}", feared=True)
    if machine.anything is None:
        machine.anything = assume_anything(machine, machine.heap.of_type(FUNCTION), values, "worn")
        machine.heap.expect_in_most(machine.anything)
        machine.effort.has_exhausted = True
    passed = frozenset(
        o for o in values - machine.anything.fields.get(ANY, EMPTY) if not o.immutable and o is not machine.anything
    )
    if passed:
        for obj in passed:
            if obj.type not in (FUNCTION, CLASS):
                machine.change_whole(obj)
        _join(machine, machine.anything, passed)
    machine.heap.reason = reason
    return frozenset({machine.anything})


def _join(machine: Run, made: Obj, values: Value) -> None:
    """Let functions that nobody follows keep anything in anything, and give views of arrays."""
    machine.heap.hold(made, ANY, values)
    for obj in values:
        if obj.type not in (FUNCTION, CLASS):
            machine.heap.hold(obj, ANY, frozenset({made}))
    keep_views(machine, made, values)


def keep_views(machine: Run, made: Obj, values: Value, but: frozenset[str] = frozenset()) -> None:
    """Let ``made`` hold what shares the memory of the arrays among ``values``, those of types ``but`` left out."""
    reached = machine.heap.reach(values)
    arrays = [obj for obj in reached if machine.has(obj, "memory") and obj.type not in but]
    if machine.policy is not None and machine.believes("shares"):  # what nobody knows may be an array as well
        arrays += [obj for obj in values if obj.type == UNKNOWN and obj is not made]
    if arrays:
        view = machine.heap.make(("view in", made), NDARRAY)
        for array in arrays:
            if array not in view.views:
                machine.heap.view(view, array)
        machine.heap.hold(made, ANY, frozenset({view}))


def assume_anything(machine: Run, functions: list[Obj], values: Value, site: object) -> Obj:
    """Take for granted that functions, all they mention and are given, do anything with everything that they mention.

    That is the answer where a limit of work is reached.
    """
    bodies_ = _mentioned_code(machine, functions, values)
    names = set[str]().union(*(_globals_of(machine, function) for function in bodies_))
    found = EMPTY
    for name in sorted(names):
        if machine.module.state.get(name) is not None:
            found |= machine.read_global(name)
    mutable = {o for o in values | found if not o.immutable}
    for cls in [o for o in mutable if o.type == CLASS]:
        instance = machine.heap.make(("assume_anything", cls), INSTANCE)
        machine.heap.hold(instance, OF_CLASS, frozenset({cls}))
        mutable.add(instance)
    machine.change(o for o in mutable if o.type != FUNCTION or _takes_attributes(machine, o))
    for obj in mutable:
        if obj.type not in (FUNCTION, CLASS):
            machine.change_whole(obj)
    for obj in machine.heap.reach(frozenset(mutable)):
        if obj.type in (CLASS, FUNCTION) and machine.hints.stores_into(obj.name):
            machine.change_one(machine.heap.amendments(obj))
    made = machine.heap.make(site, UNKNOWN)
    _join(machine, made, frozenset(mutable))
    for function in bodies_:
        for name in _bound_globals(machine, function):
            machine.bind_global(name, frozenset({made}), certain=False)
        if function.scope is not None:
            for name in function.code.nonlocals:
                machine.bind_nonlocal(function.scope, name, frozenset({made}))
    for space in sorted({function.module for function in bodies_}):
        blocks = [(function.code.place,) for function in bodies_ if function.module == space]
        may = machine.reading.feared(blocks, partial(machine.library_path, space=space))
        for path in sorted(may.imports):
            if machine.modules.along(path) and machine.module.state.get(f"{path}.__name__") is None:
                machine.opaque(f"a function that takes too long to follow imports {path}, which keeps variables")
        do_feared(machine, may)
    machine.note("files_read", "*")
    machine.note("files_written", "*")
    for resource in sorted(machine.seeded):
        machine.draw(resource)
    return made


def _mentioned_code(machine: Run, functions: list[Obj], values: Value) -> list[Obj]:
    """Return functions with all that they may call: what they mention, or find in what they are given."""
    seen: set[Obj] = set()
    names: set[str] = set()
    stack = [*functions, *(o for o in machine.heap.reach(values) if o.type in (FUNCTION, CLASS))]
    found: list[Obj] = []
    while stack:
        obj = stack.pop()
        if obj in seen:
            continue
        seen.add(obj)
        if obj.type == CLASS:
            stack.extend(m for held in obj.fields.values() for m in held if m.type in (FUNCTION, CLASS))
        elif obj.type == FUNCTION and obj.code is not None:
            found.append(obj)
            machine.note("unknown_calls", obj.name)
            for name in _globals_of(machine, obj) - names:
                names.add(name)
                binding = machine.module.state.get(name)
                if binding is not None:
                    stack.extend(o for o in machine.heap.reach(binding.value) if o.type in (FUNCTION, CLASS))
            if obj.scope is not None:
                captured = frozenset(obj.scope.captured(obj))
                stack.extend(o for o in machine.heap.reach(captured) if o.type in (FUNCTION, CLASS))
    return found


def _globals_of(machine: Run, function: Obj) -> set[str]:
    """Return the global variables that a function may read: its module's, and those of modules that it mentions."""
    found = {_global(function, name) for name in function.code.names}
    asked = machine.attributes_in(function.code)[0] if machine.namespaces else frozenset()

    def behind(name: str) -> Iterator[str]:
        binding = machine.module.state.get(name)
        for obj in binding.value if binding is not None else ():
            if obj.type == LIB and obj.module:
                yield from (f"{obj.module}.{part}" for part in asked)

    return spread(found, behind) if asked else found


def _bound_globals(machine: Run, function: Obj) -> set[str]:
    """Return the global variables that a function may bind, those of modules that it stores into included."""
    found = {_global(function, name) for name in function.code.globals}
    if machine.namespaces:
        stored = machine.attributes_in(function.code)[1]
        names = _globals_of(machine, function) if stored else set()
        found |= {name for name in names if name.rpartition(".")[2] in stored and name.rpartition(".")[0]}
    return {name for name in found if "." not in name or machine.module.state.get(name) is not None}


def _global(function: Obj, name: str) -> str:
    return f"{function.module}.{name}" if function.module else name


def do_feared(machine: Run, may: Feared) -> None:
    """Do what code that nobody follows may do besides changing objects."""
    for setting in sorted(may.sets):
        machine.note("sets", setting)
    for resource in sorted(may.seeds):
        machine.seed(resource)
    for resource in sorted(may.draws):
        machine.draw(resource)
    for field, texts in (("files_read", may.reads), ("files_written", may.writes)):
        for text in sorted(texts):
            if text == "*" or machine.hints.logs_to_files:
                machine.note(field, "*")
    if may.prints:
        machine.print()
    if may.by_name:
        machine.opaque(BY_NAME)


def _takes_attributes(machine: Run, function: Obj) -> bool:
    """Whether the notebook's code may give a function attributes, or it keeps results."""
    if function.code.is_cached:
        return True
    return machine.hints.stores_into(function.name)
