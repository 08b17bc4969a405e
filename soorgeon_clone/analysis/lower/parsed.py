"""Python text -> parso's tree -> the nodes of Python's own syntax, which `lower` reads; nothing else knows parso.

parso knows the grammar of every Python, whichever runs us, and where each word stands. Its grammar ends before `match`,
type parameters, `except*`, parenthesised `with` items, starred subscripts and some f-strings: a text that uses one of
those is read by the running Python's own parser.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cache
from typing import Any

import parso
from parso.parser import InternalParseError

from soorgeon_clone.analysis.lower.parsed_expressions import (
    BINARY,
    COMPREHENSIONS,
    DEL,
    STORE,
    NotRead,
    call_arguments,
    dotted,
    expression,
    is_separator,
    items,
    name_of,
    parameters_of,
    row_of,
    target_of,
)

Node = Any  # of parso's tree, or a leaf of it
Position = tuple[int, int]


def tree_of(text: str) -> list[ast.stmt]:
    """Return the statements of ``text``, as ``ast.parse(text).body`` has them; expressions know their first row only.

    Raise NotRead where parso's grammar ends, RecursionError where expressions are nested too deeply.
    """
    try:
        module = _grammar().parse(text, error_recovery=False)
    except (parso.ParserSyntaxError, InternalParseError) as error:
        raise NotRead from error
    try:
        return _Reader(text).statements(module.children)
    finally:
        _let_go(module)


def _let_go(module: Node) -> None:
    """Cut parso's tree loose from its parents: it goes at once, and need not be found by looking for garbage."""
    stack = [module]
    while stack:
        for child in stack.pop().children:
            child.parent = None
            if hasattr(child, "children"):
                stack.append(child)


@cache
def _grammar() -> Any:
    return parso.load_grammar()


