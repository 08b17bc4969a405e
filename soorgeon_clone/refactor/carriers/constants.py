"""``RANDOM_STATE = 42`` -> a definition like a closed function: it goes to exported.py, and no file has to carry it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from soorgeon_clone.analysis.dataflow import binding_after
from soorgeon_clone.analysis.heap import UNBOUND
from soorgeon_clone.analysis.model import StatementFacts
from soorgeon_clone.refactor.carriers.program import LAST_RESULT_NAMES, SESSION_NAMES, Program

_IMMUTABLE = (bool, int, float, complex, str, bytes, type(None), type(...))
# More text than a person would look for in a module of definitions is data, and stays where it is.
_LONGEST = 2_000


def constants(program: Program) -> Iterator[tuple[str, StatementFacts]]:
    """Yield the names that are bound once, at the top level, to a literal of immutable values, and that other units
    need. A cell tagged ``parameters`` has none: what it binds are the params of a task."""
    wanted = _needed_elsewhere(program)
    for statement in program.statements:
        if statement.kind != "assignment" or len(statement.binds) != 1 or not statement.is_pure:
            continue
        ((name, certain),) = statement.binds.items()
        if not certain or name not in wanted or name in SESSION_NAMES | LAST_RESULT_NAMES:
            continue
        if "parameters" in program.cells[statement.cell].tags or not _is_literal(program.source(statement), name):
            continue
        binding = binding_after(program.past, name, program.unit_of[statement.index])
        if binding is not None and UNBOUND not in binding.value and all(obj.immutable for obj in binding.value):
            yield name, statement


def _needed_elsewhere(program: Program) -> set[str]:
    """Return the names that another unit than the one that binds them reads, also through definitions that it uses."""
    home = {name: min(map(program.unit_of.__getitem__, numbers)) for name, numbers in program.binders.items()}
    found = {
        name
        for statement in program.statements
        for name in statement.reads
        if name in home and home[name] != program.unit_of[statement.index]
    }
    waiting = list(found)
    while waiting:
        for number in program.binders.get(waiting.pop(), ()):
            statement = program.statements[number]
            if statement.kind in ("function", "class"):
                more = (statement.lowered.free & home.keys()) - found
                found |= more
                waiting += more
    return found


def _is_literal(source: str, name: str) -> bool:
    """Whether a statement reads ``name = literal``, without an annotation (which the notebook's module would keep)."""
    if len(source) > _LONGEST:
        return False
    try:
        (statement,) = ast.parse(source).body
        if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
            return False
        return (
            len(statement.targets) == 1
            and statement.targets[0].id == name
            and _is_fixed(ast.literal_eval(statement.value))
        )
    except (SyntaxError, ValueError, RecursionError):
        return False


def _is_fixed(value: object) -> bool:
    return all(map(_is_fixed, value)) if isinstance(value, tuple) else isinstance(value, _IMMUTABLE)
