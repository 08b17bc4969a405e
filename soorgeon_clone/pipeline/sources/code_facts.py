"""Python source -> CodeFacts: what each top-level name of it is made of and uses, without formatting and comments.

Fingerprints are made from these facts. They depend on the text alone, so the records can keep them by file.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from soorgeon_clone.pipeline.sources.digests import digest
from soorgeon_clone.pipeline.sources.model import CodeFacts, CodePiece, ImportTarget

# Decorators that only wrap what they decorate; others may register it somewhere, which is an effect of the module.
_WRAPPERS = frozenset((
    "functools", "lru_cache", "cache", "wraps", "total_ordering", "singledispatch", "dataclass", "dataclasses",
    "contextmanager", "asynccontextmanager", "contextlib", "property", "staticmethod", "classmethod", "njit",
    "jit", "numba", "typing", "overload", "final", "abstractmethod", "abc",
))  # fmt: skip
# Calls in an assignment at the top of a module that change nothing but the assigned name.
_HARMLESS = frozenset((
    "re.compile", "logging.getLogger", "getLogger", "Path", "pathlib.Path", "namedtuple",
    "collections.namedtuple", "defaultdict", "TypeVar", "typing.TypeVar", "NamedTuple", "ParamSpec",
    "frozenset", "set", "dict", "list", "tuple", "int", "float", "str", "bytes", "bool", "range", "len",
    "sorted", "object", "timedelta", "datetime.timedelta", "date", "datetime.date", "Decimal", "Fraction",
    "Counter", "OrderedDict", "np.array", "numpy.array", "os.path.join", "os.environ.get", "os.getenv",
))  # fmt: skip
# What is in no name of a file or folder that people write into code.
_NO_PATH = re.compile(r"[\n\t\0<>{}|\"%;]")
# A name is told by all statements that define it; more names in one are the work of a machine.
_MOST_NAMES = 1_000
_REFLECTION = frozenset({"globals", "vars", "locals", "eval", "exec", "__import__", "importlib", "import_module"})


def of_module(tree: ast.Module) -> CodeFacts:
    """Facts of a module: its definitions stand for themselves, everything else is an effect."""
    definitions: dict[str, list[ast.AST]] = {}
    effects: list[ast.AST] = []
    for statement in tree.body:
        names = _defined(statement)
        if len(names) > _MOST_NAMES:
            raise ValueError("a statement that defines very many names")
        for name in names:
            definitions.setdefault(name, []).append(statement)
        if _has_effect(statement) or not (names or _is_silent(statement)):
            effects.append(statement)
    return CodeFacts(
        definitions={name: piece(statements) for name, statements in definitions.items()},
        effects=piece(effects),
        **_common(tree, tree.body),
    )


def of_script(trees: Sequence[ast.Module], marks: Sequence[str]) -> CodeFacts:
    """Facts of a script whose cells are ``trees``: all of it runs. ``marks`` tell what else matters of each cell."""
    parts = [f"{mark}\n{normal(tree)}" for tree, mark in zip(trees, marks, strict=True)]
    whole = ast.Module([statement for tree in trees for statement in tree.body], [])
    common = _common(whole, whole.body)
    names = dotted_names([whole])
    return CodeFacts(
        effects=CodePiece(digest("\0".join(parts)), names),
        upstream=None if common["reflective"] else upstream_uses(whole) if "upstream" in names else (),
        **common,
    )


def piece(statements: Sequence[ast.AST]) -> CodePiece:
    """The piece that these statements form."""
    if not statements:
        return CodePiece("", ())
    texts = {text for statement in statements for node in ast.walk(statement) if (text := _path(node))}
    return CodePiece(digest("\0".join(map(normal, statements))), dotted_names(statements), tuple(sorted(texts)))


def _path(node: ast.AST) -> str | None:
    """The text in a constant that may be a path."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value if 1 < len(node.value) < 300 and not _NO_PATH.search(node.value) else None
    return None


def normal(node: Any) -> str:
    """The code of a tree in a form in which only what it means counts, the same under every Python version."""
    parts: list[str] = []
    _write(node, parts)
    return "".join(parts)


def _write(node: Any, parts: list[str]) -> None:
    # What is still to be written, the next one last. A sum of a thousand terms is a tree of that depth.
    waiting: list[Any] = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, _Text):
            parts.append(one.text)
        elif isinstance(one, ast.AST):
            parts.append(f"{type(one).__name__}(")
            waiting.append(_CLOSE)
            for name in reversed(one._fields):
                value = getattr(one, name, None)
                silent = value is None or value == [] or name in ("ctx", "kind", "type_comment", "type_ignores")
                if silent and not (name == "value" and isinstance(one, ast.Constant)):
                    continue
                waiting += [_COMMA, value, _Text(f"{name}=")]
        elif isinstance(one, list):
            parts.append("[")
            waiting.append(_END)
            for child in reversed(one):
                waiting += [_COMMA, child]
        else:
            # An integer of very many digits has no text but a hexadecimal one.
            parts.append(hex(one) if isinstance(one, int) and one.bit_length() > _LONG else repr(one))


_LONG = 14_000


@dataclass(frozen=True, slots=True)
class _Text:
    text: str


_CLOSE, _END, _COMMA = _Text(")"), _Text("]"), _Text(",")


