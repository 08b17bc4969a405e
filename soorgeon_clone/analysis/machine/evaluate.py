"""Expressions -> the abstract objects they may give, with the uses and effects on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from soorgeon_clone.analysis.lower.instructions import (
    Attribute,
    Await,
    BindInside,
    Call,
    Choose,
    Clause,
    Constant,
    Decorate,
    Either,
    Elements,
    Gather,
    Instruction,
    Item,
    Keys,
    Make,
    MakeClass,
    MakeFunction,
    MakeMapping,
    Name,
    Operate,
    OperateAlone,
    Read,
    Rest,
    Text,
    Unpack,
    Yield,
)
from soorgeon_clone.analysis.machine import calls, deferred, definitions, namespaces, places
from soorgeon_clone.analysis.machine.walk import Run
from soorgeon_clone.analysis.objects import labels
from soorgeon_clone.analysis.objects.arguments import constant
from soorgeon_clone.analysis.objects.comparing import look_for_number, note_identity, note_same
from soorgeon_clone.analysis.objects.heap import ANY, CODE_TYPES, EMPTY, LIB, RETURNED, SUPER, UNKNOWN, Obj, Value
from soorgeon_clone.analysis.objects.parts import CONTAINERS, contents
from soorgeon_clone.analysis.objects.special_methods import implicit, implicit_inside, operate
from soorgeon_clone.analysis.objects.state import NO_DEFS, Binding, Scope, State
from soorgeon_clone.analysis.objects.using import advance_all, iterate


def expression(w: Run, node: Instruction) -> Value:
    """Return the objects that ``node`` may give."""
    return _EXPRESSIONS[type(node)](w, node)


def _read(w: Run, node: Read) -> Value:
    return w.read(node)


def _constant(w: Run, node: Constant) -> Value:
    if node.type == "ellipsis":
        return EMPTY
    return frozenset({w.heap.atom(f"builtins.{node.type}", node.value)})


def _text(w: Run, node: Text) -> Value:
    pieces: list[Any] = []
    for piece in node.pieces:
        if isinstance(piece, str):
            pieces.append(piece)
            continue
        value = expression(w, piece)
        implicit(w, value)
        implicit_inside(w, value)
        w.show(value)
        pieces.append(constant(value))
    if node.is_plain and all(isinstance(piece, str) for piece in pieces):
        return frozenset({w.heap.atom("builtins.str", "".join(pieces))})
    return frozenset({w.heap.atom("builtins.str")})


def _make(w: Run, node: Make) -> Value:
    """Return the list, tuple or set that a display makes."""
    kind = f"builtins.{node.kind}"
    if not node.items and node.kind == "tuple":
        return frozenset({w.heap.make(w.site(node), kind, immutable=True)})
    values = [(expression(w, item.of if isinstance(item, Elements) else item), item) for item in node.items]
    made = w.heap.make(w.site(node), kind)
    starred = any(isinstance(item, Elements) for item in node.items)
    for index, (value, item) in enumerate(values):
        if isinstance(item, Elements):
            iterate(w, value)
            value = w.elements(value, item)
        if kind == "builtins.set":
            implicit(w, value)
        w.heap.hold(made, str(index) if kind == "builtins.tuple" and not starred else "*", value)
    fixed = kind == "builtins.tuple" and not starred and all(value for value, _ in values)
    if fixed and all(o.immutable for value, _ in values for o in value) and _all_immutable(made):
        # an immutable tuple keeps what it holds for unpacking, although nothing can change through it
        made = w.heap.make((*w.site(node), "fixed"), "builtins.tuple", immutable=True)
        for index, (value, _) in enumerate(values):
            made.fields[str(index)] = made.fields.get(str(index), EMPTY) | value
    return frozenset({made})


def _all_immutable(obj: Obj) -> bool:
    return all(o.immutable for value in obj.fields.values() for o in value)


def _make_mapping(w: Run, node: MakeMapping) -> Value:
    made = w.heap.make(w.site(node), "builtins.dict")
    for key, item in node.entries:
        if key is None:
            value = expression(w, item)
            w.heap.hold(made, ANY, contents(value) | implicit(w, value))
        else:
            under = expression(w, key)
            implicit(w, under)
            w.heap.hold_item(made, under, expression(w, item))
    return frozenset({made})


def _gather(w: Run, node: Gather) -> Value:
    """Return what a comprehension (list, set, dict or generator) gives."""
    made = w.heap.make(w.site(node), f"builtins.{node.kind}")
    scope = Scope("inline", w.scope, State())
    outer = w.scope

    def element() -> None:
        key = expression(w, node.key) if node.key is not None else EMPTY
        w.heap.hold(made, ANY, expression(w, node.value))
        w.heap.hold_keys(made, key)

    def run(clauses: tuple[Clause, ...], value: Value) -> None:
        clause, *rest = clauses
        iterate(w, value)
        item = w.elements(value, clause.over)

        def body() -> None:
            bind_inline(w, scope, clause.target, item)
            for test in clause.tests:
                implicit(w, expression(w, test))
            if rest:
                run(tuple(rest), expression(w, rest[0].over))
            else:
                element()

        w.loop(body)

    first = expression(w, node.clauses[0].over)

    def run_all() -> Value:
        w.scope = scope
        try:
            run(node.clauses, first)
        finally:
            w.scope = outer
        return frozenset({made})

    return deferred.defer(w, run_all) if node.kind == "generator" else run_all()


def bind_inline(w: Run, scope: Scope, target: Instruction, value: Value) -> None:
    """Bind the target of a comprehension's ``for`` in the comprehension's own scope."""
    if isinstance(target, Name):
        scope.state.names[target.name] = Binding(value, NO_DEFS, -1)
    elif isinstance(target, Unpack):
        starred = any(isinstance(t, Rest) for t in target.targets)
        for index, item in enumerate(target.targets):
            bind_inline(w, scope, item, w.element_at(value, None if starred else index, target))
    elif isinstance(target, Rest):
        bind_inline(w, scope, target.target, value)
    else:
        places.store(w, target, value)


# -- operators -------------------------------------------------------------------------------------------------


def _operate(w: Run, node: Operate) -> Value:
    asked = namespaces.asked_name(w, node)
    if asked is not None:
        w.read_global(asked)
        return frozenset({w.heap.atom("builtins.bool")})
    left = node.first
    value = expression(w, left)
    for sign, operand in node.rest:
        right = expression(w, operand)
        if sign in _ASKING:
            _ask_for_number(w, left, sign, operand)
        value = operation(w, node, value, sign, right)
        left = operand
    return value


_ASKING = frozenset({"is", "is not", "in", "not in"})


def _ask_for_number(w: Run, left: Instruction, sign: str, right: Instruction) -> None:
    """``x is np.nan`` and ``np.nan in xs`` ask for one certain number, of which a file gives a copy."""
    for node in (left, right) if sign.startswith("is") else (left,):
        if isinstance(node, Attribute) and isinstance(node.of, Read) and node.name in ("nan", "NaN", "NAN"):
            w.note("tells_copies", f"`{sign}` asks for the number {node.of.name}.{node.name} itself")


_COMPARISONS = frozenset({"==", "!=", "<", ">", "<=", ">=", "in", "not in"})


def operation(w: Run, node: Instruction, left: Value, sign: str, right: Value, *, in_place: bool = False) -> Value:
    """Return what ``left <sign> right`` gives. Operators of the notebook's own classes may run."""
    if sign in ("is", "is not"):
        note_same(w, sign, left, right)
        return frozenset({w.heap.atom("builtins.bool")})
    given = operate(w, left, sign, right, in_place=in_place)
    own = implicit(w, left | right) if given is None else given
    if sign in _COMPARISONS:
        implicit_inside(w, left | right)
        note_identity(w, left | right)
    if sign in ("in", "not in"):
        look_for_number(w, right, left)
        advance_all(w, right)
        return frozenset({w.heap.atom("builtins.bool")})
    if given is not None:
        return given
    result: set[Obj] = set(own)
    for ones in _by_type(left):
        for others in _by_type(right):
            result.update(_operate_on(w, node, ones, sign, others))
    if not left or not right:
        result.update(_operate_unknown(w, node, left | right))
    return frozenset(result)


