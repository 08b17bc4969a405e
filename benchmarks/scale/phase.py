"""One phase of one pipeline: phase.py PHASE FOLDER. The last line that it prints says what it took."""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "runner"))
from instant import InstantExecutor

from soorgeon_clone.cli.app import main as program
from soorgeon_clone.export.targets import TARGETS
from soorgeon_clone.pipeline.building.model import Options
from soorgeon_clone.pipeline.run import build
from soorgeon_clone.pipeline.status.project import Project

# Phases that are a command, with all that it reads and writes; the other ones are measured from the inside.
COMMANDS = {"plan": ["build", "--dry-run"]} | {
    target: ["export", "--to", target, "--store", "s3://bucket/prefix"] for target in TARGETS
}


def run(phase: str, root: Path) -> None:
    """Go through the phase."""
    if phase in COMMANDS:
        command(COMMANDS[phase], root)
        return
    with Project(root) as project:
        count = len(project.tasks)
        if phase == "load":
            return
        if phase == "status":
            assert not any(status.up_to_date for status in project.status())
            return
        if phase == "again":
            assert all(status.up_to_date for status in project.status())
            return
        if phase in ("schedule", "no-op", "edit"):
            report = build(project, Options(jobs=8), executor=InstantExecutor())
            ran = sum(run.result == "ran" for run in report.runs)
            # The last task of a fan reads whatever its upstream made, executed notebooks too.
            assert ran in {"schedule": (count,), "no-op": (0,), "edit": (1, 2)}[phase], ran
            return
        raise ValueError(phase)


def command(arguments: list[str], root: Path) -> None:
    """Run the program in the pipeline's folder; what it shows is counted and thrown away."""
    os.chdir(root)
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
        program(arguments)
    assert any(line.startswith(("Then:", "t0 ")) for line in shown.getvalue().splitlines()), shown.getvalue()[-2000:]


def main() -> None:
    phase, root = sys.argv[1], Path(sys.argv[2])
    if phase == "edit":
        sources = sorted((root / "tasks").iterdir())
        middle = sources[len(sources) // 2]
        middle.write_text(middle.read_text() + "# %%\n1 + 1\n")
    began = time.process_time()
    run(phase, root)
    seconds = time.process_time() - began
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "megabytes": megabytes}))


if __name__ == "__main__":
    main()
