"""Expressions -> the abstract objects they may give, with the uses and effects on the way."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from soorgeon_clone.analysis import calls, deferred, filed, instances, library, undescribed
from soorgeon_clone.analysis.heap import (
    ATTRIBUTES,
    CLASS,
    EMPTY,
    FUNCTION,
    INSTANCE,
    LIB,
    LOST,
    METHOD,
    UNKNOWN,
    Obj,
    Value,
    is_module,
)
from soorgeon_clone.analysis.names import target_names
from soorgeon_clone.analysis.state import NO_DEFS, Binding, Scope, State
from soorgeon_clone.analysis.syntax import Node

if TYPE_CHECKING:
    from soorgeon_clone.analysis.walk import Walker

CONTAINERS = {
    "builtins.list",
    "builtins.tuple",
    "builtins.set",
    "builtins.dict",
    "builtins.frozenset",
    "builtins.iterator",
    "builtins.generator",
    "builtins.dict_items",
    "builtins.dict_values",
    "builtins.dict_keys",
    "collections.deque",
    "collections.OrderedDict",
    "collections.defaultdict",
}


def expression(w: Walker, node: Node) -> Value:
    """Return the objects that ``node`` may give."""
    handler = _EXPRESSIONS.get(node.type)
    if handler is not None:
        return handler(w, node)
    return _any(w, node)


def _any(w: Walker, node: Node) -> Value:
    value = EMPTY
    for child in getattr(node, "children", ()):
        value |= expression(w, child)
    return value


def _nothing(w: Walker, node: Node) -> Value:
    return EMPTY


def _name(w: Walker, node: Node) -> Value:
    return w.read(node)


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
                    implicit(w, value)
                    implicit_inside(w, value)
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
            iterate(w, value)
            value = elements(w, value, item)
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
    return _any(w, node)


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
            w.heap.hold(made, "*", contents(value) | implicit(w, value))
            index += 3
        elif child.type == "operator":
            index += 1
        else:
            key = expression(w, child)
            implicit(w, key)
            value = expression(w, children[index + 2])
            hold_item(w, made, key, value)
            index += 4
    return frozenset({made})


def hold_item(w: Walker, obj: Obj, key: Value, value: Value) -> None:
    """Let a mapping hold ``value`` under ``key``."""
    const = constant(key)
    w.heap.hold(obj, f"[{const!r}]" if const is not None else "*", value)
    w.heap.hold(obj, "*keys", frozenset(o for o in key if not o.immutable))


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
                w.heap.hold(made, "*", contents(expression(w, children[1])))
                return
            key = expression(w, children[0])
            value = expression(w, children[2])
            w.heap.hold(made, "*", value)
            w.heap.hold(made, "*keys", frozenset(o for o in key if not o.immutable))
        else:
            w.heap.hold(made, "*", expression(w, children[0]))

    def run(clause: Node, value: Value | None) -> None:
        if clause.type == "comp_for":
            clause = clause.children[-1]
        children = clause.children
        if value is None:
            value = expression(w, children[3])
        iterate(w, value)
        item = elements(w, value, children[3])

        def body() -> None:
            bind_inline(w, scope, children[1], item)
            rest = children[4] if len(children) > 4 else None
            while rest is not None and rest.type == "comp_if":
                implicit(w, expression(w, rest.children[1]))
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
            bind_inline(w, scope, item, element_at(w, value, None if starred else index, target))
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
        value = operation(w, node, value, sign, right)
    return value


_COMPARISONS = frozenset({"==", "!=", "<", ">", "<=", ">=", "in", "not in"})
_NOT_UNIQUE = frozenset({"numpy.nan", "math.nan", "numpy.NaN", "numpy.NAN", "numpy.inf", "math.inf"})


def operation(w: Walker, node: Node, left: Value, sign: str, right: Value) -> Value:
    """Return what ``left <sign> right`` gives. Operators of the notebook's own classes may run."""
    if sign in ("is", "is not"):
        for obj in left | right:
            if not obj.immutable:
                obj.identity.add(w.record.index)
            elif obj.path in _NOT_UNIQUE:
                w.opaque(f"`{sign} {obj.path}` asks whether two values are the same object, which saving does not keep")
        return frozenset({w.heap.atom("builtins.bool")})
    own = implicit(w, left | right)
    if sign in _COMPARISONS:
        implicit_inside(w, left | right)
    if sign in ("in", "not in"):
        _advance(w, right)
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
        w.heap.hold(made, "*", contents(frozenset(o for o in both if o.type in CONTAINERS)))
        w.heap.hold(made, "*", frozenset(o for o in both if not o.immutable and o.type not in CONTAINERS))
        return (made,)
    kind = w.operator(one.type, sign, other.type) if "." in one.type or "." in other.type else None
    if kind is None:
        return _operate_unknown(w, node, both)
    facts = w.facts_of(kind)
    if facts is not None and facts.immutable:
        return (w.heap.atom(kind),)
    made = w.heap.make(w.site(node), kind)
    if facts is None or kind in CONTAINERS:
        w.heap.hold(made, "*", contents(both))
    w.heap.derive_order((made,), both)
    return (made,)


