"""A name in a library's code -> whether that code only ever keeps there what it would compute again.

A library that fills a table at its first use, or keeps a result for each argument, changes its own state, and nobody
can tell: a process that starts without it computes the same. A setting is another matter. The difference stands in the
code that stores: it asks first whether something is there, and what it stores depends on nothing but the key. Whoever
reads it elsewhere has called such code before.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import TypeGuard

_FILLING = frozenset({"setdefault"})
_EMPTYING = frozenset({"clear", "pop", "popitem"})
_ASKING = frozenset({"get", "keys"})
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def only_memoises(name: str, package: str, own_code: str, *, kept: bool) -> bool:
    """Tell whether a package's modules keep under a global name, or an attribute, only what they would compute again.

    ``own_code`` is the notebook's: what it mentions is read by it. ``kept``: what is there can change, so that nobody
    else must get hold of it.
    """
    if _mentions(own_code, name):
        return False
    trees = [tree for module in _modules(package) if (tree := _tree(module, name)) is not None]
    functions = [one for tree in trees for one in ast.walk(tree) if isinstance(one, _Function) and _uses(one, name)]
    if not functions:
        return False
    inner = {id(part) for one in functions for part in ast.walk(one)}
    outside = (part for tree in trees for part in ast.walk(tree) if id(part) not in inner)
    if any(_is_named(part, name) and isinstance(part.ctx, ast.Load) for part in outside):
        return False
    if kept and any(_gives_away(one, name) for one in functions):
        return False
    filling = {one.name for one in functions if _fills(one, name, kept)}
    return bool(filling) and all(
        one.name in filling or _only_begins(one, name, kept) or (_calls(one) & filling and not _stores(one, name, kept))
        for one in functions
    )


def _modules(package: str) -> Iterator[ModuleType]:
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == package and isinstance(module, ModuleType):
            yield module


def _tree(module: ModuleType, name: str) -> ast.Module | None:
    try:
        source = inspect.getsource(module)
        return ast.parse(source) if name in source else None
    except (OSError, TypeError, SyntaxError, ValueError):
        return None


def _mentions(source: str, name: str) -> bool:
    try:
        return any(_is_named(one, name) for one in ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError):
        return name in source


def _is_named(node: ast.AST, name: str) -> TypeGuard[ast.Name | ast.Attribute]:
    return (isinstance(node, ast.Name) and node.id == name) or (isinstance(node, ast.Attribute) and node.attr == name)


def _uses(function: _Function, name: str) -> bool:
    return any(_is_named(one, name) for one in ast.walk(function))


def _calls(function: _Function) -> set[str]:
    called = [one.func for one in ast.walk(function) if isinstance(one, ast.Call)]
    names = {one.id for one in called if isinstance(one, ast.Name)}
    return names | {one.attr for one in called if isinstance(one, ast.Attribute)}


# -- what a function does with it ------------------------------------------------------------------------------------


def _stores(function: _Function, name: str, kept: bool) -> bool:
    return any(True for _ in _stored(function, name, kept))


def _stored(function: _Function, name: str, kept: bool) -> Iterator[tuple[ast.expr | None, ast.expr | None]]:
    """Yield key and value of what a function stores: no key for the name itself, no value where it cannot be told.

    ``kept``: what is there can change, by its methods too.
    """
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _into(target, node.value, name)
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
            yield from _into(node.target, node.value, name)
        elif isinstance(node, (ast.AugAssign, ast.For, ast.AsyncFor, ast.withitem)):
            bound = node.optional_vars if isinstance(node, ast.withitem) else node.target
            if bound is not None and any(_is_named(one, name) for one in ast.walk(bound)):
                yield None, None
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_named(node.func.value, name):
            if node.func.attr in _FILLING and len(node.args) == 2:
                yield node.args[0], node.args[1]
            elif kept and node.func.attr not in _EMPTYING | _ASKING:
                yield None, None


def _into(target: ast.expr, value: ast.expr, name: str) -> Iterator[tuple[ast.expr | None, ast.expr | None]]:
    if _is_named(target, name):
        yield None, value
    elif isinstance(target, ast.Subscript) and _is_named(target.value, name):
        yield target.slice, value
    elif any(_is_named(one, name) and not isinstance(one.ctx, ast.Load) for one in ast.walk(target)):
        yield None, None
    elif any(isinstance(one, ast.Subscript) and _is_named(one.value, name) for one in ast.walk(target)):
        yield None, None  # into something that is kept


def _only_begins(function: _Function, name: str, kept: bool) -> bool:
    """Whether a function only stores that there is nothing yet."""
    stored = list(_stored(function, name, kept))
    reads = [one for one in ast.walk(function) if _is_named(one, name) and isinstance(one.ctx, ast.Load)]
    return bool(stored) and not reads and all(key is None and _is_nothing(value) for key, value in stored)


def _is_nothing(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Constant):
        return value.value is None
    if isinstance(value, ast.Call):
        return (
            not value.args
            and not value.keywords
            and isinstance(value.func, ast.Name)
            and value.func.id in ("dict", "list", "set")
        )
    return isinstance(value, (ast.Dict, ast.List)) and not list(ast.iter_child_nodes(value))[1:]


def _fills(function: _Function, name: str, kept: bool) -> bool:
    """Whether a function asks whether something is there, and stores what depends on nothing but the key."""
    stored = [pair for pair in _stored(function, name, kept) if not (pair[0] is None and _is_nothing(pair[1]))]
    if not stored or not _asks(function, name):
        return False
    sources = _sources(function)
    for key, value in stored:
        if value is None or any(_is_named(one, name) for one in ast.walk(value)):
            return False
        given = _given(value, sources)
        if not given <= (_given(key, sources) if key is not None else set()) or (given and isinstance(value, ast.Name)):
            return False
    return True


def _gives_away(function: _Function, name: str) -> bool:
    """Whether a function hands on what is kept as a whole, and not only entries of it."""
    whole = {id(one) for one in ast.walk(function) if _is_named(one, name)}
    for node in ast.walk(function):
        inside: list[ast.AST] = []
        if isinstance(node, ast.Subscript):
            inside = [node.value]
        elif isinstance(node, ast.Compare):
            inside = [node.left, *node.comparators]
        elif isinstance(node, (ast.If, ast.IfExp, ast.While)):
            inside = [node.test]
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            inside = [node.operand]
        elif isinstance(node, (ast.Assign, ast.Delete)):
            inside = list(node.targets)
        elif isinstance(node, ast.AnnAssign):
            inside = [node.target]
        elif isinstance(node, ast.Call):
            inside = list(node.args) if isinstance(node.func, ast.Name) and node.func.id == "len" else []
            inside += [node.func.value] if isinstance(node.func, ast.Attribute) else []
        whole -= {id(one) for one in inside}
    return bool(whole)


def _asks(function: _Function, name: str) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Compare) and any(_is_named(one, name) for one in (node.left, *node.comparators)):
            return True
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not) and _is_named(node.operand, name):
            return True
        if isinstance(node, (ast.If, ast.IfExp)) and _is_named(node.test, name):
            return True
        if isinstance(node, ast.Try) and any(_is_named(one, name) for part in node.body for one in ast.walk(part)):
            return True
        if isinstance(node, ast.Attribute) and _is_named(node.value, name) and node.attr in _FILLING | _ASKING:
            return True
    return False


def _sources(function: _Function) -> dict[str, set[str]]:
    """Return, by local name, the parameters that its value comes from."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
    found = {one.arg: {one.arg} for one in every if one.arg not in ("self", "cls")}
    for _ in range(3):  # names that come from names
        for node in ast.walk(function):
            if isinstance(node, ast.Assign):
                for one in (part for target in node.targets for part in ast.walk(target) if isinstance(part, ast.Name)):
                    found[one.id] = found.get(one.id, set()) | _given(node.value, found)
            elif isinstance(node, (ast.For, ast.comprehension)):
                for one in (part for part in ast.walk(node.target) if isinstance(part, ast.Name)):
                    found[one.id] = found.get(one.id, set()) | _given(node.iter, found)
    return found


def _given(value: ast.expr, sources: dict[str, set[str]]) -> set[str]:
    return set().union(*(sources.get(one.id, set()) for one in ast.walk(value) if isinstance(one, ast.Name)), set())
