"""Notebooks -> how much their plans take for granted, what that buys, and with --run what came of it.

    python benchmarks/assume/run.py [CORPUS] [--run]

Counted are notebooks with two sections or more: sections, tasks of a proven plan and of one that assumes, assumptions
by kind, and what still joins sections. With --run, constructs are run with the guards of the runner: what was kept,
what was broken, and what was broken although the pipeline shows the same without the check (a false alarm).
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "constructs")]

from cases import Case, cases  # noqa: E402
from oracle.small import difference, notebook_of, put, run_pipeline, run_straight  # noqa: E402

from soorgeon_clone.errors import UserError  # noqa: E402
from soorgeon_clone.notebook.model import Notebook  # noqa: E402
from soorgeon_clone.notebook.read import read  # noqa: E402
from soorgeon_clone.refactor.model import MustMerge, Plan  # noqa: E402
from soorgeon_clone.refactor.plan import make_plan  # noqa: E402

_MOST_REASONS = 20


@dataclass
class Count:
    """What was counted over notebooks."""

    notebooks: int = 0
    sections: int = 0
    proven: int = 0
    assuming: int = 0
    arrows: tuple[int, int] = (0, 0)
    kinds: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, proven: Plan, assuming: Plan) -> None:
        """Count a notebook."""
        sections = len(assuming.section_tasks)
        if sections < 2:
            return
        self.notebooks += 1
        self.sections += sections
        self.proven += len(proven.tasks)
        self.assuming += len(assuming.tasks)
        before, now = (sum(len(task.upstream) for task in plan.tasks) for plan in (proven, assuming))
        self.arrows = (self.arrows[0] + before, self.arrows[1] + now)
        self.kinds.update(one.kind for task in assuming.tasks for one in task.assumptions)
        merges = [one for one in assuming.constraints if isinstance(one, MustMerge)]
        self.reasons.update({f"{_said(one)}{' (feared)' if one.feared else ''}" for one in merges})

    def show(self, title: str) -> None:
        """Print what was counted."""
        share = [f"{100 * tasks / max(self.sections, 1):.1f} %" for tasks in (self.proven, self.assuming)]
        print(f"\n{title}: {self.notebooks} notebooks with two sections or more, {self.sections} sections")
        print(f"  tasks: {self.proven} proven ({share[0]}), {self.assuming} with assumptions ({share[1]})")
        print(f"  arrows: {self.arrows[0]} proven, {self.arrows[1]} with assumptions")
        print("  assumptions: " + (", ".join(f"{count} {kind}" for kind, count in self.kinds.most_common()) or "none"))
        for reason, count in self.reasons.most_common(_MOST_REASONS):
            print(f"  {count:4} x {reason}")


def _said(merge: MustMerge) -> str:
    return re.sub(r"`[^`]*`", "X", merge.reason.partition(" (made")[0].partition(" (`")[0])


def notebooks(folder: Path) -> Iterator[Notebook]:
    """Yield the notebooks of a folder that can be read."""
    for path in sorted(folder.rglob("*.ipynb")):
        try:
            yield read(path)
        except UserError:
            continue


def count(folder: Path, title: str) -> None:
    """Plan all notebooks of a folder in both ways."""
    counted = Count()
    for notebook in notebooks(folder):
        try:
            counted.add(make_plan(notebook, proven=True), make_plan(notebook))
        except UserError:
            continue
    counted.show(title)


def constructs(*, run: bool) -> None:
    """Plan all constructs in both ways, and run them."""
    counted, outcomes = Count(), Counter[str]()
    for case in cases():
        if case.python > sys.version_info[:2]:
            continue
        with tempfile.TemporaryDirectory() as folder:
            notebook = notebook_of(case.sections)
            if case.files:
                notebook = replace(notebook, path=put(case.files, Path(folder)) / "small.ipynb")
            plan = make_plan(notebook)
            counted.add(make_plan(notebook, proven=True), plan)
            if run and any(task.assumptions for task in plan.tasks):
                outcomes.update(_run(case, notebook, plan))
    counted.show("constructs")
    if run:
        print("  " + ", ".join(f"{number} {what}" for what, number in outcomes.most_common()))


def _run(case: Case, notebook: Notebook, plan: Plan) -> Iterator[str]:
    pipeline, straight = (
        partial(function, ipython=case.ipython, files=dict(case.files), installed=case.installed)
        for function in (run_pipeline, run_straight)
    )
    done = pipeline(plan)
    yield from ["kept"] * (len(done.assumed) - len(done.broken))
    if done.broken:
        unchecked = replace(plan, tasks=tuple(replace(task, assumptions=()) for task in plan.tasks))
        wrong = difference(notebook, straight(notebook), pipeline(unchecked)) is not None
        yield from ["broken" if wrong else "false alarms"] * len(done.broken)


def main() -> None:
    """Print the tables."""
    folders = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("--")]
    constructs(run="--run" in sys.argv)
    count(ROOT / "fixtures" / "notebooks", "fixtures")
    for folder in folders:
        count(folder, folder.name)


if __name__ == "__main__":
    main()
