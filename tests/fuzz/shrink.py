"""A notebook whose pipeline shows something else -> the smallest part of it that still does."""

from __future__ import annotations

import ast
import copy
import itertools
from collections.abc import Callable, Iterator, Sequence

Sections = tuple[str, ...]


def shrink(sections: Sequence[str], still_fails: Callable[[Sections], bool], tries: int = 1500) -> Sections:
    """Return the smallest notebook that is found in so many tries. Sections come back formatted by ``ast.unparse``."""
    best = tuple(ast.unparse(ast.parse(section)) for section in sections)
    if not still_fails(best):
        return tuple(sections)
    seen = {best}
    progress = True
    while progress:
        progress = False
        place = 0
        while True:
            smaller = next(itertools.islice(_smaller(best), place, None), None)
            if smaller is None:
                break
            place += 1
            if smaller in seen:
                continue
            seen.add(smaller)
            tries -= 1
            if tries < 0:
                return best
            if still_fails(smaller):
                best, progress = smaller, True
                place -= 1  # what comes next stands there now
    return best


def _smaller(sections: Sections) -> Iterator[Sections]:
    """Yield smaller notebooks, the boldest cuts first."""
    if len(sections) > 2:
        for number in range(len(sections) - 1, -1, -1):
            yield _without(sections, number)
        for number in range(len(sections) - 1):
            yield (*sections[:number], f"{sections[number]}\n{sections[number + 1]}", *sections[number + 2 :])
    for number in range(len(sections) - 1, -1, -1):
        for text in _shorter(sections[number]):
            if text.strip() or len(sections) > 2:
                changed = (*sections[:number], text, *sections[number + 1 :])
                yield tuple(section for section in changed if section.strip())


def _without(sections: Sections, number: int) -> Sections:
    return (*sections[:number], *sections[number + 1 :])


def _shorter(source: str) -> Iterator[str]:
    tree = ast.parse(source)
    size = len(tree.body) // 2
    while size > 1:
        for start in range(0, len(tree.body), size):
            yield _unparsed(ast.Module(tree.body[:start] + tree.body[start + size :], []))
        size //= 2
    for path, kind in list(_places(tree)):
        changed = copy.deepcopy(tree)
        if kind == "drop":
            owner, field, index = _find(changed, path)
            items = getattr(owner, field)
            del items[index]
            if not items and field == "body" and not isinstance(owner, ast.Module):
                items.append(ast.Pass())
            yield _unparsed(changed)
        elif kind == "unwrap":
            owner, field, index = _find(changed, path)
            items = getattr(owner, field)
            items[index : index + 1] = items[index].body
            yield _unparsed(changed)
        else:
            yield from _simpler_expressions(tree, path)


def _simpler_expressions(tree: ast.Module, path: list[tuple[str, int | None]]) -> Iterator[str]:
    owner, field, index = _find(tree, path)
    old = getattr(owner, field) if index is None else getattr(owner, field)[index]
    parts = [part for part in ast.iter_child_nodes(old) if isinstance(part, ast.expr)]
    plain: list[ast.expr] = [ast.Constant(1), ast.List([], ast.Load())]
    for new in [*parts, *([] if isinstance(old, ast.Constant | ast.Name) else plain)]:
        if isinstance(new, ast.Starred) or ast.dump(new) == ast.dump(old):
            continue
        changed = copy.deepcopy(tree)
        owner, field, index = _find(changed, path)
        if index is None:
            setattr(owner, field, copy.deepcopy(new))
        else:
            getattr(owner, field)[index] = copy.deepcopy(new)
        text = _unparsed(changed)
        if text:
            yield text


def _places(
    node: ast.AST, path: tuple[tuple[str, int | None], ...] = ()
) -> Iterator[tuple[list[tuple[str, int | None]], str]]:
    """Yield the ways to parts that could go, from the end of the code to its beginning."""
    for field, value in reversed(list(ast.iter_fields(node))):
        items = value if isinstance(value, list) else [value]
        for index in range(len(items) - 1, -1, -1):
            item = items[index]
            if not isinstance(item, ast.AST):
                continue
            here = (*path, (field, index if isinstance(value, list) else None))
            if isinstance(value, list) and isinstance(item, ast.stmt | ast.excepthandler | ast.keyword | ast.expr):
                yield list(here), "drop"
            if isinstance(item, ast.If | ast.For | ast.While | ast.With | ast.Try):
                yield list(here), "unwrap"
            if isinstance(item, ast.expr) and isinstance(getattr(item, "ctx", ast.Load()), ast.Load):
                yield list(here), "simplify"
            yield from _places(item, here)


def _find(tree: ast.AST, path: Sequence[tuple[str, int | None]]) -> tuple[ast.AST, str, int | None]:
    node = tree
    for field, index in path[:-1]:
        value = getattr(node, field)
        node = value if index is None else value[index]
    field, index = path[-1]
    return node, field, index


def _unparsed(tree: ast.Module) -> str:
    """Return the code, or "" where the change made no sense."""
    try:
        text = ast.unparse(ast.fix_missing_locations(tree))
        ast.parse(text)
    except (ValueError, SyntaxError, AttributeError, IndexError, TypeError):
        return ""
    return text
