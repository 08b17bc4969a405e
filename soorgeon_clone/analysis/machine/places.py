"""``a.b`` and ``a[i]`` where they stand: items that are read, parts that are stored or deleted."""

from __future__ import annotations

from collections.abc import Callable

from soorgeon_clone.analysis.lower.instructions import Attribute, Instruction, Item, Keys, Name, Rest, Unpack
from soorgeon_clone.analysis.machine import calls, namespaces
from soorgeon_clone.analysis.machine.walk import Run
from soorgeon_clone.analysis.objects.comparing import look_up
from soorgeon_clone.analysis.objects.heap import EMPTY, UNBOUND, Obj, Value
from soorgeon_clone.analysis.objects.index import Index
from soorgeon_clone.analysis.objects.special_methods import implicit
from soorgeon_clone.analysis.objects.table import kind_of
from soorgeon_clone.analysis.objects.types import INSTANCE, NDARRAY

Bind = Callable[[str, Value], None]


def keys(machine: Run, node: Instruction) -> Value:
    """Return the objects in the key of an item."""
    if not isinstance(node, Keys):
        value = machine.evaluate(node)
        implicit(machine, value)
        return value
    return EMPTY.union(*(machine.evaluate(part) for part in node.parts)) | {_whole_key(machine, node)}


def _whole_key(machine: Run, node: Keys) -> Obj:
    return machine.heap.atom("builtins.tuple" if node.kind == "tuple" else "builtins.slice")


def subscript(machine: Run, value: Value, node: Item) -> Value:
    """Return what ``value[...]`` gives."""
    key = node.key
    is_many = isinstance(key, Keys) and key.kind != "slice"
    parts = [keys(machine, part) for part in (key.parts if isinstance(key, Keys) and is_many else (key,))]
    within = EMPTY.union(*parts)
    if isinstance(key, Keys):
        within |= {_whole_key(machine, key)}
    look_up(machine, value, within)
    own = implicit(machine, value)
    return own | calls.item_of(machine, value, Index(key, within, parts), node)


def assign(machine: Run, target: Instruction, value: Value, bind: Bind | None = None) -> None:
    """Bind or store ``value`` where ``target`` says; ``bind`` binds the names, if it is not where the code stands."""
    if isinstance(target, Name):
        (bind or machine.bind)(target.name, value)
    elif isinstance(target, Unpack):
        starred = any(isinstance(t, Rest) for t in target.targets)
        for index, part in enumerate(target.targets):
            assign(machine, part, machine.element_at(value, None if starred else index, target), bind)
    elif isinstance(target, Rest):
        made = machine.heap.make(machine.site(target), "builtins.list", inside=value)
        assign(machine, target.target, frozenset({made}), bind)
    else:
        store(machine, target, value)


def store(machine: Run, node: Instruction, value: Value) -> None:
    """Do ``a.b = value`` or ``a[i] = value``."""
    reason = machine.blame(node, f"assignment to an {'attribute' if isinstance(node, Attribute) else 'item'}")
    if isinstance(node, Attribute):
        objects = machine.evaluate(node.of)
        if any(obj.type == INSTANCE for obj in objects):  # grid[0, 1].v = 7: it is no array that has attributes
            objects = frozenset(obj for obj in objects if obj.type != NDARRAY)
        for obj in objects:
            calls.store_attribute(machine, obj, node.name, value, node)
    elif isinstance(node, Item):
        name = namespaces.dynamic_name(machine, node)
        if name is not None:
            machine.bind_global(name, value)
            return
        objects = machine.evaluate(node.of)
        key = keys(machine, node.key)
        implicit(machine, objects)
        look_up(machine, objects, key)
        index = Index(node.key, key)
        for obj in objects:
            kind_of(obj.type).store_item(machine, obj, index, value, node)
    machine.heap.reason = reason


def delete(machine: Run, node: Instruction) -> None:
    """Do ``del a.b`` or ``del a[i]``."""
    if isinstance(node, Attribute):
        objects = machine.evaluate(node.of)
        implicit(machine, objects)
        for obj in objects:
            kind_of(obj.type).delete_attribute(machine, obj, node.name, node)
    elif isinstance(node, Item):
        name = namespaces.dynamic_name(machine, node)
        if name is not None:
            machine.read_global(name)
            machine.bind_global(name, frozenset({UNBOUND}), certain=machine.scope.kind == "module")
            return
        objects = machine.evaluate(node.of)
        look_up(machine, objects, keys(machine, node.key))
        implicit(machine, objects)
        for obj in objects:
            kind_of(obj.type).delete_item(machine, obj, node)
