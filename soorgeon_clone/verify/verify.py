"""Notebook and plan (or a pipeline on disk) -> a `Report`: does the pipeline show and hold what the notebook does?"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from soorgeon_clone.files.folders import make_private, remove_private
from soorgeon_clone.notebook.model import Notebook
from soorgeon_clone.notebook.sections import split
from soorgeon_clone.pipeline.assumptions.remembered import recall
from soorgeon_clone.pipeline.execution.model import Isolation, OnProgress
from soorgeon_clone.refactor import files, write
from soorgeon_clone.refactor.layout import Choices, Layout, lay_out
from soorgeon_clone.refactor.model import Plan
from soorgeon_clone.refactor.surroundings import local_modules, notebook_folder
from soorgeon_clone.verify.badinput import notes_about, refuse_what_cannot_run
from soorgeon_clone.verify.capture import Guarded
from soorgeon_clone.verify.compare import Comparison, Unstable, layout_of, not_the_same
from soorgeon_clone.verify.diagnose import with_cause
from soorgeon_clone.verify.model import Report, SectionResult, Tolerance
from soorgeon_clone.verify.runs import Boundaries, Runner, Straight
from soorgeon_clone.verify.workspace import copy_folder


@dataclass(frozen=True)
class Settings:
    """How to verify. ``entry_point`` is a pipeline on disk, None for the one that the plan describes.

    ``timeout`` counts seconds of the notebook, and of each task. ``in_place`` runs where the notebook stands. ``jobs``
    tasks run side by side; one after the other, the notebook's last ones first, finds most. ``choices`` are those of
    the pipeline that `refactor` writes, ``on_progress`` is told of each cell that begins.
    """

    level: int = 2
    entry_point: Path | None = None
    tolerance: Tolerance = field(default_factory=Tolerance)
    timeout: float | None = None
    in_place: bool = False
    isolation: Isolation = "auto"
    jobs: int = 1
    choices: Choices = field(default_factory=Choices)
    on_progress: OnProgress | None = None


_MOST_RUNS = 3  # of the notebook: the third finds what differs seldom

Tell = Callable[[str], None]


def verify(notebook: Notebook, plan: Plan, settings: Settings | None = None, tell: Tell | None = None) -> Report:
    """Run both and compare. Raise UserError if the notebook itself does not run to its end."""
    with Verifier(notebook, settings or Settings(), tell or (lambda text: None)) as verifier:
        return verifier.verify(plan)


class Verifier:
    """Runs a notebook once and compares it with as many pipelines as asked for. A context manager."""

    def __init__(self, notebook: Notebook, settings: Settings, tell: Tell) -> None:
        # headings that were proposed are in no file: their cells have no place in the run
        self.notebook = replace(notebook, cells=tuple(cell for cell in notebook.cells if cell.index >= 0))
        self.settings = settings
        self.tell = tell
        self.sections = split(notebook, settings.level)
        self.original = (notebook.path.parent if notebook.path is not None else Path()).resolve()
        self.copied = self._common_folder()
        self.work = make_private("soorgeon-clone-verify-")
        self.count = 0
        self.runner: Runner | None = None
        self.boundaries: Boundaries = {}
        self.straight: list[Straight] = []
        self.seconds: dict[str, float] = {}

    def __enter__(self) -> Verifier:
        return self

    def __exit__(self, *exc: object) -> None:
        if self.runner is not None:
            self.runner.close()
        remove_private(self.work)

    def verify(self, plan: Plan) -> Report:
        """Compare the notebook with the pipeline of a plan. The notebook itself is run for the first plan only."""
        layout = layout_of(self.sections, plan)
        if self.runner is None:
            self.runner = Runner(
                plan.modules,
                self.original,
                isolation=self.settings.isolation,
                timeout=self.settings.timeout,
                on_progress=self.settings.on_progress,
            )
            self.boundaries = layout.boundaries
            self.tell(f"Running {self.notebook.name} from top to bottom")
            self.straight.append(self._run_straight(self.runner))
            refuse_what_cannot_run(self.notebook, self.straight[0], self.settings.timeout)
        self.tell(f"Running its pipeline ({len(plan.tasks)} task{'' if len(plan.tasks) == 1 else 's'})")
        began = time.perf_counter()
        entry_point, guarded = self._pipeline(plan)
        # a task that takes far longer than the notebook as a whole hangs
        limit = self.settings.timeout or max(60.0, 10 * self.seconds["notebook"])
        built = self.runner.pipeline(plan, entry_point, self._aside(), guarded, jobs=self.settings.jobs, timeout=limit)
        self.seconds["pipeline"] = time.perf_counter() - began
        comparison = Comparison(self.notebook, layout, self.straight[0], built, self.settings.tolerance)
        results, unstable = self._judged(comparison, self.runner)
        results = tuple(with_cause(comparison, result) for result in results)
        return Report(
            str(self.notebook.path or self.notebook.name),
            str(self.settings.entry_point or "the pipeline that refactor writes"),
            results,
            tuple(sorted(unstable.cells)),
            (
                *notes_about(self.notebook, self.straight[0]),
                *_not_compared(comparison.uncompared),
                *([built.problem] if built.problem else []),
            ),
            dict(self.seconds),
            recall(entry_point.parent),
        )

    def _judged(self, comparison: Comparison, runner: Runner) -> tuple[tuple[SectionResult, ...], Unstable]:
        """Compare. Where something differs, further runs tell what the notebook itself does not do twice."""
        unstable = self._unstable()
        results = comparison.results(unstable)
        while any(result.difference for result in results) and len(self.straight) < _MOST_RUNS:
            if len(self.straight) > 1 and not unstable.cells and not unstable.variables:
                break  # it did the same twice
            self.tell("Running the notebook again, to see whether it does the same twice")
            self.straight.append(self._run_straight(runner))
            unstable = self._unstable()
            results = comparison.results(unstable)
        return results, unstable

    def _unstable(self) -> Unstable:
        first, *others = self.straight
        found = [not_the_same(first, other, self.settings.tolerance) for other in others]
        return Unstable(
            frozenset().union(*(one.cells for one in found)), frozenset().union(*(one.variables for one in found))
        )

    def _run_straight(self, runner: Runner) -> Straight:
        began = time.perf_counter()
        cwd, guarded = self._place()
        run = runner.straight(self.notebook, self.boundaries, cwd, self._aside(), guarded)
        self.seconds.setdefault("notebook", time.perf_counter() - began)
        return run

    def _common_folder(self) -> Path:
        """Return the folder to copy: the notebook's, or the one that holds the pipeline's as well."""
        if self.settings.entry_point is None:
            return self.original
        return Path(os.path.commonpath([self.original, self.settings.entry_point.resolve().parent]))

    def _place(self) -> tuple[Path, Guarded | None]:
        """Return where the notebook is to run: a new copy of its folder, unless it is to run where it stands."""
        if self.settings.in_place:
            return self.original, None
        self.count += 1
        place = self.work / f"copy{self.count}"
        folder = copy_folder(self.copied, place) / self.original.relative_to(self.copied)
        return folder, Guarded(place, self.copied, self.work / f"outside{self.count}")

    def _pipeline(self, plan: Plan) -> tuple[Path, Guarded | None]:
        folder, guarded = self._place()
        if self.settings.entry_point is not None:
            relative = os.path.relpath(self.settings.entry_point.resolve(), self.original)
            return Path(os.path.normpath(folder / relative)), guarded
        root = self.work / "project" if self.settings.in_place else folder
        layout = self._lay_out(plan, root if self.settings.in_place else None)
        write.write(write.compare(files.project(plan, layout, ()), root, force=True), root)
        return root / "pipeline.yaml", guarded

    def _lay_out(self, plan: Plan, root: Path | None) -> Layout:
        """Return a layout in which the project stands in ``root``, None if that is the notebook's folder."""
        choices = replace(
            self.settings.choices,
            notebook_folder=notebook_folder(self.notebook.path, root) if root is not None else "",
            local_modules=local_modules(self.notebook.path, plan.modules),
            product_prefix=None,  # that of the user may lead out of the copy
        )
        return lay_out(plan, choices)

    def _aside(self) -> Path:
        self.count += 1
        return self.work / f"captured{self.count}"


def _not_compared(names: set[str]) -> tuple[str, ...]:
    if not names:
        return ()
    listed = ", ".join(f"`{name}`" for name in sorted(names)[:5]) + (", ..." if len(names) > 5 else "")
    return (f"Not compared, since the notebook itself does not give it the same value twice: {listed}.",)
