"""A notebook whose pipeline shows something else -> the smallest part of it that still does."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import partial

Sections = tuple[str, ...]
Path = tuple[tuple[str, int | None], ...]  # the way from a module to a node: fields, with an index if one is a list


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
            make = next(itertools.islice(_smaller(best), place, None), None)
            if make is None:
                break
            place += 1
            smaller = make()
            if smaller in seen or not smaller:
                continue
            seen.add(smaller)
            tries -= 1
            if tries < 0:
                return best
            if still_fails(smaller):
                best, progress = smaller, True
                place -= 1  # what comes next stands there now
    return best


def _smaller(sections: Sections) -> Iterator[Callable[[], Sections]]:
    """Yield what makes smaller notebooks, the boldest cuts first; () where a cut makes no sense."""
    if len(sections) > 2:
        for number in range(len(sections) - 1, -1, -1):
            yield partial(_without, sections, number)
        for number in range(len(sections) - 1):
            yield partial(_joined, sections, number)
    for number in range(len(sections) - 1, -1, -1):
        for shorten in _shorter(sections[number]):
            yield partial(_changed, sections, number, shorten)


def _without(sections: Sections, number: int) -> Sections:
    return (*sections[:number], *sections[number + 1 :])


def _joined(sections: Sections, number: int) -> Sections:
    return (*sections[:number], f"{sections[number]}\n{sections[number + 1]}", *sections[number + 2 :])


def _changed(sections: Sections, number: int, shorten: Callable[[], str | None]) -> Sections:
    text = shorten()
    if text is None or (not text.strip() and len(sections) <= 2):
        return ()
    changed = (*sections[:number], text, *sections[number + 1 :])
    return tuple(section for section in changed if section.strip())


def _shorter(source: str) -> Iterator[Callable[[], str | None]]:
    tree = ast.parse(source)
    size = len(tree.body) // 2
    while size > 1:
        for start in range(0, len(tree.body), size):
            yield partial(_cut, source, start, size)
        size //= 2
    for path, kind in _places(tree):
        if kind == "drop":
            yield partial(_drop, source, path)
        elif kind == "unwrap":
            yield partial(_unwrap, source, path)
        else:
            owner, field, index = _find(tree, path)
            old = getattr(owner, field) if index is None else getattr(owner, field)[index]
            parts = [part for part in ast.iter_child_nodes(old) if isinstance(part, ast.expr)]
            for number in range(len(parts)):
                yield partial(_simplify, source, path, number)
            if not isinstance(old, ast.Constant | ast.Name):
                yield partial(_simplify, source, path, -1)
                yield partial(_simplify, source, path, -2)


def _cut(source: str, start: int, size: int) -> str | None:
    tree = ast.parse(source)
    del tree.body[start : start + size]
    return _unparsed(tree)


def _drop(source: str, path: Path) -> str | None:
    tree = ast.parse(source)
    owner, field, index = _find(tree, path)
    items = getattr(owner, field)
    del items[index]
    if not items and field == "body" and not isinstance(owner, ast.Module):
        items.append(ast.Pass())
    return _unparsed(tree)


def _unwrap(source: str, path: Path) -> str | None:
    tree = ast.parse(source)
    owner, field, index = _find(tree, path)
    items = getattr(owner, field)
    items[index : index + 1] = items[index].body  # type: ignore[operator]
    return _unparsed(tree)


def _simplify(source: str, path: Path, part: int) -> str | None:
    """Put a part of an expression in its place: its child with this number, ``1`` (-1) or ``[]`` (-2)."""
    tree = ast.parse(source)
    owner, field, index = _find(tree, path)
    old = getattr(owner, field) if index is None else getattr(owner, field)[index]
    children = [child for child in ast.iter_child_nodes(old) if isinstance(child, ast.expr)]
    new = ast.Constant(1) if part == -1 else ast.List([], ast.Load()) if part == -2 else children[part]
    if isinstance(new, ast.Starred):
        return None
    if index is None:
        setattr(owner, field, new)
    else:
        getattr(owner, field)[index] = new
    return _unparsed(tree)


def _places(node: ast.AST, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yield the ways to parts that could go, from the end of the code to its beginning."""
    for field, value in reversed(list(ast.iter_fields(node))):
        items = value if isinstance(value, list) else [value]
        for index in range(len(items) - 1, -1, -1):
            item = items[index]
            if not isinstance(item, ast.AST):
                continue
            here = (*path, (field, index if isinstance(value, list) else None))
            if isinstance(value, list) and isinstance(item, ast.stmt | ast.excepthandler | ast.keyword | ast.expr):
                yield here, "drop"
            if isinstance(item, ast.If | ast.For | ast.While | ast.With | ast.Try):
                yield here, "unwrap"
            if isinstance(item, ast.expr) and isinstance(getattr(item, "ctx", ast.Load()), ast.Load):
                yield here, "simplify"
            yield from _places(item, here)


def _find(tree: ast.AST, path: Path) -> tuple[ast.AST, str, int | None]:
    node = tree
    for field, index in path[:-1]:
        value = getattr(node, field)
        node = value if index is None else value[index]
    field, index = path[-1]
    return node, field, index


def _unparsed(tree: ast.Module) -> str | None:
    """Return the code, None where the change made no sense."""
    try:
        text = ast.unparse(ast.fix_missing_locations(tree))
        ast.parse(text)
    except (ValueError, SyntaxError, AttributeError, IndexError, TypeError):
        return None
    return text
