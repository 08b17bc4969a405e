"""Expressions -> the abstract objects they may give, with the uses and effects on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from soorgeon_clone.analysis.lower import instructions as lowered
from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.lower.parts import inside
from soorgeon_clone.analysis.machine import calls, deferred, definitions, namespaces, places
from soorgeon_clone.analysis.machine.walk import Run
from soorgeon_clone.analysis.objects import labels
from soorgeon_clone.analysis.objects.arguments import constant
from soorgeon_clone.analysis.objects.comparing import look_for_number, note_identity, note_same
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value
from soorgeon_clone.analysis.objects.keys import ANY, RETURNED
from soorgeon_clone.analysis.objects.parts import contents, known_items
from soorgeon_clone.analysis.objects.special_methods import implicit, implicit_inside, operate
from soorgeon_clone.analysis.objects.state import NO_DEFS, Binding, Scope, State
from soorgeon_clone.analysis.objects.types import CODE_TYPES, CONTAINERS, LIB, SUPER, UNKNOWN
from soorgeon_clone.analysis.objects.using import advance_all, iterate


def expression(machine: Run, node: Instruction) -> Value:
    """Return the objects that ``node`` may give."""
    return _EXPRESSIONS[type(node)](machine, node)


def _constant(machine: Run, node: lowered.Constant) -> Value:
    if node.type == "ellipsis":
        return EMPTY
    return frozenset({machine.heap.atom(f"builtins.{node.type}", node.value)})


def _text(machine: Run, node: lowered.Text) -> Value:
    pieces: list[Any] = []
    for piece in node.pieces:
        if isinstance(piece, str):
            pieces.append(piece)
            continue
        value = expression(machine, piece)
        implicit(machine, value)
        implicit_inside(machine, value)
        machine.show(value)
        pieces.append(constant(value))
    if node.is_plain and all(isinstance(piece, str) for piece in pieces):
        return frozenset({machine.heap.atom("builtins.str", "".join(pieces))})
    return frozenset({machine.heap.atom("builtins.str")})


def _make(machine: Run, node: lowered.Make) -> Value:
    """Return the list, tuple or set that a display makes."""
    kind = f"builtins.{node.kind}"
    if not node.items and node.kind == "tuple":
        return frozenset({machine.heap.make(machine.site(node), kind, immutable=True)})
    values = [
        (expression(machine, item.of if isinstance(item, lowered.Elements) else item), item) for item in node.items
    ]
    made = machine.heap.make(machine.site(node), kind)
    starred = any(isinstance(item, lowered.Elements) for item in node.items)
    for index, (value, item) in enumerate(values):
        if isinstance(item, lowered.Elements):
            iterate(machine, value)
            value = machine.elements(value, item)
        if kind == "builtins.set":
            implicit(machine, value)
        machine.heap.hold(made, str(index) if kind == "builtins.tuple" and not starred else "*", value)
    fixed = kind == "builtins.tuple" and not starred and all(value for value, _ in values)
    if fixed and all(o.immutable for value, _ in values for o in value) and _all_immutable(made):
        # an immutable tuple keeps what it holds for unpacking, although nothing can change through it
        made = machine.heap.make((*machine.site(node), "fixed"), "builtins.tuple", immutable=True)
        for index, (value, _) in enumerate(values):
            if not value <= made.fields.get(str(index), EMPTY):
                made.fields[str(index)] = made.fields.get(str(index), EMPTY) | value
                machine.heap.grew(made)
    return frozenset({made})


def _all_immutable(obj: Obj) -> bool:
    return all(o.immutable for value in obj.fields.values() for o in value)


def _make_mapping(machine: Run, node: lowered.MakeMapping) -> Value:
    made = machine.heap.make(machine.site(node), "builtins.dict")
    keys: list[str | None] = []
    for key, item in node.entries:
        if key is None:
            value = expression(machine, item)
            items = known_items(value)
            for name, held in items or ():
                keys.append(name)
                machine.heap.hold(made, f"[{name!r}]", held)
            if items is None:
                keys.append(None)
                machine.heap.hold(made, ANY, contents(value) | implicit(machine, value))
        else:
            under = expression(machine, key)
            implicit(machine, under)
            const = constant(under)
            keys.append(const if isinstance(const, str) else None)
            machine.heap.hold_item(made, under, expression(machine, item))
    names = tuple(dict.fromkeys(key for key in keys if key is not None))
    if None not in keys:
        machine.heap.give_keys(made, names)
    else:
        machine.heap.lose_keys(made)
    return frozenset({made})


def _gather(machine: Run, node: lowered.Gather) -> Value:
    """Return what a comprehension (list, set, dict or generator) gives."""
    made = machine.heap.make(machine.site(node), f"builtins.{node.kind}")
    scope = Scope("inline", machine.scope, State())
    outer = machine.scope

    def bind(name: str, value: Value) -> None:
        scope.state.names[name] = Binding(value, NO_DEFS, -1)

    def element() -> None:
        key = expression(machine, node.key) if node.key is not None else EMPTY
        machine.heap.hold(made, ANY, expression(machine, node.value))
        machine.heap.hold_keys(made, key)

    machine.looked_into.update(clause.over for clause in node.clauses)

    def run(clauses: tuple[lowered.Clause, ...], value: Value) -> None:
        clause, *rest = clauses
        iterate(machine, value)
        item = machine.elements(value, clause.over)

        def body() -> None:
            places.assign(machine, clause.target, item, bind)
            for test in clause.tests:
                implicit(machine, expression(machine, test))
            if rest:
                run(tuple(rest), expression(machine, rest[0].over))
            else:
                element()

        machine.loop(body)

    first = expression(machine, node.clauses[0].over)

    def run_all() -> Value:
        machine.scope = scope
        try:
            run(node.clauses, first)
        finally:
            machine.scope = outer
        return frozenset({made})

    if node.kind == "generator":
        return deferred.defer(machine, run_all, lambda: first | _mentioned(machine, node))
    return run_all()


def _mentioned(machine: Run, node: Instruction) -> Value:
    """Return what the variables denote that code mentions."""
    leaves = [leaf for leaf in inside(node) if isinstance(leaf, lowered.Read)]
    return EMPTY.union(*(machine.read(leaf) for leaf in leaves if _is_bound(machine, leaf.name)))


def _is_bound(machine: Run, name: str) -> bool:
    return machine.scope.local(name) is not None or machine.module.state.get(machine.qualified(name)) is not None


# -- operators -------------------------------------------------------------------------------------------------


def _operate(machine: Run, node: lowered.Operate) -> Value:
    asked = namespaces.asked_name(machine, node)
    if asked is not None:
        machine.read_global(asked)
        return frozenset({machine.heap.atom("builtins.bool")})
    filled = namespaces.filled_by_operator(machine, node)
    if filled is not None:
        return filled
    left = node.first
    value = expression(machine, left)
    for sign, operand in node.rest:
        if sign in ("in", "not in"):
            machine.looked_into.add(operand)
        right = expression(machine, operand)
        if sign in _ASKING:
            _ask_for_number(machine, left, sign, operand)
        value = operation(machine, node, value, sign, right)
        left = operand
    return value


_ASKING = frozenset({"is", "is not", "in", "not in"})


def _ask_for_number(machine: Run, left: Instruction, sign: str, right: Instruction) -> None:
    """``x is np.nan`` and ``np.nan in xs`` ask for one certain number, of which a file gives a copy."""
    for node in (left, right) if sign.startswith("is") else (left,):
        if (
            isinstance(node, lowered.Attribute)
            and isinstance(node.of, lowered.Read)
            and node.name in ("nan", "NaN", "NAN")
        ):
            machine.note("tells_copies", f"`{sign}` asks for the number {node.of.name}.{node.name} itself")


_COMPARISONS = frozenset({"==", "!=", "<", ">", "<=", ">=", "in", "not in"})


def operation(
    machine: Run, node: Instruction, left: Value, sign: str, right: Value, *, in_place: bool = False
) -> Value:
    """Return what ``left <sign> right`` gives. Operators of the notebook's own classes may run."""
    if sign in ("is", "is not"):
        note_same(machine, sign, left, right)
        return frozenset({machine.heap.atom("builtins.bool")})
    given = operate(machine, left, sign, right, in_place=in_place)
    own = implicit(machine, left | right) if given is None else given
    if sign in _COMPARISONS:
        implicit_inside(machine, left | right)
        note_identity(machine, left | right)
    if sign in ("in", "not in"):
        look_for_number(machine, right, left)
        advance_all(machine, right)
        return frozenset({machine.heap.atom("builtins.bool")})
    if given is not None:
        return given
    result: set[Obj] = set(own)
    for ones in _by_type(left):
        for others in _by_type(right):
            result.update(_operate_on(machine, node, ones, sign, others))
    if not left or not right:
        result.update(_operate_unknown(machine, node, left | right))
    return frozenset(result)


