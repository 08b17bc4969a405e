"""Modules beside the notebook: they are run as the notebook is, and their variables are variables like its own.

A variable of a module has a name with dots (``helpers.limit``) among those of the notebook. What it denotes when the
module has been imported is not bound by the statement that imports it: whoever imports the module anew has it. What
binds or changes it later is a fact like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial

from soorgeon_clone.analysis.evidence import Place, enter
from soorgeon_clone.analysis.knowledge.feared import builtin
from soorgeon_clone.analysis.lower.instructions import Import, Instruction
from soorgeon_clone.analysis.machine.memo import CHANGES, Memo
from soorgeon_clone.analysis.machine.walk import Run
from soorgeon_clone.analysis.modules import Module
from soorgeon_clone.analysis.objects.arguments import Arguments, constant, passing
from soorgeon_clone.analysis.objects.heap import EMPTY, UNBOUND, Obj, Value
from soorgeon_clone.analysis.objects.keys import ANY
from soorgeon_clone.analysis.objects.parts import contents
from soorgeon_clone.analysis.objects.state import IMPORTED, Binding, Scope, State
from soorgeon_clone.analysis.objects.types import LIB, UNKNOWN

ANYTHING = "*"  # the variable that stands for all of a module whose code nobody knows
_IMPORTED = "__name__"  # the variable that a module has as soon as it is imported
_GIVEN = frozenset(("__name__", "__file__", "__doc__", "__package__", "__path__", "__version__"))


def home(machine: Run, obj: Obj) -> Scope:
    """Return the scope in which a function finds the variables of its module."""
    return machine.namespaces[obj.module] if obj.module else machine.module


# -- importing -------------------------------------------------------------------------------------------------


def import_(machine: Run, node: Import) -> Value | None:
    """Return what an import of a module beside the notebook, or of something in one, binds; None if it is of none."""
    path = absolute(machine, node)
    value = _along(machine, path, node)
    if value is None or node.whole:
        return value
    return frozenset({machine.heap.lib(path.partition(".")[0])})


def absolute(machine: Run, node: Import) -> str:
    """Return the path that an import means where it stands."""
    module = machine.modules.find(machine.scope.space) if machine.scope.space else None
    return module.absolute(node.name, node.path) if module is not None else node.path


def note_file(machine: Run, module: str) -> None:
    """Note that a module is a file beside the notebook, or may be one that the notebook writes."""
    modules = machine.modules
    may_be_made = (machine.hints.makes_modules and not modules.is_library(module)) or modules.written(f"{module}.py")
    if may_be_made or modules.find(module) is not None:
        for folder in modules.folders:
            machine.note("files_read", f"{folder}{module}.py")


def import_path(machine: Run, path: str, node: Instruction) -> Value | None:
    """Import what stands at a path, with the packages that it is in; None if that is no module beside the notebook."""
    note_file(machine, path.partition(".")[0])
    return _along(machine, path, node)


def _along(machine: Run, path: str, node: Instruction) -> Value | None:
    modules = machine.modules.along(path)
    if not modules:
        return None
    owner: Module | None = None
    for module in modules:
        name = module.path.rpartition(".")[2]
        if owner is not None and module.path == path and _is_other(machine, f"{owner.path}.{name}"):
            break  # a package has something else by the name of its module
        _run(machine, module)
        if owner is not None and name not in owner.names:
            _bind(machine, owner, name, frozenset({_object(machine, module.path)}))
        owner = module
    assert owner is not None
    value = frozenset({_object(machine, owner.path)})
    for name in path[len(owner.path) + 1 :].split(".") if path != owner.path else ():
        value = machine.attribute(value, name, node)
    return value


def import_all(machine: Run, node: Import) -> bool:
    """Do ``from helpers import *``; return whether that is a module beside the notebook."""
    path = absolute(machine, node)
    if _along(machine, path, node) is None:
        return False
    module = machine.modules.find(path)
    if module is None or ANYTHING in module.names:
        why = module.unreadable if module is not None else ""
        _forget_names(machine, f"`from {path} import *` binds names that nobody knows{f': {why}' if why else ''}")
        return True
    for name in _public(machine, module):
        machine.bind(name, read(machine, module, name))
    return True


def reload(machine: Run, value: Value) -> None:
    """Run modules again, in the variables that they have."""
    for obj in value:
        module = machine.modules.find(obj.path) if obj.type == LIB else None
        if module is not None:
            with _inside(machine, module):
                _walk(machine, module)


def _object(machine: Run, path: str) -> Obj:
    obj = machine.heap.lib(path)
    obj.module = path
    return obj


def _is_other(machine: Run, name: str) -> bool:
    binding = machine.module.state.get(name)
    return binding is not None and not any(obj is UNBOUND or obj.path == name for obj in binding.value)


def _run(machine: Run, module: Module) -> None:
    """Run a module unless it has certainly been imported."""
    marker = f"{module.path}.{_IMPORTED}"
    binding = machine.module.state.get(marker)
    if module.path in machine.importing:
        return  # modules that import one another
    if binding is not None and UNBOUND not in binding.value:
        if module.path in machine.entangled and not machine.importing:
            machine.noisy.add(module.path)  # who imports it alone does not get what another module did to it
        machine.read_global(marker)
        return
    for memo in machine.tracing:
        memo.seen.setdefault(marker, EMPTY)  # the next call will find it imported
    machine.importing.append(module.path)
    machine.fresh.add(module.path)
    machine.first_imports.setdefault(module.path, machine.record.index)
    outer, machine.heap.importing = machine.heap.importing, module.path
    before, printed = _facts(machine), machine.record.prints
    memo = Memo(machine.heap.reason)
    machine.tracing.append(memo)
    try:
        with _inside(machine, module):
            _bind(machine, module, _IMPORTED, frozenset({machine.heap.atom("builtins.str", module.path)}))
            outer_kept, machine.kept = machine.kept, []
            _walk(machine, module)
            for value, kept_at in list(machine.kept):
                machine.settle(partial(machine.run_registered, value, kept_at))
            machine.kept = outer_kept
    finally:
        machine.tracing.pop()
        machine.importing.pop()
        machine.heap.importing = outer
        _note(machine, module, memo, before, printed=printed)
        if not machine.importing:
            machine.fresh.clear()


@contextmanager
def _inside(machine: Run, module: Module) -> Iterator[None]:
    """Be in the scope of a module."""
    outer = machine.scope, machine.context, machine.lazy_annotations
    reason = machine.blame(machine.heap.reason.node, f"importing {module.path}")
    machine.heap.reason = enter(module.file, machine.heap.reason)
    if module.path not in machine.namespaces:
        machine.namespaces[module.path] = Scope("module", None, State(), space=module.path)
    machine.scope, machine.context = machine.namespaces[module.path], ()
    try:
        yield
    finally:
        machine.scope, machine.context, machine.lazy_annotations = outer
        machine.heap.reason = reason


def _walk(machine: Run, module: Module) -> None:
    found = module.statements
    if module.unreadable:
        _take_unknown(machine, module)
    for statement in found:
        machine.places.add(statement, Place(None, module.file))
        machine.effort.begin()
        machine.effort.size += machine.limits.size_of_statement
        machine.is_unsteady = False
        machine.settle(partial(machine.run_block, statement.block))
    machine.effort.begin()


def _take_unknown(machine: Run, module: Module) -> None:
    """Nobody knows what the code of a module does when it is imported, nor what it keeps."""
    made = machine.heap.make(("module", module.path), UNKNOWN)
    made.path = module.path
    _bind(machine, module, ANYTHING, frozenset({made}))
    reason = machine.blame(machine.heap.reason.node, f"importing {module.path}: {module.unreadable}", feared=True)
    machine.note("unknown_calls", f"{module.path}: {module.unreadable}")
    machine.note("sets", "modules")
    machine.heap.reason = reason


def _facts(machine: Run) -> tuple[object, ...]:
    """Return what importing must not do if a task that imports the module anew is to see nothing of it."""
    r = machine.record
    return (r.opaque, *map(frozenset, (r.draws, r.seeds, r.files_written, r.unknown_calls)))


def _note(machine: Run, module: Module, memo: Memo, before: tuple[object, ...], *, printed: bool) -> None:
    """Note whether importing a module does more than to make it, and tell the code around of it."""
    changes = memo.changed
    foreign = {obj for obj in changes if not machine.is_own(obj)}
    writes = {name: value for name, value in memo.writes.items() if name.rpartition(".")[0] not in machine.fresh}
    machine.entangled |= {obj.imported for obj in changes if obj not in foreign} - {module.path}
    if machine.record.prints and not printed:
        machine.note(
            "sets", "modules"
        )  # only the first import does it: a task that has no other must not be the second
    if foreign or writes or _facts(machine) != before:
        machine.noisy.add(module.path)
    machine.depends[module.path] = frozenset(
        name for name in memo.did["reads"] if "." in name and name.rpartition(".")[0] not in machine.fresh
    )
    if machine.tracing:
        for kind in CHANGES:
            memo.did[kind] = {obj: reason for obj, reason in memo.did[kind].items() if obj in foreign}
        memo.writes = writes
        machine.tracing[-1].take(memo)


# -- variables -------------------------------------------------------------------------------------------------


def attribute(machine: Run, obj: Obj, name: str, node: Instruction) -> Value | None:
    """Return what an attribute of a module beside the notebook is; None if the object is no such module."""
    module = machine.modules.find(obj.path) if obj.module else None
    if module is None:
        inner = f"{obj.path}.{name}"
        is_folder = any(f"{path}.".startswith(f"{inner}.") for path in machine.namespaces)
        return (
            frozenset({_object(machine, inner) if inner in machine.namespaces else machine.heap.lib(inner)})
            if is_folder
            else None
        )
    if name == "__dict__":
        return forget(machine, module)
    return read(machine, module, name, node)


def given(machine: Run, name: str) -> Value:
    """Return what a name denotes in a module beside the notebook that does not bind it."""
    known = builtin(name)
    if known is not None and name not in _GIVEN:
        return frozenset({machine.heap.lib(known)})
    return frozenset(
        {machine.heap.atom("builtins.str") if name in _GIVEN else machine.heap.make(("unbound", name), UNKNOWN)}
    )


def read(machine: Run, module: Module, name: str, node: Instruction | None = None) -> Value:
    """Return what a variable of a module denotes."""
    _run(machine, module)
    path = f"{module.path}.{name}"
    found = EMPTY
    if machine.module.state.get(path) is not None:
        value = machine.read_global(path)
        found = value - {UNBOUND}
        if UNBOUND not in value:
            return found
    elif machine.modules.find(path) is not None and path in machine.namespaces:
        return frozenset({_object(machine, path)})
    if name in _GIVEN:
        return found | {machine.heap.atom("builtins.str")}
    if ANYTHING in module.names:
        return found | machine.read_global(f"{module.path}.{ANYTHING}")
    if "__getattr__" in module.names and node is not None:
        asked = passing(frozenset({machine.heap.atom("builtins.str", name)}))
        return found | machine.call(machine.read_global(f"{module.path}.__getattr__"), asked, node)
    return found or frozenset({machine.heap.make(("nothing known", path), UNKNOWN)})


def any_variable(machine: Run, obj: Obj) -> Value | None:
    """Return what ``getattr(module, name)`` may give; None if the object is no module beside the notebook."""
    module = machine.modules.find(obj.path) if obj.module else None
    if module is None:
        return None
    return EMPTY.union(*(read(machine, module, name) for name in list(module.names)))


def store(machine: Run, path: str, value: Value) -> bool:
    """Bind a variable of a module from outside (``helpers.limit = 3``); return whether the path is of such a module.

    Without a value: something is deleted there.
    """
    module = machine.modules.find(path)
    if module is not None and path in machine.namespaces:
        forget(machine, module)
        return True
    owner, _, name = path.rpartition(".")
    module = machine.modules.find(owner) if owner in machine.namespaces else None
    if module is None:
        return False
    if name == "__class__":
        machine.opaque(f"{owner} gets a class of its own, whose code may run wherever it is used")
    if name in ("*", "__dict__"):
        forget(machine, module)
    else:
        module.names.setdefault(name)
        machine.bind_global(path, value or frozenset({UNBOUND}), certain=machine.scope.kind == "module")
    return True


def forget(machine: Run, module: Module) -> Value:
    """Let all variables of a module be anything: something reads and binds them by name. Return what may be them."""
    made = machine.heap.make(("variables of", module.path, machine.record.index), UNKNOWN)
    made.path = f"{module.path}.__dict__"
    for name in list(module.names):
        machine.heap.hold(
            made, ANY, frozenset(obj for obj in read(machine, module, name) if not obj.immutable or obj.type == LIB)
        )
    for name in list(module.names):
        if name not in _GIVEN:
            machine.bind_global(f"{module.path}.{name}", frozenset({made}), certain=False)
    return frozenset({made})


def look_at(machine: Run, value: Iterable[Obj]) -> None:
    """Let a library that is given a module see all that is in it."""
    for obj in value:
        if obj.type == LIB and obj.module:
            any_variable(machine, obj)


def forget_given(machine: Run, value: Iterable[Obj]) -> None:
    """Let the variables of those modules be anything that unknown code is given."""
    for obj in value:
        if obj.type == LIB and obj.module and (module := machine.modules.find(obj.path)) is not None:
            forget(machine, module)


def note_folder(machine: Run, args: Arguments) -> None:
    """``sys.path.append("src")``: modules are found in that folder as well."""
    for value, _ in args.positional:
        for obj in value:
            if isinstance(obj.const, str):
                machine.modules.look_in(obj.const)


def bind(machine: Run, name: str, value: Value) -> bool:
    """Bind a variable of a module while the module is imported; return whether it was that."""
    space, _, last = name.rpartition(".")
    module = machine.modules.find(space)
    if module is None:
        return False
    module.names.setdefault(last)
    if space not in machine.fresh:
        return False
    if space != machine.importing[-1]:
        machine.entangled.add(space)
    _bind(machine, module, last, value)
    return True


def _bind(machine: Run, module: Module, name: str, value: Value) -> None:
    path = f"{module.path}.{name}"
    module.names.setdefault(name)
    defs = IMPORTED
    if machine.is_unsteady and machine.importing:
        machine.unsteady.add(path)
        defs = frozenset({machine.record.index})
    binding = machine.module.state.names[path] = Binding(value, defs, -1)
    for trail in machine.trails:
        trail.append((machine.module, path, binding))
    machine.touched.add(path)


def _public(machine: Run, module: Module) -> list[str]:
    """Return the names that a star import binds: those that ``__all__`` lists, else all without an underscore."""
    listed = machine.module.state.get(f"{module.path}.__all__")
    if listed is not None:
        names = {constant(frozenset({obj})) for obj in contents(listed.value)}
        if names and all(isinstance(name, str) for name in names):
            return sorted(names)
    return [name for name in module.names if not name.startswith("_")]


def _forget_names(machine: Run, why: str) -> None:
    """Names are bound that nobody knows: in a module, any of its variables."""
    module = machine.modules.find(machine.scope.space) if machine.scope.space else None
    if module is None:
        machine.opaque(why)
        return
    made = machine.heap.make(("module", module.path), UNKNOWN)
    _bind(machine, module, ANYTHING, frozenset({made}))
