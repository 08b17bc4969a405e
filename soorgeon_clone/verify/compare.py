"""What notebook and pipeline showed and held -> the first difference of each section."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from soorgeon_clone.notebook.model import Notebook, Section
from soorgeon_clone.notebook.tags import ADDED
from soorgeon_clone.refactor.model import Part, Plan, Task
from soorgeon_clone.verify.capture import alive, arrivals, departures, is_ours, tags
from soorgeon_clone.verify.likeness import text, unlike
from soorgeon_clone.verify.model import Difference, SectionResult, Tolerance
from soorgeon_clone.verify.pairing import pair
from soorgeon_clone.verify.pairing import text as source_of
from soorgeon_clone.verify.runs import Boundary, Built, Straight, TaskRun
from soorgeon_clone.verify.shown import excerpt, outputs_differ, quiet, shown
from soorgeon_clone.visible import LONGEST


@dataclass(frozen=True)
class Layout:
    """Which sections became which task: ``tasks[i]`` is the number of the task of section i."""

    sections: tuple[Section, ...]
    plan: Plan
    tasks: tuple[int, ...]

    @property
    def boundaries(self) -> dict[int, tuple[int, tuple[Part, ...]]]:
        """The index of each section's last cell -> the section's number, and the parts that matter there."""
        parts = alive(self.plan)
        return {
            section.cells[-1].index: (number, parts[self.tasks[number]]) for number, section in enumerate(self.sections)
        }

    def first(self, task: int) -> int:
        return self.tasks.index(task)

    def last(self, task: int) -> int:
        return len(self.tasks) - 1 - self.tasks[::-1].index(task)


def layout_of(sections: Sequence[Section], plan: Plan) -> Layout:
    """Return the layout; a plan that does not say to which task its sections belong has one."""
    names = {task.name: number for number, task in enumerate(plan.tasks)}
    return Layout(tuple(sections), plan, tuple(map(names.__getitem__, plan.section_tasks)) or (0,) * len(sections))


@dataclass(frozen=True)
class Unstable:
    """What the notebook itself does not do twice in the same way: cells, and variables at the end of sections."""

    cells: frozenset[int] = frozenset()
    variables: frozenset[tuple[int, str]] = frozenset()


class Comparison:
    """All that is compared, with one tolerance."""

    def __init__(
        self, notebook: Notebook, layout: Layout, straight: Straight, built: Built, tolerance: Tolerance
    ) -> None:
        self.notebook = notebook
        self.layout = layout
        self.straight = straight
        self.built = built
        self.tolerance = tolerance
        self.uncompared: set[str] = set()
        folders = {*straight.folders, *built.folders}
        self.folders = [text for folder in folders for text in {str(folder), str(folder.resolve())}]

    def results(self, unstable: Unstable) -> tuple[SectionResult, ...]:
        """Return what is to be said about each section; `uncompared` then has the variables that nobody can judge."""
        self.uncompared = set()
        return tuple(self._section(number, unstable) for number in range(len(self.layout.sections)))

    def _section(self, number: int, unstable: Unstable) -> SectionResult:
        section = self.layout.sections[number]
        task_number = self.layout.tasks[number]
        task = self.layout.plan.tasks[task_number]
        run = self.built.tasks.get(task.name, TaskRun(None))
        indexes = [cell.index for cell in section.cells if cell.kind == "code"]
        skipped = False
        cells = variables = 0
        found: Difference | None = None
        for difference in self._differences(number, task_number, task, run):
            if isinstance(difference, str):
                cells, variables = cells + (difference == "cell"), variables + (difference == "variable")
                continue
            if self._is_unstable(difference, number, unstable):
                skipped = skipped or difference.kind == "output"
                if difference.variable is not None:
                    self.uncompared.add(_name(difference.variable))
                continue
            found = difference
            break
        skipped = skipped or not unstable.cells.isdisjoint(indexes)
        if found is not None:
            verdict = "not run" if found.kind == "not run" else "different"
        else:
            verdict = "not deterministic" if skipped else "same"
        return SectionResult(number, section.title, task.name, verdict, cells, variables, found)  # type: ignore[arg-type]

    def _is_unstable(self, difference: Difference, number: int, unstable: Unstable) -> bool:
        if difference.kind == "output":
            return difference.cell in unstable.cells
        if difference.kind != "variable" or difference.variable is None:
            return False
        name = _name(difference.variable)
        return (number, name) in unstable.variables or (number - 1, name) in unstable.variables

    def _differences(self, number: int, task_number: int, task: Task, run: TaskRun) -> Iterator[Difference | str]:
        """Yield differences in the order in which things happen; "cell" and "variable" where something is the same."""
        if task.name not in self.built.tasks:
            what = f"the pipeline has no task {task.name}: the notebook was changed since, so `refactor` it again"
            yield Difference("not run", None, None, what)
            return
        if run.status is None and run.problem is None:
            yield Difference("not run", None, None, f"task {task.name} did not run, because what it needs failed")
            return
        first, last = number == self.layout.first(task_number), number == self.layout.last(task_number)
        if first and task_number > 0:
            before = self.straight.boundaries.get(number - 1, Boundary())
            names = [part.name for part in arrivals(task)]
            yield from self._variables(names, before, run.arrived, "arrives in this section as another value")
        failed_in = self._failed_cell(task_number, run)
        if failed_in == -1 and first:
            yield self._failure(run, None)
        if first:
            yield from self._shown_by_added(run)
        yield from self._outputs(number, task_number, run, failed_in)
        if failed_in == -2 and last:
            yield self._failure(run, None)
        if last and run.status == "ok":
            after = self.straight.boundaries.get(number, Boundary())
            names = [part.name for part in departures(task)]
            yield from self._variables(names, after, run.left, "is another value at the end of this section")

    def _variables(self, names: Sequence[str], one: Boundary, other: Boundary, what: str) -> Iterator[Difference | str]:
        for name in names:
            if name not in one.asked or name not in other.asked:
                continue
            a, b = one.portraits, other.portraits
            if (name in a) != (name in b):
                mine, theirs = ("(not defined)" if name not in side else text(side[name]) for side in (a, b))
                yield Difference("variable", None, name, what, mine, theirs)
            elif name in a:
                found = unlike(a[name], b[name], rtol=self.tolerance.rtol)
                if found is None:
                    yield "variable"
                else:
                    yield Difference("variable", None, f"{name}{found.where}", what, found.one, found.other)

    def _shown_by_added(self, run: TaskRun) -> Iterator[Difference]:
        """Yield what cells that the notebook does not have show; warnings say something about the run, and may."""
        for cell in run.cells:
            if cell["cell_type"] != "code" or ADDED.isdisjoint(tags(cell)):
                continue
            kinds = [output for output in cell.get("outputs", ()) if output["output_type"] != "error"]
            if pieces := [piece for piece in shown(kinds, self.folders) if piece.kind != "stderr"]:
                what = "a cell that was added shows something"
                yield Difference("output", None, None, what, "", excerpt(pieces[0]))

    def _outputs(
        self, number: int, task_number: int, run: TaskRun, failed_in: int | None
    ) -> Iterator[Difference | str]:
        pairs = self.pairs(task_number, run)
        for cell in self.layout.sections[number].cells:
            if cell.kind != "code" or not cell.source.strip():
                continue
            partner = pairs.get(cell.index)
            if cell.index == failed_in:
                yield self._failure(run, cell.index)
                return
            mine = self.straight.outputs.get(cell.index, ())
            theirs = run.cells[partner].get("outputs", ()) if partner is not None else ()
            if found := outputs_differ(mine, theirs, self.folders, self.tolerance):
                what = "no task has this cell" if partner is None else found.what
                yield Difference("output", cell.index, None, what, found.one, found.other)
            elif mine:
                yield "cell"

    def pairs(self, task_number: int, run: TaskRun) -> dict[int, int]:
        """Return index of a cell of the notebook -> number of the task's cell that it became."""
        cells = [
            cell
            for number, section in enumerate(self.layout.sections)
            if self.layout.tasks[number] == task_number
            for cell in section.cells
        ]
        return pair({cell.index: cell.source for cell in cells if cell.kind == "code"}, run.cells)

    def edited(self, task_number: int) -> bool:
        """Tell whether a task has code that stands neither in the notebook nor in what `refactor` makes of it."""
        task = self.layout.plan.tasks[task_number]
        run = self.built.tasks.get(task.name, TaskRun(None))
        known = {cell.source.strip() for cell in task.cells}
        paired = set(self.pairs(task_number, run).values())
        return any(
            number not in paired
            and cell["cell_type"] == "code"
            and not is_ours(cell)
            and source_of(cell).strip()
            and source_of(cell).strip() not in known
            for number, cell in enumerate(run.cells)
        )

    def _failed_cell(self, task_number: int, run: TaskRun) -> int | None:
        """Return the notebook's cell in which a task failed; -1: before its own cells, -2: after them; None if not."""
        if run.status == "ok" and run.problem is None:
            return None
        if run.error is None or run.error.cell_index is None:
            return -1
        at = run.error.cell_index
        for index, number in self.pairs(task_number, run).items():
            if number == at:
                return index
        own = [n for n, cell in enumerate(run.cells) if cell["cell_type"] == "code" and not is_ours(cell)]
        return -1 if not own or at < own[0] else -2

    def _failure(self, run: TaskRun, cell: int | None) -> Difference:
        error = run.error
        if error is None:
            return Difference("failure", cell, None, "the task fails", "", (run.problem or "")[-600:])
        at = f", line {error.line}" if error.line is not None and cell is None else ""
        row = error.source.split("\n")[error.line - 1].strip() if at and error.line else ""
        stage = "the cell fails" if cell is not None else f"the task fails in a cell that was added{at}: {row}"
        return Difference(
            "failure", cell, None, stage, "", quiet(f"{error.ename}: {error.evalue[:LONGEST]}", self.folders)[:600]
        )


def _name(variable: str) -> str:
    """``df["price"][3]`` -> ``df``"""
    return variable.split("[", 1)[0].split(".", 1)[0]


def not_the_same(one: Straight, other: Straight, tolerance: Tolerance) -> Unstable:
    """Return what two runs of the notebook itself do not agree on."""
    folders = [text for folder in (*one.folders, *other.folders) for text in {str(folder), str(folder.resolve())}]
    cells = {
        index
        for index, outputs in one.outputs.items()
        if outputs_differ(outputs, other.outputs.get(index, ()), folders, tolerance)
    }
    variables = {
        (number, name)
        for number, boundary in one.boundaries.items()
        for name, node in boundary.portraits.items()
        if number in other.boundaries
        and (
            name not in other.boundaries[number].portraits
            or unlike(node, other.boundaries[number].portraits[name], rtol=tolerance.rtol)
        )
    }
    return Unstable(frozenset(cells), frozenset(variables))
