"""Expressions -> the abstract objects they may give, with the uses and effects on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from soorgeon_clone.analysis import access, calls, deferred, instances, labels, library, statements
from soorgeon_clone.analysis.heap import (
    EMPTY,
    LIB,
    UNKNOWN,
    Obj,
    Value,
)
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
from soorgeon_clone.analysis.state import NO_DEFS, Binding, Scope, State

if TYPE_CHECKING:
    from soorgeon_clone.analysis.walk import Walker


def expression(w: Walker, node: Instruction) -> Value:
    """Return the objects that ``node`` may give."""
    return _EXPRESSIONS[type(node)](w, node)


def _read(w: Walker, node: Read) -> Value:
    return w.read(node)


def _constant(w: Walker, node: Constant) -> Value:
    if node.type == "ellipsis":
        return EMPTY
    return frozenset({w.heap.atom(f"builtins.{node.type}", node.value)})


def _text(w: Walker, node: Text) -> Value:
    pieces: list[Any] = []
    for piece in node.pieces:
        if isinstance(piece, str):
            pieces.append(piece)
            continue
        value = expression(w, piece)
        access.implicit(w, value)
        access.implicit_inside(w, value)
        w.show(value)
        pieces.append(constant(value))
    if node.is_plain and all(isinstance(piece, str) for piece in pieces):
        return frozenset({w.heap.atom("builtins.str", "".join(pieces))})
    return frozenset({w.heap.atom("builtins.str")})


def constant(value: Value) -> Any:
    """Return the constant (str, int, bool) that ``value`` certainly is, else None."""
    if len(value) == 1:
        (obj,) = value
        return obj.const
    return None


def constant_source(value: Value) -> str | None:
    """Return the source text of the constant that ``value`` certainly is, else None."""
    if len(value) == 1:
        (obj,) = value
        if obj.type == "builtins.NoneType":
            return "None"
        if obj.const is not None:
            return repr(obj.const)
        if obj.type in ("builtins.int", "builtins.float"):
            return "1"  # a number, whichever
    return None


def _make(w: Walker, node: Make) -> Value:
    """Return the list, tuple or set that a display makes."""
    kind = f"builtins.{node.kind}"
    if not node.items and node.kind == "tuple":
        return frozenset({w.heap.make(w.site(node), kind, immutable=True)})
    values = [(expression(w, item.of if isinstance(item, Elements) else item), item) for item in node.items]
    made = w.heap.make(w.site(node), kind)
    starred = any(isinstance(item, Elements) for item in node.items)
    for index, (value, item) in enumerate(values):
        if isinstance(item, Elements):
            access.iterate(w, value)
            value = access.elements(w, value, item)
        if kind == "builtins.set":
            access.implicit(w, value)
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


def _make_mapping(w: Walker, node: MakeMapping) -> Value:
    made = w.heap.make(w.site(node), "builtins.dict")
    for key, item in node.entries:
        if key is None:
            value = expression(w, item)
            w.heap.hold(made, "*", access.contents(value) | access.implicit(w, value))
        else:
            under = expression(w, key)
            access.implicit(w, under)
            access.hold_item(w, made, under, expression(w, item))
    return frozenset({made})


def _gather(w: Walker, node: Gather) -> Value:
    """Return what a comprehension (list, set, dict or generator) gives."""
    made = w.heap.make(w.site(node), f"builtins.{node.kind}")
    scope = Scope("inline", w.scope, State())
    outer = w.scope

    def element() -> None:
        key = expression(w, node.key) if node.key is not None else EMPTY
        w.heap.hold(made, "*", expression(w, node.value))
        access.hold_keys(w, made, key)

    def run(clauses: tuple[Clause, ...], value: Value) -> None:
        clause, *rest = clauses
        access.iterate(w, value)
        item = access.elements(w, value, clause.over)

        def body() -> None:
            bind_inline(w, scope, clause.target, item)
            for test in clause.tests:
                access.implicit(w, expression(w, test))
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


def bind_inline(w: Walker, scope: Scope, target: Instruction, value: Value) -> None:
    """Bind the target of a comprehension's ``for`` in the comprehension's own scope."""
    if isinstance(target, Name):
        scope.state.names[target.name] = Binding(value, NO_DEFS, -1)
    elif isinstance(target, Unpack):
        starred = any(isinstance(t, Rest) for t in target.targets)
        for index, item in enumerate(target.targets):
            bind_inline(w, scope, item, access.element_at(w, value, None if starred else index, target))
    elif isinstance(target, Rest):
        bind_inline(w, scope, target.target, value)
    else:
        access.store(w, target, value)


# -- operators -------------------------------------------------------------------------------------------------


def _operate(w: Walker, node: Operate) -> Value:
    asked = library.asked_name(w, node)
    if asked is not None:
        w.read_global(asked)
        return frozenset({w.heap.atom("builtins.bool")})
    left = node.first
    value = expression(w, left)
    for sign, operand in node.rest:
        right = expression(w, operand)
        if sign in _ASKING:
            _ask_for_number(w, left, sign, operand)
            if sign.startswith("is") and isinstance(left, Read) and isinstance(operand, Read):
                _compare_values(w, sign, value, right)
        value = operation(w, node, value, sign, right)
        left = operand
    return value


_ASKING = frozenset({"is", "is not", "in", "not in"})


def _ask_for_number(w: Walker, left: Instruction, sign: str, right: Instruction) -> None:
    """``x is np.nan`` and ``np.nan in xs`` ask for one certain number, of which a file gives a copy."""
    for node in (left, right) if sign.startswith("is") else (left,):
        if isinstance(node, Attribute) and isinstance(node.of, Read) and node.name in ("nan", "NaN", "NAN"):
            w.opaque(f"`{sign}` asks for the number {node.of.name}.{node.name} itself, and files keep copies")


_COPIED = frozenset(f"builtins.{name}" for name in ("str", "bytes", "int", "float", "complex", "tuple", "scalar"))


def _compare_values(w: Walker, sign: str, left: Value, right: Value) -> None:
    """Two names of one number or text have a copy each after they were in two files."""
    if left and right and all(obj.immutable and obj.type in _COPIED for obj in left | right):
        w.opaque(f"`{sign}` asks whether two numbers or texts are the same object, which files do not keep")


_COMPARISONS = frozenset({"==", "!=", "<", ">", "<=", ">=", "in", "not in"})
_NOT_UNIQUE = frozenset({"numpy.nan", "math.nan", "numpy.NaN", "numpy.NAN", "numpy.inf", "math.inf"})


def operation(w: Walker, node: Instruction, left: Value, sign: str, right: Value) -> Value:
    """Return what ``left <sign> right`` gives. Operators of the notebook's own classes may run."""
    if sign in ("is", "is not"):
        for obj in left | right:
            if not obj.immutable:
                w.heap.note_identity(obj)
            elif obj.path in _NOT_UNIQUE:
                w.opaque(f"`{sign} {obj.path}` asks whether two values are the same object, which saving does not keep")
        return frozenset({w.heap.atom("builtins.bool")})
    own = access.implicit(w, left | right)
    if sign in _COMPARISONS:
        access.implicit_inside(w, left | right)
        access.note_identity(w, left | right)
    if sign in ("in", "not in"):
        access.advance_all(w, right)
        return frozenset({w.heap.atom("builtins.bool")})
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