def _operate_unknown(w: Walker, node: Node, value: Value) -> Iterable[Obj]:
    if value and all(o.immutable and o.type != LIB for o in value):
        return value if len(value) == 1 and next(iter(value)).const is None else (w.heap.atom("builtins.scalar"),)
    made = w.heap.make(w.site(node), UNKNOWN)
    w.heap.hold(made, "*", frozenset(o for o in value if not o.immutable))
    return (made,)


def _boolean(w: Walker, node: Node) -> Value:
    value = expression(w, node.children[0])
    implicit(w, value)
    for child in node.children[2::2]:
        result: list[Value] = []
        w.perhaps(partial(_collect, w, child, result))
        value |= result[0]
        implicit(w, result[0])
    return value


def _collect(w: Walker, node: Node, values: list[Value]) -> None:
    values.append(expression(w, node))


def _not(w: Walker, node: Node) -> Value:
    implicit(w, expression(w, node.children[1]))
    return frozenset({w.heap.atom("builtins.bool")})


def _unary(w: Walker, node: Node) -> Value:
    value = expression(w, node.children[1])
    own = implicit(w, value)
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
    implicit(w, test)
    results: list[Value] = []
    w.join([w.fork(partial(_collect, w, node.children[place], results)) for place in (0, 4)])
    return results[0] | results[1]


def _walrus(w: Walker, node: Node) -> Value:
    value = expression(w, node.children[2])
    w.bind(node.children[0].value, value)
    return value


def _lambda(w: Walker, node: Node) -> Value:
    return frozenset({w.make_function(node)})


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
            iterate(w, inner)
            value = elements(w, inner, node)
            given = given.union(*(obj.fields.get("*returned", EMPTY) for obj in inner))
        else:
            value = expression(w, argument)
    scope.ever["@yield"] = scope.ever.get("@yield", EMPTY) | value
    return given


def _star(w: Walker, node: Node) -> Value:
    value = expression(w, node.children[1])
    iterate(w, value)
    return elements(w, value, node)


# -- atom with trailers ----------------------------------------------------------------------------------------


def _atom_expr(w: Walker, node: Node) -> Value:
    children = node.children
    if children[0].type == "keyword" and children[0].value == "await":
        value = _trailers(w, children[1], children[2:])
        _advance(w, value)
        return contents(frozenset(o for o in value if o.type == "builtins.coroutine")) | frozenset(
            o for o in value if o.type != "builtins.coroutine"
        )
    return _trailers(w, children[0], children[1:])


def _power(w: Walker, node: Node) -> Value:
    children = node.children
    for index, child in enumerate(children):
        if child.type == "operator" and child.value == "**":
            left = _trailers(w, children[0], children[1:index]) if index > 1 else expression(w, children[0])
            return operation(w, node, left, "**", expression(w, children[index + 1]))
    return _trailers(w, children[0], children[1:])


MAX_WIDTH = 16  # objects that a value stands for while something is done with it


def _trailers(w: Walker, head: Node, trailers: list[Node]) -> Value:
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
    return _apply(w, expression(w, head), trailers)


def _apply(w: Walker, value: Value, trailers: list[Node]) -> Value:
    index = 0
    while index < len(trailers):
        trailer = trailers[index]
        if len(value) > MAX_WIDTH:
            value = _narrow(w, value, trailer)
        sign = trailer.children[0].value
        if sign == ".":
            following = trailers[index + 1] if index + 1 < len(trailers) else None
            name = trailer.children[1].value
            if following is not None and following.children[0].value == "(":
                arguments = calls.arguments(w, following)
                value = calls.call_method(w, value, name, arguments, following)
                index += 2
                continue
            value = attribute(w, value, name, trailer)
        elif sign == "(":
            arguments = calls.arguments(w, trailer)
            value = calls.call(w, value, arguments, trailer)
        else:
            value = subscript(w, value, trailer)
        index += 1
    return value