def _by_type(value: Value) -> list[list[Obj]]:
    if len(value) == 1:
        return [list(value)]
    groups: dict[str, list[Obj]] = {}
    for obj in value:
        groups.setdefault(obj.type, []).append(obj)
    return list(groups.values())


def _operate_on(w: Run, node: Instruction, ones: list[Obj], sign: str, others: list[Obj]) -> Iterable[Obj]:
    """Return what an operator gives for operands of one type each."""
    one, other = ones[0], others[0]
    if len(ones) == len(others) == 1 and isinstance(one.const, str) and isinstance(other.const, str):
        if one.type == "pathlib.Path" and sign == "/":
            return (w.heap.atom("pathlib.Path", f"{one.const}/{other.const}"),)
        if sign == "+" and len(one.const) + len(other.const) < 2000:
            return (w.heap.atom("builtins.str", one.const + other.const),)
    both = frozenset((*ones, *others))
    if one.type in ("builtins.list", "builtins.tuple") and sign in ("+", "*"):
        made = w.heap.make(w.site(node), one.type)
        w.heap.hold(made, ANY, contents(frozenset(o for o in both if o.type in CONTAINERS)))
        w.heap.hold(made, ANY, frozenset(o for o in both if not o.immutable and o.type not in CONTAINERS))
        return (made,)
    kind = w.operator(one.type, sign, other.type) if "." in one.type or "." in other.type else None
    if kind is None:
        return _operate_unknown(w, node, both)
    facts = w.facts_of(kind)
    if facts is not None and facts.immutable:
        return (w.heap.atom(kind),)
    made = w.heap.make(w.site(node), kind)
    if facts is None or kind in CONTAINERS:
        w.heap.hold(made, ANY, contents(both))
    elif w.knowledge.has(kind, "operands_held"):
        w.heap.hold(made, ANY, frozenset(obj for obj in both if not obj.immutable))
    w.heap.derive_order((made,), both)
    labels.share(w, (made,), both)
    return (made,)


