"""Python text -> parso's tree, one top-level statement at a time; the only module that knows parso.

parso's grammar ends before `match`, type parameters, `except*`, parenthesised `with` items and nested quotes in
f-strings. A statement that uses one of those is first rewritten, through `ast`, to older forms that bind and use the
same names in the same order; its rows stay those of the original.
"""

from __future__ import annotations

import ast
import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import parso
from parso.parser import InternalParseError
from parso.python.tree import PythonNode

Node = Any  # a node or leaf of parso's tree: has .type, .start_pos, .end_pos, .get_code(); nodes have .children


@dataclass(frozen=True)
class TopLevel:
    """One statement of a cell: its tree and its 1-based first and last row in the cell (decorators included).

    ``text`` is the statement as it is written, if other statements stand in its rows.
    """

    node: Node
    first: int
    last: int
    text: str | None = None


@lru_cache(maxsize=1)
def _grammar() -> Any:
    return parso.load_grammar()


def parse(text: str) -> Node | None:
    """Return parso's tree of ``text``, None where its grammar ends; names are normalised as Python does (NFKC)."""
    try:
        module = _grammar().parse(text, error_recovery=False)
    except (parso.ParserSyntaxError, InternalParseError):
        return None
    if not text.isascii():
        _normalise_names(module)
    return module


def _normalise_names(module: Node) -> None:
    stack = [module]
    while stack:
        node = stack.pop()
        if node.type == "name" and not node.value.isascii():
            node.value = unicodedata.normalize("NFKC", node.value)
        stack.extend(getattr(node, "children", ()))


def bound_names(text: str) -> Iterator[str]:
    """Yield the names that ``text`` binds in any scope, each as often as it does."""
    for node in ast.walk(ast.parse(text) if "await" not in text else ast.Module(_parse_async(text), [])):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]


def top_statements(text: str) -> tuple[TopLevel, ...]:
    """Return the top-level statements of ``text``, which must be valid Python of the running interpreter."""
    if not text.endswith("\n"):
        text += "\n"
    module = parse(text)
    if module is None:
        return tuple(_lowered(text))
    nodes = [child for child in module.children if child.type not in ("endmarker", "newline")]
    return tuple(TopLevel(node, node.start_pos[0], _last_row(node)) for node in nodes)


def split_rows(top: TopLevel) -> tuple[TopLevel, ...]:
    """Return the statements that semicolons part, each with the comment at the end of the row."""
    if top.node.type != "simple_stmt" or top.text is not None:
        return (top,)
    parts: list[list[Node]] = [[]]
    for child in top.node.children[:-1]:
        parts[-1].append(child)
        if child.type == "operator" and child.value == ";":
            parts.append([])
    parts = [part for part in parts if part]
    if len(parts) == 1:
        return (top,)
    newline = top.node.children[-1]
    found = []
    for part in parts:
        statement, *semicolon = part
        # a semicolon at the end of a cell says that nothing is to be displayed
        node = PythonNode("simple_stmt", [statement, *(semicolon if part is parts[-1] else []), newline])
        text = statement.get_code(include_prefix=False)
        found.append(TopLevel(node, statement.start_pos[0], _last_row(statement), text))
    return tuple(found)


def _last_row(node: Node) -> int:
    row, column = node.end_pos
    return int(row - 1 if column == 0 else row)


def _lowered(text: str) -> list[TopLevel]:
    found = []
    lines = list(io.StringIO(text, newline="\n"))  # as Python counts them: not at a form feed or U+2028
    body = ast.parse(text).body if "await" not in text else _parse_async(text)
    for index, statement in enumerate(body):
        first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", ()))])
        last = statement.end_lineno or first
        shares_row = (index + 1 < len(body) and body[index + 1].lineno == last) or (
            index and body[index - 1].end_lineno == first
        )
        original = "".join(lines[first - 1 : last]) if not shares_row else ""
        tree = parse(original) if original else None
        if tree is None:
            lowered = _Lower().visit(statement)
            parts = lowered if isinstance(lowered, list) else [lowered]
            written = "\n".join(ast.unparse(ast.fix_missing_locations(part)) for part in parts) + "\n"
            tree = parse(written)
            assert tree is not None, written
        alone = ast.get_source_segment(text, statement) if shares_row else None
        found += [TopLevel(n, first, last, alone) for n in tree.children if n.type not in ("endmarker", "newline")]
    return found


