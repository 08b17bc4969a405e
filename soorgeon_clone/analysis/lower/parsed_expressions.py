"""Expressions, targets and parameters in parso's tree -> the nodes of Python's own syntax; they know their row only."""

from __future__ import annotations

import ast
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

Leaf = Any  # of parso's tree: has .type, .value, .line
Node = Any  # or a leaf; nodes have .children


class NotRead(Exception):
    """parso's grammar does not have this."""


BINARY: dict[str, type[ast.operator]] = {
    "+": ast.Add,
    "-": ast.Sub,
    "*": ast.Mult,
    "/": ast.Div,
    "//": ast.FloorDiv,
    "%": ast.Mod,
    "@": ast.MatMult,
    "**": ast.Pow,
    "<<": ast.LShift,
    ">>": ast.RShift,
    "&": ast.BitAnd,
    "^": ast.BitXor,
    "|": ast.BitOr,
}
COMPARISONS: dict[str, type[ast.cmpop]] = {
    "==": ast.Eq,
    "!=": ast.NotEq,
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
    "is": ast.Is,
    "is not": ast.IsNot,
    "in": ast.In,
    "not in": ast.NotIn,
}
UNARY: dict[str, type[ast.unaryop]] = {"+": ast.UAdd, "-": ast.USub, "~": ast.Invert}
_CONSTANTS = {"None": None, "True": True, "False": False}
_LOAD, STORE, DEL = ast.Load(), ast.Store(), ast.Del()
_LEAVES = frozenset(("name", "number", "string", "operator", "keyword", "fstring_start"))
_SEPARATORS = (",", ";")


def parameters_of(nodes: list[Node]) -> ast.arguments:
    """Return the parameters of a function: parso's ``param`` nodes, ``*`` and ``/`` alone."""
    positional: list[ast.arg] = []
    only_positional: list[ast.arg] = []
    only_keyword: list[ast.arg] = []
    defaults: list[ast.expr] = []
    keyword_defaults: list[ast.expr | None] = []
    star: ast.arg | None = None
    mapping: ast.arg | None = None
    is_starred = False
    for node in nodes:
        if node.type == "operator":
            if node.value == "/":
                only_positional, positional = positional, []
            is_starred = is_starred or node.value == "*"
            continue
        if node.type != "param":
            raise NotRead
        made = _arg(node)
        default = expression(node.default) if node.default is not None else None
        if node.star_count == 1:
            star, is_starred = made, True
        elif node.star_count == 2:
            mapping = made
        elif is_starred:
            only_keyword.append(made)
            keyword_defaults.append(default)
        else:
            positional.append(made)
            defaults += [default] if default is not None else []
    return ast.arguments(only_positional, positional, star, only_keyword, keyword_defaults, mapping, defaults)


def _arg(node: Node) -> ast.arg:
    annotation = expression(node.annotation) if node.annotation is not None else None
    return ast.arg(name_of(node.name), annotation, None, lineno=node.name.line)


def expression(node: Node) -> ast.expr:
    reader = _EXPRESSIONS.get(node.type)
    if reader is None:
        raise NotRead(node.type)
    return reader(node)


def target_of(node: Node, context: ast.expr_context) -> Any:
    """Return what is assigned to, or deleted."""
    found = expression(node)
    stack = [found]
    while stack:
        part: Any = stack.pop()
        if isinstance(part, ast.Name | ast.Attribute | ast.Subscript | ast.Starred | ast.Tuple | ast.List):
            part.ctx = context
        if isinstance(part, ast.Tuple | ast.List):
            stack.extend(part.elts)
        elif isinstance(part, ast.Starred):
            stack.append(part.value)
    return found


def _variable(node: Node) -> ast.expr:
    return ast.Name(name_of(node), _LOAD, lineno=row_of(node))


def _number(node: Node) -> ast.expr:
    return ast.Constant(ast.literal_eval(node.value), None, lineno=row_of(node))