def _narrow(w: Walker, value: Value, node: Node) -> Value:
    """Return one object that may be any of many: following each of them through all calls would take too long."""
    made = w.heap.make((*w.site(node), "any of"), UNKNOWN)
    code = frozenset(o for o in value if o.immutable or o.type in (*calls.CODE_TYPES, calls.SUPER))
    w.heap.hold(made, "*", value - code - {made})
    return code | {made}


def attribute(w: Walker, value: Value, name: str, node: Node) -> Value:
    """Return what reading ``.name`` of ``value`` gives."""
    result: set[Obj] = set()
    for obj in value:
        result.update(attribute_of(w, obj, name, node))
    return frozenset(result)


def attributes(w: Walker, obj: Obj) -> Value:
    """Return the dictionary of an instance (``vars(x)``): what changes one changes the other."""
    made = w.heap.make((ATTRIBUTES, obj), "builtins.dict")
    made.path = ATTRIBUTES
    w.heap.hold(made, "*", contents(frozenset({obj})))
    w.heap.view(made, obj)
    return frozenset({made})


def attribute_of(w: Walker, obj: Obj, name: str, node: Node) -> Value:
    kind = obj.type
    if kind == LIB:
        return library.lib_attribute(w, obj, name, node)
    if kind == INSTANCE:
        if obj.immutable and name in ("name", "value"):
            return contents(frozenset({obj})) if name == "value" else frozenset({w.heap.atom("builtins.str")})
        if name == "__dict__":
            return attributes(w, obj)
        if name == "__class__":
            return obj.fields["*class"]
        found = obj.fields.get(name, EMPTY) | obj.fields.get("*", EMPTY)
        found |= contents(frozenset(view for view in obj.views if view.path == ATTRIBUTES))
        members = instances.class_member(w, obj.fields["*class"], name)
        for method in members:
            found |= instances.bind_method(w, obj, method, node)
        if not found or (not members and instances.has_library_base(w, obj)):
            found |= instances.missing_attribute(w, obj, name, node)
        return found
    if kind == CLASS and name == "__dict__":
        made = w.heap.make((ATTRIBUTES, obj), "builtins.dict")
        made.path = ATTRIBUTES
        w.heap.hold(made, "*", contents(frozenset({obj})))
        return frozenset({made})
    if kind == CLASS:
        found = _enum_member(w, obj, name)
        if found:
            return found
        for member in instances.class_member(w, frozenset({obj}), name):
            known = member.type in (FUNCTION, INSTANCE)
            found |= instances.bind_method(w, obj, member, node) if known else frozenset({member})
        return found | obj.fields.get("*", EMPTY) or frozenset({obj})
    if kind == FUNCTION:
        if name.startswith("__") and name not in ("__dict__", "__defaults__", "__wrapped__"):
            return frozenset({w.heap.atom("builtins.str")})
        stored = obj.fields.get(name, EMPTY) | obj.fields.get("*", EMPTY)
        if stored or name.startswith("__"):
            return stored or frozenset({obj})
        attached = w.heap.make(("attached", obj, name), METHOD)  # what a decorator put there: show.register
        attached.path = name
        w.heap.hold(attached, "self", frozenset({obj}))
        return frozenset({attached})
    if kind == calls.SUPER:
        return instances.super_member(w, obj, name, node)
    if kind == METHOD:
        return obj.fields.get("self", EMPTY)
    if obj.immutable:
        return frozenset({w.heap.atom("builtins.scalar")})
    if kind == UNKNOWN or "." not in kind:
        found = frozenset({obj})
        for held in obj.fields.values():
            for part in held:
                if part.type in (INSTANCE, CLASS):
                    found |= attribute_of(w, part, name, node)
        return found | obj.fields.get(name, EMPTY)
    if kind in ("types.SimpleNamespace", "argparse.Namespace"):
        return contents(frozenset({obj})) | {w.heap.atom("builtins.scalar")}
    if kind.startswith("pandas."):
        w.columns.add(name)
    effect = w.knowledge.attribute(kind, name)
    stored = obj.fields.get(name, EMPTY)
    if effect is None and w.knowledge.parameters(f"{kind}.{name}") is None:
        return stored | {obj}
    if effect is None:
        bound = w.heap.make((*w.site(node), name, obj), METHOD)
        bound.path = name
        w.heap.hold(bound, "self", frozenset({obj}))
        return stored | {obj, bound}
    return stored | library.apply(w, effect, frozenset({obj}), calls.NO_ARGUMENTS, node, path=f"{kind}.{name}")