def _by_type(value: Value) -> list[list[Obj]]:
    if len(value) == 1:
        return [list(value)]
    groups: dict[str, list[Obj]] = {}
    for obj in value:
        groups.setdefault(obj.type, []).append(obj)
    return list(groups.values())


def _operate_on(machine: Run, node: Instruction, ones: list[Obj], sign: str, others: list[Obj]) -> Iterable[Obj]:
    """Return what an operator gives for operands of one type each."""
    one, other = ones[0], others[0]
    if len(ones) == len(others) == 1 and isinstance(one.const, str) and isinstance(other.const, str):
        if one.type == "pathlib.Path" and sign == "/":
            return (machine.heap.atom("pathlib.Path", f"{one.const}/{other.const}"),)
        if sign == "+" and len(one.const) + len(other.const) < 2000:
            return (machine.heap.atom("builtins.str", one.const + other.const),)
    both = frozenset((*ones, *others))
    if one.type in ("builtins.list", "builtins.tuple") and sign in ("+", "*"):
        made = machine.heap.make(machine.site(node), one.type)
        machine.heap.hold(made, ANY, contents(frozenset(o for o in both if o.type in CONTAINERS)))
        machine.heap.hold(made, ANY, frozenset(o for o in both if not o.immutable and o.type not in CONTAINERS))
        return (made,)
    kind = machine.knowledge.operator(one.type, sign, other.type) if "." in one.type or "." in other.type else None
    if kind is None:
        return _operate_unknown(machine, node, both)
    facts = machine.knowledge.type(kind)
    if facts is not None and facts.immutable:
        return (machine.heap.atom(kind),)
    made = machine.heap.make(machine.site(node), kind)
    if facts is None or kind in CONTAINERS:
        machine.heap.hold(made, ANY, contents(both))
    elif machine.knowledge.has(kind, "operands_held"):
        machine.heap.hold(made, ANY, frozenset(obj for obj in both if not obj.immutable))
    machine.heap.derive_order((made,), both)
    labels.share(machine, (made,), both)
    return (made,)


