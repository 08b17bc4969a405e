"""Solution -> `Plan`: each unit becomes a task, with what it loads, runs and saves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from soorgeon_clone.analysis.dataflow import Unit
from soorgeon_clone.analysis.knowledge.effects import Knowledge
from soorgeon_clone.analysis.model import AMBIENT, StatementFacts
from soorgeon_clone.analysis.objects.heap import UNBOUND, Obj
from soorgeon_clone.notebook.model import Cell, Notebook, Section
from soorgeon_clone.pipeline.assumptions.model import Assumption
from soorgeon_clone.refactor.carriers import table
from soorgeon_clone.refactor.carriers.borders import Borders
from soorgeon_clone.refactor.carriers.exported import exported_text
from soorgeon_clone.refactor.carriers.nested import may_be_deep
from soorgeon_clone.refactor.constraints import carried, file_order, must_precede
from soorgeon_clone.refactor.model import Bundle, Merge, MustMerge, MustPrecede, Plan, Serializer, Step, Task
from soorgeon_clone.refactor.parameters import parameters_of
from soorgeon_clone.refactor.solve import Solution
from soorgeon_clone.refactor.steps import Loadable, Products, Steps
from soorgeon_clone.refactor.wiring import Group


def plan_of(
    notebook: Notebook,
    sections: tuple[Section, ...],
    solution: Solution,
    serializer: Serializer | None,
    hints: tuple[str, ...],
    assumptions: Mapping[int, tuple[Assumption, ...]],
) -> Plan:
    """Return the plan that a solution comes to; ``serializer`` is used for all products if it is given.

    ``assumptions`` are what its units take for granted.
    """
    cut, wiring, borders = solution.cut, solution.wiring, solution.wiring.borders
    names = {unit.begin: sections[solution.lead(unit)].name for unit in cut.units}
    bundles = _bundles(solution, serializer)
    products = Products(names, bundles, plots=_plots(borders, solution.wiring.ledger.knowledge))
    order = file_order(solution)
    builder = _Builder(sections, solution, products)
    tasks: list[Task] = []
    waits: list[MustPrecede] = []
    before: dict[int, set[int]] = {}  # unit -> all that have ended when it starts
    for unit, loadable in wiring.providers():
        direct = {loadable[name][0].begin for name in wiring.loads[unit.begin] if name in loadable}
        reached = direct.union(*(before[begin] for begin in direct))
        for earlier in sorted(order.get(unit.begin, ()), reverse=True):
            if earlier not in reached:
                direct.add(earlier)
                reached |= {earlier} | before[earlier]
            if earlier in direct:
                waits.append(must_precede(borders, earlier, unit.begin, order[unit.begin][earlier]))
        before[unit.begin] = reached
        task = builder.task(unit, loadable, tuple(names[begin] for begin in sorted(direct)))
        tasks.append(replace(task, assumptions=assumptions.get(unit.begin, ())))
    return Plan(
        notebook.name,
        tuple(tasks),
        exported_text(borders, wiring.ledger.exported),
        _merges(sections, solution),
        hints,
        tuple(sorted(borders.modules())),
        (*solution.merges, *waits, *carried(solution)),
        tuple(names[unit.begin] for unit in cut.homes),
        idle=tuple(sorted(solution.idle)),
    )


def _merges(sections: tuple[Section, ...], solution: Solution) -> tuple[Merge, ...]:
    reasons: dict[int, list[MustMerge]] = {}
    for merge in solution.merges:
        reasons.setdefault(solution.cut.homes[merge.first].begin, []).append(merge)
    return tuple(
        Merge(
            sections[solution.lead(unit)].name,
            tuple(sections[number].title for number in range(unit.begin, unit.end) if number not in solution.idle),
            tuple(dict.fromkeys(merge.reason for merge in reasons[unit.begin])),
        )
        for unit in solution.cut.units
        if unit.begin in reasons and unit.end - unit.begin > 1
    )


def _bundles(solution: Solution, serializer: Serializer | None) -> dict[tuple[int, Group], Bundle]:
    """Return the product files: one for each group of names that a unit saves."""
    ledger = solution.wiring.ledger
    bundles: dict[tuple[int, Group], Bundle] = {}
    for unit in solution.cut.units:
        taken: set[str] = set()
        for group in solution.wiring.groups[unit.begin]:
            parts = tuple(table.part(name, unit.end, ledger) for name in group)
            key = parts[0].name if len(parts) == 1 else "_".join(part.name for part in parts)[:60].rstrip("_")
            while key in taken:
                key += "_"
            taken.add(key)
            verdicts = [found for name in group if (found := ledger.verdicts.get((name, unit.end))) is not None]
            chosen = _serializer({one.serializer for one in verdicts}, serializer)
            deep = chosen == "pickle" and any(may_be_deep(ledger.borders.value(name, unit.end)) for name in group)
            bundles[unit.begin, group] = Bundle(key, parts, chosen, deep)
    return bundles


def _serializer(needed: set[str], chosen: Serializer | None) -> str:
    """Return what takes all values of a file: what the user chose, where no library has a way of its own."""
    own = needed - {"pickle", "cloudpickle"}
    return min(own) if own else chosen or ("cloudpickle" if "cloudpickle" in needed else "pickle")


def _plots(borders: Borders, knowledge: Knowledge) -> bool:
    """Whether the notebook draws with pyplot, and has no variable of its own called matplotlib."""
    if "matplotlib" in borders.binders and not borders.is_import("matplotlib"):
        return False
    values = frozenset[Obj]().union(*(binding.value for binding in borders.history.all_bindings()))
    return any(knowledge.has(obj.path, "plots") for obj in values)


class _Builder:
    def __init__(self, sections: tuple[Section, ...], solution: Solution, products: Products) -> None:
        self.sections = sections
        self.solution = solution
        self.products = products
        self.wiring = solution.wiring
        self.borders = solution.wiring.borders
        self.exported = solution.wiring.ledger.exported
        self.names = solution.wiring.names()
        self.imports = self.borders.only_imports()
        self.moved: dict[int, list[StatementFacts]] = {}  # cell -> its statements that go to exported.py
        for statement in self.exported.values():
            self.moved.setdefault(statement.cell, []).append(statement)

    def task(self, unit: Unit, loadable: Loadable, upstream: tuple[str, ...]) -> Task:
        cells = [cell for section in self.sections[unit.begin : unit.end] for cell in section.cells]
        params, cells = parameters_of(cells)
        own = [kept for cell in cells if (kept := self._without_exported(cell, unit)) is not None]
        runs = [*unit.statements, *(self.borders.statements[n] for n in self.wiring.repeats[unit.begin])]
        loads_directory = f"{AMBIENT}directory" in self.wiring.loads[unit.begin]
        unbound = frozenset(name for name in self._asked(unit) if self._may_be_unbound(name, unit))
        return Task(
            name=self.products.task_names[unit.begin],
            title=self.sections[self.solution.lead(unit)].title,
            cells=tuple(own),
            steps=self._steps(unit, loadable, own),
            saves=tuple(self.products.bundles[unit.begin, group] for group in self.wiring.groups[unit.begin]),
            upstream=upstream,
            params=params,
            names=self.borders.facts.names,
            imports={name: origin for name, origin in self.imports.items() if name not in unbound},
            writes_files=any(statement.files_written for statement in unit.statements),
            reads_files=any(map(_reads_elsewhere, runs)) or _reads_unnamed(cells, runs),
            touches_files=loads_directory or any(map(_touches_files, runs)),
            changes_directory=loads_directory or any("directory" in statement.sets for statement in runs),
            unbound=unbound,
            lists_names=any(statement.lists_names for statement in unit.statements),
        )

    def _steps(self, unit: Unit, loadable: Loadable, cells: Iterable[Cell]) -> tuple[Step, ...]:
        names = frozenset(self.names.get(unit.begin, ()))
        # what it asks for of others, and what of its own has moved there
        imports = {name for name in names if name in self.exported}
        imports |= {name for statement in unit.statements for name in statement.reads if name in self.exported}
        texts = [cell.source for cell in cells if cell.kind == "code"]
        return Steps(self.solution, self.products, unit, loadable, imports, names, texts).all()

    def _asked(self, unit: Unit) -> set[str]:
        """Return the names that a unit asks for or binds; one that lists its names asks for ours as well."""
        lists = any(statement.lists_names for statement in unit.statements)
        return {*unit.uses, *unit.binds, *(("upstream", "product") if lists else ())}

    def _may_be_unbound(self, name: str, unit: Unit) -> bool:
        """Whether the unit may see that the notebook has no such variable when the unit starts."""
        if name not in unit.uses and unit.binds.get(name, False):
            return False
        binding = self.borders.before(name, unit.begin)
        return binding is None or UNBOUND in binding.value

    def _without_exported(self, cell: Cell, unit: Unit) -> Cell | None:
        """Return a cell without what moved to exported.py, None if nothing is left."""
        moved = self.moved.get(cell.index, ())
        if cell.kind != "code" or not moved:
            return cell
        lines = cell.source.replace("\r\n", "\n").split("\n")
        last = max((s.last for s in unit.statements if s.cell == cell.index), default=0)
        for statement in sorted(moved, key=lambda s: -s.first):
            ends_cell = statement.last == last
            (name,) = statement.binds
            # an expression must not become the last one of its cell: Jupyter would display it
            stand_in = [f"from exported import {name}"] if ends_cell and self._shows_before(statement) else []
            after = statement.last
            while not stand_in and after < len(lines) and not lines[after].strip():
                after += 1
            above = any(line.strip() for line in lines[: statement.first - 1])
            gap = [""] if above and after < len(lines) else []
            lines[statement.first - 1 : after] = stand_in or gap
        text = "\n".join(lines).strip("\n")
        return replace(cell, source=text) if text.strip() else None

    def _shows_before(self, statement: StatementFacts) -> bool:
        moved = {s.index for s in self.moved[statement.cell]}
        for number in range(statement.index - 1, -1, -1):
            earlier = self.borders.statements[number]
            if earlier.cell != statement.cell:
                return False
            if earlier.index not in moved:
                return earlier.kind in ("expression", "other")
        return False


# settings in which a path may stand that means something in one folder only
_WITH_PATHS = frozenset({"directory", "environ", "logging", "modules", "sys_path"})
_WITHOUT_PATHS = frozenset({"other:matplotlib_backend", "other:pandas_converters"})


def _touches_files(statement: StatementFacts) -> bool:
    """Whether it may matter to a statement in which folder it runs."""
    if statement.files_read or statement.files_written or _reads_elsewhere(statement):
        return True
    return "directory" in statement.varies or any(
        s in _WITH_PATHS or (s.startswith("other:") and s not in _WITHOUT_PATHS) for s in statement.sets
    )


def _reads_elsewhere(statement: StatementFacts) -> bool:
    """Whether a statement may read files that nobody can name: those of a plan, say, or of an object nobody knows."""
    return "*" in statement.files_read or statement.opaque is not None or bool(statement.unknown_calls)


def _reads_unnamed(cells: Iterable[Cell], statements: Iterable[StatementFacts]) -> bool:
    """Whether a path that is read does not stand in the code: it crosses in a variable. Modules are followed anyway."""
    text = "\n".join(cell.source for cell in cells if cell.kind == "code")
    paths = {path for statement in statements for path in statement.files_read if not path.endswith(".py")}
    return any(path not in text for path in paths)