def _enum_member(w: Walker, cls: Obj, name: str) -> Value:
    """Return the member of an enumeration: one object for good, which pickle finds by its class."""
    value = cls.fields.get(name, EMPTY)
    if not value or name.startswith("_") or any(o.type == FUNCTION for o in value):
        return EMPTY
    if not any(base.path.startswith("enum.") for base in instances.library_bases(w, frozenset({cls}))):
        return EMPTY
    member = w.heap.make(("member", cls, name), INSTANCE, immutable=True)
    member.fields = {"*class": frozenset({cls}), "value": value}
    return frozenset({member})


def enum_members(w: Walker, cls: Obj) -> Value:
    """Return all members of an enumeration; nothing for other classes."""
    found = EMPTY
    for name in list(cls.fields):
        found |= _enum_member(w, cls, name)
    return found


def subscript(w: Walker, value: Value, trailer: Node) -> Value:
    """Return what ``value[...]`` gives."""
    index_node = trailer.children[1]
    key = _subscript_key(w, index_node)
    kind = _subscript_kind(index_node, key)
    own = implicit(w, value)
    result: set[Obj] = set(own)
    for obj in value:
        result.update(_subscript_of(w, obj, kind, key, trailer))
    return frozenset(result)


def _subscript_key(w: Walker, node: Node) -> Value:
    if node.type in ("subscript", "subscriptlist"):
        value = EMPTY
        for child in node.children:
            if child.type == "subscript" or child.type == "sliceop":
                value |= _subscript_key(w, child) if child.type == "subscript" else _any(w, child)
            elif child.type != "operator":
                value |= expression(w, child)
        return value | {w.heap.atom("builtins.slice")}
    value = expression(w, node)
    implicit(w, value)
    return value


_MANY = frozenset({"builtins.list", "pandas.Series", "pandas.Index", "pandas.DataFrame"})


def _subscript_kind(node: Node, key: Value) -> str:
    if node.type == "subscript" or (node.type == "operator" and node.value == ":"):
        return "slice"
    if node.type == "subscriptlist":
        return "tuple"
    const = constant(key)
    if isinstance(const, str):
        return "constant str"
    if isinstance(const, int):
        return "constant int"
    types = {o.type for o in key}
    if types and types <= _MANY:
        return "list"  # of labels, or of truth values
    if types == {"builtins.tuple"}:
        return "tuple"
    if types == {"builtins.slice"}:
        return "slice"
    return "other"


def _subscript_of(w: Walker, obj: Obj, kind: str, key: Value, node: Node) -> Value:
    type_ = obj.type
    if type_ == LIB:
        return library.lib_subscript(w, obj, kind, key, node)
    if type_ in ("builtins.dict", "collections.OrderedDict", "collections.defaultdict"):
        if type_ == "collections.defaultdict":
            w.change_one(obj)  # a missing key is made
            w.heap.hold(obj, "*", calls.call(w, obj.fields.get("*factory", EMPTY), calls.NO_ARGUMENTS, node))
        const = constant(key)
        if const is not None:
            return obj.fields.get(f"[{const!r}]", EMPTY) | obj.fields.get("*", EMPTY)
        return contents(frozenset({obj}))
    if type_ == "collections.ChainMap":
        found = (_subscript_of(w, part, kind, key, node) for part in contents(frozenset({obj})))
        return frozenset(item for value in found for item in value)
    if type_ in ("builtins.list", "builtins.tuple"):
        if kind == "slice":
            if obj.immutable:
                return frozenset({obj})
            made = w.heap.make(w.site(node), type_)
            w.heap.hold(made, "*", contents(frozenset({obj})))
            return frozenset({made})
        return element_at(w, frozenset({obj}), constant(key) if kind == "constant int" else None, node)
    if obj.immutable:
        return frozenset({w.heap.atom(type_ if type_ in ("builtins.str", "builtins.bytes") else "builtins.scalar")})
    if type_ == CLASS:
        items = enum_members(w, obj)
        for function in instances.class_member(w, frozenset({obj}), "__class_getitem__"):
            passed = calls.Arguments(((frozenset({obj}), False), (key, False)))
            items |= calls.call_one(w, function, passed, node)
        return items or frozenset({obj})
    if type_ == INSTANCE:
        has_own = instances.class_member(w, obj.fields["*class"], "__getitem__")
        return EMPTY if has_own and not instances.has_library_base(w, obj) else contents(frozenset({obj}))
    if "." in type_:
        effect = w.knowledge.subscript(type_, kind)
        if effect is not None:
            arguments = calls.Arguments(positional=((key, False),))
            return library.apply(w, effect, frozenset({obj}), arguments, node, path=f"{type_}[]")
    return frozenset({obj}) | contents(frozenset({obj}))