def _operate_unknown(machine: Run, node: Instruction, value: Value) -> Iterable[Obj]:
    if value and all(o.immutable and o.type != LIB for o in value):
        return value if len(value) == 1 and next(iter(value)).const is None else (machine.heap.atom("builtins.scalar"),)
    made = machine.heap.make(machine.site(node), UNKNOWN, inside=frozenset(o for o in value if not o.immutable))
    return (made,)


def _either(machine: Run, node: lowered.Either) -> Value:
    value = expression(machine, node.values[0])
    implicit(machine, value)
    for operand in node.values[1:]:
        result: list[Value] = []
        machine.perhaps(partial(_collect, machine, operand, result))
        value |= result[0]
        implicit(machine, result[0])
    return value


def _collect(machine: Run, node: Instruction, values: list[Value]) -> None:
    values.append(expression(machine, node))


def _operate_alone(machine: Run, node: lowered.OperateAlone) -> Value:
    value = expression(machine, node.value)
    own = implicit(machine, value)
    if node.sign == "not":
        return frozenset({machine.heap.atom("builtins.bool")})
    result: set[Obj] = set(own)
    for obj in value:
        kind = machine.knowledge.operator(obj.type, node.sign, "") if "." in obj.type else None
        if obj.type in ("builtins.int", "builtins.float", "builtins.bool"):
            result.add(machine.heap.atom(obj.type))
        elif kind is not None:
            facts = machine.knowledge.type(kind)
            result.add(
                machine.heap.atom(kind) if facts and facts.immutable else machine.heap.make(machine.site(node), kind)
            )
        else:
            result.update(_operate_unknown(machine, node, frozenset({obj})))
    return frozenset(result)


def _choose(machine: Run, node: lowered.Choose) -> Value:
    implicit(machine, expression(machine, node.test))
    results: list[Value] = []
    machine.join([machine.fork(partial(_collect, machine, branch, results)) for branch in (node.then, node.otherwise)])
    return results[0] | results[1]


def _bind_inside(machine: Run, node: lowered.BindInside) -> Value:
    value = expression(machine, node.value)
    machine.bind(node.name, value)
    return value


def _yield(machine: Run, node: lowered.Yield) -> Value:
    scope = machine.scope.body
    value = EMPTY
    given = scope.all_values.get("@sent", EMPTY) | {machine.heap.atom("builtins.scalar")}
    if node.value is not None:
        value = expression(machine, node.value)
    if node.each:
        inner = value
        for obj in inner:
            deferred.send(machine, obj, scope.all_values.get("@sent", EMPTY))
        iterate(machine, inner)
        value = machine.elements(inner, node)
        given = given.union(*(obj.fields.get(RETURNED, EMPTY) for obj in inner))
    scope.all_values["@yield"] = scope.all_values.get("@yield", EMPTY) | value
    return given


def _await(machine: Run, node: lowered.Await) -> Value:
    value = expression(machine, node.value)
    advance_all(machine, value)
    return contents(frozenset(o for o in value if o.type == "builtins.coroutine")) | frozenset(
        o for o in value if o.type != "builtins.coroutine"
    )


