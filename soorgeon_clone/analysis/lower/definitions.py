"""What a statement's syntax tree says besides what it does: what it names, and the comments that stand beside it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from soorgeon_clone.analysis.lower.instructions import Block, Instruction
from soorgeon_clone.analysis.lower.parts import inside

T = TypeVar("T")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_DEFINITIONS = (*_FUNCTIONS, ast.ClassDef)


def bindings(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, str | None]]:
    """Yield (name, import statement) of each binding in any scope; None: it is bound by something else."""
    for node in _all(nodes):
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                yield node.id, None
        elif isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                yield alias.asname or top, f"import {alias.name if alias.asname else top}"
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((alias.asname or alias.name, f"from {module} import {alias.name}") for alias in node.names)
        elif (name := _bound_by(node)) is not None:
            yield name, None


def _bound_by(node: ast.AST) -> str | None:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.ExceptHandler(name=name) | ast.MatchAs(name=name) | ast.MatchStar(name=name):
            return name
        case ast.MatchMapping(rest=name):
            return name
    return None


def named(nodes: Iterable[ast.AST]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names that definitions only name when they run (bases, annotations) and those that they may ask."""
    found: set[str] = set()
    asked: set[str] = set()
    stack: list[ast.AST] = list(nodes)
    while stack:
        item = stack.pop()
        if isinstance(item, ast.ClassDef):
            for base in (*item.bases, *(keyword.value for keyword in item.keywords)):
                (found if isinstance(base, ast.Name) else asked).update(_mentioned(base))
            stack += [*item.decorator_list, *item.body]
        elif isinstance(item, _FUNCTIONS):
            stack += [*getattr(item, "decorator_list", ()), *_defaults(item)]
            for annotation in _annotations(item):
                found |= _mentioned(annotation)
        elif any(isinstance(part, _DEFINITIONS) for part in ast.walk(item)):
            stack += ast.iter_child_nodes(item)
        else:
            asked |= _mentioned(item)
    return frozenset(found), frozenset(asked)


def annotation_texts(nodes: Sequence[ast.stmt]) -> Iterator[str]:
    """Yield the texts that stand in annotations."""
    for node in _all(nodes):
        annotations = [node.annotation] if isinstance(node, ast.AnnAssign) else []
        if isinstance(node, _FUNCTIONS):
            annotations += _annotations(node)
        for annotation in annotations:
            for part in ast.walk(annotation):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value


def beside(nodes: Sequence[ast.stmt], block: Block, rows: Mapping[int, T]) -> Iterator[tuple[Instruction, T]]:
    """Yield instructions with what stands at the end of their statement, or of the head of their block.

    ``rows``: row -> what stands at its end.
    """
    found: dict[int, T] = {}
    for node in _all(nodes):
        if not isinstance(node, ast.stmt | ast.ExceptHandler):
            continue
        body: list[ast.stmt] = getattr(node, "body", [])
        last = body[0].lineno - 1 if body else node.end_lineno or node.lineno
        spoken = [row for row in range(node.lineno, max(last, node.lineno) + 1) if row in rows]
        if spoken:
            found.update(dict.fromkeys(range(node.lineno, spoken[-1] + 1), rows[spoken[-1]]))
    for instruction in block:
        for each in inside(instruction):
            if each.row in found:
                yield each, found[each.row]


def _all(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    for node in nodes:
        yield from ast.walk(node)


def _defaults(node: Any) -> list[ast.expr]:
    return [default for default in (*node.args.defaults, *node.args.kw_defaults) if default is not None]


def _annotations(node: Any) -> list[ast.expr]:
    arguments = node.args
    every = (*arguments.posonlyargs, *arguments.args, arguments.vararg, *arguments.kwonlyargs, arguments.kwarg)
    found = [argument.annotation for argument in every if argument is not None and argument.annotation is not None]
    returns = getattr(node, "returns", None)
    return [*found, returns] if returns is not None else found


def _mentioned(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
