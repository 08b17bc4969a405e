"""Objects of libraries: they answer what the effect tables say of their type."""

from __future__ import annotations

from soorgeon_clone.analysis.knowledge.effects import Effect
from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects import labels, pickled_definitions
from soorgeon_clone.analysis.objects.arguments import NO_ARGUMENTS, Arguments, given, passing
from soorgeon_clone.analysis.objects.heap import (
    ANY,
    CLASS,
    EMPTY,
    FUNCTION,
    INSTANCE,
    LIB,
    METHOD,
    SELF,
    UNKNOWN,
    Obj,
    Value,
)
from soorgeon_clone.analysis.objects.index import Index
from soorgeon_clone.analysis.objects.kind import Kind
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.members import attributes
from soorgeon_clone.analysis.objects.parts import CONTAINERS, cells, contents, is_mutable_container, mutable

_OPENED = ("builtins.generator", "io.", "sqlite3.", "zipfile.", "tarfile.", "threading.", "tempfile.")


class LibraryObject(Kind):
    def depth(self, w: Machine, obj: Obj) -> str:
        facts = w.facts_of(obj.type) if obj.type != "builtins.object" else None
        return "all" if facts is None else "none" if facts.container else "parts"

    def attribute(self, w: Machine, obj: Obj, name: str, node: Instruction) -> Value:
        if name == "__dict__" and not obj.immutable:
            return attributes(w, obj)
        path = f"{obj.type}.{name}"
        effect = w.knowledge.attribute(obj.type, name)
        if obj.immutable:
            return _unchanging(w, obj, effect, NO_ARGUMENTS, node, path) or super().attribute(w, obj, name, node)
        stored = obj.fields.get(name, EMPTY)
        if effect is None and w.knowledge.parameters(path) is None:
            return stored | {obj}
        if effect is None:
            bound = w.heap.make((*w.site(node), name, obj), METHOD)
            bound.name = name
            w.heap.hold(bound, SELF, frozenset({obj}))
            return stored | {obj, bound}
        found = w.apply(effect, frozenset({obj}), NO_ARGUMENTS, node, path=path)
        if (
            "self" in effect.shares
        ):  # a part that is known by nothing but its name (df.attrs): what is put there is in obj
            parts = frozenset(p for p in found - {obj} if p.type == "builtins.object" or is_mutable_container(p))
            w.heap.hold(obj, ANY, parts)
            for part in parts:
                part.made = min(part.made, obj.made)  # it was there before somebody asked for it
        return stored | found

    def item(self, w: Machine, obj: Obj, index: Index, node: Instruction) -> Value:
        if obj.immutable:
            effect = w.knowledge.subscript(obj.type, index.kind)
            found = _unchanging(w, obj, effect, passing(index.value), node, f"{obj.type}[]")
            return found or super().item(w, obj, index, node)
        name = index.constant
        if isinstance(name, str) and w.knowledge.has(obj.type, "items_are_attributes"):
            return self.attribute(w, obj, name, node) | obj.fields.get(f"[{name!r}]", EMPTY)
        effect = w.knowledge.subscript(obj.type, index.kind)
        if effect is None:
            return super().item(w, obj, index, node)
        return w.apply(effect, frozenset({obj}), passing(index.value), node, path=f"{obj.type}[]")

    def elements(self, w: Machine, obj: Obj, node: Instruction) -> Value:
        facts = w.facts_of(obj.type) if not obj.immutable or _is_of_library(obj) else None
        element = facts.element if facts is not None else None
        own = frozenset({obj})
        if element is None:
            return super().elements(w, obj, node)
        if obj.immutable:
            found = w.elements_of(element, own, node)
            return found if all(part.immutable for part in found) else super().elements(w, obj, node)
        if element == "element:self":  # a progress bar: it passes on what is in what it holds
            return w.elements(frozenset(o for o in contents(own) if o.type != obj.type), node)
        if element == "cell:self":
            return cells(own) | {w.heap.atom("builtins.scalar")}
        made = w.elements_of(element, own, node)
        labels.share(w, made, own)
        self.hold_elements(w, obj, made)
        return made

    def hold_elements(self, w: Machine, obj: Obj, made: Value) -> None:
        """Let what iterating gave hold the object, which holds it: an element of an array of axes is the figure's."""
        # a row of texts that a reader gives is nothing of the reader
        rows = {o for o in made if o.type in CONTAINERS and all(part.immutable for part in contents(frozenset({o})))}
        for part in made - {obj} - rows:
            w.heap.hold(part, ANY, mutable(contents(frozenset({obj}))) | {obj})
            w.heap.hold(obj, ANY, mutable(frozenset({part})))

    def store_attribute(self, w: Machine, obj: Obj, name: str, value: Value, node: Instruction) -> None:
        if not obj.immutable and not self._sets_ambient(w, obj, "__setattr__", value):
            super().store_attribute(w, obj, name, value, node)

    def store_item(self, w: Machine, obj: Obj, index: Index, value: Value, node: Instruction) -> None:
        if not obj.immutable and not self._sets_ambient(w, obj, "__setitem__", value):
            super().store_item(w, obj, index, value, node)

    def hold_item(self, w: Machine, obj: Obj, index: Index, value: Value, node: Instruction) -> None:
        if obj.type.rpartition(".")[2].startswith("_"):  # through an indexer (``df.loc``), what that shows is changed
            for part in contents(frozenset({obj})):
                w.change_one(part)
        super().hold_item(w, obj, index, value, node)

    def _sets_ambient(self, w: Machine, obj: Obj, method: str, value: Value) -> bool:
        """Whether storing into the object changes a setting that it stands for (a logger, the decimal context)."""
        effect = w.knowledge.method(obj.type, method, {})
        if effect is not None and effect.writes:
            w.note("files_written", "*")
            pickled_definitions.note_written(w, effect, method, value)
        for setting in effect.sets if effect is not None else ():
            w.note("sets", setting)
        return effect is not None and bool(effect.sets)

    def change(self, w: Machine, obj: Obj, stored: str) -> None:
        """Storing into an object of a library may change what it is a part of (a node of a tree)."""
        effect = w.knowledge.store(obj.type, stored) if obj.memory is not None else None
        if effect is not None and effect.replaces:
            w.refill(obj)
        else:
            w.change((obj,))

    def call(self, w: Machine, obj: Obj, args: Arguments, node: Instruction) -> Value:
        if obj.immutable and obj.type.startswith("builtins."):
            return super().call(w, obj, args, node)
        path = f"{obj.type}.__call__"
        names = w.knowledge.parameters(path)
        effect = w.knowledge.method(obj.type, "__call__", given(args, names), obj.made_with)
        if effect is None:
            return super().call(w, obj, args, node)
        if w.knowledge.has(obj.type, "dresses"):
            return _call_dressed(w, obj, effect, args, node)
        return w.apply(effect, frozenset({obj}), args, node, path=path, names=names)

    def call_method(self, w: Machine, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value:
        path = f"{obj.type}.{name}"
        reason = w.blame(node, path)
        modelled = w.model_method(obj, name, args, node)
        w.heap.reason = reason
        if modelled is not None:
            return modelled
        if name == "__enter__" and not obj.type.startswith(_OPENED):
            w.note("sets", "context")  # what `with` would set for its block stays set
            w.note("unknown_calls", name)
        names = w.knowledge.parameters(path)
        effect = w.knowledge.method(obj.type, name, given(args, names), obj.made_with)
        if effect is None:
            if obj.immutable:
                return frozenset({w.heap.atom("builtins.scalar")})
            return w.unknown(frozenset({obj}), args, node, path)
        if name == "set_params":
            _forget_given(w, obj, args)
        return w.apply(effect, frozenset({obj}), args, node, path=path, names=names)

    def enter(self, w: Machine, obj: Obj, node: Instruction) -> Value:
        effect = w.knowledge.method(obj.type, "__enter__", {}) if not obj.immutable else None
        if effect is None or effect.returns == ("fresh",) or effect.returns[0].endswith(".*"):
            return frozenset({obj})
        return w.apply(effect, frozenset({obj}), NO_ARGUMENTS, node, path=obj.type)

    def passed_on(self, w: Machine, obj: Obj, node: Instruction, *, held: bool) -> Value:
        if held and w.knowledge.has(obj.type, "learns"):
            return frozenset(o for o in contents(frozenset({obj})) if w.knowledge.has(o.type, "learnt_from"))
        return super().passed_on(w, obj, node, held=held)


def _call_dressed(w: Machine, obj: Obj, effect: Effect, args: Arguments, node: Instruction) -> Value:
    """Call the functions that an object stands for, with the same arguments; return what the call gives."""
    if (obj, obj) in w.running:
        return EMPTY
    own = frozenset({obj})
    w.running.add((obj, obj))
    found = w.call(frozenset(o for o in contents(own) if _is_called(w, o)), args, node)
    w.running.discard((obj, obj))
    return found.union(*(w.elements_of(text, own, node) for text in effect.returns if not text.startswith("call:")))


def _is_called(w: Machine, obj: Obj) -> bool:
    return obj.type in _CALLABLE or w.knowledge.has(obj.type, "dresses")


_CALLABLE = (FUNCTION, CLASS, METHOD, INSTANCE, LIB, UNKNOWN)


def _is_of_library(obj: Obj) -> bool:
    return "." in obj.type and not obj.type.startswith("builtins.")


def _unchanging(w: Machine, obj: Obj, effect: Effect | None, args: Arguments, node: Instruction, path: str) -> Value:
    """Return what the table says of a part of what never changes, where that never changes either."""
    if effect is None or not _is_of_library(obj):
        return EMPTY
    found = w.apply(effect, frozenset({obj}), args, node, path=path)
    return found if all(part.immutable for part in found) else EMPTY


def _forget_given(w: Machine, obj: Obj, args: Arguments) -> None:
    """An estimator gets other parameters than it was made with: ``pipeline.set_params(model__random_state=None)``."""
    unpacks = any(keyword is None for keyword, _ in args.keywords)
    others = {keyword.rpartition("__")[2]: None for keyword, _ in args.keywords if keyword is not None}
    for part in w.heap.reach(frozenset({obj})):
        if part.made_with is not None:
            part.made_with = None if unpacks else {**part.made_with, **others}