def _elements(machine: Run, node: lowered.Elements) -> Value:
    value = expression(machine, node.of)
    iterate(machine, value)
    return machine.elements(value, node)


# -- parts of objects, and calls -------------------------------------------------------------------------------


def _whole_chain(machine: Run, node: Instruction) -> Value:
    head = node
    while isinstance(head, (lowered.Attribute, lowered.Item, lowered.Call)):
        head = head.function if isinstance(head, lowered.Call) else head.of
    if isinstance(head, lowered.Read) and head.name == "get_ipython":
        # what a shell command or magic names may be something else than a variable
        machine.uncertain += 1
        try:
            return chain(machine, node)
        finally:
            machine.uncertain -= 1
    return chain(machine, node)


def chain(machine: Run, node: Instruction) -> Value:
    """Return what ``a.b(c)[d]`` gives."""
    if isinstance(node, lowered.Read):
        return machine.read(node)
    if isinstance(node, lowered.Attribute):
        return machine.attribute(_few(machine, chain(machine, node.of), node), node.name, node)
    if isinstance(node, lowered.Call):
        return _call(machine, node)
    if isinstance(node, lowered.Item):
        return _item(machine, node)
    return expression(machine, node)


def _item(machine: Run, node: lowered.Item) -> Value:
    name = namespaces.dynamic_name(machine, node)
    if name is not None:
        return machine.read_global(name, None)
    value, setting = _setting_or_part(machine, node.of, node)
    return value if setting else places.subscript(machine, _few(machine, value, node), node)


def _call(machine: Run, node: lowered.Call) -> Value:
    function = node.function
    if isinstance(function, lowered.Attribute):
        by_name = namespaces.looked_up(machine, node)
        if by_name is None:
            by_name = namespaces.filled(machine, node)
        if by_name is not None:
            return by_name
        value, setting = _setting_or_part(machine, function.of, node)
        if setting:
            return value
        receiver = _few(machine, value, function)
        return machine.call_method(receiver, function.name, calls.arguments(machine, node), node)
    if isinstance(function, lowered.Read) and function.name == "super":
        return definitions.super_object(machine, node)
    value = _few(machine, chain(machine, function), node)
    if value and all(obj.type == LIB and obj.path in _LOOKING for obj in value):
        machine.looked_into.update(item.value for item in node.arguments)
    return machine.call(value, calls.arguments(machine, node), node)


# Functions that neither change nor keep what they are given, nor the values that it has by its keys.
_LOOKING = frozenset(
    f"builtins.{name}" for name in "all any bool frozenset len list max min print repr set sorted str sum tuple".split()
)


def _setting_or_part(machine: Run, of: Instruction, whole: lowered.Call | lowered.Item) -> tuple[Value, bool]:
    """Return what ``whole`` gives if it looks something up in a setting (``os.environ["A"]``), else what ``of`` gives;
    and which of them it is."""
    if not isinstance(of, lowered.Attribute):
        return chain(machine, of), False
    value = _few(machine, chain(machine, of.of), of)
    found = namespaces.read_setting(machine, value, of.name, whole)
    if found is not None:
        return found, True
    return machine.attribute(value, of.name, of), False


def _few(machine: Run, value: Value, node: Instruction) -> Value:
    """Return one object that may be any of many: following each of them through all calls would take too long."""
    if len(value) <= machine.limits.alternatives:
        return value
    made = machine.heap.make((*machine.site(node), "any of"), UNKNOWN)
    each = frozenset(o for o in value if o.immutable or o.type in (*CODE_TYPES, SUPER) or machine.has(o, "views"))
    machine.heap.hold(made, ANY, value - each - {made})
    return each | {made}


_EXPRESSIONS: dict[type[Instruction], Callable[[Any, Any], Value]] = {
    lowered.Read: Run.read,
    lowered.Name: Run.read,
    lowered.Constant: _constant,
    lowered.Text: _text,
    lowered.Make: _make,
    lowered.MakeMapping: _make_mapping,
    lowered.Gather: _gather,
    lowered.Keys: places.keys,
    lowered.Attribute: _whole_chain,
    lowered.Item: _whole_chain,
    lowered.Call: _whole_chain,
    lowered.Operate: _operate,
    lowered.OperateAlone: _operate_alone,
    lowered.Either: _either,
    lowered.Choose: _choose,
    lowered.BindInside: _bind_inside,
    lowered.MakeFunction: definitions.make_function,
    lowered.MakeClass: definitions.make_class,
    lowered.Yield: _yield,
    lowered.Await: _await,
    lowered.Elements: _elements,
    lowered.Decorate: definitions.decorate,
}