def _keyword(node: Node) -> ast.expr:
    if node.value == "yield":
        return ast.Yield(None, lineno=row_of(node))
    if node.value not in _CONSTANTS:
        raise NotRead(node.value)
    return ast.Constant(_CONSTANTS[node.value], None, lineno=row_of(node))


def _operator(node: Node) -> ast.expr:
    if node.value != "...":
        raise NotRead(node.value)
    return ast.Constant(..., None, lineno=row_of(node))


def _string(node: Node) -> ast.expr:
    kind = "u" if node.value[0] == "u" else None
    return ast.Constant(ast.literal_eval(node.value), kind, lineno=row_of(node))


def _strings(node: Node) -> ast.expr:
    if any(part.type == "fstring" for part in node.children):
        return _formatted(node)
    first = node.children[0].value
    values = [ast.literal_eval(part.value) for part in node.children]
    whole = values[0][:0].join(values)
    return ast.Constant(whole, "u" if first[0] == "u" else None, lineno=row_of(node))


def _formatted(node: Node) -> ast.expr:
    """An f-string is read by Python itself: what stands in it has positions of its own anyway."""
    text = node.get_code(include_prefix=False)
    try:
        found = ast.parse(f"({text}\n)", mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise NotRead from error
    ast.increment_lineno(found, row_of(node) - 1)
    return found


def _atom(node: Node) -> ast.expr:
    opening, inner = node.children[0].value, node.children[1]
    row = row_of(node)
    if len(node.children) == 2:
        return _EMPTY[opening](row)
    if opening == "{":
        return _braces(inner, row)
    if inner.type == "testlist_comp":
        if inner.children[1].type in COMPREHENSIONS:
            element, generators = expression(inner.children[0]), _generators(inner.children[1])
            return (ast.ListComp if opening == "[" else ast.GeneratorExp)(element, generators, lineno=row)
        parts = [expression(each) for each in items(inner)]
        return (ast.List if opening == "[" else ast.Tuple)(parts, _LOAD, lineno=row)
    found = expression(inner)
    return ast.List([found], _LOAD, lineno=row) if opening == "[" else found


def _braces(inner: Node, row: int) -> ast.expr:
    if inner.type != "dictorsetmaker":
        return ast.Set([expression(inner)], lineno=row)
    parts = inner.children
    if parts[0].type == "operator" or (len(parts) > 1 and is_sign(parts[1], ":")):
        return _dictionary(parts, row)
    if parts[1].type in COMPREHENSIONS:
        return ast.SetComp(expression(parts[0]), _generators(parts[1]), lineno=row)
    if any(is_sign(part, ":=") for part in parts):
        raise NotRead
    return ast.Set([expression(each) for each in items(inner)], lineno=row)


def _dictionary(parts: list[Node], row: int) -> ast.expr:
    if len(parts) == 4 and parts[3].type in COMPREHENSIONS:
        key, value = expression(parts[0]), expression(parts[2])
        return ast.DictComp(key, value, _generators(parts[3]), lineno=row)
    keys: list[ast.expr | None] = []
    values: list[ast.expr] = []
    index = 0
    while index < len(parts):
        if is_sign(parts[index], "**"):
            keys.append(None)
            values.append(expression(parts[index + 1]))
            index += 3
        else:
            keys.append(expression(parts[index]))
            values.append(expression(parts[index + 2]))
            index += 4
    return ast.Dict(keys, values, lineno=row)


def _generators(node: Node) -> list[ast.comprehension]:
    found: list[ast.comprehension] = []
    current: Node | None = node
    while current is not None:
        is_async = current.type == "comp_for" and _is_word(current.children[0], "async")
        inner = current.children[-1] if current.type == "comp_for" else current
        if inner.type == "comp_if":
            found[-1].ifs.append(expression(inner.children[1]))
            current = inner.children[2] if len(inner.children) > 2 else None
            continue
        target, iterable = target_of(inner.children[1], STORE), expression(inner.children[3])
        found.append(ast.comprehension(target, iterable, [], int(is_async)))
        current = inner.children[4] if len(inner.children) > 4 else None
    return found


def _atom_expr(node: Node) -> ast.expr:
    parts = node.children
    awaits = _is_word(parts[0], "await")
    head = parts[1] if awaits else parts[0]
    value = expression(head)
    row = row_of(head)
    for trailer in parts[2 if awaits else 1 :]:
        value = _trailer(value, trailer, row)
    return ast.Await(value, lineno=row_of(node)) if awaits else value


def _trailer(value: ast.expr, node: Node, row: int) -> ast.expr:
    sign = node.children[0].value
    at = {"lineno": row, "end_lineno": node.children[-1].line}
    if sign == ".":
        return ast.Attribute(value, name_of(node.children[1]), _LOAD, **at)
    if sign == "(":
        if len(node.children) == 2:
            return ast.Call(value, [], [], **at)
        positional, keywords = call_arguments(node.children[1], node.children[0].line)
        return ast.Call(value, positional, keywords, **at)
    return ast.Subscript(value, _index(node.children[1]), _LOAD, **at)


def call_arguments(node: Node, row: int) -> tuple[list[ast.expr], list[ast.keyword]]:
    positional: list[ast.expr] = []
    keywords: list[ast.keyword] = []
    for part in items(node) if node.type == "arglist" else [node]:
        if part.type != "argument":
            positional.append(expression(part))
            continue
        first, second = part.children[0], part.children[1]
        if is_sign(first, "**"):
            keywords.append(ast.keyword(None, expression(second), lineno=row_of(part)))
        elif is_sign(first, "*"):
            positional.append(ast.Starred(expression(second), _LOAD, lineno=row_of(part)))
        elif is_sign(second, "="):
            keywords.append(ast.keyword(name_of(first), expression(part.children[2]), lineno=row_of(part)))
        elif second.type in COMPREHENSIONS:
            generator = ast.GeneratorExp(expression(first), _generators(second), lineno=row)
            positional.append(generator)
        else:
            positional.append(_walrus(part))
    return positional, keywords


def _index(node: Node) -> ast.expr:
    if node.type != "subscriptlist":
        return _subscript(node)
    parts = [_subscript(part) for part in items(node)]
    return ast.Tuple(parts, _LOAD, lineno=row_of(node))


def _subscript(node: Node) -> ast.expr:
    if is_sign(node, ":"):
        return ast.Slice(None, None, None, lineno=row_of(node))
    if node.type != "subscript":
        return expression(node)
    if any(is_sign(part, ":=") for part in node.children):
        return _walrus(node)
    bounds: list[ast.expr | None] = [None, None, None]
    index = 0
    for part in node.children:
        if part.type == "sliceop":
            bounds[2] = expression(part.children[1]) if len(part.children) > 1 else None
        elif is_sign(part, ":"):
            index += 1
        else:
            bounds[index] = expression(part)
    lower, upper, step = bounds
    return ast.Slice(lower, upper, step, lineno=row_of(node))


def _power(node: Node) -> ast.expr:
    left, right = expression(node.children[0]), expression(node.children[2])
    return ast.BinOp(left, ast.Pow(), right, lineno=row_of(node))


def _binary(node: Node) -> ast.expr:
    parts = node.children
    value = expression(parts[0])
    row = value.lineno if parts[0].type != "atom" else row_of(parts[0])
    for index in range(1, len(parts), 2):
        right = parts[index + 1]
        operator = BINARY[parts[index].value]()
        value = ast.BinOp(value, operator, expression(right), lineno=row)
    return value


def _comparison(node: Node) -> ast.expr:
    parts = node.children
    signs = [COMPARISONS[_sign(part)]() for part in parts[1::2]]
    return ast.Compare(expression(parts[0]), signs, [expression(p) for p in parts[2::2]], lineno=row_of(node))


def _boolean(node: Node) -> ast.expr:
    sign = ast.And() if node.children[1].value == "and" else ast.Or()
    return ast.BoolOp(sign, [expression(part) for part in node.children[::2]], lineno=row_of(node))


def _not(node: Node) -> ast.expr:
    return ast.UnaryOp(ast.Not(), expression(node.children[1]), lineno=row_of(node))


def _factor(node: Node) -> ast.expr:
    sign = UNARY[node.children[0].value]()
    return ast.UnaryOp(sign, expression(node.children[1]), lineno=row_of(node))


def _ternary(node: Node) -> ast.expr:
    body, _, test, _, orelse = node.children
    body, test, orelse = expression(body), expression(test), expression(orelse)
    return ast.IfExp(test, body, orelse, lineno=row_of(node))


def _lambda(node: Node) -> ast.expr:
    return ast.Lambda(parameters_of(node.children[1:-2]), expression(node.children[-1]), lineno=row_of(node))


def _walrus(node: Node) -> ast.expr:
    target = ast.Name(name_of(node.children[0]), STORE, lineno=row_of(node))
    return ast.NamedExpr(target, expression(node.children[2]), lineno=row_of(node))


def _star(node: Node) -> ast.expr:
    return ast.Starred(expression(node.children[1]), _LOAD, lineno=row_of(node))


def _tuple(node: Node) -> ast.expr:
    return ast.Tuple([expression(part) for part in items(node)], _LOAD, lineno=row_of(node))


def _yield(node: Node) -> ast.expr:
    what = node.children[1]
    if what.type == "yield_arg":
        return ast.YieldFrom(expression(what.children[1]), lineno=row_of(node))
    return ast.Yield(expression(what), lineno=row_of(node))


COMPREHENSIONS = ("comp_for", "sync_comp_for")
_EMPTY: dict[str, Callable[[int], ast.expr]] = {
    "(": lambda row: ast.Tuple([], _LOAD, lineno=row),
    "[": lambda row: ast.List([], _LOAD, lineno=row),
    "{": lambda row: ast.Dict([], [], lineno=row),
}
_EXPRESSIONS: dict[str, Callable[[Node], ast.expr]] = {
    "name": _variable,
    "number": _number,
    "string": _string,
    "strings": _strings,
    "fstring": _formatted,
    "keyword": _keyword,
    "operator": _operator,
    "atom": _atom,
    "atom_expr": _atom_expr,
    "power": _power,
    "arith_expr": _binary,
    "term": _binary,
    "shift_expr": _binary,
    "and_expr": _binary,
    "xor_expr": _binary,
    "expr": _binary,
    "comparison": _comparison,
    "not_test": _not,
    "and_test": _boolean,
    "or_test": _boolean,
    "factor": _factor,
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


def row_of(node: Node) -> int:
    while node.type not in _LEAVES:
        node = node.children[0]
    row: int = node.line
    return row


def items(node: Node) -> Iterator[Node]:
    """Yield what commas separate."""
    return (child for child in node.children if not is_separator(child))


def is_separator(node: Node) -> bool:
    return bool(node.type == "operator" and node.value in _SEPARATORS)


def is_sign(node: Node, sign: str) -> bool:
    return bool(node.type == "operator" and node.value == sign)


def _is_word(node: Node, word: str) -> bool:
    return bool(node.type == "keyword" and node.value == word)


def _sign(node: Node) -> str:
    return " ".join(child.value for child in node.children) if node.type == "comp_op" else str(node.value)


def name_of(leaf: Leaf) -> str:
    """Return a name as Python normalises it."""
    name: str = leaf.value
    return name if name.isascii() else unicodedata.normalize("NFKC", name)


def dotted(node: Node) -> str:
    return ".".join(name_of(part) for part in node.children[::2]) if node.type == "dotted_name" else name_of(node)
