"""Functions and classes where they are defined: what they are made of, decorators, ``super()`` in their methods."""

from __future__ import annotations

import re
from collections.abc import Iterator

from soorgeon_clone.analysis.lower import instructions as lowered
from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.lower.parts import inside
from soorgeon_clone.analysis.machine import beliefs, calls
from soorgeon_clone.analysis.machine.walk import Run
from soorgeon_clone.analysis.objects import lineage, records
from soorgeon_clone.analysis.objects.arguments import arity, passing
from soorgeon_clone.analysis.objects.heap import EMPTY, UNBOUND, Obj, Value
from soorgeon_clone.analysis.objects.keys import CELL, DEFAULT, EQUAL, FREE, KEYWORDS, OF_CLASS, SELF
from soorgeon_clone.analysis.objects.lineage import add_base, member
from soorgeon_clone.analysis.objects.members import make_enum_members, metaclasses, run_descriptor
from soorgeon_clone.analysis.objects.state import Scope, State
from soorgeon_clone.analysis.objects.table import kind_of
from soorgeon_clone.analysis.objects.types import CLASS, FUNCTION, INSTANCE, LIB, NAMELESS, SUPER

_PROPERTY_PARTS = ("setter", "getter", "deleter")


def make_function(machine: Run, node: lowered.MakeFunction) -> Value:
    """Return the object of a function or lambda; defaults, and annotations of a def, are evaluated."""
    code = node.code
    code.place = node
    obj = machine.heap.make(machine.site(node), FUNCTION)
    obj.code = code
    obj.name = code.name
    obj.module = machine.scope.space
    scope = machine.scope.body
    obj.scope = scope if scope.kind != "module" else None
    if obj.scope is not None:
        code.is_nested = scope.kind == "function"
        obj.scope.all_values["@made"] = obj.scope.all_values.get("@made", EMPTY) | {obj}
        if obj.scope.kind == "function":
            machine.heap.hold(obj, CELL, frozenset({machine.cell(obj.scope)}))
        obj.scope.all_values.setdefault("@", EMPTY)
    # a comprehension's variables are seen by lambdas in it, those of the inner one where two have the same
    inline: Scope | None = machine.scope
    around: dict[str, Value] = {}
    while inline is not None and inline.kind == "inline":
        for name, binding in inline.state.names.items():
            around.setdefault(name, binding.value)
        inline = inline.parent
    for name in around.keys() & code.free:
        machine.heap.hold(obj, f"{FREE}{name}", around[name])
    if code.is_lambda or code.is_nested:
        machine.heap.types.add(NAMELESS)
    for parameter in code.parameters:
        if parameter.default is not None:
            machine.heap.hold(obj, f"{DEFAULT}{parameter.name}", machine.evaluate(parameter.default))
        if parameter.annotation is not None and not code.is_lambda:
            annotation(machine, parameter.annotation)
    if code.returns is not None:
        annotation(machine, code.returns)
    return frozenset({obj})


_NAME = re.compile(r"[^\W\d]\w*")


def annotation(machine: Run, node: Instruction) -> None:
    """Read what an annotation names. One that is a text is evaluated later, if at all, by dataclasses and others."""
    if not machine.lazy_annotations:
        machine.evaluate(node)
    names: set[str] = set()
    for part in inside(node):
        if isinstance(part, lowered.Constant) and part.type == "str" and part.value is not None:
            names.update(_NAME.findall(str(part.value)))
        elif isinstance(part, lowered.Read) and machine.lazy_annotations:
            names.add(part.name)
    for name in names:
        if machine.module.state.get(machine.qualified(name)) is not None:
            machine.read_global(machine.qualified(name))


def make_class(machine: Run, node: lowered.MakeClass) -> Value:
    obj = machine.heap.make(machine.site(node), CLASS)
    obj.name = node.name
    obj.module = machine.scope.space
    obj.is_local = machine.scope.kind == "function"
    for base in node.bases:
        value = machine.evaluate(base.value)
        if base.sign:
            machine.heap.hold(obj, KEYWORDS, value)
        else:
            add_base(machine.heap, obj, value)
    if machine.hints.asks_subclasses:
        machine.change(base for base in obj.bases if base.type == CLASS)
    if any(_registers(machine, base) for base in obj.bases):
        machine.note("sets", "modules")
    scope = Scope("class", machine.scope, State())
    scope.self_class = obj
    outer = machine.scope
    machine.scope = scope
    try:
        machine.run_block(node.body)
    finally:
        machine.scope = outer
    for name, binding in scope.state.names.items():
        machine.heap.hold(obj, name, binding.value - {UNBOUND})
        for method in binding.value:
            if method.type == FUNCTION and method.code.owner is None and method.scope is scope:
                method.code.owner = obj  # defined in the class, not only given to it
            elif method.type == INSTANCE:
                words = frozenset({machine.heap.atom("builtins.str", name)})
                run_descriptor(machine, method, "__set_name__", (frozenset({obj}), words), node)
    make_enum_members(machine, obj, node)
    _subclass_hooks(machine, obj, node)
    if records.is_named_tuple(obj) or any(_DATACLASS.search(name) for name in node.decorators):
        records.say_fields(obj, _fields(node))
    if records.is_named_tuple(obj) or any(_GIVES_EQUALITY.search(name) for name in node.decorators):
        for name in _with_default(node):
            records.say_default(machine.heap, obj, name, obj.fields.get(name, EMPTY))
    if any(_GIVES_EQUALITY.search(name) for name in node.decorators):
        machine.heap.hold(obj, EQUAL, frozenset({machine.heap.atom("builtins.str")}))
    return frozenset({obj})


