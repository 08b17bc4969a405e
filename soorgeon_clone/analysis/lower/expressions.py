"""Expressions and targets of Python's syntax tree -> instructions, in Python's order of evaluation."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import Any

from soorgeon_clone.analysis.lower import instructions as lowered
from soorgeon_clone.analysis.lower.instructions import Block, Code, Instruction
from soorgeon_clone.analysis.lower.parsed_expressions import BINARY, COMPARISONS, UNARY
from soorgeon_clone.analysis.lower.scopes import ScopeNames

_LONGEST_TEXT = 2_000  # of a constant whose value is kept
_LARGEST_NUMBER = 10**11

_SIGNS: dict[type[ast.AST], str] = {
    **{kind: sign for signs in (BINARY, COMPARISONS, UNARY) for sign, kind in signs.items()},
    **{ast.And: "and", ast.Or: "or", ast.Not: "not"},
}
# operators of one precedence make one instruction: a + b - c
_PRECEDENCE = {
    sign: number for number, signs in enumerate(("+ -", "* / // % @", "<< >>", "&", "^", "|")) for sign in signs.split()
}


def sign_of(operator: ast.AST) -> str:
    """Return an operator as it is written."""
    return _SIGNS[type(operator)]


def expression(scope: ScopeNames, node: ast.expr) -> Instruction:
    """Lower an expression that stands in ``scope``."""
    scope.size += 1
    return _EXPRESSIONS[type(node)](scope, node)


def expressions(scope: ScopeNames, nodes: Iterable[ast.expr | None]) -> Block:
    return tuple(expression(scope, node) for node in nodes if node is not None)


def target(scope: ScopeNames, node: ast.expr) -> Instruction:
    """Lower what a value is given to; names in it are bound in ``scope``."""
    if isinstance(node, ast.Name):
        scope.bind(node.id)
        return lowered.Name(node.lineno, node.id)
    if isinstance(node, ast.Tuple | ast.List):
        return lowered.Unpack(node.lineno, tuple(target(scope, item) for item in node.elts))
    if isinstance(node, ast.Starred):
        return lowered.Rest(node.lineno, target(scope, node.value))
    return expression(scope, node)


# -- one function for each kind of node ------------------------------------------------------------------------


def _constant(scope: ScopeNames, node: ast.Constant) -> Instruction:
    value = node.value
    kind = type(value).__name__
    kept: str | int | None = None
    if isinstance(value, str):
        kept = value if len(value) < _LONGEST_TEXT else None
    elif isinstance(value, bool) or (isinstance(value, int) and value < _LARGEST_NUMBER):
        kept = value
    return lowered.Constant(node.lineno, kind, kept)


def _name(scope: ScopeNames, node: ast.Name) -> Instruction:
    if node.id in scope.erased:
        return lowered.Constant(node.lineno, "NoneType")
    scope.own.add(node.id)
    return lowered.Read(node.lineno, node.id)


def _text(scope: ScopeNames, node: Any) -> Instruction:
    pieces: list[str | Instruction] = []
    is_plain = True
    for value in node.values:
        if isinstance(value, ast.Constant):
            pieces += [str(value.value)] if value.value else []
            continue
        pieces.append(expression(scope, value.value))
        if value.conversion != -1 or value.format_spec is not None:
            is_plain = False
        if value.format_spec is not None:
            pieces.append(expression(scope, value.format_spec))
    return lowered.Text(node.lineno, tuple(pieces), is_plain)


def _template(scope: ScopeNames, node: Any) -> Instruction:
    values = (value for value in node.values if not isinstance(value, ast.Constant))
    found = [expression(scope, part) for v in values for part in (v.value, v.format_spec) if part is not None]
    return lowered.Make(node.lineno, "tuple", tuple(found))


def _attribute(scope: ScopeNames, node: ast.Attribute) -> Instruction:
    return lowered.Attribute(node.end_lineno or node.lineno, expression(scope, node.value), node.attr)


def _item(scope: ScopeNames, node: ast.Subscript) -> Instruction:
    return lowered.Item(node.value.end_lineno or node.lineno, expression(scope, node.value), _key(scope, node.slice))


def _key(scope: ScopeNames, node: ast.expr) -> Instruction:
    if isinstance(node, ast.Slice):
        return lowered.Keys(node.lineno, "slice", expressions(scope, (node.lower, node.upper, node.step)))
    if isinstance(node, ast.Tuple):
        found = [_key(scope, item) if isinstance(item, ast.Slice) else expression(scope, item) for item in node.elts]
        has_slice = any(isinstance(item, ast.Slice) for item in node.elts)
        return lowered.Keys(node.lineno, "slices" if has_slice else "tuple", tuple(found))
    return expression(scope, node)


def _elements(scope: ScopeNames, node: ast.Starred) -> Instruction:
    return lowered.Elements(node.lineno, expression(scope, node.value))


def _display(scope: ScopeNames, node: Any) -> Instruction:
    return lowered.Make(node.lineno, type(node).__name__.lower(), expressions(scope, node.elts))


def _mapping(scope: ScopeNames, node: ast.Dict) -> Instruction:
    entries = [
        (expression(scope, key) if key is not None else None, expression(scope, value))
        for key, value in zip(node.keys, node.values, strict=True)
    ]
    return lowered.MakeMapping(node.lineno, tuple(entries))


def _gather(scope: ScopeNames, node: Any) -> Instruction:
    first = expression(scope, node.generators[0].iter)
    inner = ScopeNames("loops", scope)
    clauses: list[lowered.Clause] = []
    for clause in node.generators:
        over = expression(inner, clause.iter) if clauses else first
        bound = target(inner, clause.target)
        clauses.append(lowered.Clause(clause.target.lineno, bound, over, expressions(inner, clause.ifs)))
    is_mapping = isinstance(node, ast.DictComp)
    key = expression(inner, node.key) if is_mapping else None
    value = expression(inner, node.value if is_mapping else node.elt)
    inner.close()
    return lowered.Gather(node.lineno, _GATHERED[type(node)], tuple(clauses), key, value)


_GATHERED: dict[type[ast.AST], str] = {
    ast.ListComp: "list",
    ast.SetComp: "set",
    ast.DictComp: "dict",
    ast.GeneratorExp: "generator",
}


def _operate(scope: ScopeNames, node: ast.BinOp) -> Instruction:
    rest: list[tuple[str, ast.expr]] = []
    precedence = _PRECEDENCE.get(sign_of(node.op))
    first: ast.expr = node
    while isinstance(first, ast.BinOp) and (first is node or _PRECEDENCE.get(sign_of(first.op), -1) == precedence):
        rest.append((sign_of(first.op), first.right))
        first = first.left
    operands = expression(scope, first), tuple((sign, expression(scope, right)) for sign, right in reversed(rest))
    return lowered.Operate(node.lineno, *operands)


def _compare(scope: ScopeNames, node: ast.Compare) -> Instruction:
    first = expression(scope, node.left)
    rest = [(sign_of(sign), expression(scope, right)) for sign, right in zip(node.ops, node.comparators, strict=True)]
    return lowered.Operate(node.lineno, first, tuple(rest))


def _operate_alone(scope: ScopeNames, node: ast.UnaryOp) -> Instruction:
    return lowered.OperateAlone(node.lineno, sign_of(node.op), expression(scope, node.operand))


def _either(scope: ScopeNames, node: ast.BoolOp) -> Instruction:
    return lowered.Either(node.lineno, sign_of(node.op), expressions(scope, node.values))


def _choose(scope: ScopeNames, node: ast.IfExp) -> Instruction:
    test = expression(scope, node.test)
    return lowered.Choose(node.lineno, test, expression(scope, node.body), expression(scope, node.orelse))


def _call(scope: ScopeNames, node: ast.Call) -> Instruction:
    function = expression(scope, node.func)
    found = arguments(scope, node.args, node.keywords)
    return lowered.Call(node.func.end_lineno or node.lineno, function, found)


def arguments(
    scope: ScopeNames, positional: list[ast.expr], keywords: list[ast.keyword]
) -> tuple[lowered.Argument, ...]:
    """Lower what stands between the brackets of a call, or behind the name of a class."""
    found = []
    for item in positional:
        starred = isinstance(item, ast.Starred)
        value = expression(scope, item.value if isinstance(item, ast.Starred) else item)
        found.append(lowered.Argument(item.lineno, "*" if starred else "", None, value))
    for keyword in keywords:
        value = expression(scope, keyword.value)
        found.append(lowered.Argument(keyword.lineno, "=" if keyword.arg is not None else "**", keyword.arg, value))
    return tuple(found)


def _bind(scope: ScopeNames, node: ast.NamedExpr) -> Instruction:
    value = expression(scope, node.value)
    scope.bind_outside(node.target.id)
    return lowered.BindInside(node.lineno, node.target.id, value)


def _yield(scope: ScopeNames, node: Any) -> Instruction:
    scope.is_generator = True
    value = expression(scope, node.value) if node.value is not None else None
    return lowered.Yield(node.lineno, value, isinstance(node, ast.YieldFrom))


def _await(scope: ScopeNames, node: ast.Await) -> Instruction:
    return lowered.Await(node.lineno, expression(scope, node.value))


# -- functions -------------------------------------------------------------------------------------------------


def _lambda(scope: ScopeNames, node: ast.Lambda) -> Instruction:
    return lowered.MakeFunction(node.lineno, code_of(scope, node, lambda inner: (expression(inner, node.body),)))


def code_of(
    scope: ScopeNames,
    node: Any,
    lower_body: Callable[[ScopeNames], Block],
    decorators: frozenset[str] = frozenset(),
) -> Code:
    """Lower a function: what stands in its head belongs to ``scope``, its body to a scope of its own."""
    head = ScopeNames("loops", scope)
    type_parameters(head, node)
    parameters = _parameters(head, node.args)
    returns = getattr(node, "returns", None)
    given_back = expression(head, returns) if returns is not None else None
    inner = ScopeNames("function", scope)
    inner.erased = head.erased
    for parameter in parameters:
        inner.bind(parameter.name)
    inner.mentioned.clear()
    body = lower_body(inner)
    mentioned = frozenset(inner.own | inner.mentioned)
    name = getattr(node, "name", "<lambda>")
    names = {parameter.name for parameter in parameters}
    head.close()
    inner.close()
    scope.mentioned |= names
    return Code(
        node.lineno,
        name,
        parameters,
        given_back,
        body,
        is_lambda=isinstance(node, ast.Lambda),
        is_async=isinstance(node, ast.AsyncFunctionDef),
        is_generator=inner.is_generator,
        locals=inner.locals,
        globals=frozenset(inner.globals),
        nonlocals=frozenset(inner.nonlocals),
        free=frozenset(inner.free),
        mentioned=mentioned,
        names=mentioned | names | head.own | head.mentioned | {name},
        decorators=decorators,
        has_class=inner.has_class,
        size=inner.size,
    )


def type_parameters(scope: ScopeNames, node: Any) -> None:
    """Let the type parameters of a definition mean nothing in ``scope``; their bounds are mentioned, never asked."""
    found = getattr(node, "type_params", None)
    if not found:
        return
    scope.erased |= {parameter.name for parameter in found}
    for parameter in found:
        for part in (getattr(parameter, "bound", None), getattr(parameter, "default_value", None)):
            if part is not None:
                expression(scope, part)


def _parameters(scope: ScopeNames, node: ast.arguments) -> tuple[lowered.Parameter, ...]:
    positional = [*node.posonlyargs, *node.args]
    found = []
    missing = len(positional) - len(node.defaults)
    for index, argument in enumerate(positional):
        found.append(_parameter(scope, argument, "", node.defaults[index - missing] if index >= missing else None))
    if node.vararg is not None:
        found.append(_parameter(scope, node.vararg, "*", None))
    for argument, default in zip(node.kwonlyargs, node.kw_defaults, strict=True):
        found.append(_parameter(scope, argument, "", default, keyword_only=True))
    if node.kwarg is not None:
        found.append(_parameter(scope, node.kwarg, "**", None))
    return tuple(found)


def _parameter(
    scope: ScopeNames, node: ast.arg, kind: str, default: ast.expr | None, *, keyword_only: bool = False
) -> lowered.Parameter:
    value = expression(scope, default) if default is not None else None
    annotation = expression(scope, node.annotation) if node.annotation is not None else None
    return lowered.Parameter(node.arg, kind, value, annotation, keyword_only)


_EXPRESSIONS: dict[type[ast.AST], Callable[[ScopeNames, Any], Instruction]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.JoinedStr: _text,
    ast.Attribute: _attribute,
    ast.Subscript: _item,
    ast.Starred: _elements,
    ast.Tuple: _display,
    ast.List: _display,
    ast.Set: _display,
    ast.Dict: _mapping,
    ast.ListComp: _gather,
    ast.SetComp: _gather,
    ast.DictComp: _gather,
    ast.GeneratorExp: _gather,
    ast.BinOp: _operate,
    ast.Compare: _compare,
    ast.UnaryOp: _operate_alone,
    ast.BoolOp: _either,
    ast.IfExp: _choose,
    ast.Call: _call,
    ast.NamedExpr: _bind,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
    ast.Await: _await,
    ast.Lambda: _lambda,
}
if hasattr(ast, "TemplateStr"):
    _EXPRESSIONS[ast.TemplateStr] = _template
