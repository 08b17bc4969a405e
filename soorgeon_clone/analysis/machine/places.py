"""``a.b`` and ``a[i]`` where they stand: items that are read, parts that are stored or deleted."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Attribute, Instruction, Item, Keys
from soorgeon_clone.analysis.machine import calls, namespaces
from soorgeon_clone.analysis.machine.walk import Run
from soorgeon_clone.analysis.objects.comparing import look_up
from soorgeon_clone.analysis.objects.heap import EMPTY, INSTANCE, UNBOUND, Obj, Value
from soorgeon_clone.analysis.objects.index import Index
from soorgeon_clone.analysis.objects.parts import NDARRAY
from soorgeon_clone.analysis.objects.special_methods import implicit
from soorgeon_clone.analysis.objects.table import kind_of


def keys(w: Run, node: Instruction) -> Value:
    """Return the objects in the key of an item."""
    if not isinstance(node, Keys):
        value = w.evaluate(node)
        implicit(w, value)
        return value
    return EMPTY.union(*(w.evaluate(part) for part in node.parts)) | {_whole_key(w, node)}


def _whole_key(w: Run, node: Keys) -> Obj:
    return w.heap.atom("builtins.tuple" if node.kind == "tuple" else "builtins.slice")


def subscript(w: Run, value: Value, node: Item) -> Value:
    """Return what ``value[...]`` gives."""
    key = node.key
    is_many = isinstance(key, Keys) and key.kind != "slice"
    parts = [keys(w, part) for part in (key.parts if isinstance(key, Keys) and is_many else (key,))]
    within = EMPTY.union(*parts)
    if isinstance(key, Keys):
        within |= {_whole_key(w, key)}
    look_up(w, value, within)
    own = implicit(w, value)
    return own | calls.item_of(w, value, Index(key, within, parts), node)


def store(w: Run, node: Instruction, value: Value) -> None:
    """Do ``a.b = value`` or ``a[i] = value``."""
    reason = w.blame(node, f"assignment to an {'attribute' if isinstance(node, Attribute) else 'item'}")
    if isinstance(node, Attribute):
        objects = w.evaluate(node.of)
        if any(obj.type == INSTANCE for obj in objects):  # grid[0, 1].v = 7: it is no array that has attributes
            objects = frozenset(obj for obj in objects if obj.type != NDARRAY)
        for obj in objects:
            calls.store_attribute(w, obj, node.name, value, node)
    elif isinstance(node, Item):
        name = namespaces.dynamic_name(w, node)
        if name is not None:
            w.bind_global(name, value)
            return
        objects = w.evaluate(node.of)
        key = keys(w, node.key)
        implicit(w, objects)
        look_up(w, objects, key)
        index = Index(node.key, key)
        for obj in objects:
            kind_of(obj.type).store_item(w, obj, index, value, node)
    w.heap.reason = reason


def delete(w: Run, node: Instruction) -> None:
    """Do ``del a.b`` or ``del a[i]``."""
    if isinstance(node, Attribute):
        objects = w.evaluate(node.of)
        implicit(w, objects)
        for obj in objects:
            kind_of(obj.type).delete_attribute(w, obj, node.name, node)
    elif isinstance(node, Item):
        name = namespaces.dynamic_name(w, node)
        if name is not None:
            w.read_global(name)
            w.bind_global(name, frozenset({UNBOUND}), certain=w.scope.kind == "module")
            return
        objects = w.evaluate(node.of)
        look_up(w, objects, keys(w, node.key))
        implicit(w, objects)
        for obj in objects:
            kind_of(obj.type).delete_item(w, obj, node)
