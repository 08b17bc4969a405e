"""Expressions -> the abstract objects they may give, with the uses and effects on the way."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from soorgeon_clone.analysis import access, beside, calls, deferred, instances, labels, library, statements
from soorgeon_clone.analysis.heap import (
    EMPTY,
    LIB,
    UNKNOWN,
    Obj,
    Value,
)
from soorgeon_clone.analysis.names import target_names
from soorgeon_clone.analysis.state import NO_DEFS, Binding, Scope, State
from soorgeon_clone.analysis.syntax import Node

if TYPE_CHECKING:
    from soorgeon_clone.analysis.walk import Walker


def expression(w: Walker, node: Node) -> Value:
    """Return the objects that ``node`` may give."""
    handler = _EXPRESSIONS.get(node.type)
    if handler is not None:
        return handler(w, node)
    return any_of(w, node)


def any_of(w: Walker, node: Node) -> Value:
    value = EMPTY
    for child in getattr(node, "children", ()):
        value |= expression(w, child)
    return value


def _nothing(w: Walker, node: Node) -> Value:
    return EMPTY


def _name(w: Walker, node: Node) -> Value:
    return beside.with_state(w, w.read(node))


def _number(w: Walker, node: Node) -> Value:
    text = node.value
    kind = "complex" if text[-1] in "jJ" else "int"
    if kind == "int" and any(c in text for c in ".eE") and not text.lower().startswith("0x"):
        kind = "float"
    const = int(text, 0) if kind == "int" and text.isdecimal() and len(text) < 12 and text[0] != "0" else None
    return frozenset({w.heap.atom(f"builtins.{kind}", const if const is not None else (0 if text == "0" else None))})


@lru_cache(maxsize=4096)
def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None


def _string(w: Walker, node: Node) -> Value:
    value = _literal(node.value) if len(node.value) < 2000 else None
    kind = "bytes" if isinstance(value, bytes) else "str"
    return frozenset({w.heap.atom(f"builtins.{kind}", value if isinstance(value, str) else None)})


def _strings(w: Walker, node: Node) -> Value:
    parts = [expression(w, child) for child in node.children]
    consts = [constant(part) for part in parts]
    if all(isinstance(const, str) for const in consts):
        return frozenset({w.heap.atom("builtins.str", "".join(consts))})
    return frozenset({w.heap.atom("builtins.str")})


def _fstring(w: Walker, node: Node) -> Value:
    pieces: list[Any] = []
    for child in node.children:
        if child.type == "fstring_expr":
            for part in child.children:
                if part.type == "fstring_format_spec":
                    _fstring(w, part)
                elif part.type not in ("operator", "fstring_conversion"):
                    value = expression(w, part)
                    access.implicit(w, value)
                    access.implicit_inside(w, value)
                    w.show(value)
                    pieces.append(constant(value))
        elif child.type == "fstring_string":
            pieces.append(child.value)
    if all(isinstance(piece, str) for piece in pieces):
        return frozenset({w.heap.atom("builtins.str", "".join(pieces))})
    return frozenset({w.heap.atom("builtins.str")})


def _keyword(w: Walker, node: Node) -> Value:
    kind = {"None": "NoneType", "True": "bool", "False": "bool"}.get(node.value)
    if kind is None:
        return _yield(w, node) if node.value == "yield" else EMPTY
    const = {"True": True, "False": False}.get(node.value)
    return frozenset({w.heap.atom(f"builtins.{kind}", const)})


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


def _items(node: Node) -> list[Node]:
    return [c for c in node.children if not (c.type == "operator" and c.value == ",")]


def _tuple(w: Walker, node: Node) -> Value:
    return sequence(w, node, _items(node), "builtins.tuple")


def sequence(w: Walker, node: Node, items: list[Node], kind: str) -> Value:
    """Return the list, tuple or set that a display makes."""
    values = [(expression(w, item.children[1] if item.type == "star_expr" else item), item) for item in items]
    made = w.heap.make(w.site(node), kind)
    starred = any(item.type == "star_expr" for item in items)
    for index, (value, item) in enumerate(values):
        if item.type == "star_expr":
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


def _atom(w: Walker, node: Node) -> Value:
    children = node.children
    first = children[0]
    if first.type in ("string", "strings", "fstring"):
        return _strings(w, node)
    opening = first.value
    inner = children[1] if len(children) == 3 else None
    if opening == "(":
        if inner is None:
            return frozenset({w.heap.make(w.site(node), "builtins.tuple", immutable=True)})
        if inner.type == "testlist_comp":
            if _is_comprehension(inner):
                return comprehension(w, inner, "builtins.generator")
            return sequence(w, inner, _items(inner), "builtins.tuple")
        return expression(w, inner)
    if opening == "[":
        if inner is not None and inner.type == "testlist_comp" and _is_comprehension(inner):
            return comprehension(w, inner, "builtins.list")
        items = [] if inner is None else _items(inner) if inner.type == "testlist_comp" else [inner]
        return sequence(w, node, items, "builtins.list")
    if opening == "{":
        return _braces(w, node, inner)
    return any_of(w, node)


def _braces(w: Walker, node: Node, inner: Node | None) -> Value:
    if inner is None:
        return frozenset({w.heap.make(w.site(node), "builtins.dict")})
    if inner.type != "dictorsetmaker":
        return sequence(w, node, [inner], "builtins.set")
    children = inner.children
    if _is_comprehension(inner):
        is_dict = any(c.type == "operator" and c.value == ":" for c in children)
        return comprehension(w, inner, "builtins.dict" if is_dict else "builtins.set")
    if not any(c.type == "operator" and c.value in (":", "**") for c in children):
        return sequence(w, node, _items(inner), "builtins.set")
    made = w.heap.make(w.site(node), "builtins.dict")
    index = 0
    while index < len(children):
        child = children[index]
        if child.type == "operator" and child.value == "**":
            value = expression(w, children[index + 1])
            w.heap.hold(made, "*", access.contents(value) | access.implicit(w, value))
            index += 3
        elif child.type == "operator":
            index += 1
        else:
            key = expression(w, child)
            access.implicit(w, key)
            value = expression(w, children[index + 2])
            access.hold_item(w, made, key, value)
            index += 4
    return frozenset({made})


def _is_comprehension(node: Node) -> bool:
    return node.children[-1].type in ("comp_for", "sync_comp_for")


def comprehension(w: Walker, node: Node, kind: str) -> Value:
    """Return what a comprehension (list, set, dict or generator) gives."""
    made = w.heap.make(w.site(node), kind)
    clause = node.children[-1]
    scope = Scope("inline", w.scope, State())
    outer = w.scope

    def element() -> None:
        children = node.children[:-1]
        if kind == "builtins.dict":
            if children[0].type == "operator":  # {**a for a in b}
                w.heap.hold(made, "*", access.contents(expression(w, children[1])))
                return
            key = expression(w, children[0])
            value = expression(w, children[2])
            w.heap.hold(made, "*", value)
            access.hold_keys(w, made, key)
        else:
            w.heap.hold(made, "*", expression(w, children[0]))

    def run(clause: Node, value: Value | None) -> None:
        if clause.type == "comp_for":
            clause = clause.children[-1]
        children = clause.children
        if value is None:
            value = expression(w, children[3])
        access.iterate(w, value)
        item = access.elements(w, value, children[3])

        def body() -> None:
            bind_inline(w, scope, children[1], item)
            rest = children[4] if len(children) > 4 else None
            while rest is not None and rest.type == "comp_if":
                access.implicit(w, expression(w, rest.children[1]))
                rest = rest.children[2] if len(rest.children) > 2 else None
            if rest is not None:
                run(rest, None)
            else:
                element()

        w.loop(body)

    first = expression(w, (clause.children[-1] if clause.type == "comp_for" else clause).children[3])

    def run_all() -> Value:
        w.scope = scope
        try:
            run(clause, first)
        finally:
            w.scope = outer
        return frozenset({made})

    return deferred.defer(w, run_all) if kind == "builtins.generator" else run_all()


def bind_inline(w: Walker, scope: Scope, target: Node, value: Value) -> None:
    """Bind the target of a comprehension's ``for`` in the comprehension's own scope."""
    if target.type == "name":
        scope.state.names[target.value] = Binding(value, NO_DEFS, -1)
    elif target.type in ("exprlist", "testlist_comp", "testlist_star_expr", "testlist"):
        targets = _items(target)
        starred = any(t.type == "star_expr" for t in targets)
        for index, item in enumerate(targets):
            bind_inline(w, scope, item, access.element_at(w, value, None if starred else index, target))
    elif target.type == "atom" and len(target.children) == 3:
        bind_inline(w, scope, target.children[1], value)
    else:
        for leaf in target_names(target):
            scope.state.names[leaf.value] = Binding(value, NO_DEFS, -1)


# -- operators -------------------------------------------------------------------------------------------------


def _binary(w: Walker, node: Node) -> Value:
    children = node.children
    asked = library.asked_name(w, children)
    if asked is not None:
        w.read_global(asked)
        return frozenset({w.heap.atom("builtins.bool")})
    value = expression(w, children[0])
    for index in range(1, len(children), 2):
        operator = children[index]
        sign = (
            operator.value if operator.type in ("operator", "keyword") else " ".join(c.value for c in operator.children)
        )
        right = expression(w, children[index + 1])
        if sign in _ASKING:
            _ask_for_number(w, children[index - 1], sign, children[index + 1])
            if sign.startswith("is") and children[index - 1].type == children[index + 1].type == "name":
                _compare_values(w, sign, value, right)
        value = operation(w, node, value, sign, right)
    return value


_ASKING = frozenset({"is", "is not", "in", "not in"})
_NAN = re.compile(r"\w+\.(nan|NaN|NAN)$")


def _ask_for_number(w: Walker, left: Node, sign: str, right: Node) -> None:
    """``x is np.nan`` and ``np.nan in xs`` ask for one certain number, of which a file gives a copy."""
    asked = (left, right) if sign.startswith("is") else (left,)
    for node in asked:
        if node.type in ("atom_expr", "power") and _NAN.match(node.get_code(include_prefix=False)):
            w.opaque(
                f"`{sign}` asks for the number {node.get_code(include_prefix=False)} itself, and files keep copies"
            )


_COPIED = frozenset(f"builtins.{name}" for name in ("str", "bytes", "int", "float", "complex", "tuple", "scalar"))


def _compare_values(w: Walker, sign: str, left: Value, right: Value) -> None:
    """Two names of one number or text have a copy each after they were in two files."""
    if left and right and all(obj.immutable and obj.type in _COPIED for obj in left | right):
        w.opaque(f"`{sign}` asks whether two numbers or texts are the same object, which files do not keep")


_COMPARISONS = frozenset({"==", "!=", "<", ">", "<=", ">=", "in", "not in"})
_NOT_UNIQUE = frozenset({"numpy.nan", "math.nan", "numpy.NaN", "numpy.NAN", "numpy.inf", "math.inf"})


def operation(w: Walker, node: Node, left: Value, sign: str, right: Value) -> Value:
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
            result.update(_operate(w, node, ones, sign, others))
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


def _operate(w: Walker, node: Node, ones: list[Obj], sign: str, others: list[Obj]) -> Iterable[Obj]:
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


def _operate_unknown(w: Walker, node: Node, value: Value) -> Iterable[Obj]:
    if value and all(o.immutable and o.type != LIB for o in value):
        return value if len(value) == 1 and next(iter(value)).const is None else (w.heap.atom("builtins.scalar"),)
    made = w.heap.make(w.site(node), UNKNOWN)
    w.heap.hold(made, "*", frozenset(o for o in value if not o.immutable))
    return (made,)


def _boolean(w: Walker, node: Node) -> Value:
    value = expression(w, node.children[0])
    access.implicit(w, value)
    for child in node.children[2::2]:
        result: list[Value] = []
        w.perhaps(partial(_collect, w, child, result))
        value |= result[0]
        access.implicit(w, result[0])
    return value


def _collect(w: Walker, node: Node, values: list[Value]) -> None:
    values.append(expression(w, node))


def _not(w: Walker, node: Node) -> Value:
    access.implicit(w, expression(w, node.children[1]))
    return frozenset({w.heap.atom("builtins.bool")})


def _unary(w: Walker, node: Node) -> Value:
    value = expression(w, node.children[1])
    own = access.implicit(w, value)
    sign = node.children[0].value
    result: set[Obj] = set(own)
    for obj in value:
        kind = w.operator(obj.type, sign, "") if "." in obj.type else None
        if obj.type in ("builtins.int", "builtins.float", "builtins.bool"):
            result.add(w.heap.atom(obj.type))
        elif kind is not None:
            facts = w.facts_of(kind)
            result.add(w.heap.atom(kind) if facts and facts.immutable else w.heap.make(w.site(node), kind))
        else:
            result.update(_operate_unknown(w, node, frozenset({obj})))
    return frozenset(result)


def _ternary(w: Walker, node: Node) -> Value:
    test = expression(w, node.children[2])
    access.implicit(w, test)
    results: list[Value] = []
    w.join([w.fork(partial(_collect, w, node.children[place], results)) for place in (0, 4)])
    return results[0] | results[1]


def _walrus(w: Walker, node: Node) -> Value:
    value = expression(w, node.children[2])
    w.bind(node.children[0].value, value)
    return value


def _lambda(w: Walker, node: Node) -> Value:
    return frozenset({statements.make_function(w, node)})


def _yield(w: Walker, node: Node) -> Value:
    scope: Scope = w.scope
    while scope.kind == "inline" and scope.parent is not None:
        scope = scope.parent
    value = EMPTY
    given = scope.ever.get("@sent", EMPTY) | {w.heap.atom("builtins.scalar")}
    if node.type == "yield_expr":
        argument = node.children[1]
        if argument.type == "yield_arg":
            inner = expression(w, argument.children[1])
            for obj in inner:
                deferred.send(w, obj, scope.ever.get("@sent", EMPTY))
            access.iterate(w, inner)
            value = access.elements(w, inner, node)
            given = given.union(*(obj.fields.get("*returned", EMPTY) for obj in inner))
        else:
            value = expression(w, argument)
    scope.ever["@yield"] = scope.ever.get("@yield", EMPTY) | value
    return given


def _star(w: Walker, node: Node) -> Value:
    value = expression(w, node.children[1])
    access.iterate(w, value)
    return access.elements(w, value, node)


# -- atom with trailers ----------------------------------------------------------------------------------------


def _atom_expr(w: Walker, node: Node) -> Value:
    children = node.children
    if children[0].type == "keyword" and children[0].value == "await":
        value = trailers(w, children[1], children[2:])
        access.advance_all(w, value)
        return access.contents(frozenset(o for o in value if o.type == "builtins.coroutine")) | frozenset(
            o for o in value if o.type != "builtins.coroutine"
        )
    return trailers(w, children[0], children[1:])


def _power(w: Walker, node: Node) -> Value:
    children = node.children
    for index, child in enumerate(children):
        if child.type == "operator" and child.value == "**":
            left = trailers(w, children[0], children[1:index]) if index > 1 else expression(w, children[0])
            return operation(w, node, left, "**", expression(w, children[index + 1]))
    return trailers(w, children[0], children[1:])


def trailers(w: Walker, head: Node, trailers: list[Node]) -> Value:
    name = library.dynamic_name(w, head, trailers)
    if name is not None:
        value = w.read_global(name, None)
        return _apply(w, value, trailers[2:])
    if head.type == "name" and head.value == "super" and trailers and trailers[0].children[0].value == "(":
        value = instances.super_object(w, trailers[0])
        return _apply(w, value, trailers[1:])
    if head.type == "name" and head.value == "get_ipython":
        # what a shell command or magic names may be something else than a variable
        w.uncertain += 1
        try:
            return _apply(w, expression(w, head), trailers)
        finally:
            w.uncertain -= 1
    value = w.read(head) if head.type == "name" and trailers else expression(w, head)
    return beside.with_state(w, _apply(w, value, trailers))


def _apply(w: Walker, value: Value, trailers: list[Node]) -> Value:
    index = 0
    while index < len(trailers):
        trailer = trailers[index]
        if len(value) > w.limits.alternatives:
            value = _narrow(w, value, trailer)
        sign = trailer.children[0].value
        if sign == ".":
            following = trailers[index + 1] if index + 1 < len(trailers) else None
            name = trailer.children[1].value
            read = library.read_setting(w, value, name, trailers[index + 1 : index + 3])
            if read is not None:
                value, more = read
                index += 1 + more
                continue
            if following is not None and following.children[0].value == "(":
                arguments = calls.arguments(w, following)
                value = calls.call_method(w, value, name, arguments, following)
                index += 2
                continue
            value = access.attribute(w, value, name, trailer)
        elif sign == "(":
            arguments = calls.arguments(w, trailer)
            value = calls.call(w, value, arguments, trailer)
        else:
            value = access.subscript(w, value, trailer)
        index += 1
    return value


def _narrow(w: Walker, value: Value, node: Node) -> Value:
    """Return one object that may be any of many: following each of them through all calls would take too long."""
    made = w.heap.make((*w.site(node), "any of"), UNKNOWN)
    each = frozenset(
        o for o in value if o.immutable or o.type in (*calls.CODE_TYPES, calls.SUPER) or o.type.startswith(_WITH_VIEWS)
    )
    w.heap.hold(made, "*", value - each - {made})
    return each | {made}


_WITH_VIEWS = ("numpy.", "pandas.", "torch.", "tensorflow.")  # what they give may share their memory


_EXPRESSIONS: dict[str, Callable[[Any, Node], Value]] = {
    "name": _name,
    "number": _number,
    "string": _string,
    "strings": _strings,
    "fstring": _fstring,
    "keyword": _keyword,
    "operator": _nothing,
    "newline": _nothing,
    "atom": _atom,
    "atom_expr": _atom_expr,
    "power": _power,
    "arith_expr": _binary,
    "term": _binary,
    "shift_expr": _binary,
    "and_expr": _binary,
    "xor_expr": _binary,
    "expr": _binary,
    "comparison": _binary,
    "not_test": _not,
    "and_test": _boolean,
    "or_test": _boolean,
    "factor": _unary,
    "test": _ternary,
    "ternary": _ternary,
    "lambdef": _lambda,
    "namedexpr_test": _walrus,
    "star_expr": _star,
    "testlist": _tuple,
    "testlist_star_expr": _tuple,
    "testlist_comp": _tuple,
    "exprlist": _tuple,
    "yield_expr": _yield,
}
