"""Python text -> its statements at the top level, each lowered once, with what they say about names."""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Literal, TypeVar

from soorgeon_clone.analysis.lower import definitions
from soorgeon_clone.analysis.lower.instructions import (
    Bind,
    Block,
    Constant,
    Import,
    Instruction,
    MakeFunction,
    Name,
)
from soorgeon_clone.analysis.lower.parsed import tree_of
from soorgeon_clone.analysis.lower.parsed_expressions import NotRead
from soorgeon_clone.analysis.lower.scopes import ScopeNames
from soorgeon_clone.analysis.lower.statements import block

T = TypeVar("T")
StatementKind = Literal["import", "function", "class", "assignment", "expression", "other"]

_KINDS: dict[type[ast.stmt], StatementKind] = {
    ast.Import: "import",
    ast.ImportFrom: "import",
    ast.FunctionDef: "function",
    ast.AsyncFunctionDef: "function",
    ast.ClassDef: "class",
    ast.Assign: "assignment",
    ast.AugAssign: "assignment",
    ast.AnnAssign: "assignment",
}
_FLAGS = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_ROW_ENDS = re.compile(r"\r\n|\r|\n")  # as Python counts rows: not at a form feed or U+2028


class Statement:
    """A statement of a cell, or several that share rows: its instructions, 1-based first and last row in the cell
    (decorators included), and names.

    ``text`` is the statement as it is written, if it shares its rows with others that stand alone; ``written`` are the
    rows. ``shown`` is the expression that a cell which ends with it displays. ``mentions`` are all names that stand in
    it as variables, however deep; ``imports`` those of its imports that are part of no block, ``all_imports`` all.
    """

    def __init__(self, nodes: list[ast.stmt], rows: list[str], text: str | None = None) -> None:
        self._nodes = nodes
        self.first = _first_row(nodes[0], rows)
        self.last = nodes[-1].end_lineno or self.first
        self.text = text
        self.written = "\n".join(rows[self.first - 1 : self.last])
        self._scope = ScopeNames("statement")
        self.block: Block = block(self._scope, nodes)
        self.mentions = frozenset(self._scope.own | self._scope.mentioned)
        self.all_imports: tuple[Import, ...] = tuple(self._scope.imports)

    @property
    def kind(self) -> StatementKind:
        kinds = {_KINDS.get(type(node), "other") for node in self._nodes}
        if len(kinds) > 1:
            return "other"
        (kind,) = kinds
        return "expression" if kind == "other" and not isinstance(self._nodes[0], _COMPOUND) else kind

    @cached_property
    def shown(self) -> Instruction | None:
        """The expression at the end, unless a semicolon follows it."""
        last = self._nodes[-1]
        if not isinstance(last, ast.Expr):
            return None
        row = self.written.split("\n")[self.last - self.first]
        rest = row.encode()[last.end_col_offset :].strip()
        return None if rest.startswith(b";") else self.block[-1]

    @property
    def place(self) -> Instruction:
        """Where something is made that no instruction of it makes."""
        return self.block[0] if self.block else Constant(self.first, "NoneType")

    @property
    def imports(self) -> tuple[Import, ...]:
        return tuple(each for each in self.block if isinstance(each, Import))

    def cannot_fail(self, is_there: Callable[[str], bool]) -> bool:
        """Whether it certainly runs to its end: it gives names to a literal, to a plain function, or to a module that
        is there."""
        return all(_cannot_fail(step, is_there) for step in self.block)

    @property
    def has_global(self) -> bool:
        """Whether there is a ``global`` in it, however deep."""
        return self._scope.has_global

    @property
    def free(self) -> frozenset[str]:
        """The names that a definition takes from outside: mentioned in a scope of it and bound in none around."""
        return frozenset(self._scope.free)

    @property
    def bound(self) -> frozenset[str]:
        """The names that it binds where it stands ("*": nobody knows which)."""
        return frozenset(self._scope.bound)

    @property
    def bindings(self) -> Iterator[str]:
        """Yield the names that are bound in any scope of the statement, each as often as it is."""
        return (name for name, _ in definitions.bindings(self._nodes))

    @cached_property
    def named(self) -> tuple[frozenset[str], frozenset[str]]:
        """The names that a definition only names when it runs (bases, annotations) and those that it may ask."""
        return definitions.named(self._nodes)

    @property
    def annotation_texts(self) -> Iterator[str]:
        """Yield the texts in annotations, as in ``x: "Limit"``: dataclasses and others evaluate them."""
        return definitions.annotation_texts(self._nodes)

    def beside(self, rows: Mapping[int, T]) -> Iterator[tuple[Instruction, T]]:
        """Yield the instructions of statements, and of heads of blocks, at the end of which one of ``rows`` stands."""
        return definitions.beside(self._nodes, self.block, rows)