def _registers(machine: Run, base: Obj) -> bool:
    """Whether a class of a library, which each task has for itself, can tell what is derived from it."""
    return base.type == LIB and (machine.hints.asks_subclasses or machine.knowledge.has(base.path, "registers_classes"))


_GIVES_EQUALITY = re.compile(r"(^|\.)(dataclass|attrs?|define|frozen|s)$")


_DATACLASS = re.compile(r"(^|\.)dataclass$")
_NO_PLAIN_FIELD = frozenset({"ClassVar", "InitVar", "KW_ONLY"})


def _fields(node: lowered.MakeClass) -> Iterator[str]:
    """Yield the fields that the body of a class says, in their order; none where there are others as well."""
    said = [part for part in node.body if isinstance(part, lowered.Annotate)]
    for part in inside(node):
        if isinstance(part, lowered.Annotate):
            words = _NAME.findall(" ".join(_words(part.annotation)))
            has_options = isinstance(part.value, lowered.Call) and any(
                a.name in ("init", "kw_only") for a in part.value.arguments
            )
            if part not in said or has_options or not _NO_PLAIN_FIELD.isdisjoint(words):
                return
    for part in said:
        if isinstance(part.target, lowered.Name):
            yield part.target.name


def _with_default(node: lowered.MakeClass) -> Iterator[str]:
    """Yield the fields that have a default in the body of a class."""
    for part in inside(node):
        if (
            isinstance(part, lowered.Annotate)
            and isinstance(part.target, lowered.Name)
            and part.value
            and "ClassVar" not in _NAME.findall(" ".join(_words(part.annotation)))
        ):
            yield part.target.name


def _words(annotation: Instruction) -> Iterator[str]:
    for part in inside(annotation):
        if isinstance(part, (lowered.Read, lowered.Attribute)):
            yield part.name
        elif isinstance(part, lowered.Constant) and isinstance(part.value, str):
            yield part.value


def _subclass_hooks(machine: Run, cls: Obj, node: Instruction) -> None:
    """Run ``__init_subclass__`` of notebook bases and notebook metaclasses."""
    for base in cls.bases:
        if base.type == CLASS:
            for hook in member(frozenset({base}), "__init_subclass__"):
                if hook.type == FUNCTION:
                    machine.call_function(hook, passing(frozenset({cls})), node)
    for meta in metaclasses(cls):
        for name, first in (("__prepare__", meta), ("__new__", meta), ("__init__", cls)):
            for hook in member(frozenset({meta}), name):
                if hook.type == FUNCTION:
                    rest = [frozenset({cls})] * (arity(hook) - 1)
                    machine.call_function(hook, passing(frozenset({first}), *rest), node)


def decorate(machine: Run, node: lowered.Decorate) -> Value:
    """Return what a decorator, which is evaluated first, makes of what it stands before."""
    decorator = node.decorator
    if not isinstance(decorator, lowered.Attribute) or decorator.name not in _PROPERTY_PARTS:
        value = machine.evaluate(decorator)
        definition = machine.evaluate(node.value)
        made = EMPTY.union(*(kind_of(obj.type).decorate(machine, obj, definition, node) for obj in value))
        if any(calls.freezes(machine, obj) for obj in value | machine.heap.reach(value)):
            calls.freeze(machine, definition)
        for obj in value:
            if obj.type == LIB and not machine.knowledge.describes(obj.path.partition(".")[0]):
                beliefs.set_settings(machine, EMPTY, obj.path)
        return made or definition
    # one property, several functions
    value = machine.read(decorator.of) if isinstance(decorator.of, lowered.Read) else machine.evaluate(decorator)
    return value | machine.evaluate(node.value)


def super_object(machine: Run, node: lowered.Call) -> Value:
    """Return the object that ``super()`` gives: the instance, seen as an instance of the bases."""
    args = calls.arguments(machine, node)
    if len(args.positional) == 2 and args.first and all(owner.type == CLASS for owner in args.first):
        return EMPTY.union(*(_seen_from(machine, owner, args.at(1)) for owner in args.first))
    scope: Scope | None = machine.scope
    while scope is not None and not (scope.kind == "function" and scope.code.owner is not None):
        scope = scope.parent
    if scope is None or not scope.code.parameters:
        return frozenset({machine.heap.lib("builtins.super")})
    owner: Obj = scope.code.owner
    own = scope.all_values.get(scope.code.parameters[0].name, EMPTY)
    return _seen_from(machine, owner, own) or frozenset({machine.heap.lib("builtins.super")})


def _seen_from(machine: Run, owner: Obj, own: Value) -> Value:
    """Return objects as instances, and classes as ones, of what comes after the class ``owner``."""
    made: set[Obj] = set()
    for obj in own:
        if obj.type in (INSTANCE, CLASS):
            bases = frozenset(_rest(machine, cls, owner) for cls in (obj.classes if obj.type == INSTANCE else (obj,)))
            view = machine.heap.make(("super", obj, owner), SUPER)
            view.fields = {SELF: frozenset({obj}), OF_CLASS: bases}
            machine.heap.grew(view)
            made.add(view)
    return frozenset(made)


def _rest(machine: Run, cls: Obj, owner: Obj) -> Obj:
    """Return a class that has the members that ``super()`` finds in a method of ``owner``."""
    made = machine.heap.make(("bases of", owner, cls), CLASS)
    for group in lineage.after(cls, owner):
        lineage.add_base(machine.heap, made, group)
    lineage.add_bases(machine.heap, made, frozenset(o for o in owner.bases if o.type != CLASS))
    return made
