"""What a module beside the notebook keeps and changes -> a file, out of which the module gets it back.

What else holds an object of that value is asked for as well, by whoever uses it: then one file carries both.
"""

from __future__ import annotations

from collections.abc import Container

from soorgeon_clone.analysis.model import OF_MODULE, StatementFacts
from soorgeon_clone.analysis.objects.heap import UNBOUND
from soorgeon_clone.analysis.objects.state import IMPORTED
from soorgeon_clone.refactor.carriers import beside, pickled
from soorgeon_clone.refactor.carriers.beside import is_of_module
from soorgeon_clone.refactor.carriers.borders import Borders
from soorgeon_clone.refactor.carriers.carrier import Refused, Taken, Want
from soorgeon_clone.refactor.carriers.ledger import Ledger
from soorgeon_clone.refactor.carriers.replay import is_code
from soorgeon_clone.refactor.model import Part

HOW = "state of a module"

_WHERE = frozenset({"sys_path", "directory"})  # settings that say where modules are found


def take(want: Want, ledger: Ledger) -> Taken | None:
    if not is_of_module(want.name) or want.name.endswith("*") or want.binding is None:
        return None
    value = want.binding.value
    if UNBOUND in value or is_code(value):
        return None
    imported = beside.take(want, ledger)
    if not isinstance(imported, Refused) or imported.rule != beside.STATE:
        return None
    answer = pickled.take(want, ledger)
    return Taken(HOW, loads=True, needs=answer.needs) if isinstance(answer, Taken) else None


def part(name: str, border: int, ledger: Ledger) -> Part | None:
    """Return the part that carries a variable of a module (``helpers.runs``)."""
    if not is_of_module(name):
        return None
    path, _, own = name.rpartition(OF_MODULE)
    if any(not statement.sets.isdisjoint(_WHERE) for statement in ledger.borders.settings):
        # where it is found is said by a setting, which comes after the imports
        value = f'importlib.import_module("{path}").{own}'
        return Part(name, value, f"{value} = {{value}}", ("import importlib",))
    return Part(name, name, f"{name} = {{value}}", (f"import {path}",))


def imported_again(borders: Borders, name: str, at: int, loads: Container[str]) -> StatementFacts | None:
    """Return the import that binds ``name`` to what a variable of a module is, if that is among ``loads``: then it has
    to run after the module was given what is in the file. None if the variable was bound anew since."""
    binding = borders.before(name, at)
    if binding is None or len(binding.defs) != 1:
        return None
    statement = borders.statements[min(binding.defs)]
    if statement.kind != "import":
        return None
    for each in statement.lowered.imports:
        if each.name == name and each.is_from and each.path in loads:
            held = borders.before(each.path, at)
            return statement if held is not None and held.defs == IMPORTED else None
    return None