class _Reader:
    """Reads one text. Columns are counted in bytes of UTF-8, as `ast` counts them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = None if text.isascii() else parso.split_lines(text)

    # -- where things stand --------------------------------------------------------------------------------------

    def _column(self, position: Position) -> int:
        row, column = position
        return column if self.lines is None else len(self.lines[row - 1][:column].encode())

    def _at(self, start: Position, end: Position) -> dict[str, int]:
        return {
            "lineno": start[0],
            "col_offset": self._column(start),
            "end_lineno": end[0],
            "end_col_offset": self._column(end),
        }

    def _of(self, node: Node) -> dict[str, int]:
        return self._at(node.start_pos, node.end_pos)

    # -- statements ----------------------------------------------------------------------------------------------

    def statements(self, nodes: list[Node]) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for node in nodes:
            if node.type == "simple_stmt":
                found += [self.statement(n) for n in node.children if n.type != "newline" and not is_separator(n)]
            elif node.type not in ("newline", "endmarker"):
                found.append(self.statement(node))
        return found

    def suite(self, node: Node) -> list[ast.stmt]:
        return self.statements(node.children if node.type == "suite" else [node])

    def statement(self, node: Node) -> ast.stmt:
        reader = _STATEMENTS.get(node.type)
        if reader is not None:
            found = reader(self, node)
            if node.type in _COMPOUND:
                _end_with_body(found)
            return found
        if node.type == "keyword" and node.value in _WORDS:
            word: ast.stmt = _WORDS[node.value](**self._of(node))
            return word
        return ast.Expr(expression(node), **self._of(node))

    def _expr_stmt(self, node: Node) -> ast.stmt:
        first, second = node.children[0], node.children[1]
        at = self._of(node)
        if second.type == "annassign":
            target = target_of(first, STORE)
            value = expression(second.children[3]) if len(second.children) > 2 else None
            simple = int(first.type == "name")
            annotation = expression(second.children[1])
            return ast.AnnAssign(target, annotation, value, simple=simple, **at)
        if second.value != "=":
            value = expression(node.children[2])
            return ast.AugAssign(target_of(first, STORE), BINARY[second.value[:-1]](), value, **at)
        targets = [target_of(each, STORE) for each in node.children[:-2:2]]
        return ast.Assign(targets, expression(node.children[-1]), None, **at)

    def _del_stmt(self, node: Node) -> ast.stmt:
        what = node.children[1]
        each = items(what) if what.type == "exprlist" else [what]
        return ast.Delete([target_of(one, DEL) for one in each], **self._of(node))

    def _return_stmt(self, node: Node) -> ast.stmt:
        return ast.Return(expression(node.children[1]), **self._of(node))

    def _raise_stmt(self, node: Node) -> ast.stmt:
        cause = expression(node.children[3]) if len(node.children) > 2 else None
        return ast.Raise(expression(node.children[1]), cause, **self._of(node))

    def _assert_stmt(self, node: Node) -> ast.stmt:
        message = expression(node.children[3]) if len(node.children) > 2 else None
        return ast.Assert(expression(node.children[1]), message, **self._of(node))

    def _global_stmt(self, node: Node) -> ast.stmt:
        return ast.Global([name_of(each) for each in node.children[1::2]], **self._of(node))

    def _nonlocal_stmt(self, node: Node) -> ast.stmt:
        return ast.Nonlocal([name_of(each) for each in node.children[1::2]], **self._of(node))

    def _import_name(self, node: Node) -> ast.stmt:
        what = node.children[1]
        each = items(what) if what.type == "dotted_as_names" else [what]
        return ast.Import([self._alias(one) for one in each], **self._of(node))

    def _import_from(self, node: Node) -> ast.stmt:
        level, module, index = 0, None, 1
        while node.children[index].type == "operator":
            level += len(node.children[index].value)
            index += 1
        if node.children[index].type != "keyword":
            module = dotted(node.children[index])
            index += 1
        what = node.children[index + 1]
        if what.type == "operator" and what.value == "(":
            what = node.children[index + 2]
        each = items(what) if what.type == "import_as_names" else [what]
        return ast.ImportFrom(module, [self._alias(one) for one in each], level, **self._of(node))

    def _alias(self, node: Node) -> ast.alias:
        if node.type in ("dotted_as_name", "import_as_name"):
            return ast.alias(dotted(node.children[0]), name_of(node.children[2]), lineno=row_of(node))
        return ast.alias(node.value if node.type == "operator" else dotted(node), None, lineno=row_of(node))

    def _if_stmt(self, node: Node) -> ast.stmt:
        parts = node.children
        at = self._of(node)
        body = self.suite(parts[3])
        return ast.If(expression(parts[1]), body, self._otherwise(parts, 4), **at)

    def _otherwise(self, parts: list[Node], index: int) -> list[ast.stmt]:
        """Return the branches of an ``if`` from the part with this index on; ``elif`` is an ``if`` in ``else``."""
        chain: list[ast.If] = []
        rest: list[ast.stmt] = []
        while index < len(parts):
            if parts[index].value == "else":
                rest = self.suite(parts[index + 2])
                break
            test = expression(parts[index + 1])
            body = self.suite(parts[index + 3])
            chain.append(ast.If(test, body, [], **self._of(parts[index])))
            index += 4
        for branch in reversed(chain):
            branch.orelse = rest
            _end_with_body(branch)
            rest = [branch]
        return rest

    def _while_stmt(self, node: Node) -> ast.stmt:
        test, body = expression(node.children[1]), self.suite(node.children[3])
        return ast.While(test, body, self._else(node.children), **self._of(node))

    def _else(self, parts: list[Node]) -> list[ast.stmt]:
        for index, part in enumerate(parts):
            if part.type == "keyword" and part.value == "else":
                return self.suite(parts[index + 2])
        return []

    def _for_stmt(self, node: Node, **at: int) -> ast.stmt:
        _, target, _, iterable, _, body = node.children[:6]
        kind = ast.AsyncFor if at else ast.For
        bound, values = target_of(target, STORE), expression(iterable)
        return kind(bound, values, self.suite(body), self._else(node.children), None, **(at or self._of(node)))

    def _try_stmt(self, node: Node) -> ast.stmt:
        handlers: list[ast.ExceptHandler] = []
        orelse: list[ast.stmt] = []
        final: list[ast.stmt] = []
        for index in range(3, len(node.children), 3):
            head, body = node.children[index], self.suite(node.children[index + 2])
            if head.type == "keyword" and head.value == "else":
                orelse = body
            elif head.type == "keyword" and head.value == "finally":
                final = body
            else:
                clause = head.children if head.type == "except_clause" else [head]
                kind = expression(clause[1]) if len(clause) > 1 else None
                name = name_of(clause[3]) if len(clause) > 2 else None
                handlers.append(ast.ExceptHandler(kind, name, body, **self._of(head)))
                _end_with_body(handlers[-1])
        return ast.Try(self.suite(node.children[2]), handlers, orelse, final, **self._of(node))

    def _with_stmt(self, node: Node, **at: int) -> ast.stmt:
        items: list[ast.withitem] = []
        for part in node.children[1:-2]:
            if part.type == "with_item":
                items.append(ast.withitem(expression(part.children[0]), target_of(part.children[2], STORE)))
            elif part.type != "operator":
                items += [ast.withitem(expression(each), None) for each in _managers(part, len(node.children))]
        kind = ast.AsyncWith if at else ast.With
        return kind(items, self.suite(node.children[-1]), None, **(at or self._of(node)))

    def _async_stmt(self, node: Node) -> ast.stmt:
        inner = node.children[1]
        return _STATEMENTS[inner.type](self, inner, **self._of(node))

    _async_funcdef = _async_stmt

    def _funcdef(self, node: Node, *, decorators: list[ast.expr] | None = None, **at: int) -> ast.stmt:
        if node.children[2].type != "parameters":
            raise NotRead  # type parameters
        returns = expression(node.children[4]) if node.children[3].value == "->" else None
        arguments = parameters_of(node.children[2].children[1:-1])
        body = self.suite(node.children[-1])
        kind: Any = ast.AsyncFunctionDef if at else ast.FunctionDef
        made = kind(
            name_of(node.children[1]), arguments, body, decorators or [], returns, None, **(at or self._of(node))
        )
        return _with_type_params(made)

    def _classdef(self, node: Node, *, decorators: list[ast.expr] | None = None) -> ast.stmt:
        bases: list[ast.expr] = []
        keywords: list[ast.keyword] = []
        if node.children[2].value == "[":
            raise NotRead
        if node.children[2].value == "(" and node.children[3].type != "operator":
            bases, keywords = call_arguments(node.children[3], node.children[2].line)
        body = self.suite(node.children[-1])
        made: Any = ast.ClassDef(name_of(node.children[1]), bases, keywords, body, decorators or [], **self._of(node))
        return _with_type_params(made)

    def _decorated(self, node: Node) -> ast.stmt:
        heads, what = node.children
        each = heads.children if heads.type == "decorators" else [heads]
        decorators = [expression(head.children[1]) for head in each]
        if what.type == "classdef":
            return self._classdef(what, decorators=decorators)
        if what.type == "funcdef":
            return self._funcdef(what, decorators=decorators)
        return self._funcdef(what.children[1], decorators=decorators, **self._of(what))


_WORDS: dict[str, Any] = {
    "pass": ast.Pass,
    "break": ast.Break,
    "continue": ast.Continue,
    "return": lambda **at: ast.Return(None, **at),
    "raise": lambda **at: ast.Raise(None, None, **at),
}
# a statement of the grammar -> the method that reads it, which has its name
_STATEMENTS: dict[str, Callable[..., ast.stmt]] = {
    name.removeprefix("_"): reader
    for name, reader in vars(_Reader).items()
    if name.endswith(("_stmt", "def", "_import_name", "_import_from", "_decorated"))
}
_COMPOUND = frozenset(
    ("if_stmt", "while_stmt", "for_stmt", "try_stmt", "with_stmt", "async_stmt", "async_funcdef", "funcdef", "classdef")
) | {"decorated"}


def _end_with_body(statement: Any) -> None:
    """A statement of several rows ends where the last one in it does; parso's nodes end behind the newline."""
    for name in ("finalbody", "orelse", "handlers", "body"):
        if body := getattr(statement, name, None):
            statement.end_lineno, statement.end_col_offset = body[-1].end_lineno, body[-1].end_col_offset
            return


def _managers(node: Node, parts: int) -> list[Node]:
    """``with (a, b):`` enters two, ``with (a, b) as c:`` a tuple."""
    if parts == 4 and node.type == "atom" and node.children[0].value == "(" and len(node.children) == 3:
        inner = node.children[1]
        if inner.type == "testlist_comp" and inner.children[1].type not in COMPREHENSIONS:
            return list(items(inner))
    return [node]


def _with_type_params(definition: Any) -> ast.stmt:
    if "type_params" in definition._fields:  # since Python 3.12
        definition.type_params = []
    statement: ast.stmt = definition
    return statement