def _cannot_fail(step: Instruction, is_there: Callable[[str], bool]) -> bool:
    if isinstance(step, Import):
        return not step.is_from and (step.path in sys.stdlib_module_names or is_there(step.path))
    if not isinstance(step, Bind) or not all(isinstance(target, Name) for target in step.targets):
        return isinstance(step, Constant)
    if isinstance(step.value, MakeFunction):
        code = step.value.code
        return code.returns is None and not any(p.default or p.annotation for p in code.parameters)
    return isinstance(step.value, Constant)


_COMPOUND = (
    *(ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.With, ast.AsyncWith, ast.Match),
    *(getattr(ast, name) for name in ("TryStar",) if hasattr(ast, name)),
)


def statements(text: str, is_parted: Callable[[int, int], bool] = lambda first, last: False) -> tuple[Statement, ...]:
    """Return the statements of ``text``, which must be valid Python of the running interpreter.

    Those that semicolons part in rows of which ``is_parted(first, last)`` holds stand alone.
    """
    nodes = kept_tree(text)
    rows = _ROW_ENDS.split(text)
    found: list[Statement] = []
    for group in _sharing_rows(nodes):
        if len(group) > 1 and is_parted(group[0].lineno, group[-1].end_lineno or 0):
            found += [Statement([node], rows, ast.get_source_segment(text, node)) for node in group]
        else:
            found.append(Statement(group, rows))
    return tuple(found)


def python_statements(text: str) -> tuple[Statement, ...]:
    """Return the statements of a whole module, read by Python's own parser: nothing in it is edited."""
    rows = _ROW_ENDS.split(text)
    return tuple(Statement(group, rows) for group in _sharing_rows(_python_tree(text)))


def outline(text: str) -> tuple[Statement, ...]:
    """Return the statements of a module, with nothing in its functions: they bind what the module binds."""
    nodes = parse(text)
    stack: list[ast.AST] = list(nodes)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = []
        elif isinstance(node, ast.stmt | ast.excepthandler | ast.match_case):
            stack.extend(ast.iter_child_nodes(node))
    rows = _ROW_ENDS.split(text)
    return tuple(Statement([node], rows) for node in nodes)


def parse(text: str) -> list[ast.stmt]:
    """Return the tree of a cell's statements, as parso reads them; where its grammar ends, Python's own parser."""
    try:
        return tree_of(text)
    except NotRead:
        return _python_tree(text)


@lru_cache(maxsize=1024)
def kept_tree(text: str) -> list[ast.stmt]:
    """Return the same, kept: a planner looks at its cells several times, and reading them is half of the work."""
    return parse(text)


def _python_tree(text: str) -> list[ast.stmt]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a backslash that means nothing
        tree = compile(text, "<cell>", "exec", _FLAGS, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    return tree.body


def _sharing_rows(nodes: list[ast.stmt]) -> list[list[ast.stmt]]:
    groups: list[list[ast.stmt]] = []
    last = 0
    for node in nodes:
        if node.lineno == last and not getattr(node, "decorator_list", None):
            groups[-1].append(node)
        else:
            groups.append([node])
        last = node.end_lineno or node.lineno
    return groups


def _first_row(node: ast.stmt, rows: list[str]) -> int:
    decorators = getattr(node, "decorator_list", ())
    first = decorators[0].lineno if decorators else node.lineno
    while decorators and first > 1 and not rows[first - 1].lstrip().startswith("@"):
        first -= 1  # the decorator itself stands in brackets
    return first


def loaded_by(text: str) -> Iterator[str]:
    """Yield what a library's module may load when it is imported, or asked for an attribute: modules and names that it
    imports, as written (``.linalg``, ``numpy.random``), and, if it may be asked, all texts: one may name a module.

    Raises SyntaxError, ValueError.
    """
    stack: list[ast.AST] = [ast.parse(text)]  # of the Python that it is installed for
    while stack:
        node = stack.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name != "__getattr__":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield module
            yield from (f"{module}.{alias.name}" if node.module else f"{module}{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "__getattr__" in text:
            yield node.value
        stack.extend(ast.iter_child_nodes(node))