# -- containers ------------------------------------------------------------------------------------------------


# what an object holds although iterating over it does not give it; a lazy iterator holds what it takes from
_NO_ELEMENTS = frozenset({"*keys", "*class", "*source", "*factory", "*returned", LOST})


def contents(value: Value) -> Value:
    """Return everything that the objects hold directly, keys of mappings left out."""
    result: set[Obj] = set()
    for obj in value:
        if obj.immutable and not obj.fields:
            continue
        for name, held in obj.fields.items():
            if name not in _NO_ELEMENTS:
                result.update(held)
    return frozenset(result)


def elements(w: Walker, value: Value, node: Node) -> Value:
    """Return what iterating over ``value`` gives."""
    result: set[Obj] = set()
    for obj in value:
        kind = obj.type
        if kind in ("builtins.dict", "collections.OrderedDict", "collections.defaultdict", "collections.Counter"):
            result.update(obj.fields.get("*keys", EMPTY))
            result.add(w.heap.atom("builtins.scalar"))
            if kind == "collections.Counter":  # its keys are what it was given to count
                result.update(contents(frozenset({obj})))
        elif kind in CONTAINERS:
            result.update(contents(frozenset({obj})))
        elif kind == INSTANCE:
            result.update(instances.iterated(w, obj, node))
        elif kind == CLASS and (members := enum_members(w, obj)):
            result.update(members)
        elif kind in (LIB, FUNCTION):
            result.add(w.heap.make((*w.site(node), obj.path), UNKNOWN))
        elif obj.immutable:
            result.add(w.heap.atom("builtins.str" if kind == "builtins.str" else "builtins.scalar"))
        elif kind == library.NDARRAY:
            row = w.heap.make((*w.site(node), "row"), kind)
            w.heap.view(row, obj)
            result.update({row} | contents(frozenset({obj})))
        elif "." in kind and (facts := w.facts_of(kind)) is not None and facts.element is not None:
            made = library.result(w, facts.element, frozenset({obj}), calls.NO_ARGUMENTS, node, {})
            for part in made - {obj}:
                w.heap.hold(part, "*", frozenset({obj}))  # an element of an array of axes is one of the figure's
                w.heap.hold(obj, "*", frozenset() if part.immutable else frozenset({part}))
            result.update(made)
        else:
            result.update({obj} | contents(frozenset({obj})))
    return frozenset(result)


def element_at(w: Walker, value: Value, index: Any, node: Node) -> Value:
    """Return what unpacking or a constant index gives at a position (None: any)."""
    result: set[Obj] = set()
    for obj in value:
        if obj.type == "builtins.tuple" and isinstance(index, int) and str(index) in obj.fields:
            result.update(obj.fields[str(index)] | obj.fields.get("*", EMPTY))
        else:
            result.update(elements(w, frozenset({obj}), node))
    iterate(w, value)
    return frozenset(result)


def iterate(w: Walker, value: Value) -> None:
    """Note what iterating over ``value`` does: iterators advance; the notebook's own ``__iter__`` runs."""
    w.heap.note_order(value)
    _advance(w, value)


def _advance(w: Walker, value: Value) -> None:
    implicit(w, value)
    for obj in value:
        if is_advancing(w, obj):
            advance(w, obj)


def advance(w: Walker, obj: Obj) -> None:
    """Note that an object that using changes was used."""
    w.change_one(obj)
    deferred.resume(w, obj)


def is_advancing(w: Walker, obj: Obj) -> bool:
    """Tell whether using the object changes it: iterators, open files, random generators."""
    return not obj.immutable and advances(w, obj.type)


