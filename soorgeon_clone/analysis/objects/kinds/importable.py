"""Modules and what is in them, known by their paths: libraries, builtins, settings, the notebook as a module."""

from __future__ import annotations

from soorgeon_clone.analysis.knowledge.effect_rules import REPLACED_STREAMS
from soorgeon_clone.analysis.knowledge.effects import Effect
from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.arguments import NO_ARGUMENTS, Arguments, constant, passing
from soorgeon_clone.analysis.objects.heap import CODE_TYPES, EMPTY, INSTANCE, LIB, UNKNOWN, Obj, Value
from soorgeon_clone.analysis.objects.index import Index
from soorgeon_clone.analysis.objects.kind import Kind
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.using import is_advancing

MAIN = "__main__"  # the notebook, as a module
SHELL = "IPython.shell"  # what ``get_ipython()`` gives
_SUPER = "builtins.super"
_STREAMS = frozenset({"sys.stdout", "sys.stderr", "sys.stdin"})


class Importable(Kind):
    types = frozenset({LIB})

    def attribute(self, w: Machine, obj: Obj, name: str, node: Instruction) -> Value:
        path = f"{obj.path}.{name}"
        if w.namespaces and (found := w.module_variable(obj, name, node)) is not None:
            return found
        if path == f"{SHELL}.user_ns":
            w.opaque("get_ipython().user_ns gives access to all variables out of sight")
        if obj.path == SHELL and name in ("execution_count", "history_manager"):
            w.read_global("In")
        if obj.path == MAIN:
            if name == "__dict__":
                w.opaque("it reads and writes variables by name")
            return w.read_global(name)
        held = given_to_module(w, path)
        if held:
            return held | {w.heap.lib(path)}
        effect = w.knowledge.module_attribute(path)
        if effect is not None:
            value = w.apply(effect, EMPTY, NO_ARGUMENTS, node, path=path)
            plain = frozenset(o for o in value if o.immutable and o.type != "builtins.NoneType")
            if plain and not effect.sets:
                return frozenset({w.heap.number(path)}) if w.knowledge.has(path, "not_unique") else plain
        return frozenset({w.heap.lib(path)})

    def item(self, w: Machine, obj: Obj, index: Index, node: Instruction) -> Value:
        """Return what an item of something in a module is (``np.c_[a, b]``)."""
        if obj.path == "sys.modules" and (module := _module_named(index.value)) is not None:
            return w.import_path(module, node) or frozenset({w.heap.lib(module)})
        effect = w.knowledge.module_attribute(obj.path)
        found = EMPTY
        for type_ in effect.returns if effect is not None and not effect.sets else ():
            item = w.knowledge.subscript(type_, index.kind) if "." in type_ else None
            if item is not None:
                found |= w.apply(item, EMPTY, passing(index.value), node, path=f"{obj.path}[]")
        return found or frozenset({obj})

    def elements(self, w: Machine, obj: Obj, node: Instruction) -> Value:
        """Return what is in something in a module: what its table says, where nothing can be done to that
        (``sys.path`` has texts)."""
        effect = w.knowledge.module_attribute(obj.path)
        if effect is not None and not given_to_module(w, obj.path):
            value = w.apply(effect, EMPTY, NO_ARGUMENTS, node, path=obj.path)
            found = w.elements(frozenset(o for o in value if o.type != LIB), node)
            if found and all(part.immutable for part in found):
                return found
        return frozenset({w.heap.make((*w.site(node), obj.path), UNKNOWN)})

    def store_attribute(self, w: Machine, obj: Obj, name: str, value: Value, node: Instruction) -> None:
        w.run_registered(value, node)
        _set(w, f"{obj.path}.{name}", value)

    def store_item(self, w: Machine, obj: Obj, index: Index, value: Value, node: Instruction) -> None:
        w.run_registered(value, node)
        _set(w, obj.path, value)

    def delete_attribute(self, w: Machine, obj: Obj, name: str, node: Instruction) -> None:
        _set(w, f"{obj.path}.{name}" if obj.module else obj.path, EMPTY)

    def delete_item(self, w: Machine, obj: Obj, node: Instruction) -> None:
        _set(w, obj.path, EMPTY)

    def call(self, w: Machine, obj: Obj, args: Arguments, node: Instruction) -> Value:
        return w.call_library(obj.path, args, node)

    def call_method(self, w: Machine, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value:
        if obj.path == _SUPER:
            return EMPTY
        modelled = w.model_method(obj, name, args, node)
        if modelled is not None:
            return modelled
        if w.namespaces and (own := w.module_variable(obj, name, node)) is not None:
            return w.call(own, args, node)
        path = f"{obj.path}.{name}"
        held = given_to_module(w, path)
        if held:
            return w.call(held, args, node) | w.call_library(path, args, node)
        if obj.path == MAIN:
            return w.call(w.read_global(name), args, node)
        owner = w.knowledge.module_attribute(obj.path)
        reason = w.blame(node, path)
        for setting in owner.sets if owner is not None else ():
            w.note("sets", setting)  # env = os.environ; env.pop("A")
        w.heap.reason = reason
        return w.call_library(path, args, node)

    def passed_on(self, w: Machine, obj: Obj, node: Instruction, *, held: bool) -> Value:
        return EMPTY


def _module_named(key: Value) -> str | None:
    """Return the module that ``sys.modules["math"]`` or ``sys.modules[__name__]`` gives."""
    if any(obj.path == "builtins.__name__" for obj in key):
        return MAIN
    name = constant(key)
    return name if isinstance(name, str) and all(part.isidentifier() for part in name.split(".")) else None


def given_to_module(w: Machine, path: str) -> Value:
    """Return what the notebook has assigned to an attribute of a module."""
    if not w.given_to_modules:
        return EMPTY
    owner = path.rpartition(".")[0]
    return w.given_to_modules.get(path, EMPTY) | w.given_to_modules.get(f"{owner}.*", EMPTY)


def _set(w: Machine, path: str, value: Value) -> None:
    """Assign to an attribute or item of something in a library: a setting, or a change of the library itself."""
    if w.namespaces and w.store_in_module(path, value):
        return
    if path.startswith(SHELL):
        w.opaque("get_ipython() gives access to all variables out of sight")
        return
    if path.partition(".")[0] == MAIN:
        _set_main(w, path, value)
        return
    if path in _STREAMS:
        if any(obj.type != LIB for obj in value):
            w.note("sets", REPLACED_STREAMS)
        w.change(value)  # by whatever is printed from now on
        if any(obj.type == INSTANCE for obj in value):
            w.opaque("what is printed goes to an object of the notebook")
    reason = w.blame(w.heap.reason.node, f"assignment to {path}")
    if path not in _STREAMS and any(is_advancing(w, obj) for obj in w.heap.reach(value)):
        w.opaque(f"{path} gets what each use of it changes")
    name = f"{path[:-9]}.*" if path.endswith(".__dict__") else path
    w.given_to_modules[name] = w.given_to_modules.get(name, EMPTY) | value
    w.in_modules |= w.heap.reach(frozenset(obj for obj in value if obj.type not in CODE_TYPES))
    while path:
        effect = w.knowledge.module_attribute(path)
        if effect is not None and effect.sets:
            for setting in effect.sets:
                w.note("sets", setting)
            note_code(w, effect, value)
            break
        path = path.rpartition(".")[0]
    else:
        w.note("sets", "modules")
    w.heap.reason = reason


def note_code(w: Machine, effect: Effect, given: Value) -> None:
    """A setting that holds functions or objects of the notebook is more than what can be read from it."""
    if "modules" not in effect.sets and any(obj.type in CODE_TYPES for obj in w.heap.reach(given)):
        w.note("sets", "other:code_of_the_notebook")


def _set_main(w: Machine, path: str, value: Value) -> None:
    """``__main__.x = 1`` binds x."""
    name = path.partition(".")[2]
    if not name.isidentifier() or name == "__dict__" or not value:
        w.opaque("it reads and writes variables by name")
    else:
        w.bind_global(name, value, certain=w.scope.kind == "module")
