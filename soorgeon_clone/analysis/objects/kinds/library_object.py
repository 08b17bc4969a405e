"""Objects of libraries: they answer what the effect tables say of their type."""

from __future__ import annotations

from soorgeon_clone.analysis.knowledge.effect_rules import Effect
from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects import labels, pickled_definitions
from soorgeon_clone.analysis.objects.arguments import NO_ARGUMENTS, Arguments, given, passing
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value
from soorgeon_clone.analysis.objects.index import Index
from soorgeon_clone.analysis.objects.keys import ANY, LOST, SELF
from soorgeon_clone.analysis.objects.kind import Kind
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.members import attributes
from soorgeon_clone.analysis.objects.parts import (
    cells,
    contents,
    is_mutable_container,
    may_keep_arrays,
    mutable,
    with_dictionary,
)
from soorgeon_clone.analysis.objects.types import CLASS, CONTAINERS, FUNCTION, INSTANCE, LIB, METHOD, NDARRAY, UNKNOWN

_OPENED = ("builtins.generator", "io.", "sqlite3.", "zipfile.", "tarfile.", "threading.", "tempfile.")


class LibraryObject(Kind):
    def depth(self, machine: Machine, obj: Obj) -> str:
        facts = machine.knowledge.type(obj.type) if obj.type != "builtins.object" else None
        return "all" if facts is None else "none" if facts.container else "parts"

    def attribute(self, machine: Machine, obj: Obj, name: str, node: Instruction) -> Value:
        if name == "__dict__" and not obj.immutable:
            return _dictionary(machine, obj)
        if not obj.immutable and name in machine.hints.accessors and self.keeps_accessors(machine, obj):
            machine.refill(obj)  # it may keep an object of the notebook's class, which pickle leaves out
            machine.heap.hold_words(obj, LOST, name)
        path = f"{obj.type}.{name}"
        effect = machine.knowledge.attribute(obj.type, name)
        if obj.immutable:
            return _unchanging(machine, obj, effect, NO_ARGUMENTS, node, path) or super().attribute(
                machine, obj, name, node
            )
        stored = obj.fields.get(name, EMPTY)
        if effect is None and machine.knowledge.has(obj.type, "items_are_attributes"):
            stored |= obj.fields.get(f"[{name!r}]", EMPTY) | obj.fields.get(ANY, EMPTY)
        if effect is None and machine.knowledge.parameters(path) is None:
            return stored | {obj} | _kept(obj)
        if effect is None:
            bound = machine.heap.make((*machine.site(node), name, obj), METHOD)
            bound.name = name
            machine.heap.hold(bound, SELF, frozenset({obj}))
            return stored | {obj, bound}
        found = machine.apply(effect, frozenset({obj}), NO_ARGUMENTS, node, path=path)
        if (
            "self" in effect.shares
        ):  # a part that is known by nothing but its name (df.attrs): what is put there is in obj
            parts = frozenset(p for p in found - {obj} if p.type == "builtins.object" or is_mutable_container(p))
            machine.heap.hold(obj, ANY, parts)
            for part in parts:
                part.made = min(part.made, obj.made)  # it was there before somebody asked for it
        return stored | found

    def item(self, machine: Machine, obj: Obj, index: Index, node: Instruction) -> Value:
        if obj.immutable:
            effect = machine.knowledge.subscript(obj.type, index.kind)
            found = _unchanging(machine, obj, effect, passing(index.value), node, f"{obj.type}[]")
            return found or super().item(machine, obj, index, node)
        name = index.constant
        if isinstance(name, str) and machine.knowledge.has(obj.type, "items_are_attributes"):
            return self.attribute(machine, obj, name, node) | obj.fields.get(f"[{name!r}]", EMPTY)
        effect = machine.knowledge.subscript(obj.type, index.kind)
        if effect is None:
            return super().item(machine, obj, index, node)
        return machine.apply(effect, frozenset({obj}), passing(index.value), node, path=f"{obj.type}[]")

    def elements(self, machine: Machine, obj: Obj, node: Instruction) -> Value:
        facts = machine.knowledge.type(obj.type) if not obj.immutable or _is_of_library(obj) else None
        element = facts.element if facts is not None else None
        own = frozenset({obj})
        if element is None:
            return super().elements(machine, obj, node)
        if obj.immutable:
            found = machine.elements_of(element, own, node)
            return found if all(part.immutable for part in found) else super().elements(machine, obj, node)
        if element == "element:self":  # a progress bar: it passes on what is in what it holds
            return machine.elements(frozenset(o for o in contents(own) if o.type != obj.type), node)
        if element == "cell:self":
            return cells(own) | {machine.heap.atom("builtins.scalar")}
        made = machine.elements_of(element, own, node)
        labels.share(machine, made, own)
        effect = machine.knowledge.method(obj.type, "__iter__", {}, obj.made_with)
        if effect is None or effect.shares:
            self.hold_elements(machine, obj, made)
        return made

    def hold_elements(self, machine: Machine, obj: Obj, made: Value) -> None:
        """Let what iterating gave hold the object, which holds it: an element of an array of axes is the figure's."""
        # a row of texts that a reader gives is nothing of the reader
        rows = {o for o in made if o.type in CONTAINERS and all(part.immutable for part in contents(frozenset({o})))}
        for part in made - {obj} - rows:
            machine.heap.hold(part, ANY, mutable(contents(frozenset({obj}))) | {obj})
            machine.heap.hold(obj, ANY, mutable(frozenset({part})))

    def store_attribute(self, machine: Machine, obj: Obj, name: str, value: Value, node: Instruction) -> None:
        if not obj.immutable and not self._sets_ambient(machine, obj, "__setattr__", value):
            super().store_attribute(machine, obj, name, value, node)

    def hold_attribute(self, machine: Machine, obj: Obj, name: str, value: Value) -> None:
        if self.leaves_out(machine, obj, name):
            machine.heap.hold_words(obj, LOST, name)
        super().hold_attribute(machine, obj, name, value)

    def keeps_accessors(self, machine: Machine, obj: Obj) -> bool:
        """Whether such an object keeps what it makes when somebody asks for an accessor of the notebook."""
        return machine.has(obj, "keeps_accessors")

    def leaves_out(self, machine: Machine, obj: Obj, name: str) -> bool:
        """Whether pickle leaves out an attribute that such an object gets, which is none of its own."""
        is_own = machine.knowledge.attribute(obj.type, name) is not None
        return machine.knowledge.has(obj.type, "own_pickling") and not is_own

    def store_item(self, machine: Machine, obj: Obj, index: Index, value: Value, node: Instruction) -> None:
        if not obj.immutable and not self._sets_ambient(machine, obj, "__setitem__", value):
            super().store_item(machine, obj, index, value, node)

    def hold_item(self, machine: Machine, obj: Obj, index: Index, value: Value, node: Instruction) -> None:
        if obj.type.rpartition(".")[2].startswith("_"):  # through an indexer (``df.loc``), what that shows is changed
            for part in contents(frozenset({obj})):
                machine.change_one(part)
        super().hold_item(machine, obj, index, value, node)

    def _sets_ambient(self, machine: Machine, obj: Obj, method: str, value: Value) -> bool:
        """Whether storing into the object changes a setting that it stands for (a logger, the decimal context)."""
        effect = machine.knowledge.method(obj.type, method, {})
        if effect is not None and effect.writes:
            machine.note("files_written", "*")
            pickled_definitions.note_written(machine, effect, method, value)
        if effect is not None and effect.opaque:
            machine.opaque(effect.opaque)
        for setting in effect.sets if effect is not None else ():
            machine.note("sets", setting)
        return effect is not None and bool(effect.sets)

    def change(self, machine: Machine, obj: Obj, stored: str) -> None:
        """Storing into an object of a library may change what it is a part of (a node of a tree)."""
        effect = machine.knowledge.store(obj.type, stored) if obj.memory is not None else None
        if effect is not None and effect.replaces:
            machine.refill(obj)
        else:
            machine.change((obj,))

    def call(self, machine: Machine, obj: Obj, args: Arguments, node: Instruction) -> Value:
        if obj.immutable and obj.type.startswith("builtins."):
            return super().call(machine, obj, args, node)
        path = f"{obj.type}.__call__"
        names = machine.knowledge.parameters(path)
        effect = machine.knowledge.method(obj.type, "__call__", given(args, names), obj.made_with)
        if effect is None:
            return super().call(machine, obj, args, node)
        if machine.knowledge.has(obj.type, "dresses"):
            return _call_dressed(machine, obj, effect, args, node)
        return machine.apply(effect, frozenset({obj}), args, node, path=path, names=names)

    def call_method(self, machine: Machine, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value:
        path = f"{obj.type}.{name}"
        reason = machine.blame(node, path)
        modelled = machine.model_method(obj, name, args, node)
        machine.heap.reason = reason
        if modelled is not None:
            return modelled
        if name == "__enter__" and not obj.type.startswith(_OPENED):
            machine.note("sets", "context")  # what `with` would set for its block stays set
            machine.note("unknown_calls", name)
        names = machine.knowledge.parameters(path)
        effect = machine.knowledge.method(obj.type, name, given(args, names), obj.made_with)
        if effect is None:
            if obj.immutable:
                return frozenset({machine.heap.atom("builtins.scalar")})
            return machine.unknown(frozenset({obj}), args, node, path)
        if name == "set_params":
            _forget_given(machine, obj, args)
        return machine.apply(effect, frozenset({obj}), args, node, path=path, names=names)

    def enter(self, machine: Machine, obj: Obj, node: Instruction) -> Value:
        effect = machine.knowledge.method(obj.type, "__enter__", {}) if not obj.immutable else None
        if effect is None or effect.returns == ("fresh",) or effect.returns[0].endswith(".*"):
            return frozenset({obj})
        return machine.apply(effect, frozenset({obj}), NO_ARGUMENTS, node, path=obj.type)

    def passed_on(self, machine: Machine, obj: Obj, node: Instruction, *, held: bool) -> Value:
        if held and machine.knowledge.has(obj.type, "learns"):
            return frozenset(o for o in contents(frozenset({obj})) if machine.knowledge.has(o.type, "learnt_from"))
        return EMPTY if machine.knowledge.has(obj.type, "pools") else super().passed_on(machine, obj, node, held=held)


def _call_dressed(machine: Machine, obj: Obj, effect: Effect, args: Arguments, node: Instruction) -> Value:
    """Call the functions that an object stands for, with the same arguments; return what the call gives."""
    own = frozenset({obj})

    def run() -> Value:
        found = machine.call(frozenset(o for o in contents(own) if _is_called(machine, o)), args, node)
        others = (text for text in effect.returns if not text.startswith("call:"))
        return found.union(*(machine.elements_of(text, own, node) for text in others))

    return machine.unless_running(obj, obj, run)


def _is_called(machine: Machine, obj: Obj) -> bool:
    return obj.type in _CALLABLE or machine.knowledge.has(obj.type, "dresses")


_CALLABLE = (FUNCTION, CLASS, METHOD, INSTANCE, LIB, UNKNOWN)


def _is_of_library(obj: Obj) -> bool:
    return "." in obj.type and not obj.type.startswith("builtins.")


def _dictionary(machine: Machine, obj: Obj) -> Value:
    """Return what holds the attributes of an object, its own arrays among them."""
    found = attributes(machine, obj)
    if may_keep_arrays(obj):
        own = machine.heap.make(("own arrays", obj), NDARRAY)
        own.made = min(own.made, obj.made)
        machine.heap.view(own, obj, apart=True)
        for held in found:
            machine.heap.hold(held, ANY, frozenset({own}))
    return found


def _kept(obj: Obj) -> Value:
    """Return the arrays and containers that an object was given: an attribute that nobody described may be one."""
    return frozenset(o for o in contents(with_dictionary(obj)) if o.type == NDARRAY or is_mutable_container(o))


def _unchanging(
    machine: Machine, obj: Obj, effect: Effect | None, args: Arguments, node: Instruction, path: str
) -> Value:
    """Return what the table says of a part of what never changes, where that never changes either."""
    if effect is None or not _is_of_library(obj):
        return EMPTY
    found = machine.apply(effect, frozenset({obj}), args, node, path=path)
    return found if all(part.immutable for part in found) else EMPTY


def _forget_given(machine: Machine, obj: Obj, args: Arguments) -> None:
    """An estimator gets other parameters than it was made with: ``pipeline.set_params(model__random_state=None)``."""
    unpacks = any(keyword is None for keyword, _ in args.keywords)
    others = {keyword.rpartition("__")[2]: None for keyword, _ in args.keywords if keyword is not None}
    for part in machine.heap.reach(frozenset({obj})):
        if part.made_with is not None:
            machine.heap.made_with_others(part, None if unpacks else {**part.made_with, **others})