def advances(w: Walker, type_: str) -> bool:
    """Tell whether using an object of this type changes it."""
    if "." not in type_:
        return False
    if type_ in deferred.TYPES:
        return True
    facts = w.facts_of(type_)
    return facts is not None and facts.advancing


# -- stores ----------------------------------------------------------------------------------------------------


def _owner_and_last(node: Node) -> tuple[Callable[[Any], Value], Node]:
    children = node.children
    if children[0].type == "keyword" and children[0].value == "await":
        children = children[1:]
    return (lambda w: _trailers(w, children[0], children[1:-1])), children[-1]


def store(w: Walker, node: Node, value: Value) -> None:
    """Do ``a.b = value`` or ``a[i] = value``."""
    children = node.children
    name = library.dynamic_name(w, children[0], children[1:]) if len(children) == 3 else None
    if name is not None:
        w.bind_global(name, value)
        return
    owner, last = _owner_and_last(node)
    objects = owner(w)
    if last.children[0].value == ".":
        for obj in objects:
            store_attribute(w, obj, last.children[1].value, value, node)
    else:
        key = _subscript_key(w, last.children[1])
        implicit(w, objects)
        for obj in objects:
            if obj.type == LIB:
                undescribed.run_registered(w, value, node)
                library.set_library(w, obj.path, value)
            elif not obj.immutable and not _sets_ambient(w, obj, "__setitem__", value):
                change_by_store(w, obj)
                _change_shown(w, obj)
                if obj.type in ("pandas.DataFrame", "pandas.Series", "numpy.ndarray"):
                    w.heap.hold(obj, "*", _held_by_frame(value))
                elif any(o.type == "builtins.slice" for o in key):
                    iterate(w, value)
                    w.heap.hold(obj, "*", elements(w, value, node))
                else:
                    hold_item(w, obj, key, value)


def _sets_ambient(w: Walker, obj: Obj, method: str, value: Value) -> bool:
    """Whether storing into the object changes a setting that it stands for (a logger, the decimal context)."""
    effect = w.knowledge.method(obj.type, method, {}) if "." in obj.type else None
    if effect is not None and effect.writes:
        w.note("files_written", "*")
        filed.note_written(w, effect, method, value)
    if effect is None or not effect.sets:
        return False
    for setting in effect.sets:
        w.note("sets", setting)
    return True


def _change_shown(w: Walker, obj: Obj) -> None:
    """Storing through an indexer (``df.loc[...] = ``) changes what the indexer shows."""
    if obj.type.rpartition(".")[2].startswith("_"):
        for part in contents(frozenset({obj})):
            w.change_one(part)


def _held_by_frame(value: Value) -> Value:
    """Frames and arrays copy frames and arrays that are stored in them; of lists they take the elements."""
    held: set[Obj] = set()
    for obj in value:
        if obj.type.startswith(("pandas.", "numpy.")):
            continue
        held.update(contents(frozenset({obj})) if obj.type in CONTAINERS else {obj})
    return frozenset(o for o in held if not o.immutable or is_module(o))


def store_attribute(w: Walker, obj: Obj, name: str, value: Value, node: Node) -> None:
    if obj.type == LIB:
        undescribed.run_registered(w, value, node)
        library.set_library(w, f"{obj.path}.{name}", value)
        return
    if obj.immutable:
        return
    if obj.type == INSTANCE:
        instances.set_property(w, obj, name, value, node)
        if name == "__class__":
            w.heap.hold(obj, "*class", value)
    if _sets_ambient(w, obj, "__setattr__", value):
        return
    change_by_store(w, obj)
    if _is_left_out(w, obj, name):
        w.heap.hold(obj, LOST, frozenset({w.heap.atom("builtins.str", f"{w.record.index} {name}")}))
    w.heap.hold(obj, name, value)


_SAVED = {
    "pandas.": frozenset({"columns", "index", "name", "names", "attrs", "flags"}),
    "numpy.ndarray": frozenset({"shape", "dtype", "strides", "real", "imag", "flat", "data", "T"}),
}


def _is_left_out(w: Walker, obj: Obj, name: str) -> bool:
    """Whether pickle may leave out an attribute that is given to a library's object."""
    for kind, saved in _SAVED.items():
        if obj.type.startswith(kind):
            return name not in saved and w.is_attribute(name)
    return False


