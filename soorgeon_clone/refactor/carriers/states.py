"""Settings that cannot be made again -> what they hold: saved after a task that makes some, put back before later ones.

`sns.set_palette(colors)` in a function that draws as well, `os.environ[key] = value` in a loop over what changes: the
statement stays where it is. How a setting is saved and put back is said by the table of the library that has it.
"""

from __future__ import annotations

import builtins
import re
from dataclasses import dataclass
from functools import cache

from soorgeon_clone.analysis.knowledge.effect_rules import as_bool, as_tuple
from soorgeon_clone.analysis.knowledge.effects import table_of
from soorgeon_clone.analysis.model import AMBIENT, StatementFacts
from soorgeon_clone.refactor.carriers.borders import Borders
from soorgeon_clone.refactor.carriers.carrier import Taken, Want
from soorgeon_clone.refactor.carriers.ledger import Ledger
from soorgeon_clone.refactor.carriers.replay import can_repeat
from soorgeon_clone.refactor.model import Part

HOW = "state of a setting"

# settings that are not called after the library whose table has them
_LIBRARIES = {"environ": "os", "directory": "os", "recursion_limit": "sys"}
_WORD = re.compile(r"(?<![\w.])[a-z_]+")


@dataclass(frozen=True)
class State:
    """How all that a setting holds is saved: ``get`` is an expression, ``put`` a statement, with ``{value}`` in it.

    ``imports`` are what both need. ``begin`` is an expression for what a fresh process has, which ``get`` needs as
    ``{begin}``. ``early``: it decides what imports find or do, and must not be set by anything else before it is put
    back.
    """

    get: str
    put: str
    imports: tuple[str, ...]
    begin: str = ""
    early: bool = False


@cache
def state_of(setting: str) -> State | None:
    """Return how a setting is saved and put back; None if nobody has said so."""
    library = _LIBRARIES.get(setting, setting.partition("_")[0])
    table = table_of(library) if library.isidentifier() else None
    raw = ((table.raw.get("states") or {}) if table is not None else {}).get(setting)
    if raw is None:
        return None
    imports = as_tuple(raw["imports"])
    return State(raw["get"], raw["put"], imports, raw.get("begin", ""), as_bool(raw.get("early", "false")))


def take(want: Want, ledger: Ledger) -> Taken | None:
    return Taken(HOW, loads=True) if is_state(want.name) else None


def part(name: str, border: int, ledger: Ledger) -> Part | None:
    """Return the part that carries a setting (``@pandas_options``)."""
    state = state_of(name.removeprefix(AMBIENT)) if name.startswith(AMBIENT) else None
    if state is None:
        return None
    return Part(f"{name.removeprefix(AMBIENT)}_state", state.get, state.put, state.imports, begin=state.begin)


def is_state(name: str) -> bool:
    """Whether a name stands for what a setting holds."""
    return name.startswith(AMBIENT) and state_of(name.removeprefix(AMBIENT)) is not None


def is_early(name: str) -> bool:
    """Whether a state must be put back among the imports, in the notebook's order."""
    state = state_of(name.removeprefix(AMBIENT)) if name.startswith(AMBIENT) else None
    return state is not None and state.early


def held_at(ledger: Ledger, border: int) -> frozenset[str]:
    """Return the settings that the task at ``border`` gets as they are, since a statement cannot make them again."""
    if border not in ledger.held:
        ledger.held[border] = _held_at(ledger.borders, border)
    return ledger.held[border]


def _held_at(borders: Borders, border: int) -> frozenset[str]:
    earlier = [s for s in borders.settings if s.index < borders.starts[border]]
    unrepeatable = [s for s in earlier if not can_repeat(borders, s, border, setting=True)]
    held = frozenset[str]().union(*(s.sets for s in unrepeatable if can_be_held(borders, s)))
    while True:  # what cannot be held is repeated, and would be set twice
        kept = frozenset(setting for setting in held if not _is_disturbed(borders, setting, held, earlier))
        if kept == held:
            return held
        held = kept


def can_be_held(borders: Borders, statement: StatementFacts) -> bool:
    """Whether all that a statement sets can be saved and put back."""
    return bool(statement.sets) and all(_can_hold(borders, setting) for setting in statement.sets)


def _can_hold(borders: Borders, setting: str) -> bool:
    state = state_of(setting)
    if state is None:
        return False
    ours = {*_WORD.findall(state.get), *_WORD.findall(state.put), *_WORD.findall(state.begin)}
    return not any(hasattr(builtins, word) and word in borders.binders for word in ours)


def _is_disturbed(borders: Borders, setting: str, held: frozenset[str], earlier: list[StatementFacts]) -> bool:
    """Whether an early state cannot be put back at one place: something repeated would come before it or between."""
    state = state_of(setting)
    if state is None or not state.early:
        return False
    setters = [s for s in earlier if setting in s.sets]
    if any(not s.sets <= held for s in setters):
        return True
    first, last = setters[0].index, setters[-1].index
    return any(s.kind == "import" or (s.sets and setting not in s.sets) for s in borders.statements[first + 1 : last])
