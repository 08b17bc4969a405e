"""Modules beside the notebook: they are run as the notebook is, and their variables are variables like its own.

A variable of a module has a name with dots (``helpers.limit``) among those of the notebook. What it denotes when the
module has been imported is not bound by the statement that imports it: whoever imports the module anew has it. What
binds or changes it later is a fact like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from soorgeon_clone.analysis.evidence import Place, enter
from soorgeon_clone.analysis.knowledge.feared import builtin
from soorgeon_clone.analysis.lower.instructions import Import, Instruction
from soorgeon_clone.analysis.machine.memo import Memo
from soorgeon_clone.analysis.machine.walk import Run
from soorgeon_clone.analysis.modules import Module
from soorgeon_clone.analysis.objects.arguments import Arguments, constant, passing
from soorgeon_clone.analysis.objects.heap import ANY, EMPTY, LIB, UNBOUND, UNKNOWN, Obj, Value
from soorgeon_clone.analysis.objects.parts import contents
from soorgeon_clone.analysis.objects.state import IMPORTED, Binding, Scope, State

ANYTHING = "*"  # the variable that stands for all of a module whose code nobody knows
_IMPORTED = "__name__"  # the variable that a module has as soon as it is imported
_GIVEN = frozenset(("__name__", "__file__", "__doc__", "__package__", "__path__", "__version__"))


def home(w: Run, obj: Obj) -> Scope:
    """Return the scope in which a function finds the variables of its module."""
    return w.namespaces[obj.module] if obj.module else w.module


# -- importing -------------------------------------------------------------------------------------------------


def import_(w: Run, node: Import) -> Value | None:
    """Return what an import of a module beside the notebook, or of something in one, binds; None if it is of none."""
    path = absolute(w, node)
    value = import_path(w, path, node)
    if value is None or node.whole:
        return value
    return frozenset({w.heap.lib(path.partition(".")[0])})


def absolute(w: Run, node: Import) -> str:
    """Return the path that an import means where it stands."""
    module = w.modules.find(w.scope.space) if w.scope.space else None
    return module.absolute(node.name, node.path) if module is not None else node.path


def import_path(w: Run, path: str, node: Instruction) -> Value | None:
    """Import what stands at a path, with the packages that it is in; None if that is no module beside the notebook."""
    modules = w.modules.along(path)
    if not modules:
        return None
    owner: Module | None = None
    for module in modules:
        name = module.path.rpartition(".")[2]
        if owner is not None and module.path == path and _is_other(w, f"{owner.path}.{name}"):
            break  # a package has something else by the name of its module
        _run(w, module)
        if owner is not None and name not in owner.names:
            _bind(w, owner, name, frozenset({_object(w, module.path)}))
        owner = module
    assert owner is not None
    value = frozenset({_object(w, owner.path)})
    for name in path[len(owner.path) + 1 :].split(".") if path != owner.path else ():
        value = w.attribute(value, name, node)
    return value


def import_all(w: Run, node: Import) -> bool:
    """Do ``from helpers import *``; return whether that is a module beside the notebook."""
    path = absolute(w, node)
    if import_path(w, path, node) is None:
        return False
    module = w.modules.find(path)
    if module is None or ANYTHING in module.names:
        why = module.unreadable if module is not None else ""
        _forget_names(w, f"`from {path} import *` binds names that nobody knows{f': {why}' if why else ''}")
        return True
    for name in _public(w, module):
        w.bind(name, read(w, module, name))
    return True


def reload(w: Run, value: Value) -> None:
    """Run modules again, in the variables that they have."""
    for obj in value:
        module = w.modules.find(obj.path) if obj.type == LIB else None
        if module is not None:
            with _inside(w, module):
                _walk(w, module)


def _object(w: Run, path: str) -> Obj:
    obj = w.heap.lib(path)
    obj.module = path
    return obj


def _is_other(w: Run, name: str) -> bool:
    binding = w.module.state.get(name)
    return binding is not None and not any(obj is UNBOUND or obj.path == name for obj in binding.value)


def _run(w: Run, module: Module) -> None:
    """Run a module unless it has certainly been imported."""
    marker = f"{module.path}.{_IMPORTED}"
    binding = w.module.state.get(marker)
    if module.path in w.importing:
        return  # modules that import one another
    if binding is not None and UNBOUND not in binding.value:
        if module.path in w.entangled and not w.importing:
            w.noisy.add(module.path)  # who imports it alone does not get what another module did to it
        w.read_global(marker)
        return
    for memo in w.tracing:
        memo.seen.setdefault(marker, EMPTY)  # the next call will find it imported
    w.importing.append(module.path)
    w.fresh.add(module.path)
    w.first_imports.setdefault(module.path, w.record.index)
    outer, w.heap.importing = w.heap.importing, module.path
    before, printed = _facts(w), w.record.prints
    memo = Memo(w.heap.reason)
    w.tracing.append(memo)
    try:
        with _inside(w, module):
            _bind(w, module, _IMPORTED, frozenset({w.heap.atom("builtins.str", module.path)}))
            _walk(w, module)
    finally:
        w.tracing.pop()
        w.importing.pop()
        w.heap.importing = outer
        _note(w, module, memo, before, printed=printed)
        if not w.importing:
            w.fresh.clear()


@contextmanager
def _inside(w: Run, module: Module) -> Iterator[None]:
    """Be in the scope of a module."""
    outer = w.scope, w.context, w.lazy_annotations
    reason = w.blame(w.heap.reason.node, f"importing {module.path}")
    w.heap.reason = enter(module.file, w.heap.reason)
    if module.path not in w.namespaces:
        w.namespaces[module.path] = Scope("module", None, State(), space=module.path)
    w.scope, w.context = w.namespaces[module.path], ()
    try:
        yield
    finally:
        w.scope, w.context, w.lazy_annotations = outer
        w.heap.reason = reason


def _walk(w: Run, module: Module) -> None:
    found = module.statements
    if module.unreadable:
        _take_unknown(w, module)
    for statement in found:
        w.places.add(statement, Place(None, module.file))
        w.effort.begin()
        w.effort.size += w.limits.size_of_statement
        w.is_unsteady = False
        w.run_block(statement.block)


def _take_unknown(w: Run, module: Module) -> None:
    """Nobody knows what the code of a module does when it is imported, nor what it keeps."""
    made = w.heap.make(("module", module.path), UNKNOWN)
    made.path = module.path
    _bind(w, module, ANYTHING, frozenset({made}))
    reason = w.blame(w.heap.reason.node, f"importing {module.path}: {module.unreadable}", feared=True)
    w.note("unknown_calls", f"{module.path}: {module.unreadable}")
    w.note("sets", "modules")
    w.heap.reason = reason


def _facts(w: Run) -> tuple[object, ...]:
    """Return what importing must not do if a task that imports the module anew is to see nothing of it."""
    r = w.record
    return (r.opaque, *map(frozenset, (r.draws, r.seeds, r.files_written, r.unknown_calls)))


def _note(w: Run, module: Module, memo: Memo, before: tuple[object, ...], *, printed: bool) -> None:
    """Note whether importing a module does more than to make it, and tell the code around of it."""
    changes = [*memo.changes, *memo.replaces, *memo.wholes]
    foreign = {obj for obj in changes if not w.is_own(obj)}
    writes = {name: value for name, value in memo.writes.items() if name.rpartition(".")[0] not in w.fresh}
    w.entangled |= {obj.imported for obj in changes if obj not in foreign} - {module.path}
    if w.record.prints and not printed:
        w.note("sets", "modules")  # only the first import does it: a task that has no other must not be the second
    if foreign or writes or _facts(w) != before:
        w.noisy.add(module.path)
    w.depends[module.path] = frozenset(
        name for name in memo.reads if "." in name and name.rpartition(".")[0] not in w.fresh
    )
    if w.tracing:
        outer = w.tracing[-1]
        for kind in ("changes", "replaces", "wholes"):
            kept = getattr(memo, kind)
            setattr(memo, kind, {obj: reason for obj, reason in kept.items() if obj in foreign})
        memo.writes = writes
        outer.take(memo)


# -- variables -------------------------------------------------------------------------------------------------


def attribute(w: Run, obj: Obj, name: str, node: Instruction) -> Value | None:
    """Return what an attribute of a module beside the notebook is; None if the object is no such module."""
    module = w.modules.find(obj.path) if obj.module else None
    if module is None:
        inner = f"{obj.path}.{name}"
        is_folder = any(f"{path}.".startswith(f"{inner}.") for path in w.namespaces)
        return frozenset({_object(w, inner) if inner in w.namespaces else w.heap.lib(inner)}) if is_folder else None
    if name == "__dict__":
        return forget(w, module)
    return read(w, module, name, node)


def given(w: Run, name: str) -> Value:
    """Return what a name denotes in a module beside the notebook that does not bind it."""
    known = builtin(name)
    if known is not None and name not in _GIVEN:
        return frozenset({w.heap.lib(known)})
    return frozenset({w.heap.atom("builtins.str") if name in _GIVEN else w.heap.make(("unbound", name), UNKNOWN)})


def read(w: Run, module: Module, name: str, node: Instruction | None = None) -> Value:
    """Return what a variable of a module denotes."""
    _run(w, module)
    path = f"{module.path}.{name}"
    found = EMPTY
    if w.module.state.get(path) is not None:
        value = w.read_global(path)
        found = value - {UNBOUND}
        if UNBOUND not in value:
            return found
    elif w.modules.find(path) is not None and path in w.namespaces:
        return frozenset({_object(w, path)})
    if name in _GIVEN:
        return found | {w.heap.atom("builtins.str")}
    if ANYTHING in module.names:
        return found | w.read_global(f"{module.path}.{ANYTHING}")
    if "__getattr__" in module.names and node is not None:
        asked = passing(frozenset({w.heap.atom("builtins.str", name)}))
        return found | w.call(w.read_global(f"{module.path}.__getattr__"), asked, node)
    return found or frozenset({w.heap.make(("nothing known", path), UNKNOWN)})


def any_variable(w: Run, obj: Obj) -> Value | None:
    """Return what ``getattr(module, name)`` may give; None if the object is no module beside the notebook."""
    module = w.modules.find(obj.path) if obj.module else None
    if module is None:
        return None
    return EMPTY.union(*(read(w, module, name) for name in list(module.names)))


def store(w: Run, path: str, value: Value) -> bool:
    """Bind a variable of a module from outside (``helpers.limit = 3``); return whether the path is of such a module.

    Without a value: something is deleted there.
    """
    module = w.modules.find(path)
    if module is not None and path in w.namespaces:
        forget(w, module)
        return True
    owner, _, name = path.rpartition(".")
    module = w.modules.find(owner) if owner in w.namespaces else None
    if module is None:
        return False
    if name == "__class__":
        w.opaque(f"{owner} gets a class of its own, whose code may run wherever it is used")
    if name in ("*", "__dict__"):
        forget(w, module)
    else:
        module.names.setdefault(name)
        w.bind_global(path, value or frozenset({UNBOUND}), certain=w.scope.kind == "module")
    return True


def forget(w: Run, module: Module) -> Value:
    """Let all variables of a module be anything: something reads and binds them by name. Return what may be them."""
    made = w.heap.make(("variables of", module.path, w.record.index), UNKNOWN)
    made.path = f"{module.path}.__dict__"
    for name in list(module.names):
        w.heap.hold(made, ANY, frozenset(obj for obj in read(w, module, name) if not obj.immutable or obj.type == LIB))
    for name in list(module.names):
        if name not in _GIVEN:
            w.bind_global(f"{module.path}.{name}", frozenset({made}), certain=False)
    return frozenset({made})


def look_at(w: Run, value: Iterable[Obj]) -> None:
    """Let a library that is given a module see all that is in it."""
    for obj in value:
        if obj.type == LIB and obj.module:
            any_variable(w, obj)


def forget_given(w: Run, value: Iterable[Obj]) -> None:
    """Let the variables of those modules be anything that unknown code is given."""
    for obj in value:
        if obj.type == LIB and obj.module and (module := w.modules.find(obj.path)) is not None:
            forget(w, module)


def note_folder(w: Run, args: Arguments) -> None:
    """``sys.path.append("src")``: modules are found in that folder as well."""
    for value, _ in args.positional:
        for obj in value:
            if isinstance(obj.const, str):
                w.modules.look_in(obj.const)


def bind(w: Run, name: str, value: Value) -> bool:
    """Bind a variable of a module while the module is imported; return whether it was that."""
    space, _, last = name.rpartition(".")
    module = w.modules.find(space)
    if module is None:
        return False
    module.names.setdefault(last)
    if space not in w.fresh:
        return False
    if space != w.importing[-1]:
        w.entangled.add(space)
    _bind(w, module, last, value)
    return True


def _bind(w: Run, module: Module, name: str, value: Value) -> None:
    path = f"{module.path}.{name}"
    module.names.setdefault(name)
    defs = IMPORTED
    if w.is_unsteady and w.importing:
        w.unsteady.add(path)
        defs = frozenset({w.record.index})
    binding = w.module.state.names[path] = Binding(value, defs, -1)
    for trail in w.trails:
        trail.append((w.module, path, binding))
    w.touched.add(path)


def _public(w: Run, module: Module) -> list[str]:
    """Return the names that a star import binds: those that ``__all__`` lists, else all without an underscore."""
    listed = w.module.state.get(f"{module.path}.__all__")
    if listed is not None:
        names = {constant(frozenset({obj})) for obj in contents(listed.value)}
        if names and all(isinstance(name, str) for name in names):
            return sorted(names)
    return [name for name in module.names if not name.startswith("_")]


def _forget_names(w: Run, why: str) -> None:
    """Names are bound that nobody knows: in a module, any of its variables."""
    module = w.modules.find(w.scope.space) if w.scope.space else None
    if module is None:
        w.opaque(why)
        return
    made = w.heap.make(("module", module.path), UNKNOWN)
    _bind(w, module, ANYTHING, frozenset({made}))