def _operate_on(w: Walker, node: Instruction, ones: list[Obj], sign: str, others: list[Obj]) -> Iterable[Obj]:
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
        w.heap.hold(made, "*", access.contents(frozenset(o for o in both if o.type in access.CONTAINERS)))
        w.heap.hold(made, "*", frozenset(o for o in both if not o.immutable and o.type not in access.CONTAINERS))
        return (made,)
    kind = w.operator(one.type, sign, other.type) if "." in one.type or "." in other.type else None
    if kind is None:
        return _operate_unknown(w, node, both)
    facts = w.facts_of(kind)
    if facts is not None and facts.immutable:
        return (w.heap.atom(kind),)
    made = w.heap.make(w.site(node), kind)
    if facts is None or kind in access.CONTAINERS:
        w.heap.hold(made, "*", access.contents(both))
    w.heap.derive_order((made,), both)
    labels.share(w, (made,), both)
    return (made,)


def _operate_unknown(w: Walker, node: Instruction, value: Value) -> Iterable[Obj]:
    if value and all(o.immutable and o.type != LIB for o in value):
        return value if len(value) == 1 and next(iter(value)).const is None else (w.heap.atom("builtins.scalar"),)
    made = w.heap.make(w.site(node), UNKNOWN)
    w.heap.hold(made, "*", frozenset(o for o in value if not o.immutable))
    return (made,)


def _either(w: Walker, node: Either) -> Value:
    value = expression(w, node.values[0])
    access.implicit(w, value)
    for operand in node.values[1:]:
        result: list[Value] = []
        w.perhaps(partial(_collect, w, operand, result))
        value |= result[0]
        access.implicit(w, result[0])
    return value


def _collect(w: Walker, node: Instruction, values: list[Value]) -> None:
    values.append(expression(w, node))


def _operate_alone(w: Walker, node: OperateAlone) -> Value:
    value = expression(w, node.value)
    own = access.implicit(w, value)
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


def _choose(w: Walker, node: Choose) -> Value:
    access.implicit(w, expression(w, node.test))
    results: list[Value] = []
    w.join([w.fork(partial(_collect, w, branch, results)) for branch in (node.then, node.otherwise)])
    return results[0] | results[1]


def _bind_inside(w: Walker, node: BindInside) -> Value:
    value = expression(w, node.value)
    w.bind(node.name, value)
    return value


