"""A task's own names -> names for the code that we add, so that neither ever gets in the other's way."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, count

from soorgeon_clone.analysis.lower.definitions import bindings
from soorgeon_clone.notebook.model import Cell
from soorgeon_clone.notebook.size import is_heavy
from soorgeon_clone.notebook.tags import MAY_FAIL, is_run
from soorgeon_clone.refactor.model import Load, Part, Replay, Task

_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_OTHER = "something else"
# with these a text can name a variable: globals()["pickle"] = 1
_BINDS_BY_TEXT = frozenset(
    {"globals", "locals", "vars", "exec", "eval", "setattr", "delattr", "__main__", "sys", "modules", "get_ipython"}
)


@dataclass(frozen=True)
class Names:
    """The names of a task: all that it mentions, and what binds each of them ("import pickle" or anything else).

    ``loaded`` are those that the code around its cells mentions. ``unknown`` is true where names may be bound that
    nobody can list (``from x import *``).
    """

    mentioned: frozenset[str]
    loaded: frozenset[str] = frozenset()
    bound: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unknown: bool = False

    def is_free(self, name: str) -> bool:
        if name in self.mentioned or name in self.loaded or name in self.bound:
            return False
        return not self.unknown or name.startswith("_")

    def is_rebound(self, name: str) -> bool:
        """Tell whether the notebook gives a builtin's name (``open``) another meaning."""
        return name in self.bound or self.unknown

    def pick(self, wanted: str) -> str:
        """Return ``wanted``, or the first of ``_wanted``, ``_wanted_2``, ... that the task leaves free."""
        candidates = chain((wanted, f"_{wanted}"), (f"_{wanted}_{number}" for number in count(2)))
        return next(name for name in candidates if self.is_free(name))


def names_of(task: Task) -> Names:
    """Return the names that the task's cells and steps mention and bind."""
    bound: dict[str, set[str]] = {}
    unknown = task.lists_names  # what begins with an underscore is not listed
    mentioned = set(task.params)
    texts = tuple(_sources(task))
    look = _words if is_heavy(texts) else _bindings
    for text in texts:
        found, star = look(text)
        unknown |= star
        for name, origin in found:
            bound.setdefault(name, set()).add(origin)
    for step in task.steps:
        if isinstance(step, Load):
            loaded = [*step.names, *(part.name for part in step.bundle.parts)]
            mentioned.update(name for part in step.bundle.parts for name in _mentioned_in(part))
        else:
            loaded = []
            mentioned.update(step.binds)
            known = {name for name, _ in _bindings(step.source)[0]}
            loaded += [name for name in step.binds if name not in known]
        for name in loaded:
            bound.setdefault(name, set()).add(_OTHER)
    for name in task.params:
        bound.setdefault(name, set()).add(_OTHER)
    if not task.lists_names:  # which would list what the notebook imports later
        for name, origin in task.imports.items():
            bound.setdefault(name, set()).add(origin)
    return Names(
        mentioned=task.names,
        loaded=frozenset(mentioned),
        bound={name: frozenset(origins) for name, origins in bound.items()},
        unknown=unknown,
    )


def imports_of(cells: Iterable[Cell]) -> set[str]:
    """Return the imports that code cells have certainly made when they have run, a statement for each name."""
    found: set[str] = set()
    for cell in cells:
        if not is_run(cell.kind, cell.tags) or MAY_FAIL in cell.tags or is_heavy([cell.source]):
            continue
        try:
            body = ast.parse(cell.source).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in (node for node in body if isinstance(node, ast.Import | ast.ImportFrom)):
            for alias in node.names:
                node.names = [alias]
                found.add(ast.unparse(node))
    return found


@dataclass(frozen=True)
class Import:
    """An import statement of ours; code that says ``usual`` (``numpy.random``) has to say ``name`` instead."""

    statement: str
    usual: str
    name: str


def place_import(statement: str, names: Names) -> Import:
    """Return the import under its usual name, under the one that the notebook gives it (``np``), or under another
    where the notebook means something else by that name."""
    (name, origin), *_ = _bindings(statement)[0]
    node = ast.parse(statement).body[0]
    assert isinstance(node, ast.Import | ast.ImportFrom)
    usual = node.names[0].asname or node.names[0].name
    if names.bound.get(name) == frozenset({origin}):
        return Import(statement, usual, usual)
    given = min((each for each, origins in names.bound.items() if origins == frozenset({statement})), default="")
    if not given and names.is_free(name):
        return Import(statement, usual, usual)
    alias = given or names.pick(usual.replace(".", "_"))
    node.names[0].asname = alias
    return Import(ast.unparse(node), usual, alias)


def rename(expression: str, new_names: Mapping[str, str]) -> str:
    """Return ``expression`` with names (``random``, ``numpy.random``) replaced, its other text untouched.

    >>> rename("random.getstate()", {"random": "_random"})
    '_random.getstate()'
    """
    if not any(old.split(".")[0] in expression for old in new_names):
        return expression
    edits = []
    for node in ast.walk(ast.parse(expression)):
        if isinstance(node, ast.Name | ast.Attribute) and (new := new_names.get(ast.unparse(node))) is not None:
            assert node.end_lineno is not None and node.end_col_offset is not None
            edits.append((node.lineno, node.col_offset, node.end_lineno, node.end_col_offset, new))
    lines = [line.encode() for line in expression.split("\n")]
    for first, start, last, end, new in sorted(edits, reverse=True):
        lines[first - 1 : last] = [lines[first - 1][:start] + new.encode() + lines[last - 1][end:]]
    return b"\n".join(lines).decode()


def _mentioned_in(part: Part) -> set[str]:
    ours = {name for statement in part.imports for name, _ in _bindings(statement)[0]}
    return set(_IDENTIFIER.findall(part.load)) - ours - {"value"}


def _sources(task: Task) -> Iterator[str]:
    yield from (step.source for step in task.steps if isinstance(step, Replay))
    yield from (cell.source for cell in task.cells if cell.kind == "code")


@lru_cache(maxsize=4096)  # steps are repeated in many tasks
def _bindings(source: str) -> tuple[tuple[tuple[str, str], ...], bool]:
    """Return (name, what it is bound to) for all bindings in any scope, and whether there are more.

    What is not plain Python (a magic), or too large to be parsed, may bind every name in it.
    """
    try:
        tree = ast.parse(source) if not is_heavy([source]) else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    if tree is None:
        return _words(source)
    found = [(name, origin or _OTHER) for name, origin in bindings([tree])]
    nodes = list(ast.walk(tree))
    if any(isinstance(node, ast.Name) and node.id in _BINDS_BY_TEXT for node in nodes):
        texts = (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
        found += [(name, _OTHER) for text in texts for name in _IDENTIFIER.findall(text)]
    return tuple(one for one in found if one[0] != "*"), any(name == "*" for name, _ in found)


def _words(source: str) -> tuple[tuple[tuple[str, str], ...], bool]:
    """Return the same of code that is not parsed: it may bind every name in it."""
    names = dict.fromkeys(_IDENTIFIER.findall(source))
    return tuple((name, _OTHER) for name in names), re.search(r"import\s+\*", source) is not None
