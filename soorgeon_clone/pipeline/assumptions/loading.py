"""The cell of a task that loads -> how one of its variables can be had once more, and which file holds it alone."""

from __future__ import annotations

import ast
import builtins
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any


@dataclass(frozen=True)
class Loading:
    """The statements that give a variable its value, and what they read.

    ``alone`` is the file whose content is the pickle of just this value, None where it holds more or something else.
    """

    name: str
    code: CodeType
    reads: Mapping[str, Any]
    alone: Path | None = None

    def again(self) -> Any:
        """Return the value as it is in the file. Raises what loading raises."""
        namespace = {"__builtins__": builtins, "__name__": "__main__", **self.reads}
        exec(self.code, namespace)  # what the task itself has run a moment ago
        return namespace[self.name]


def loading_of(name: str, cells: Iterable[str], namespace: Mapping[str, Any]) -> Loading | None:
    """Return how the task loads a variable, None where none of these cells does. Ask it before others run."""
    for source in cells:
        chosen = _statements(name, _body(source))
        if chosen:
            code = compile(ast.Module(chosen, []), "<load>", "exec")
            reads = {word: namespace[word] for word in _reads(chosen) if word in namespace}
            return Loading(name, code, reads, _file(name, chosen, namespace))
    return None


@functools.lru_cache(maxsize=8)
def _body(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError):
        return []


def _statements(name: str, body: list[ast.stmt]) -> list[ast.stmt]:
    """Return the statements that the variable's value takes, in order."""
    needed, chosen = {name}, []
    for statement in reversed(body):
        if not isinstance(statement, ast.Delete) and needed & _names(statement, ast.Store):
            chosen.append(statement)
            needed |= _names(statement, ast.Load)
    return chosen[::-1]


def _names(node: ast.AST, kind: type[ast.expr_context]) -> set[str]:
    found = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, kind)}
    if kind is ast.Store:
        for one in ast.walk(node):
            if isinstance(one, ast.alias):
                found.add((one.asname or one.name).partition(".")[0])
    return found


def _reads(statements: list[ast.stmt]) -> set[str]:
    bound = set().union(*(_names(one, ast.Store) for one in statements))
    return set().union(*(_names(one, ast.Load) for one in statements)) - (bound - {"file"})


def _file(name: str, statements: list[ast.stmt], namespace: Mapping[str, Any]) -> Path | None:
    """Return the file of ``with open(path, "rb") as file: name = pickle.load(file)``."""
    statements = [one for one in statements if not isinstance(one, (ast.Import, ast.ImportFrom))]
    statement = statements[0] if len(statements) == 1 else None
    if not isinstance(statement, ast.With):
        return None
    if len(statement.items) != 1 or len(statement.body) != 1:
        return None
    opened, inner = statement.items[0], statement.body[0]
    is_load = (
        isinstance(inner, ast.Assign)
        and isinstance(inner.targets[0], ast.Name)
        and inner.targets[0].id == name
        and isinstance(inner.value, ast.Call)
        and isinstance(inner.value.func, ast.Attribute)
        and inner.value.func.attr == "load"
        and isinstance(opened.optional_vars, ast.Name)
        and [one.id for one in inner.value.args if isinstance(one, ast.Name)] == [opened.optional_vars.id]
        and len(inner.value.args) == 1
    )
    if not is_load or not isinstance(opened.context_expr, ast.Call):
        return None
    call = opened.context_expr
    source = call.func.value if isinstance(call.func, ast.Attribute) else call.args[0] if call.args else None
    if source is None:
        return None
    try:
        value = eval(compile(ast.Expression(source), "<load>", "eval"), dict(namespace))  # upstream["load"]["raw"]
        return Path(value).absolute()
    except Exception:
        return None