def _make_function(w: Walker, node: MakeFunction) -> Value:
    return frozenset({statements.make_function(w, node)})


def _make_class(w: Walker, node: MakeClass) -> Value:
    return frozenset({statements.make_class(w, node)})


def _decorate(w: Walker, node: Decorate) -> Value:
    return statements.decorate(w, node)


def _yield(w: Walker, node: Yield) -> Value:
    scope: Scope = w.scope
    while scope.kind == "inline" and scope.parent is not None:
        scope = scope.parent
    value = EMPTY
    given = scope.ever.get("@sent", EMPTY) | {w.heap.atom("builtins.scalar")}
    if node.value is not None:
        value = expression(w, node.value)
    if node.each:
        inner = value
        for obj in inner:
            deferred.send(w, obj, scope.ever.get("@sent", EMPTY))
        access.iterate(w, inner)
        value = access.elements(w, inner, node)
        given = given.union(*(obj.fields.get("*returned", EMPTY) for obj in inner))
    scope.ever["@yield"] = scope.ever.get("@yield", EMPTY) | value
    return given


def _await(w: Walker, node: Await) -> Value:
    value = expression(w, node.value)
    access.advance_all(w, value)
    return access.contents(frozenset(o for o in value if o.type == "builtins.coroutine")) | frozenset(
        o for o in value if o.type != "builtins.coroutine"
    )


def _elements(w: Walker, node: Elements) -> Value:
    value = expression(w, node.of)
    access.iterate(w, value)
    return access.elements(w, value, node)


def keys(w: Walker, node: Instruction) -> Value:
    """Return the objects in the key of an item."""
    if not isinstance(node, Keys):
        value = expression(w, node)
        access.implicit(w, value)
        return value
    value = EMPTY
    for part in node.parts:
        value |= expression(w, part)
    return value | {w.heap.atom(key_type(node))}


def key_type(node: Keys) -> str:
    """Return the type of a key of several parts."""
    return "builtins.tuple" if node.kind == "tuple" else "builtins.slice"


# -- parts of objects, and calls -------------------------------------------------------------------------------


def _whole_chain(w: Walker, node: Instruction) -> Value:
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


def chain(w: Walker, node: Instruction) -> Value:
    """Return what ``a.b(c)[d]`` gives."""
    if isinstance(node, Read):
        return w.read(node)
    if isinstance(node, Attribute):
        return access.attribute(w, _few(w, chain(w, node.of), node), node.name, node)
    if isinstance(node, Call):
        return _call(w, node)
    if isinstance(node, Item):
        return _item(w, node)
    return expression(w, node)


def _item(w: Walker, node: Item) -> Value:
    name = library.dynamic_name(w, node)
    if name is not None:
        return w.read_global(name, None)
    value, setting = _setting_or_part(w, node.of, node)
    return value if setting else access.subscript(w, _few(w, value, node), node)


def _call(w: Walker, node: Call) -> Value:
    function = node.function
    if isinstance(function, Attribute):
        value, setting = _setting_or_part(w, function.of, node)
        if setting:
            return value
        receiver = _few(w, value, function)
        return calls.call_method(w, receiver, function.name, calls.arguments(w, node), node)
    if isinstance(function, Read) and function.name == "super":
        return instances.super_object(w, node)
    value = _few(w, chain(w, function), node)
    return calls.call(w, value, calls.arguments(w, node), node)


def _setting_or_part(w: Walker, of: Instruction, whole: Call | Item) -> tuple[Value, bool]:
    """Return what ``whole`` gives if it looks something up in a setting (``os.environ["A"]``), else what ``of`` gives;
    and which of them it is."""
    if not isinstance(of, Attribute):
        return chain(w, of), False
    value = _few(w, chain(w, of.of), of)
    found = library.read_setting(w, value, of.name, whole)
    if found is not None:
        return found, True
    return access.attribute(w, value, of.name, of), False


def _few(w: Walker, value: Value, node: Instruction) -> Value:
    """Return one object that may be any of many: following each of them through all calls would take too long."""
    if len(value) <= w.limits.alternatives:
        return value
    made = w.heap.make((*w.site(node), "any of"), UNKNOWN)
    each = frozenset(
        o for o in value if o.immutable or o.type in (*calls.CODE_TYPES, calls.SUPER) or o.type.startswith(_WITH_VIEWS)
    )
    w.heap.hold(made, "*", value - each - {made})
    return each | {made}


_WITH_VIEWS = ("numpy.", "pandas.", "torch.", "tensorflow.")  # what they give may share their memory


_EXPRESSIONS: dict[type[Instruction], Callable[[Any, Any], Value]] = {
    Read: _read,
    Name: _read,
    Constant: _constant,
    Text: _text,
    Make: _make,
    MakeMapping: _make_mapping,
    Gather: _gather,
    Keys: keys,
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
    Decorate: _decorate,
}
