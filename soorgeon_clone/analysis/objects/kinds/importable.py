"""Modules and what is in them, known by their paths: libraries, builtins, settings, the notebook as a module."""

from __future__ import annotations

from dataclasses import replace

from soorgeon_clone.analysis.knowledge.effect_rules import REPLACED_STREAMS, Effect
from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.arguments import NO_ARGUMENTS, Arguments, constant, passing
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value
from soorgeon_clone.analysis.objects.index import Index
from soorgeon_clone.analysis.objects.kind import Kind
from soorgeon_clone.analysis.objects.machine import BY_NAME, Machine
from soorgeon_clone.analysis.objects.members import bare_instance
from soorgeon_clone.analysis.objects.types import CLASS, CODE_TYPES, INSTANCE, LIB, UNKNOWN
from soorgeon_clone.analysis.objects.using import is_advancing

MAIN = "__main__"  # the notebook, as a module
SHELL = "IPython.shell"  # what ``get_ipython()`` gives
_SUPER = "builtins.super"
_STREAMS = frozenset({"sys.stdout", "sys.stderr", "sys.stdin"})


class Importable(Kind):
    types = frozenset({LIB})

    def attribute(self, machine: Machine, obj: Obj, name: str, node: Instruction) -> Value:
        path = f"{obj.path}.{name}"
        if machine.namespaces and (found := machine.module_variable(obj, name, node)) is not None:
            return found
        if path == f"{SHELL}.user_ns":
            machine.opaque("get_ipython().user_ns gives access to all variables out of sight")
        if obj.path == SHELL and name in ("execution_count", "history_manager"):
            machine.read_global("In")
        if obj.path == MAIN:
            if name == "__dict__":
                machine.opaque(BY_NAME)
            return machine.read_global(name)
        held = given_to_module(machine, path)
        if held:
            return held | {machine.heap.lib(path)}
        effect = machine.knowledge.module_attribute(path)
        if effect is not None and path not in _STREAMS:  # who is given a stream writes to it
            if effect.sets and node in machine.looked_into:
                effect = _only_looked_into(machine, effect)
            value = machine.apply(effect, EMPTY, NO_ARGUMENTS, node, path=path)
            plain = frozenset(o for o in value if o.immutable and o.type != "builtins.NoneType")
            if plain and not effect.sets:
                return frozenset({machine.heap.number(path)}) if machine.knowledge.has(path, "not_unique") else plain
        return frozenset({machine.heap.lib(path)})

    def item(self, machine: Machine, obj: Obj, index: Index, node: Instruction) -> Value:
        """Return what an item of something in a module is (``np.c_[a, b]``)."""
        if obj.path == "sys.modules" and (module := _module_named(index.value)) is not None:
            return machine.import_path(module, node) or frozenset({machine.heap.lib(module)})
        effect = machine.knowledge.module_attribute(obj.path)
        found = EMPTY
        for type_ in effect.returns if effect is not None and not effect.sets else ():
            item = machine.knowledge.subscript(type_, index.kind) if "." in type_ else None
            if item is not None:
                found |= machine.apply(item, EMPTY, passing(index.value), node, path=f"{obj.path}[]")
        held = given_to_module(machine, f"{obj.path}[]")
        return found | held or frozenset({obj})

    def elements(self, machine: Machine, obj: Obj, node: Instruction) -> Value:
        """Return what is in something in a module: what its table says, where nothing can be done to that
        (``sys.path`` has texts)."""
        effect = machine.knowledge.module_attribute(obj.path)
        given = any(given_to_module(machine, path) for path in (obj.path, f"{obj.path}[]"))
        if effect is not None and not given:
            value = machine.apply(_only_looked_into(machine, effect), EMPTY, NO_ARGUMENTS, node, path=obj.path)
            found = machine.elements(frozenset(o for o in value if o.type != LIB), node)
            if found and all(part.immutable for part in found):
                return found
        made = machine.heap.make((*machine.site(node), obj.path), UNKNOWN)
        machine.in_modules.add(made)  # who changes it changes the library: for each in logging.root.handlers
        return frozenset({made})

    def store_attribute(self, machine: Machine, obj: Obj, name: str, value: Value, node: Instruction) -> None:
        machine.run_registered(value, node)
        _set(machine, f"{obj.path}.{name}", value)

    def store_item(self, machine: Machine, obj: Obj, index: Index, value: Value, node: Instruction) -> None:
        machine.run_registered(value, node)
        _set(machine, obj.path, value, into=f"{obj.path}[]")

    def delete_attribute(self, machine: Machine, obj: Obj, name: str, node: Instruction) -> None:
        _set(machine, f"{obj.path}.{name}" if obj.module else obj.path, EMPTY)

    def delete_item(self, machine: Machine, obj: Obj, node: Instruction) -> None:
        _set(machine, obj.path, EMPTY, into=f"{obj.path}[]")

    def call(self, machine: Machine, obj: Obj, args: Arguments, node: Instruction) -> Value:
        return machine.call_library(obj.path, args, node)

    def call_method(self, machine: Machine, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value:
        if name == "__new__" and any(each.type == CLASS for each in args.first):
            return bare_instance(machine, args, node)
        if obj.path == _SUPER:
            return EMPTY
        modelled = machine.model_method(obj, name, args, node)
        if modelled is not None:
            return modelled
        if machine.namespaces and (own := machine.module_variable(obj, name, node)) is not None:
            return machine.call(own, args, node)
        path = f"{obj.path}.{name}"
        held = given_to_module(machine, path)
        if held:
            return machine.call(held, args, node) | machine.call_library(path, args, node)
        if obj.path == MAIN:
            return machine.call(machine.read_global(name), args, node)
        owner = machine.knowledge.module_attribute(obj.path)
        reason = machine.blame(node, path)
        for setting in owner.sets if owner is not None else ():
            machine.note("sets", setting)  # env = os.environ; env.pop("A")
        machine.heap.reason = reason
        return machine.call_library(path, args, node)

    def passed_on(self, machine: Machine, obj: Obj, node: Instruction, *, held: bool) -> Value:
        return EMPTY


def _only_looked_into(machine: Machine, effect: Effect) -> Effect:
    """Return the effect of a setting that nobody gets to change: ``"A" in os.environ`` depends on it."""
    for each in effect.sets:
        machine.note("varies", each)
    return replace(effect, sets=())


def _module_named(key: Value) -> str | None:
    """Return the module that ``sys.modules["math"]`` or ``sys.modules[__name__]`` gives."""
    if any(obj.path == "builtins.__name__" for obj in key):
        return MAIN
    name = constant(key)
    return name if isinstance(name, str) and all(part.isidentifier() for part in name.split(".")) else None


def given_to_module(machine: Machine, path: str) -> Value:
    """Return what the notebook has assigned to an attribute of a module, or to the items of one (``rcParams[]``)."""
    if not machine.given_to_modules:
        return EMPTY
    owner = path.rpartition(".")[0]
    return machine.given_to_modules.get(path, EMPTY) | machine.given_to_modules.get(f"{owner}.*", EMPTY)


def _set(machine: Machine, path: str, value: Value, into: str = "") -> None:
    """Assign to an attribute of something in a library, or ``into`` its items: a setting, or a change of that."""
    if machine.namespaces and machine.store_in_module(path, value):
        return
    if path.startswith(SHELL):
        machine.opaque("get_ipython() gives access to all variables out of sight")
        return
    if path.partition(".")[0] == MAIN:
        _set_main(machine, path, value)
        return
    if path in _STREAMS:
        if any(obj.type != LIB for obj in value):
            machine.note("sets", REPLACED_STREAMS)
        machine.change(value)  # by whatever is printed from now on
        if any(obj.type == INSTANCE for obj in value):
            machine.opaque("what is printed goes to an object of the notebook")
    reason = machine.blame(machine.heap.reason.node, f"assignment to {path}")
    is_drawn_from = machine.knowledge.has(path, "seeded_by_number") and not all(obj.const is None for obj in value)
    if is_drawn_from or (path not in _STREAMS and any(is_advancing(machine, obj) for obj in machine.heap.reach(value))):
        machine.opaque(f"{path} gets what each use of it changes")
    name = f"{path[:-9]}.*" if path.endswith(".__dict__") else into or path
    machine.given_to_modules[name] = machine.given_to_modules.get(name, EMPTY) | value
    machine.in_modules |= machine.heap.reach(frozenset(obj for obj in value if obj.type not in CODE_TYPES))
    while path:
        effect = machine.knowledge.module_attribute(path)
        if effect is not None and effect.sets:
            for setting in effect.sets:
                machine.note("sets", setting)
            note_code(machine, effect, value)
            break
        path = path.rpartition(".")[0]
    else:
        machine.note("sets", "modules")
    machine.heap.reason = reason


def note_code(machine: Machine, effect: Effect, given: Value) -> None:
    """A setting that holds functions or objects of the notebook is more than what can be read from it."""
    if "modules" not in effect.sets and any(obj.type in CODE_TYPES for obj in machine.heap.reach(given)):
        machine.note("sets", "other:code_of_the_notebook")


def _set_main(machine: Machine, path: str, value: Value) -> None:
    """``__main__.x = 1`` binds x."""
    name = path.partition(".")[2]
    if not name.isidentifier() or name == "__dict__" or not value:
        machine.opaque(BY_NAME)
    else:
        machine.bind_global(name, value, certain=machine.scope.kind == "module")
