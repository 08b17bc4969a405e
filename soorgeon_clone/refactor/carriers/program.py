"""The notebook as carriers see it: its facts, cut in units, with the source of each statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from soorgeon_clone.analysis.dataflow import History, Unit, binding_before, history
from soorgeon_clone.analysis.heap import FUNCTION, LIB, Obj
from soorgeon_clone.analysis.model import NotebookFacts, StatementFacts
from soorgeon_clone.analysis.star import is_module_path
from soorgeon_clone.analysis.state import Binding
from soorgeon_clone.notebook.model import Cell

# Names that IPython itself keeps: what they hold depends on the cells that ran before in the same process.
SESSION_NAMES = frozenset({"Out", "In", "_oh", "_ih", "_dh", "_i", "_ii", "_iii"})
LAST_RESULT_NAMES = frozenset({"_", "__", "___"})

_DEFINITIONS = ("function", "class")


@dataclass(frozen=True)
class Program:
    """One cut of the notebook in units."""

    facts: NotebookFacts
    units: tuple[Unit, ...]
    cells: Mapping[int, Cell]

    @cached_property
    def past(self) -> History:
        return history(self.units)

    @cached_property
    def statements(self) -> tuple[StatementFacts, ...]:
        return self.facts.statements

    @cached_property
    def binders(self) -> Mapping[str, frozenset[int]]:
        """Name -> the statements that may bind it."""
        found: dict[str, set[int]] = {}
        for statement in self.statements:
            for name in statement.binds:
                found.setdefault(name, set()).add(statement.index)
        return {name: frozenset(numbers) for name, numbers in found.items()}

    @cached_property
    def first_reads(self) -> Mapping[str, int]:
        """Name -> the first statement that may read it."""
        found: dict[str, int] = {}
        for statement in self.statements:
            for name in statement.reads:
                found.setdefault(name, statement.index)
        return found

    @cached_property
    def functions_made(self) -> Mapping[int, list[Obj]]:
        """Statement -> the functions and methods that it makes."""
        found: dict[int, list[Obj]] = {}
        for function in self.facts.heap.of_type(FUNCTION):
            found.setdefault(function.made, []).append(function)
        return found

    @cached_property
    def unit_of(self) -> tuple[int, ...]:
        """Statement -> unit."""
        return tuple(unit.index for unit in self.units for _ in unit.statements)

    @cached_property
    def registries(self) -> frozenset[Obj]:
        """What definitions change when they run, and nothing else does: a decorator or a base class notes them there.

        Such an object is not saved. It is made again, together with all definitions that it has noted so far.
        """
        noted = {obj for s in self.statements if s.kind in _DEFINITIONS for obj in s.changes}
        return frozenset(o for o in noted if all(self.statements[n].kind in _DEFINITIONS for n in o.changed))

    def noting(self, statement: StatementFacts, unit: int) -> list[StatementFacts]:
        """Return, in order, the definitions before ``unit`` that the registries note which a statement makes or
        changes."""
        noted = [o for o in self.registries if o.made == statement.index or o in statement.changes]
        start = self.units[unit].start
        return [self.statements[n] for n in sorted({n for o in noted for n in o.changed if n < start})]

    def before(self, name: str, unit: int) -> Binding | None:
        return binding_before(self.past, name, unit)

    def source(self, statement: StatementFacts) -> str:
        """Return the statement as it stands in its cell."""
        if statement.text is not None:
            return statement.text
        lines = self.cells[statement.cell].source.replace("\r\n", "\n").split("\n")
        return "\n".join(lines[statement.first - 1 : statement.last]).rstrip()

    def owns_rows(self, statement: StatementFacts) -> bool:
        """Whether no other statement stands in the statement's rows."""
        return not any(
            other is not statement
            and other.cell == statement.cell
            and other.first <= statement.last
            and other.last >= statement.first
            for other in self._around(statement)
        )

    def _around(self, statement: StatementFacts) -> Iterable[StatementFacts]:
        return self.statements[max(0, statement.index - 1) : statement.index + 2]

    def is_import(self, name: str) -> bool:
        """Whether ``name`` is, in the whole notebook, bound by one and the same plain import only."""
        numbers = self.binders.get(name, frozenset())
        if not numbers or not all(self.statements[n].kind == "import" for n in numbers):
            return False
        return len({self._imported(n, name) for n in numbers}) == 1

    def _imported(self, number: int, name: str) -> str:
        for each in self.statements[number].lowered.imports:
            if each.name in (name, "*"):
                return f"{each.path} {each.whole}"
        return f"#{number}"

    def import_source(self, name: str, number: int) -> str:
        """Return an import statement that binds just ``name``, as statement ``number`` does."""
        statement = self.statements[number]
        for each in statement.lowered.imports:
            if each.name == "*":
                return f"from {each.path} import {name}"
            if each.name != name:
                continue
            if not each.is_from:
                return f"import {each.path} as {name}" if each.whole else f"import {each.path}"
            module, _, last = each.path.rpartition(".")
            if each.path.startswith(".") and not module.strip("."):
                module = each.path[: len(each.path) - len(last)]
            suffix = "" if last == name else f" as {name}"
            return f"from {module} import {last}{suffix}"
        return self.source(statement)


def is_module(obj: Obj) -> bool:
    """Whether a library object is a module, as far as can be seen from here: pickle cannot take modules."""
    return obj.type == LIB and is_module_path(obj.path)


def ancestors(classes: Iterable[Obj]) -> set[Obj]:
    """Return classes with all their bases, those of libraries included."""
    seen: set[Obj] = set()
    stack = list(classes)
    while stack:
        obj = stack.pop()
        if obj not in seen:
            seen.add(obj)
            stack.extend(obj.fields.get("*bases", ()))
    return seen