def _operate_unknown(w: Run, node: Instruction, value: Value) -> Iterable[Obj]:
    if value and all(o.immutable and o.type != LIB for o in value):
        return value if len(value) == 1 and next(iter(value)).const is None else (w.heap.atom("builtins.scalar"),)
    made = w.heap.make(w.site(node), UNKNOWN)
    w.heap.hold(made, ANY, frozenset(o for o in value if not o.immutable))
    return (made,)


def _either(w: Run, node: Either) -> Value:
    value = expression(w, node.values[0])
    implicit(w, value)
    for operand in node.values[1:]:
        result: list[Value] = []
        w.perhaps(partial(_collect, w, operand, result))
        value |= result[0]
        implicit(w, result[0])
    return value


def _collect(w: Run, node: Instruction, values: list[Value]) -> None:
    values.append(expression(w, node))


def _operate_alone(w: Run, node: OperateAlone) -> Value:
    value = expression(w, node.value)
    own = implicit(w, value)
    if node.sign == "not":
        return frozenset({w.heap.atom("builtins.bool")})
    result: set[Obj] = set(own)
    for obj in value:
        kind = w.operator(obj.type, node.sign, "") if "." in obj.type else None
        if obj.type in ("builtins.int", "builtins.float", "builtins.bool"):
            result.add(w.heap.atom(obj.type))
        elif kind is not None:
            facts = w.facts_of(kind)
            result.add(w.heap.atom(kind) if facts and facts.immutable else w.heap.make(w.site(node), kind))
        else:
            result.update(_operate_unknown(w, node, frozenset({obj})))
    return frozenset(result)


def _choose(w: Run, node: Choose) -> Value:
    implicit(w, expression(w, node.test))
    results: list[Value] = []
    w.join([w.fork(partial(_collect, w, branch, results)) for branch in (node.then, node.otherwise)])
    return results[0] | results[1]


def _bind_inside(w: Run, node: BindInside) -> Value:
    value = expression(w, node.value)
    w.bind(node.name, value)
    return value


def _make_function(w: Run, node: MakeFunction) -> Value:
    return frozenset({definitions.make_function(w, node)})


def _make_class(w: Run, node: MakeClass) -> Value:
    return frozenset({definitions.make_class(w, node)})