def change_by_store(w: Walker, obj: Obj) -> None:
    """Storing into an object of a library may change what it is a part of (a node of a tree)."""
    if obj.type in (INSTANCE, METHOD):
        w.change_one(obj)
    else:
        w.change((obj,))


def delete(w: Walker, node: Node) -> None:
    """Do ``del a.b`` or ``del a[i]``."""
    children = node.children
    name = library.dynamic_name(w, children[0], children[1:]) if len(children) == 3 else None
    if name is not None:
        w.read_global(name)
        return
    owner, last = _owner_and_last(node)
    objects = owner(w)
    if last.children[0].value != ".":
        _subscript_key(w, last.children[1])
    implicit(w, objects)
    for obj in objects:
        if obj.type == LIB:
            library.set_library(w, obj.path, EMPTY)
        else:
            if obj.type == INSTANCE and last.children[0].value == ".":
                instances.delete_property(w, obj, last.children[1].value, node)
            change_by_store(w, obj)


def enter(w: Walker, value: Value, node: Node) -> Value:
    """Return what ``with value as x`` binds."""
    result: set[Obj] = set()
    for obj in value:
        if obj.type == INSTANCE:
            method = instances.class_member(w, obj.fields["*class"], "__enter__")
            for function in method:
                result.update(calls.call(w, instances.bind_method(w, obj, function, node), calls.NO_ARGUMENTS, node))
            for function in instances.class_member(w, obj.fields["*class"], "__aenter__"):
                made = calls.call(w, instances.bind_method(w, obj, function, node), calls.NO_ARGUMENTS, node)
                result.update(contents(frozenset(o for o in made if o.type == "builtins.coroutine")))
        elif obj.type in ("builtins.generator", "builtins.iterator"):
            advance(w, obj)
            result.update(contents(frozenset({obj})))
        elif "." in obj.type and not obj.immutable:
            effect = w.knowledge.method(obj.type, "__enter__", {})
            known = effect is not None and effect.returns != ("fresh",) and not effect.returns[0].endswith(".*")
            result.update(
                library.apply(w, effect, frozenset({obj}), calls.NO_ARGUMENTS, node, path=obj.type)
                if effect is not None and known
                else {obj}
            )
        else:
            result.add(obj)
    return frozenset(result)


def leave(w: Walker, managers: Value) -> None:
    """Do what the end of a ``with`` does: what stands after the ``yield`` of a generator runs."""
    for obj in managers:
        if obj.type == "builtins.generator":
            advance(w, obj)


def implicit(w: Walker, value: Value) -> Value:
    """Run what an operation may call in the notebook's classes (``__add__``, ``__repr__``); return what it gives."""
    result: set[Obj] = set()
    for obj in value:
        if obj.type == INSTANCE:
            result.update(instances.run_special_methods(w, obj))
    return frozenset(result)


def implicit_inside(w: Walker, value: Value) -> None:
    """Run what an operation on containers may call in the notebook's classes for what they hold, however deep.

    ``[a] == [b]`` compares a with b, ``print([a])`` asks for its text, ``set([a])`` for its hash.
    """
    if INSTANCE not in w.heap.types:
        return
    seen = set(value)
    stack = [obj for obj in value if obj.type in _SEEN_THROUGH]
    while stack:
        for held in stack.pop().fields.values():
            more = [obj for obj in held if obj.type in _SEEN_THROUGH and obj not in seen]
            seen.update(more)
            stack += more
    for obj in seen - value:
        if obj.type == INSTANCE:
            instances.run_special_methods(w, obj, held=True)


_SEEN_THROUGH = {*CONTAINERS, INSTANCE, "collections.Counter", "types.SimpleNamespace"}


def note_dataclass_field(w: Walker, name: str, node: Node) -> None:
    """``x: list = field(default_factory=list)`` in a class body: each instance gets its own object."""
    owner = w.scope.self_class
    if owner is None or node.type not in ("atom_expr", "power"):
        return
    value = w.scope.state.names[name].value
    fields = [obj for obj in value if obj.type == "dataclasses.Field"]
    for obj in fields:
        w.heap.hold(owner, f"*factory:{name}", obj.fields.get("default_factory", EMPTY) | obj.fields.get("*", EMPTY))
        w.scope.state.names[name] = Binding(obj.fields.get("default", EMPTY), NO_DEFS, -1)


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