def dotted_names(nodes: Iterable[ast.AST]) -> tuple[str, ...]:
    """Every name that the code mentions, with the attributes read from it: ``pd.read_csv``, ``clean``."""
    found: set[str] = set()
    stack: list[Any] = list(nodes)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Attribute):
            chain, root = [node.attr], node.value
            while isinstance(root, ast.Attribute):
                chain.append(root.attr)
                root = root.value
            if isinstance(root, ast.Name):
                found.add(".".join([root.id, *reversed(chain)]))
                continue
            stack.append(root)
            continue
        if isinstance(node, ast.Name):
            found.add(node.id)
            continue
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            found.update(node.names)
        if (asked := _asked_of_globals(node)) is not None:
            found.add(asked[0])
        stack.extend(ast.iter_child_nodes(node))
    return tuple(sorted(found))


def _asked_of_globals(node: ast.AST) -> tuple[str, ast.Name] | None:
    """The name that the code asks for by text where that can be read, and the node of `globals` there:
    ``"x" in globals()``, ``globals()["x"]``, ``globals().get("x", 1)``."""
    key: ast.AST | None = None
    scope: ast.AST | None = None
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], (ast.In, ast.NotIn)):
        key, scope = node.left, node.comparators[0]
    elif isinstance(node, ast.Subscript):
        key, scope = node.slice, node.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        key, scope = node.args[0], node.func.value
    name = _text(key) if key is not None else None
    if name is None or name == "upstream" or not isinstance(scope, ast.Call) or scope.args or scope.keywords:
        return None
    return (name, scope.func) if isinstance(scope.func, ast.Name) and scope.func.id == "globals" else None


def upstream_uses(tree: ast.AST, name: str = "upstream") -> tuple[tuple[str, str | None], ...] | None:
    """The (task, key) pairs that the code takes out of ``upstream``; None where it does anything else with it."""
    found: set[tuple[str, str | None]] = set()
    stack: list[Any] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Subscript):
            task = _text(node.slice)
            if isinstance(node.value, ast.Name) and node.value.id == name and task is not None:
                found.add((task, None))
                continue
            inner = node.value
            if isinstance(inner, ast.Subscript) and isinstance(inner.value, ast.Name) and inner.value.id == name:
                key, task = task, _text(inner.slice)
                if key is not None and task is not None:
                    found.add((task, key))
                    continue
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
            return None
        stack.extend(ast.iter_child_nodes(node))
    return tuple(sorted(found, key=str))


def _text(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _common(tree: ast.AST, top: Sequence[ast.stmt]) -> dict[str, Any]:
    imports: dict[str, list[ImportTarget]] = {}
    executed: list[ImportTarget] = []
    stars: list[ImportTarget] = []
    constants: set[str] = set()
    reflective = False
    told: set[int] = set()  # nodes of `globals` of which is known what they are asked for; they come after what asks
    for node in ast.walk(tree):
        if (asked := _asked_of_globals(node)) is not None:
            told.add(id(asked[1]))
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                target = ImportTarget(alias.name if alias.asname else bound)
                imports.setdefault(bound, []).append(target)
                executed.append(ImportTarget(alias.name))
        elif isinstance(node, ast.ImportFrom):
            executed.append(ImportTarget(node.module or "", node.level))
            for alias in node.names:
                if alias.name == "*":
                    stars.append(ImportTarget(node.module or "", node.level))
                else:
                    target = ImportTarget(node.module or "", node.level, alias.name)
                    imports.setdefault(alias.asname or alias.name, []).append(target)
        elif (text := _path(node)) is not None:
            constants.add(text)
        elif isinstance(node, ast.Name) and node.id in _REFLECTION and id(node) not in told:
            reflective = True
    top_level = set(_imported_at_top(top))
    return {
        "imports": {name: tuple(dict.fromkeys(targets)) for name, targets in imports.items()},
        "executed": tuple(target for target in dict.fromkeys(executed) if target in top_level),
        "stars": tuple(stars),
        "reflective": reflective,
        "constants": tuple(sorted(constants)),
    }


def _imported_at_top(statements: Sequence[ast.stmt]) -> Iterator[ImportTarget]:
    """The modules that are imported outside of functions."""
    stack: list[Any] = list(statements)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Import):
            yield from (ImportTarget(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield ImportTarget(node.module or "", node.level)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.expr)):
            stack.extend(ast.iter_child_nodes(node))


def _defined(statement: ast.stmt) -> list[str]:
    """The names that a top-level statement gives a value, wherever in it."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [statement.name]
    names: list[str] = []
    stack: list[Any] = [statement]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.append(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.append(node.name)
            continue
        elif isinstance(node, ast.Lambda):
            continue
        stack.extend(ast.iter_child_nodes(node))
    return names


def _is_silent(statement: ast.stmt) -> bool:
    """Whether a statement does nothing by itself: an import (followed elsewhere), a docstring, ``pass``."""
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    return isinstance(statement, (ast.Import, ast.ImportFrom, ast.Pass))


def _has_effect(statement: ast.stmt) -> bool:
    """Whether a statement that defines names may also do something that importers feel."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return not all(_root(decorator) in _WRAPPERS for decorator in statement.decorator_list)
    if isinstance(statement, (ast.Assign, ast.AnnAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if all(isinstance(target, ast.Name) for target in targets):
            value = statement.value
            calls = [node for node in ast.walk(value) if isinstance(node, ast.Call)] if value else []
            return not all(ast.unparse(call.func) in _HARMLESS for call in calls)
    return not _is_silent(statement)


def _root(node: ast.AST) -> str:
    while isinstance(node, (ast.Attribute, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
