"""Mappings, and classes that calls make."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.analysis.lower.instructions import Call, Constant, Instruction, Make
from soorgeon_clone.analysis.objects.arguments import Arguments, constant
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value
from soorgeon_clone.analysis.objects.keys import ANY, FACTORY, KEYS, MEMBERS
from soorgeon_clone.analysis.objects.lineage import add_bases
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.parts import contents, mutable
from soorgeon_clone.analysis.objects.records import say_default, say_fields
from soorgeon_clone.analysis.objects.types import CLASS, LIB, MAPPINGS
from soorgeon_clone.analysis.objects.using import iterate


def make_class(machine: Machine, args: Arguments, node: Instruction) -> Value:
    """A class made by a call: ``namedtuple("P", "x y")``, ``type("A", (B,), {})``."""
    made = machine.heap.make((*machine.site(node), "made"), CLASS)
    made.name = str(constant(args.first) or "")
    made.module = machine.scope.space
    made.is_local = machine.scope.kind == "function"
    if isinstance(node, Call):
        say_fields(made, _fields_in(node))
    bases = contents(args.at(1)) if len(args.positional) > 1 else EMPTY
    add_bases(machine.heap, made, frozenset(o for o in bases if o.type in (CLASS, LIB)))
    for value in (args.at(2), args.at(1), dict(args.keywords).get("namespace", EMPTY)):
        for obj in value:
            for key, held in obj.fields.items():
                name = key[2:-2] if key.startswith("['") else MEMBERS
                machine.heap.hold(made, name, held)
    for keyword, value in args.keywords:
        if keyword == "defaults":  # of a named tuple: any of its fields may have any of them
            for name in _names_in(args.at(1)):
                machine.heap.hold(made, name, mutable(contents(value)))
                say_default(machine.heap, made, name, contents(value))
    return frozenset({made})


def _fields_in(node: Call) -> Iterator[str]:
    """Yield the names of a named tuple's fields in their order, where they are written in the call that makes it."""
    given = [argument.value for argument in node.arguments if not argument.sign]
    if len(given) != 2 or any(argument.name == "rename" for argument in node.arguments):
        return
    for part in given[1].items if isinstance(given[1], Make) else (given[1],):
        named = part.items[0] if isinstance(part, Make) and part.items else part
        if not isinstance(named, Constant) or not isinstance(named.value, str):
            return
        yield from named.value.replace(",", " ").split()


def _names_in(value: Value) -> set[str]:
    """Return the names in a text (``"x y"``), or in a list of texts."""
    texts = (constant(frozenset({obj})) for obj in (*value, *contents(value)))
    return {name for text in texts if isinstance(text, str) for name in text.replace(",", " ").split()}


def make_mapping(machine: Machine, args: Arguments, node: Instruction) -> Value:
    made = machine.heap.make(machine.site(node), "builtins.dict")
    for value, _ in args.positional:
        iterate(machine, value)
        for obj in value:
            if obj.type in MAPPINGS:
                for key, held in obj.fields.items():
                    machine.heap.hold(made, key, held)
            else:
                if not obj.type.startswith("builtins."):  # it may be a mapping as well
                    machine.heap.hold(made, ANY, contents(frozenset({obj})))
                for pair in machine.elements(frozenset({obj}), node):
                    machine.heap.hold(made, ANY, pair.fields.get("1", contents(frozenset({pair}))))
                    machine.heap.hold(made, KEYS, frozenset(o for o in pair.fields.get("0", EMPTY) if not o.immutable))
    for keyword, value in args.keywords:
        if keyword is None:
            machine.heap.hold(made, ANY, contents(value))
        else:
            machine.heap.hold(made, f"[{keyword!r}]", value)
    names = tuple(keyword for keyword, _ in args.keywords if keyword is not None)
    if not args.positional and len(names) == len(args.keywords):
        machine.heap.give_keys(made, names)
    else:
        machine.heap.lose_keys(made)
    return frozenset({made})


def _defaultdict(machine: Machine, args: Arguments, node: Instruction) -> Value:
    made = machine.heap.make(machine.site(node), "collections.defaultdict")
    machine.heap.hold(made, FACTORY, args.first)
    for filled in make_mapping(machine, Arguments(args.positional[1:], args.keywords), node):
        for key, held in filled.fields.items():
            machine.heap.hold(made, key, held)
    return frozenset({made})


def _mapping_method(machine: Machine, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value | None:
    own = frozenset({obj})
    if name in ("items", "values"):
        made = machine.heap.make((*machine.site(node), obj), f"builtins.dict_{name}")
        machine.heap.hold(made, KEYS, own)
        held = contents(own)
        if name == "items":
            key = obj.fields.get(KEYS, EMPTY) | {machine.heap.atom("builtins.scalar")}
            pair = machine.heap.make((*machine.site(node), obj, "pair"), "builtins.tuple")
            # a key is a constant text or number in nearly all cases; `scalar` keeps it so
            if not key <= pair.fields.get("0", EMPTY):
                pair.fields["0"] = pair.fields.get("0", EMPTY) | key
                machine.heap.grew(pair)
            machine.heap.hold(pair, "1", held)
            held = frozenset({pair})
        machine.heap.hold(made, ANY, held)
        return frozenset({made})
    if name in ("get", "pop", "setdefault", "__getitem__"):
        const = constant(args.first)
        if const is None:
            if name == "setdefault":
                machine.heap.hold_keys(obj, args.first)
            return None
        if name in ("pop", "setdefault"):
            machine.change_one(obj)
        found = obj.fields.get(f"[{const!r}]", EMPTY) | obj.fields.get(ANY, EMPTY)
        default = args.at(1)
        if name == "setdefault":
            machine.heap.hold(obj, f"[{const!r}]", default)
        return found | default or frozenset({machine.heap.atom("builtins.scalar")})
    if name == "update":
        machine.change_one(obj)
        given = make_mapping(machine, args, node)
        for made in given:
            for key_, held in made.fields.items():
                machine.heap.hold(obj, key_, held)
        return frozenset({machine.heap.atom("builtins.NoneType")})
    return None


FUNCTIONS = {
    "collections.namedtuple": make_class,
    "collections.OrderedDict": make_mapping,
    "collections.defaultdict": _defaultdict,
}
METHODS = dict.fromkeys(MAPPINGS, _mapping_method)
