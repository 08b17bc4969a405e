"""A project in a folder: files are written as text, and built for real."""

from __future__ import annotations

import atexit
import functools
import json
import pickle
import tempfile
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from soorgeon_clone.pipeline.building.model import Options, Report
from soorgeon_clone.pipeline.execution.executor import open_executor
from soorgeon_clone.pipeline.execution.model import Executor
from soorgeon_clone.pipeline.run import build
from soorgeon_clone.pipeline.status.model import TaskStatus
from soorgeon_clone.pipeline.status.project import Project


@functools.cache
def executor() -> Executor:
    """One warm executor for all builds of the test run: opening one takes longer than most tests."""
    opened = open_executor("auto", modules=(), cwd=Path(tempfile.gettempdir()), blas_threads=1)
    atexit.register(opened.close)
    return opened


class Folder:
    """The project's folder. ``task`` writes a script, ``yaml`` the declaration of all tasks written so far."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.entries: list[dict[str, Any]] = []

    def write(self, path: str, text: str) -> Path:
        """Write a file; the text may be indented."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(text).lstrip("\n"))
        return target

    def task(
        self, name: str, *cells: str, upstream: tuple[str, ...] = (), products: tuple[str, ...] = (), **entry: Any
    ) -> None:
        """Write ``tasks/<name>.py`` and declare it with a pickle for each of ``products``."""
        self.script(name, *cells, upstream=upstream)
        product = {"nb": f"output/{name}.ipynb", **{key: f"output/{name}-{key}.pkl" for key in products}}
        self.declare(source=f"tasks/{name}.py", product=product, **entry)

    def script(self, name: str, *cells: str, upstream: tuple[str, ...] = ()) -> None:
        """Write ``tasks/<name>.py``: imports, parameters and the cells."""
        parts = [
            "# %%\nimport pickle",
            f'# %% tags=["parameters"]\nupstream = {list(upstream) or None}\nproduct = None',
            *(f"# %%\n{textwrap.dedent(cell).strip()}" for cell in cells),
        ]
        self.write(f"tasks/{name}.py", "\n\n".join(parts) + "\n")

    def declare(self, **entry: Any) -> None:
        """Add a task to pipeline.yaml, or replace the one with the same source and name."""
        key = (entry["source"], entry.get("name"))
        self.entries = [one for one in self.entries if (one["source"], one.get("name")) != key] + [entry]
        self.write("pipeline.yaml", json.dumps({"tasks": self.entries}))

    def build(self, **options: Any) -> Report:
        """Build; ``partially`` and others as in Options."""
        with Project(self.root) as project:
            return build(project, Options(**options), executor=executor())

    def ran(self, **options: Any) -> list[str]:
        """The names of the tasks that a build runs, in the DAG's order."""
        report = self.build(**options)
        assert report.ok, [run.error for run in report.runs]
        return [run.name for run in report.runs if run.result == "ran"]

    def results(self, **options: Any) -> dict[str, str]:
        """What a build does with each task."""
        return {run.name: run.result for run in self.build(**options).runs}

    def status(self, **options: Any) -> dict[str, TaskStatus]:
        """The status by name."""
        with Project(self.root, **options) as project:
            return {status.name: status for status in project.status()}

    def stale(self, **options: Any) -> dict[str, str]:
        """The first reason of each stale task."""
        return {name: status.causes[0].reason.name for name, status in self.status(**options).items() if status.causes}

    def load(self, path: str) -> Any:
        """What a pickle holds."""
        with (self.root / path).open("rb") as file:
            return pickle.load(file)

    def outputs(self, path: str) -> str:
        """The texts that an executed notebook shows."""
        shown = []
        for cell in json.loads((self.root / path).read_text())["cells"]:
            for output in cell.get("outputs", ()):
                data: Mapping[str, Any] = output.get("data", {})
                shown.append("".join(output.get("text", data.get("text/plain", ""))))
        return "\n".join(shown)


SAVE = 'with open(product["x"], "wb") as file:\n    pickle.dump(x, file)'


def load(task: str) -> str:
    """A cell that loads ``x`` of an upstream task."""
    return f'with open(upstream["{task}"]["x"], "rb") as file:\n    x = pickle.load(file)'
