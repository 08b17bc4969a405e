"""Names that the notebook does not bind: builtins, which every task has, and results of cells, which none has."""

from __future__ import annotations

from soorgeon_clone.analysis.objects.heap import UNBOUND
from soorgeon_clone.refactor.carriers.borders import LAST_RESULT_NAMES, SESSION_NAMES
from soorgeon_clone.refactor.carriers.carrier import Refused, Taken, Want
from soorgeon_clone.refactor.carriers.ledger import Ledger

HOW = "session"

_REMEDY = "give the result a name"


def take(want: Want, ledger: Ledger) -> Taken | Refused | None:
    if want.binding is not None and want.binding.value - {UNBOUND}:
        return None
    if want.binding is not None or want.at == 0 or (want.name == "_" and _has_own_result(want, ledger)):
        return Taken(HOW)
    if want.name in LAST_RESULT_NAMES:
        what = f"`{want.name}` is the result of an earlier cell"
        return Refused(what, want.at - 1, rule="a result of an earlier cell", remedy=_REMEDY, final=True)
    history = want.name.lstrip("_").removeprefix("i")
    if want.name in SESSION_NAMES or (want.name.startswith("_") and history.isdigit()):
        what = f"`{want.name}` holds results of earlier cells"
        return Refused(what, 0, rule="results of earlier cells", remedy=_REMEDY, final=True)
    return Taken(HOW)


def part(name: str, border: int, ledger: Ledger) -> None:
    """Nothing of it is saved."""


def _has_own_result(want: Want, ledger: Ledger) -> bool:
    """Whether an earlier cell of the task certainly displays a value before anything in it asks for `_`."""
    given: set[int] = set()
    for statement in ledger.borders.statements[ledger.borders.starts[want.at] : want.stop]:
        if "_" in statement.reads:
            return bool(given - {statement.cell})
        if statement.gives_result:
            given.add(statement.cell)
    return True