def _parse_async(text: str) -> list[ast.stmt]:
    tree = compile(text, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert isinstance(tree, ast.Module)
    return tree.body


class _Lower(ast.NodeTransformer):
    """Rewrites what parso cannot read to forms with the same names, in the same order of evaluation."""

    def visit_Match(self, node: ast.Match) -> Any:
        self.generic_visit(node)
        subject = node.subject
        branches: list[ast.stmt] = []
        for case in reversed(node.cases):
            uses, binds = _pattern(case.pattern, subject)
            test: ast.expr = ast.Tuple(elts=[subject, *uses], ctx=ast.Load())
            body: list[ast.stmt] = [ast.Assign(targets=[ast.Name(n, ast.Store())], value=part) for n, part in binds]
            if case.guard is not None:
                inner = ast.If(test=case.guard, body=case.body, orelse=list(branches))
                irrefutable = False
                rest: list[ast.stmt] = [*body, inner]
            else:
                irrefutable = isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None
                rest = [*body, *case.body]
            if irrefutable:
                branches = [ast.Expr(test), *rest]
            else:
                branches = [ast.If(test=test, body=rest, orelse=branches)]
        return branches

    def visit_TryStar(self, node: Any) -> Any:
        self.generic_visit(node)
        return ast.Try(body=node.body, handlers=node.handlers, orelse=node.orelse, finalbody=node.finalbody)

    def visit_TypeAlias(self, node: Any) -> Any:
        # the value of a type alias is evaluated lazily: a lambda reads its names when it is called
        names = [ast.arg(p.name) for p in node.type_params]
        nothing: list[ast.expr] = [ast.Constant(None) for _ in names]
        arguments = ast.arguments(
            posonlyargs=[], args=names, vararg=None, kwonlyargs=[], kw_defaults=[], kwarg=None, defaults=nothing
        )
        return ast.Assign(targets=[node.name], value=ast.Lambda(args=arguments, body=node.value))

    def visit_FunctionDef(self, node: Any) -> Any:
        self.generic_visit(node)
        return self._without_type_params(node)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        self.generic_visit(node)
        return self._without_type_params(node)

    def _without_type_params(self, node: Any) -> Any:
        parameters = getattr(node, "type_params", None)
        if not parameters:
            return node
        names = {p.name for p in parameters}
        bounds = [b for p in parameters if (b := getattr(p, "bound", None)) is not None]
        node.type_params = []
        _DropNames(names).drop_annotations(node)
        lazily = [ast.Expr(_lambda(b)) for b in bounds]
        return [*lazily, node] if lazily else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> Any:
        # nested quotes: only the expressions matter to the analysis, joined by a call that gives a string
        values: list[ast.expr] = []
        for value in ast.walk(node):
            if isinstance(value, ast.FormattedValue):
                values.append(self.visit(value.value))
        return ast.Call(func=ast.Attribute(ast.Constant(""), "format", ast.Load()), args=values, keywords=[])


def _lambda(body: ast.expr) -> ast.expr:
    nothing = ast.arguments(
        posonlyargs=[], args=[], vararg=None, kwonlyargs=[], kw_defaults=[], kwarg=None, defaults=[]
    )
    return ast.Lambda(args=nothing, body=body)


class _DropNames(ast.NodeTransformer):
    """Replaces the names of type parameters by None, which no scope binds."""

    def __init__(self, names: set[str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> Any:
        return ast.copy_location(ast.Constant(None), node) if node.id in self.names else node

    def drop_annotations(self, node: Any) -> None:
        if isinstance(node, ast.ClassDef):
            node.bases = [self.visit(base) for base in node.bases]
        else:
            for argument in ast.walk(node.args):
                if isinstance(argument, ast.arg) and argument.annotation is not None:
                    argument.annotation = self.visit(argument.annotation)
            if node.returns is not None:
                node.returns = self.visit(node.returns)
        node.body = [self.visit(statement) for statement in node.body]


def _pattern(pattern: ast.AST, subject: ast.expr) -> tuple[list[ast.expr], list[tuple[str, ast.expr]]]:
    """Return the expressions that a pattern evaluates, and the names it binds with the parts of ``subject``."""
    uses: list[ast.expr] = []
    binds: list[tuple[str, ast.expr]] = []
    stack: list[tuple[ast.AST, ast.expr]] = [(pattern, subject)]
    while stack:
        node, value = stack.pop(0)
        if isinstance(node, ast.MatchValue):
            uses.append(node.value)
        elif isinstance(node, ast.MatchClass):
            uses.append(node.cls)
            stack = [*((p, _part(value)) for p in (*node.patterns, *node.kwd_patterns)), *stack]
        elif isinstance(node, ast.MatchMapping):
            uses.extend(node.keys)
            stack = [*((p, _part(value)) for p in node.patterns), *stack]
            if node.rest:
                binds.append((node.rest, ast.Dict([ast.Constant(0)], [_part(value)])))
        elif isinstance(node, ast.MatchStar):
            if node.name:
                binds.append((node.name, ast.List([value], ast.Load())))
        elif isinstance(node, ast.MatchAs):
            if node.pattern is not None:
                stack = [(node.pattern, value), *stack]
            if node.name:
                binds.append((node.name, value))
        elif isinstance(node, ast.MatchSequence):
            stack = [*((p, _part(value)) for p in node.patterns), *stack]
        elif isinstance(node, ast.MatchOr):
            stack = [*((p, value) for p in node.patterns), *stack]
    return uses, binds


def _part(value: ast.expr) -> ast.expr:
    """Return an expression for any attribute or element of a value: an attribute whose name is not known."""
    name = ast.Call(ast.Name("str", ast.Load()), [], [])
    return ast.Call(ast.Name("getattr", ast.Load()), [value, name], [])
