"""Statements of Python's syntax tree -> instructions, in the order in which they run."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from soorgeon_clone.analysis.lower import instructions as lowered
from soorgeon_clone.analysis.lower.expressions import (
    arguments,
    code_of,
    expression,
    expressions,
    sign_of,
    target,
    type_parameters,
)
from soorgeon_clone.analysis.lower.instructions import Block, Code, Instruction
from soorgeon_clone.analysis.lower.patterns import Pattern, pattern
from soorgeon_clone.analysis.lower.scopes import ScopeNames


def block(scope: ScopeNames, nodes: Iterable[ast.stmt]) -> Block:
    """Lower statements that stand in ``scope``."""
    found: list[Instruction] = []
    for node in nodes:
        scope.size += 1
        found += _STATEMENTS[type(node)](scope, node)
    return tuple(found)


def _expression(scope: ScopeNames, node: ast.Expr) -> Iterator[Instruction]:
    yield expression(scope, node.value)


def _nothing(scope: ScopeNames, node: ast.Pass) -> Iterator[Instruction]:
    return iter(())


def _assign(scope: ScopeNames, node: ast.Assign) -> Iterator[Instruction]:
    value = expression(scope, node.value)
    yield lowered.Bind(node.lineno, tuple(target(scope, each) for each in node.targets), value)


def _annotate(scope: ScopeNames, node: ast.AnnAssign) -> Iterator[Instruction]:
    annotation = expression(scope, node.annotation)
    value = expression(scope, node.value) if node.value is not None else None
    yield lowered.Annotate(node.lineno, target(scope, node.target), annotation, value)


def _operate_in_place(scope: ScopeNames, node: ast.AugAssign) -> Iterator[Instruction]:
    place = target(scope, node.target)
    if isinstance(place, lowered.Name):
        scope.own.add(place.name)
    yield lowered.OperateInPlace(node.lineno, place, sign_of(node.op), expression(scope, node.value))


def _delete(scope: ScopeNames, node: ast.Delete) -> Iterator[Instruction]:
    stack = list(reversed(node.targets))
    while stack:
        item = stack.pop()
        if isinstance(item, ast.Tuple | ast.List):
            stack.extend(reversed(item.elts))
        else:
            yield lowered.Unbind(item.lineno, target(scope, item))


def _import(scope: ScopeNames, node: ast.Import) -> Iterator[Instruction]:
    for alias in node.names:
        name = alias.asname or alias.name.partition(".")[0]
        yield _imported(scope, lowered.Import(node.lineno, name, alias.name, alias.asname is not None, is_from=False))


def _import_from(scope: ScopeNames, node: ast.ImportFrom) -> Iterator[Instruction]:
    module = "." * node.level + (node.module or "")
    for alias in node.names:
        path = module if alias.name == "*" else f"{module}.{alias.name}"
        yield _imported(scope, lowered.Import(node.lineno, alias.asname or alias.name, path, whole=True, is_from=True))


def _imported(scope: ScopeNames, made: lowered.Import) -> lowered.Import:
    scope.bind(made.name)
    scope.imports.append(made)
    return made


def _declare(scope: ScopeNames, node: Any) -> Iterator[Instruction]:
    kind = "global" if isinstance(node, ast.Global) else "nonlocal"
    scope.declare(kind, node.names)
    yield lowered.Declare(node.lineno, kind, tuple(node.names))


def _assert(scope: ScopeNames, node: ast.Assert) -> Iterator[Instruction]:
    for part in (node.test, node.msg):
        if part is not None:
            yield lowered.Test(node.lineno, expression(scope, part))


def _raise(scope: ScopeNames, node: ast.Raise) -> Iterator[Instruction]:
    yield lowered.Leave(node.lineno, "raise", expressions(scope, (node.exc, node.cause)))


def _return(scope: ScopeNames, node: ast.Return) -> Iterator[Instruction]:
    yield lowered.Leave(node.lineno, "return", expressions(scope, (node.value,)))


def _break(scope: ScopeNames, node: ast.Break) -> Iterator[Instruction]:
    yield lowered.Leave(node.lineno, "break")


def _continue(scope: ScopeNames, node: ast.Continue) -> Iterator[Instruction]:
    yield lowered.Leave(node.lineno, "continue")


# -- blocks ----------------------------------------------------------------------------------------------------


def _if(scope: ScopeNames, node: ast.If) -> Iterator[Instruction]:
    tests: list[Instruction] = []
    blocks: list[Block] = []
    rest: list[ast.stmt] = [node]
    while len(rest) == 1 and isinstance(rest[0], ast.If):  # elif, or an if alone in an else
        case = rest[0]
        tests.append(expression(scope, case.test))
        blocks.append(block(scope, case.body))
        rest = case.orelse
    if rest:
        blocks.append(block(scope, rest))
    yield lowered.Branch(node.lineno, tuple(tests), tuple(blocks))


def _while(scope: ScopeNames, node: ast.While) -> Iterator[Instruction]:
    test = expression(scope, node.test)
    yield lowered.Loop(node.lineno, None, None, test, block(scope, node.body), block(scope, node.orelse))


def _for(scope: ScopeNames, node: Any) -> Iterator[Instruction]:
    over = expression(scope, node.iter)
    place = target(scope, node.target)
    yield lowered.Loop(node.lineno, place, over, None, block(scope, node.body), block(scope, node.orelse))


def _try(scope: ScopeNames, node: Any) -> Iterator[Instruction]:
    body = block(scope, node.body)
    handlers = tuple(_handler(scope, each) for each in node.handlers)
    yield lowered.Try(node.lineno, body, handlers, block(scope, node.orelse), block(scope, node.finalbody))


def _handler(scope: ScopeNames, node: ast.ExceptHandler) -> lowered.Handler:
    caught = expression(scope, node.type) if node.type is not None else None
    if node.name is not None:
        scope.bind(node.name)
    return lowered.Handler(node.lineno, caught, node.name, block(scope, node.body))


def _with(scope: ScopeNames, node: Any) -> Iterator[Instruction]:
    managers = []
    for item in node.items:
        manager = expression(scope, item.context_expr)
        place = target(scope, item.optional_vars) if item.optional_vars is not None else None
        managers.append((manager, place))
    yield lowered.With(node.lineno, tuple(managers), block(scope, node.body))


def _match(scope: ScopeNames, node: ast.Match) -> Iterator[Instruction]:
    subject = expression(scope, node.subject)
    cases = []
    for each in node.cases:
        found = pattern(scope, each.pattern)
        guard = expression(scope, each.guard) if each.guard is not None else None
        cases.append(_case(found, guard, block(scope, each.body), each.pattern.lineno))
    yield lowered.Match(node.lineno, subject, tuple(cases))


def _case(found: Pattern, guard: Instruction | None, body: Block, row: int) -> lowered.Case:
    return lowered.Case(row, tuple(found.uses), tuple(found.binds), guard, found.is_certain and guard is None, body)


# -- definitions -----------------------------------------------------------------------------------------------


def _function(scope: ScopeNames, node: Any) -> Iterator[Instruction]:
    decorators = _decorators(scope, node)
    names = frozenset(name for _, name, _ in decorators)
    code = code_of(scope, node, lambda inner: block(inner, node.body), names)
    yield _defined(scope, node, lowered.MakeFunction(node.lineno, code), decorators)


def _class(scope: ScopeNames, node: ast.ClassDef) -> Iterator[Instruction]:
    decorators = _decorators(scope, node)
    head = ScopeNames("loops", scope)
    type_parameters(head, node)
    bases = arguments(head, node.bases, node.keywords)
    inner = ScopeNames("class", scope)
    inner.erased = head.erased
    body = block(inner, node.body)
    head.close()
    inner.close()
    scope.has_class = True
    names = frozenset(name for _, name, _ in decorators)
    yield _defined(scope, node, lowered.MakeClass(node.lineno, node.name, bases, names, body), decorators)


def _decorators(scope: ScopeNames, node: Any) -> list[tuple[Instruction, str, int]]:
    return [(expression(scope, d), _dotted(d), d.lineno) for d in node.decorator_list]


def _dotted(node: ast.expr) -> str:
    """Return the text of a decorator up to its first bracket."""
    names: list[str] = []
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Call):
            names.clear()
            node = node.func
        elif isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        else:
            return "".join(ast.unparse(node).split()).partition("(")[0]
    return ".".join([node.id, *reversed(names)])


def _defined(
    scope: ScopeNames, node: Any, made: Instruction, decorators: list[tuple[Instruction, str, int]]
) -> Instruction:
    for decorator, name, row in reversed(decorators):
        made = lowered.Decorate(row, decorator, name, made)
    scope.bind(node.name)
    return lowered.Bind(node.lineno, (lowered.Name(node.lineno, node.name),), made)


def _type_alias(scope: ScopeNames, node: Any) -> Iterator[Instruction]:
    """The value of a type alias is evaluated when somebody asks for it: a function gives it."""
    inner = ScopeNames("function", scope)
    type_parameters(inner, node)
    value = expression(inner, node.value)
    inner.close()
    nothing = lowered.Constant(node.lineno, "NoneType")
    parameters = tuple(lowered.Parameter(p.name, "", nothing, None) for p in node.type_params)
    names = frozenset(inner.own | inner.mentioned)
    code = Code(
        node.lineno,
        "<lambda>",
        parameters,
        None,
        (value,),
        is_lambda=True,
        is_async=False,
        is_generator=False,
        locals=inner.locals,
        globals=frozenset(),
        nonlocals=frozenset(),
        free=frozenset(inner.free),
        mentioned=names,
        names=names,
        decorators=frozenset(),
        has_class=False,
        size=inner.size,
    )
    made = lowered.MakeFunction(node.lineno, code)
    yield lowered.Bind(node.lineno, (target(scope, node.name),), made)


_STATEMENTS: dict[type[ast.AST], Callable[[ScopeNames, Any], Iterator[Instruction]]] = {
    ast.Expr: _expression,
    ast.Pass: _nothing,
    ast.Assign: _assign,
    ast.AnnAssign: _annotate,
    ast.AugAssign: _operate_in_place,
    ast.Delete: _delete,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Global: _declare,
    ast.Nonlocal: _declare,
    ast.Assert: _assert,
    ast.Raise: _raise,
    ast.Return: _return,
    ast.Break: _break,
    ast.Continue: _continue,
    ast.If: _if,
    ast.While: _while,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.Try: _try,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Match: _match,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
}
for _name, _lower in (("TryStar", _try), ("TypeAlias", _type_alias)):
    if hasattr(ast, _name):
        _STATEMENTS[getattr(ast, _name)] = _lower
