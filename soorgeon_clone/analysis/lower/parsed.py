"""Python text -> parso's tree -> the nodes of Python's own syntax, which `lower` reads; nothing else knows parso.

parso knows the grammar of every Python, whichever runs us, and where each word stands. Its grammar ends before `match`,
type parameters, `except*`, parenthesised `with` items, starred subscripts and some f-strings: a text that uses one of
those is read by the running Python's own parser.
"""

from __future__ import annotations

import ast
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import parso
from parso.parser import InternalParseError

Leaf = Any  # of parso's tree: has .type, .value, .start_pos, .end_pos
Node = Any  # or a leaf; nodes have .children
Position = tuple[int, int]


class NotRead(Exception):
    """parso's grammar does not have this."""


def tree_of(text: str) -> list[ast.stmt]:
    """Return the statements of ``text``, as ``ast.parse(text).body`` has them; expressions know their first row only.

    Raise NotRead where parso's grammar ends, RecursionError where expressions are nested too deeply.
    """
    try:
        module = _grammar().parse(text, error_recovery=False)
    except (parso.ParserSyntaxError, InternalParseError) as error:
        raise NotRead from error
    return _Reader(text).statements(module.children)


@cache
def _grammar() -> Any:
    return parso.load_grammar()


_BINARY: dict[str, type[ast.operator]] = {
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
_COMPARISONS: dict[str, type[ast.cmpop]] = {
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
_UNARY: dict[str, type[ast.unaryop]] = {"+": ast.UAdd, "-": ast.USub, "~": ast.Invert}
_CONSTANTS = {"None": None, "True": True, "False": False}
_LOAD, _STORE, _DEL = ast.Load(), ast.Store(), ast.Del()
_LEAVES = frozenset(("name", "number", "string", "operator", "keyword", "fstring_start"))
_SEPARATORS = (",", ";")


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
                found += [self.statement(n) for n in node.children if n.type != "newline" and not _is_separator(n)]
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
        return ast.Expr(self.expression(node), **self._of(node))

    def _expr_stmt(self, node: Node) -> ast.stmt:
        first, second = node.children[0], node.children[1]
        at = self._of(node)
        if second.type == "annassign":
            target = self.target(first, _STORE)
            value = self.expression(second.children[3]) if len(second.children) > 2 else None
            simple = int(first.type == "name")
            annotation = self.expression(second.children[1])
            return ast.AnnAssign(target, annotation, value, simple=simple, **at)
        if second.value != "=":
            value = self.expression(node.children[2])
            return ast.AugAssign(self.target(first, _STORE), _BINARY[second.value[:-1]](), value, **at)
        targets = [self.target(each, _STORE) for each in node.children[:-2:2]]
        return ast.Assign(targets, self.expression(node.children[-1]), None, **at)

    def _del_stmt(self, node: Node) -> ast.stmt:
        what = node.children[1]
        each = _items(what) if what.type == "exprlist" else [what]
        return ast.Delete([self.target(one, _DEL) for one in each], **self._of(node))

    def _return_stmt(self, node: Node) -> ast.stmt:
        return ast.Return(self.expression(node.children[1]), **self._of(node))

    def _raise_stmt(self, node: Node) -> ast.stmt:
        cause = self.expression(node.children[3]) if len(node.children) > 2 else None
        return ast.Raise(self.expression(node.children[1]), cause, **self._of(node))

    def _assert_stmt(self, node: Node) -> ast.stmt:
        message = self.expression(node.children[3]) if len(node.children) > 2 else None
        return ast.Assert(self.expression(node.children[1]), message, **self._of(node))

    def _global_stmt(self, node: Node) -> ast.stmt:
        return ast.Global([_name(each) for each in node.children[1::2]], **self._of(node))

    def _nonlocal_stmt(self, node: Node) -> ast.stmt:
        return ast.Nonlocal([_name(each) for each in node.children[1::2]], **self._of(node))

    def _import_name(self, node: Node) -> ast.stmt:
        what = node.children[1]
        each = _items(what) if what.type == "dotted_as_names" else [what]
        return ast.Import([self._alias(one) for one in each], **self._of(node))

    def _import_from(self, node: Node) -> ast.stmt:
        level, module, index = 0, None, 1
        while node.children[index].type == "operator":
            level += len(node.children[index].value)
            index += 1
        if node.children[index].type != "keyword":
            module = _dotted(node.children[index])
            index += 1
        what = node.children[index + 1]
        if what.type == "operator" and what.value == "(":
            what = node.children[index + 2]
        each = _items(what) if what.type == "import_as_names" else [what]
        return ast.ImportFrom(module, [self._alias(one) for one in each], level, **self._of(node))

    def _alias(self, node: Node) -> ast.alias:
        if node.type in ("dotted_as_name", "import_as_name"):
            return ast.alias(_dotted(node.children[0]), _name(node.children[2]), lineno=_row(node))
        return ast.alias(node.value if node.type == "operator" else _dotted(node), None, lineno=_row(node))

    def _if_stmt(self, node: Node) -> ast.stmt:
        parts = node.children
        at = self._of(node)
        body = self.suite(parts[3])
        return ast.If(self.expression(parts[1]), body, self._otherwise(parts, 4), **at)

    def _otherwise(self, parts: list[Node], index: int) -> list[ast.stmt]:
        """Return the branches of an ``if`` from the part with this index on; ``elif`` is an ``if`` in ``else``."""
        chain: list[ast.If] = []
        rest: list[ast.stmt] = []
        while index < len(parts):
            if parts[index].value == "else":
                rest = self.suite(parts[index + 2])
                break
            test = self.expression(parts[index + 1])
            body = self.suite(parts[index + 3])
            chain.append(ast.If(test, body, [], **self._of(parts[index])))
            index += 4
        for branch in reversed(chain):
            branch.orelse = rest
            _end_with_body(branch)
            rest = [branch]
        return rest

    def _while_stmt(self, node: Node) -> ast.stmt:
        test, body = self.expression(node.children[1]), self.suite(node.children[3])
        return ast.While(test, body, self._else(node.children), **self._of(node))

    def _else(self, parts: list[Node]) -> list[ast.stmt]:
        for index, part in enumerate(parts):
            if part.type == "keyword" and part.value == "else":
                return self.suite(parts[index + 2])
        return []

    def _for_stmt(self, node: Node, **at: int) -> ast.stmt:
        _, target, _, iterable, _, body = node.children[:6]
        kind = ast.AsyncFor if at else ast.For
        bound, values = self.target(target, _STORE), self.expression(iterable)
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
                kind = self.expression(clause[1]) if len(clause) > 1 else None
                name = _name(clause[3]) if len(clause) > 2 else None
                handlers.append(ast.ExceptHandler(kind, name, body, **self._of(head)))
                _end_with_body(handlers[-1])
        return ast.Try(self.suite(node.children[2]), handlers, orelse, final, **self._of(node))

    def _with_stmt(self, node: Node, **at: int) -> ast.stmt:
        items: list[ast.withitem] = []
        for part in node.children[1:-2]:
            if part.type == "with_item":
                items.append(ast.withitem(self.expression(part.children[0]), self.target(part.children[2], _STORE)))
            elif part.type != "operator":
                items += [ast.withitem(self.expression(each), None) for each in _managers(part, len(node.children))]
        kind = ast.AsyncWith if at else ast.With
        return kind(items, self.suite(node.children[-1]), None, **(at or self._of(node)))

    def _async_stmt(self, node: Node) -> ast.stmt:
        inner = node.children[1]
        found: ast.stmt = _ASYNC[inner.type](self, inner, **self._of(node))
        return found

    def _funcdef(self, node: Node, *, decorators: list[ast.expr] | None = None, **at: int) -> ast.stmt:
        if node.children[2].type != "parameters":
            raise NotRead  # type parameters
        returns = self.expression(node.children[4]) if node.children[3].value == "->" else None
        arguments = self._arguments(node.children[2].children[1:-1])
        body = self.suite(node.children[-1])
        kind: Any = ast.AsyncFunctionDef if at else ast.FunctionDef
        made = kind(_name(node.children[1]), arguments, body, decorators or [], returns, None, **(at or self._of(node)))
        return _with_type_params(made)

    def _classdef(self, node: Node, *, decorators: list[ast.expr] | None = None) -> ast.stmt:
        bases: list[ast.expr] = []
        keywords: list[ast.keyword] = []
        if node.children[2].value == "[":
            raise NotRead
        if node.children[2].value == "(" and node.children[3].type != "operator":
            bases, keywords = self._call_arguments(node.children[3], node.children[2].line)
        body = self.suite(node.children[-1])
        made: Any = ast.ClassDef(_name(node.children[1]), bases, keywords, body, decorators or [], **self._of(node))
        return _with_type_params(made)

    def _decorated(self, node: Node) -> ast.stmt:
        heads, what = node.children
        each = heads.children if heads.type == "decorators" else [heads]
        decorators = [self.expression(head.children[1]) for head in each]
        if what.type == "classdef":
            return self._classdef(what, decorators=decorators)
        if what.type == "funcdef":
            return self._funcdef(what, decorators=decorators)
        return self._funcdef(what.children[1], decorators=decorators, **self._of(what))

    def _arguments(self, nodes: list[Node]) -> ast.arguments:
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
            made = self._arg(node)
            default = self.expression(node.default) if node.default is not None else None
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

    def _arg(self, node: Node) -> ast.arg:
        annotation = self.expression(node.annotation) if node.annotation is not None else None
        return ast.arg(_name(node.name), annotation, None, lineno=node.name.line)

    # -- expressions ---------------------------------------------------------------------------------------------

    def expression(self, node: Node) -> ast.expr:
        reader = _EXPRESSIONS.get(node.type)
        if reader is None:
            raise NotRead(node.type)
        return reader(self, node)

    def target(self, node: Node, context: ast.expr_context) -> Any:
        """Return what is assigned to, or deleted."""
        found = self.expression(node)
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

    def _name(self, node: Node) -> ast.expr:
        return ast.Name(_name(node), _LOAD, lineno=_row(node))

    def _number(self, node: Node) -> ast.expr:
        return ast.Constant(ast.literal_eval(node.value), None, lineno=_row(node))

    def _keyword(self, node: Node) -> ast.expr:
        if node.value == "yield":
            return ast.Yield(None, lineno=_row(node))
        if node.value not in _CONSTANTS:
            raise NotRead(node.value)
        return ast.Constant(_CONSTANTS[node.value], None, lineno=_row(node))

    def _operator(self, node: Node) -> ast.expr:
        if node.value != "...":
            raise NotRead(node.value)
        return ast.Constant(..., None, lineno=_row(node))

    def _string(self, node: Node) -> ast.expr:
        kind = "u" if node.value[0] == "u" else None
        return ast.Constant(ast.literal_eval(node.value), kind, lineno=_row(node))

    def _strings(self, node: Node) -> ast.expr:
        if any(part.type == "fstring" for part in node.children):
            return self._formatted(node)
        first = node.children[0].value
        values = [ast.literal_eval(part.value) for part in node.children]
        whole = values[0][:0].join(values)
        return ast.Constant(whole, "u" if first[0] == "u" else None, lineno=_row(node))

    def _formatted(self, node: Node) -> ast.expr:
        """An f-string is read by Python itself: what stands in it has positions of its own anyway."""
        text = node.get_code(include_prefix=False)
        try:
            found = ast.parse(f"({text}\n)", mode="eval").body
        except (SyntaxError, ValueError) as error:
            raise NotRead from error
        ast.increment_lineno(found, _row(node) - 1)
        return found

    def _atom(self, node: Node) -> ast.expr:
        opening, inner = node.children[0].value, node.children[1]
        row = _row(node)
        if len(node.children) == 2:
            return _EMPTY[opening](row)
        if opening == "{":
            return self._braces(inner, row)
        if inner.type == "testlist_comp":
            if inner.children[1].type in _COMPREHENSIONS:
                element, generators = self.expression(inner.children[0]), self._generators(inner.children[1])
                return (ast.ListComp if opening == "[" else ast.GeneratorExp)(element, generators, lineno=row)
            parts = [self.expression(each) for each in _items(inner)]
            return (ast.List if opening == "[" else ast.Tuple)(parts, _LOAD, lineno=row)
        found = self.expression(inner)
        return ast.List([found], _LOAD, lineno=row) if opening == "[" else found

    def _braces(self, inner: Node, row: int) -> ast.expr:
        if inner.type != "dictorsetmaker":
            return ast.Set([self.expression(inner)], lineno=row)
        parts = inner.children
        if parts[0].type == "operator" or (len(parts) > 1 and _is(parts[1], ":")):
            return self._dictionary(parts, row)
        if parts[1].type in _COMPREHENSIONS:
            return ast.SetComp(self.expression(parts[0]), self._generators(parts[1]), lineno=row)
        if any(_is(part, ":=") for part in parts):
            raise NotRead
        return ast.Set([self.expression(each) for each in _items(inner)], lineno=row)

    def _dictionary(self, parts: list[Node], row: int) -> ast.expr:
        if len(parts) == 4 and parts[3].type in _COMPREHENSIONS:
            key, value = self.expression(parts[0]), self.expression(parts[2])
            return ast.DictComp(key, value, self._generators(parts[3]), lineno=row)
        keys: list[ast.expr | None] = []
        values: list[ast.expr] = []
        index = 0
        while index < len(parts):
            if _is(parts[index], "**"):
                keys.append(None)
                values.append(self.expression(parts[index + 1]))
                index += 3
            else:
                keys.append(self.expression(parts[index]))
                values.append(self.expression(parts[index + 2]))
                index += 4
        return ast.Dict(keys, values, lineno=row)

    def _generators(self, node: Node) -> list[ast.comprehension]:
        found: list[ast.comprehension] = []
        current: Node | None = node
        while current is not None:
            is_async = current.type == "comp_for" and _is_word(current.children[0], "async")
            inner = current.children[-1] if current.type == "comp_for" else current
            if inner.type == "comp_if":
                found[-1].ifs.append(self.expression(inner.children[1]))
                current = inner.children[2] if len(inner.children) > 2 else None
                continue
            target, iterable = self.target(inner.children[1], _STORE), self.expression(inner.children[3])
            found.append(ast.comprehension(target, iterable, [], int(is_async)))
            current = inner.children[4] if len(inner.children) > 4 else None
        return found

    def _atom_expr(self, node: Node) -> ast.expr:
        parts = node.children
        awaits = _is_word(parts[0], "await")
        head = parts[1] if awaits else parts[0]
        value = self.expression(head)
        row = _row(head)
        for trailer in parts[2 if awaits else 1 :]:
            value = self._trailer(value, trailer, row)
        return ast.Await(value, lineno=_row(node)) if awaits else value

    def _trailer(self, value: ast.expr, node: Node, row: int) -> ast.expr:
        sign = node.children[0].value
        at = {"lineno": row, "end_lineno": node.children[-1].line}
        if sign == ".":
            return ast.Attribute(value, _name(node.children[1]), _LOAD, **at)
        if sign == "(":
            if len(node.children) == 2:
                return ast.Call(value, [], [], **at)
            positional, keywords = self._call_arguments(node.children[1], node.children[0].line)
            return ast.Call(value, positional, keywords, **at)
        return ast.Subscript(value, self._index(node.children[1]), _LOAD, **at)

    def _call_arguments(self, node: Node, row: int) -> tuple[list[ast.expr], list[ast.keyword]]:
        positional: list[ast.expr] = []
        keywords: list[ast.keyword] = []
        for part in _items(node) if node.type == "arglist" else [node]:
            if part.type != "argument":
                positional.append(self.expression(part))
                continue
            first, second = part.children[0], part.children[1]
            if _is(first, "**"):
                keywords.append(ast.keyword(None, self.expression(second), lineno=_row(part)))
            elif _is(first, "*"):
                positional.append(ast.Starred(self.expression(second), _LOAD, lineno=_row(part)))
            elif _is(second, "="):
                keywords.append(ast.keyword(_name(first), self.expression(part.children[2]), lineno=_row(part)))
            elif second.type in _COMPREHENSIONS:
                generator = ast.GeneratorExp(self.expression(first), self._generators(second), lineno=row)
                positional.append(generator)
            else:
                positional.append(self._walrus(part))
        return positional, keywords

    def _index(self, node: Node) -> ast.expr:
        if node.type != "subscriptlist":
            return self._subscript(node)
        parts = [self._subscript(part) for part in _items(node)]
        return ast.Tuple(parts, _LOAD, lineno=_row(node))

    def _subscript(self, node: Node) -> ast.expr:
        if _is(node, ":"):
            return ast.Slice(None, None, None, lineno=_row(node))
        if node.type != "subscript":
            return self.expression(node)
        if any(_is(part, ":=") for part in node.children):
            return self._walrus(node)
        bounds: list[ast.expr | None] = [None, None, None]
        index = 0
        for part in node.children:
            if part.type == "sliceop":
                bounds[2] = self.expression(part.children[1]) if len(part.children) > 1 else None
            elif _is(part, ":"):
                index += 1
            else:
                bounds[index] = self.expression(part)
        lower, upper, step = bounds
        return ast.Slice(lower, upper, step, lineno=_row(node))

    def _power(self, node: Node) -> ast.expr:
        if not _is(node.children[-2], "**") or len(node.children) != 3:
            return self._atom_expr(node)
        left, right = self.expression(node.children[0]), self.expression(node.children[2])
        return ast.BinOp(left, ast.Pow(), right, lineno=_row(node))

    def _binary(self, node: Node) -> ast.expr:
        parts = node.children
        value = self.expression(parts[0])
        row = value.lineno if parts[0].type != "atom" else _row(parts[0])
        for index in range(1, len(parts), 2):
            right = parts[index + 1]
            operator = _BINARY[parts[index].value]()
            value = ast.BinOp(value, operator, self.expression(right), lineno=row)
        return value

    def _comparison(self, node: Node) -> ast.expr:
        parts = node.children
        signs = [_COMPARISONS[_sign(part)]() for part in parts[1::2]]
        return ast.Compare(
            self.expression(parts[0]), signs, [self.expression(p) for p in parts[2::2]], lineno=_row(node)
        )

    def _boolean(self, node: Node) -> ast.expr:
        sign = ast.And() if node.children[1].value == "and" else ast.Or()
        return ast.BoolOp(sign, [self.expression(part) for part in node.children[::2]], lineno=_row(node))

    def _not(self, node: Node) -> ast.expr:
        return ast.UnaryOp(ast.Not(), self.expression(node.children[1]), lineno=_row(node))

    def _factor(self, node: Node) -> ast.expr:
        sign = _UNARY[node.children[0].value]()
        return ast.UnaryOp(sign, self.expression(node.children[1]), lineno=_row(node))

    def _ternary(self, node: Node) -> ast.expr:
        body, _, test, _, orelse = node.children
        body, test, orelse = self.expression(body), self.expression(test), self.expression(orelse)
        return ast.IfExp(test, body, orelse, lineno=_row(node))

    def _lambda(self, node: Node) -> ast.expr:
        return ast.Lambda(self._arguments(node.children[1:-2]), self.expression(node.children[-1]), lineno=_row(node))

    def _walrus(self, node: Node) -> ast.expr:
        target = ast.Name(_name(node.children[0]), _STORE, lineno=_row(node))
        return ast.NamedExpr(target, self.expression(node.children[2]), lineno=_row(node))

    def _star(self, node: Node) -> ast.expr:
        return ast.Starred(self.expression(node.children[1]), _LOAD, lineno=_row(node))

    def _tuple(self, node: Node) -> ast.expr:
        return ast.Tuple([self.expression(part) for part in _items(node)], _LOAD, lineno=_row(node))

    def _yield(self, node: Node) -> ast.expr:
        what = node.children[1]
        if what.type == "yield_arg":
            return ast.YieldFrom(self.expression(what.children[1]), lineno=_row(node))
        return ast.Yield(self.expression(what), lineno=_row(node))


_COMPREHENSIONS = ("comp_for", "sync_comp_for")
_EMPTY: dict[str, Callable[[int], ast.expr]] = {
    "(": lambda row: ast.Tuple([], _LOAD, lineno=row),
    "[": lambda row: ast.List([], _LOAD, lineno=row),
    "{": lambda row: ast.Dict([], [], lineno=row),
}
_WORDS: dict[str, Any] = {
    "pass": ast.Pass,
    "break": ast.Break,
    "continue": ast.Continue,
    "return": lambda **at: ast.Return(None, **at),
    "raise": lambda **at: ast.Raise(None, None, **at),
}
_ASYNC: dict[str, Any] = {
    "funcdef": _Reader._funcdef,
    "for_stmt": _Reader._for_stmt,
    "with_stmt": _Reader._with_stmt,
}
_STATEMENTS: dict[str, Callable[[_Reader, Node], ast.stmt]] = {
    "expr_stmt": _Reader._expr_stmt,
    "del_stmt": _Reader._del_stmt,
    "return_stmt": _Reader._return_stmt,
    "raise_stmt": _Reader._raise_stmt,
    "assert_stmt": _Reader._assert_stmt,
    "global_stmt": _Reader._global_stmt,
    "nonlocal_stmt": _Reader._nonlocal_stmt,
    "import_name": _Reader._import_name,
    "import_from": _Reader._import_from,
    "if_stmt": _Reader._if_stmt,
    "while_stmt": _Reader._while_stmt,
    "for_stmt": _Reader._for_stmt,
    "try_stmt": _Reader._try_stmt,
    "with_stmt": _Reader._with_stmt,
    "async_stmt": _Reader._async_stmt,
    "async_funcdef": _Reader._async_stmt,
    "funcdef": _Reader._funcdef,
    "classdef": _Reader._classdef,
    "decorated": _Reader._decorated,
}
_COMPOUND = frozenset(
    ("if_stmt", "while_stmt", "for_stmt", "try_stmt", "with_stmt", "async_stmt", "async_funcdef", "funcdef", "classdef")
) | {"decorated"}
_EXPRESSIONS: dict[str, Callable[[_Reader, Node], ast.expr]] = {
    "name": _Reader._name,
    "number": _Reader._number,
    "string": _Reader._string,
    "strings": _Reader._strings,
    "fstring": _Reader._formatted,
    "keyword": _Reader._keyword,
    "operator": _Reader._operator,
    "atom": _Reader._atom,
    "atom_expr": _Reader._atom_expr,
    "power": _Reader._power,
    "arith_expr": _Reader._binary,
    "term": _Reader._binary,
    "shift_expr": _Reader._binary,
    "and_expr": _Reader._binary,
    "xor_expr": _Reader._binary,
    "expr": _Reader._binary,
    "comparison": _Reader._comparison,
    "not_test": _Reader._not,
    "and_test": _Reader._boolean,
    "or_test": _Reader._boolean,
    "factor": _Reader._factor,
    "test": _Reader._ternary,
    "ternary": _Reader._ternary,
    "lambdef": _Reader._lambda,
    "namedexpr_test": _Reader._walrus,
    "star_expr": _Reader._star,
    "testlist": _Reader._tuple,
    "testlist_star_expr": _Reader._tuple,
    "testlist_comp": _Reader._tuple,
    "exprlist": _Reader._tuple,
    "yield_expr": _Reader._yield,
}


def _row(node: Node) -> int:
    while node.type not in _LEAVES:
        node = node.children[0]
    row: int = node.line
    return row


def _items(node: Node) -> Iterator[Node]:
    """Yield what commas separate."""
    return (child for child in node.children if not _is_separator(child))


def _is_separator(node: Node) -> bool:
    return bool(node.type == "operator" and node.value in _SEPARATORS)


def _is(node: Node, sign: str) -> bool:
    return bool(node.type == "operator" and node.value == sign)


def _is_word(node: Node, word: str) -> bool:
    return bool(node.type == "keyword" and node.value == word)


def _sign(node: Node) -> str:
    return " ".join(child.value for child in node.children) if node.type == "comp_op" else str(node.value)


def _name(leaf: Leaf) -> str:
    """Return a name as Python normalises it."""
    name: str = leaf.value
    return name if name.isascii() else unicodedata.normalize("NFKC", name)


def _dotted(node: Node) -> str:
    return ".".join(_name(part) for part in node.children[::2]) if node.type == "dotted_name" else _name(node)


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
        if inner.type == "testlist_comp" and inner.children[1].type not in _COMPREHENSIONS:
            return list(_items(inner))
    return [node]


def _with_type_params(definition: Any) -> ast.stmt:
    if "type_params" in definition._fields:  # since Python 3.12
        definition.type_params = []
    statement: ast.stmt = definition
    return statement
