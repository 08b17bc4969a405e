"""``RANDOM_STATE = 42`` -> a definition like a closed function: it goes to exported.py, and no file has to carry it."""

from __future__ import annotations

import ast
import re

from soorgeon_clone.analysis.model import StatementFacts
from soorgeon_clone.analysis.objects.heap import UNBOUND
from soorgeon_clone.refactor.carriers.borders import LAST_RESULT_NAMES, SESSION_NAMES, Borders
from soorgeon_clone.refactor.carriers.carrier import Taken, Want
from soorgeon_clone.refactor.carriers.ledger import Ledger
from soorgeon_clone.refactor.cut import Cut

HOW = "constant"

# how a statement begins that may give a name a literal: 42, -1.5, "text", rb"bytes", (1, 2), None
_MAY_BE_LITERAL = re.compile(r"\w+\s*=\s*(?:[-+.\d\"'(\\]|[a-zA-Z]{1,2}[\"']|(?:True|False|None|Ellipsis)\b)")
_IMMUTABLE = (bool, int, float, complex, str, bytes, type(None), type(...))
# More text than a person would look for in a module of definitions is data, and stays where it is.
_LONGEST = 2_000


def take(want: Want, ledger: Ledger) -> Taken | None:
    statement = ledger.exported.get(want.name)
    return Taken(HOW) if statement is not None and statement.kind == "assignment" else None


def part(name: str, border: int, ledger: Ledger) -> None:
    """It is imported: no file carries it."""


def constants(borders: Borders) -> dict[str, StatementFacts]:
    """Return the names that are bound once, at the top level, to a literal of immutable values.

    A cell tagged ``parameters`` has none: what it binds are the params of a task.
    """
    found = {}
    for statement in borders.statements:
        if statement.kind != "assignment" or len(statement.binds) != 1 or not statement.is_pure:
            continue
        ((name, certain),) = statement.binds.items()
        if not certain or name in SESSION_NAMES | LAST_RESULT_NAMES:
            continue
        if "parameters" in borders.cells[statement.cell].tags or not _is_literal(borders.source(statement), name):
            continue
        value = borders.value(name, statement.section + 1)
        if value and UNBOUND not in value and all(obj.immutable for obj in value):
            found[name] = statement
    return found


def needed_elsewhere(cut: Cut) -> set[str]:
    """Return the names that another unit than the one that binds them reads, also through definitions that it uses."""
    borders, homes = cut.borders, cut.homes
    home = {name: homes[borders.section_of(min(numbers))] for name, numbers in borders.binders.items()}
    found = {
        name
        for name, (first, last) in borders.readers.items()
        if name in home and not home[name] is homes[first] is homes[last]
    }
    waiting = list(found)
    while waiting:
        for number in borders.binders.get(waiting.pop(), ()):
            more = (borders.free.get(number, frozenset()) & home.keys()) - found
            found |= more
            waiting += more
    return found


def _is_literal(source: str, name: str) -> bool:
    """Whether a statement reads ``name = literal``, without an annotation (which the notebook's module would keep)."""
    if len(source) > _LONGEST or not _MAY_BE_LITERAL.match(source):
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