def _yield(w: Run, node: Yield) -> Value:
    scope: Scope = w.scope
    while scope.kind == "inline" and scope.parent is not None:
        scope = scope.parent
    value = EMPTY
    given = scope.all_values.get("@sent", EMPTY) | {w.heap.atom("builtins.scalar")}
    if node.value is not None:
        value = expression(w, node.value)
    if node.each:
        inner = value
        for obj in inner:
            deferred.send(w, obj, scope.all_values.get("@sent", EMPTY))
        iterate(w, inner)
        value = w.elements(inner, node)
        given = given.union(*(obj.fields.get(RETURNED, EMPTY) for obj in inner))
    scope.all_values["@yield"] = scope.all_values.get("@yield", EMPTY) | value
    return given


def _await(w: Run, node: Await) -> Value:
    value = expression(w, node.value)
    advance_all(w, value)
    return contents(frozenset(o for o in value if o.type == "builtins.coroutine")) | frozenset(
        o for o in value if o.type != "builtins.coroutine"
    )


def _elements(w: Run, node: Elements) -> Value:
    value = expression(w, node.of)
    iterate(w, value)
    return w.elements(value, node)


# -- parts of objects, and calls -------------------------------------------------------------------------------


def _whole_chain(w: Run, node: Instruction) -> Value:
    head = node
    while isinstance(head, (Attribute, Item, Call)):
        head = head.function if isinstance(head, Call) else head.of
    if isinstance(head, Read) and head.name == "get_ipython":
        # what a shell command or magic names may be something else than a variable
        w.uncertain += 1
        try:
            return chain(w, node)
        finally:
            w.uncertain -= 1
    return chain(w, node)


def chain(w: Run, node: Instruction) -> Value:
    """Return what ``a.b(c)[d]`` gives."""
    if isinstance(node, Read):
        return w.read(node)
    if isinstance(node, Attribute):
        return w.attribute(_few(w, chain(w, node.of), node), node.name, node)
    if isinstance(node, Call):
        return _call(w, node)
    if isinstance(node, Item):
        return _item(w, node)
    return expression(w, node)


def _item(w: Run, node: Item) -> Value:
    name = namespaces.dynamic_name(w, node)
    if name is not None:
        return w.read_global(name, None)
    value, setting = _setting_or_part(w, node.of, node)
    return value if setting else places.subscript(w, _few(w, value, node), node)


def _call(w: Run, node: Call) -> Value:
    function = node.function
    if isinstance(function, Attribute):
        value, setting = _setting_or_part(w, function.of, node)
        if setting:
            return value
        receiver = _few(w, value, function)
        return w.call_method(receiver, function.name, calls.arguments(w, node), node)
    if isinstance(function, Read) and function.name == "super":
        return definitions.super_object(w, node)
    value = _few(w, chain(w, function), node)
    return w.call(value, calls.arguments(w, node), node)


def _setting_or_part(w: Run, of: Instruction, whole: Call | Item) -> tuple[Value, bool]:
    """Return what ``whole`` gives if it looks something up in a setting (``os.environ["A"]``), else what ``of`` gives;
    and which of them it is."""
    if not isinstance(of, Attribute):
        return chain(w, of), False
    value = _few(w, chain(w, of.of), of)
    found = namespaces.read_setting(w, value, of.name, whole)
    if found is not None:
        return found, True
    return w.attribute(value, of.name, of), False


def _few(w: Run, value: Value, node: Instruction) -> Value:
    """Return one object that may be any of many: following each of them through all calls would take too long."""
    if len(value) <= w.limits.alternatives:
        return value
    made = w.heap.make((*w.site(node), "any of"), UNKNOWN)
    each = frozenset(o for o in value if o.immutable or o.type in (*CODE_TYPES, SUPER) or w.has(o, "views"))
    w.heap.hold(made, ANY, value - each - {made})
    return each | {made}


_EXPRESSIONS: dict[type[Instruction], Callable[[Any, Any], Value]] = {
    Read: _read,
    Name: _read,
    Constant: _constant,
    Text: _text,
    Make: _make,
    MakeMapping: _make_mapping,
    Gather: _gather,
    Keys: places.keys,
    Attribute: _whole_chain,
    Item: _whole_chain,
    Call: _whole_chain,
    Operate: _operate,
    OperateAlone: _operate_alone,
    Either: _either,
    Choose: _choose,
    BindInside: _bind_inside,
    MakeFunction: _make_function,
    MakeClass: _make_class,
    Yield: _yield,
    Await: _await,
    Elements: _elements,
    Decorate: definitions.decorate,
}
