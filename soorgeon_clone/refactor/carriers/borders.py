"""The notebook as carriers see it: its statements with their source, and what names denote between sections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from soorgeon_clone.analysis.dataflow import History
from soorgeon_clone.analysis.model import NotebookFacts, StatementFacts
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value
from soorgeon_clone.analysis.objects.state import Binding
from soorgeon_clone.analysis.objects.types import FUNCTION, LIB
from soorgeon_clone.analysis.star import is_module_path
from soorgeon_clone.notebook.model import Cell
from soorgeon_clone.refactor.carriers.packages import Packages

# Names that IPython itself keeps: what they hold depends on the cells that ran before in the same process.
SESSION_NAMES = frozenset({"Out", "In", "_oh", "_ih", "_dh", "_i", "_ii", "_iii"})
LAST_RESULT_NAMES = frozenset({"_", "__", "___"})

_LISTS_NAMES = frozenset({"globals", "locals", "vars", "dir"})
_DEFINITIONS = ("function", "class")


@dataclass(frozen=True)
class Borders:
    """The notebook as carriers see it, however it is cut: its statements, and what names denote at each border.

    Border ``n`` stands before section ``n``, the last one after all sections.
    """

    facts: NotebookFacts
    cells: Mapping[int, Cell]

    @cached_property
    def statements(self) -> tuple[StatementFacts, ...]:
        return self.facts.statements

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Border -> the number of the first statement behind it."""
        return tuple(accumulate((len(section.statements) for section in self.facts.sections), initial=0))

    @cached_property
    def made_of(self) -> dict[Obj, frozenset[Obj]]:
        """Definitions and what they are made of, as far as somebody has looked: it is asked at many borders."""
        return {}

    @cached_property
    def code_in(self) -> dict[Obj, frozenset[Obj]]:
        """Functions and the definitions and instances that they hold, as far as somebody has looked."""
        return {}

    @cached_property
    def history(self) -> History:
        return History(self.facts.sections)

    def before(self, name: str, border: int) -> Binding | None:
        """Return what ``name`` denotes at a border."""
        return self.history.before(name, border)

    def value(self, name: str, border: int) -> Value:
        """Return what ``name`` may be at a border, unbound included."""
        binding = self.before(name, border)
        return binding.value if binding is not None else EMPTY

    def section_of(self, number: int) -> int:
        """Return the section of a statement."""
        return self.statements[number].section

    @cached_property
    def packages(self) -> Packages:
        return Packages(self.statements, self.cells)

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
    def listing_names(self) -> tuple[int, ...]:
        """The statements that may see which names there are."""
        return tuple(s.index for s in self.statements if s.lists_names or not _LISTS_NAMES.isdisjoint(s.reads))

    @cached_property
    def drawing_imports(self) -> tuple[StatementFacts, ...]:
        """The imports of libraries that draw random numbers while they are imported."""
        return tuple(s for s in self.statements if s.kind == "import" and s.draws_on_import)

    @cached_property
    def settings(self) -> tuple[StatementFacts, ...]:
        """The statements that set something for all that come after."""
        return tuple(s for s in self.statements if s.sets)

    @cached_property
    def readers(self) -> Mapping[str, tuple[int, int]]:
        """Name -> the first and the last section that may read it."""
        found: dict[str, tuple[int, int]] = {}
        for statement in self.statements:
            for name in statement.reads:
                found[name] = (found.get(name, (statement.section,))[0], statement.section)
        return found

    @cached_property
    def free(self) -> Mapping[int, frozenset[str]]:
        """Definition, by its statement -> the names that it takes from outside."""
        return {s.index: frozenset(s.lowered.free) for s in self.statements if s.kind in _DEFINITIONS}

    @cached_property
    def functions_made(self) -> Mapping[int, list[Obj]]:
        """Statement -> the functions and methods that it makes."""
        found: dict[int, list[Obj]] = {}
        for function in self.facts.heap.of_type(FUNCTION):
            found.setdefault(function.made, []).append(function)
        return found

    @cached_property
    def registries(self) -> frozenset[Obj]:
        """What definitions change when they run, and nothing else does: a decorator or a base class notes them there.

        Such an object is not saved. It is made again, together with all definitions that it has noted so far.
        """
        noted = {obj for s in self.statements if s.kind in _DEFINITIONS for obj in s.changes}
        return frozenset(o for o in noted if all(self.statements[n].kind in _DEFINITIONS for n in o.changed))

    def noting(self, statement: StatementFacts, border: int) -> list[StatementFacts]:
        """Return, in order, the definitions before ``border`` that the registries note which a statement makes or
        changes."""
        if not self.registries:
            return []
        noted = [o for o in self.registries if o.made == statement.index or o in statement.changes]
        start = self.starts[border]
        return [self.statements[n] for n in sorted({n for o in noted for n in o.changed if n < start})]

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

    def only_imports(self) -> Mapping[str, str]:
        """Return the names of which that is so, and what each stands for, as `bindings` says it: ``import os``."""
        found = {}
        for name in filter(self.is_import, self.binders):
            imports = self.statements[min(self.binders[name])].lowered.imports
            for each in (each for each in imports if each.name == name):
                module, _, last = each.path.rpartition(".")
                path = each.path if each.whole else name
                found[name] = f"from {module} import {last}" if each.is_from else f"import {path}"
        return found

    def _imported(self, number: int, name: str) -> str:
        for each in self.statements[number].lowered.imports:
            if each.name in (name, "*"):
                return f"{each.path} {each.whole}"
        return f"#{number}"

    def import_source(self, name: str, number: int) -> str:
        """Return import statements that bind just ``name``, as statement ``number`` does, and load the modules that the
        notebook finds in it since somebody else has imported them."""
        first = self._import_source(name, number)
        further = [f"import {module}" for module in self.packages.modules_in(name, number)]
        top = f"import {name}"
        return "\n".join(
            [*([] if first == top and any(f.startswith(f"{top}.") for f in further) else [first]), *further]
        )

    def _import_source(self, name: str, number: int) -> str:
        statement = self.statements[number]
        for each in statement.lowered.imports:
            if each.name == "*":
                return f"from {each.path} import {name}"
        same = [each for each in statement.lowered.imports if each.name == name]
        if not same:
            return self.source(statement)
        last_one = same[-1]  # binds it for good
        if not last_one.is_from:
            return f"import {last_one.path} as {name}" if last_one.whole else f"import {last_one.path}"
        module, _, last = last_one.path.rpartition(".")
        if last_one.path.startswith(".") and not module.strip("."):
            module = last_one.path[: len(last_one.path) - len(last)]
        suffix = "" if last == name else f" as {name}"
        return f"from {module} import {last}{suffix}"

    def modules(self) -> set[str]:
        """Return the modules that the notebook imports, wherever in it."""
        imports = (each for statement in self.statements for each in statement.lowered.all_imports)
        return {each.path for each in imports if not each.path.startswith(".")}


def is_module(obj: Obj) -> bool:
    """Whether a library object is a module, as far as can be seen from here: pickle cannot take modules."""
    return obj.type == LIB and (bool(obj.module) or is_module_path(obj.path))


def ancestors(classes: Iterable[Obj]) -> set[Obj]:
    """Return classes with all their bases, those of libraries included."""
    seen: set[Obj] = set()
    stack = list(classes)
    while stack:
        obj = stack.pop()
        if obj not in seen:
            seen.add(obj)
            stack.extend(obj.bases)
    return seen
