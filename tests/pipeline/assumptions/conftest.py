"""Pipelines written by hand, whose second task gives what it loads to a library that nobody has described."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from soorgeon_clone.pipeline.building.model import Options, Report, TaskRun
from soorgeon_clone.pipeline.execution.executor import open_executor
from soorgeon_clone.pipeline.execution.model import Executor
from soorgeon_clone.pipeline.run import build
from soorgeon_clone.pipeline.status.project import Project

_SPEC = """\
tasks:
  - source: tasks/load.py
    product: {{nb: output/load.ipynb, {products}}}
  - source: tasks/use.py
    product: {{nb: output/use.ipynb, result: output/result.pkl{saved}}}
  - source: tasks/show.py
    product: output/show.ipynb
"""
_HEAD = '# %% tags=["parameters"]\nupstream = {upstream}\nproduct = None\n'
_SAVE = 'with open(product["{name}"], "wb") as file:\n    pickle.dump({name}, file, protocol=5)\n'
_LOAD = 'with open(upstream["load"]["{name}"], "rb") as file:\n    {name} = pickle.load(file)\n'


@dataclass
class Handwritten:
    """A project's folder, with three tasks: ``load``, ``use``, ``show``."""

    root: Path
    executor: Executor

    def write(
        self,
        made: str,
        use: str,
        comments: str = "# soorgeon-clone: unchanged raw (cell 3: mylib.use(raw))",
        *,
        library: str = "",
        names: tuple[str, ...] = ("raw",),
        saves: tuple[str, ...] = (),
        imports: str = "import mylib",
        exported: str = "",
    ) -> None:
        """Write it: ``made`` gives ``names`` their values, ``use`` is the cell of the second task."""
        (self.root / "tasks").mkdir(exist_ok=True)
        products = ", ".join(f"{name}: output/{name}.pkl" for name in names)
        saved = "".join(f", {name}: output/use-{name}.pkl" for name in saves)
        load = "".join(_LOAD.format(name=name) for name in names)
        save = "".join(_SAVE.format(name=name) for name in names)
        also = "".join(_SAVE.format(name=name) for name in ("result", *saves))
        files = {
            "pipeline.yaml": _SPEC.format(products=products, saved=saved),
            "mylib.py": textwrap.dedent(library),
            "exported.py": textwrap.dedent(exported),
            "tasks/load.py": f"{_HEAD.format(upstream=None)}# %%\nimport pickle\n{textwrap.dedent(made)}\n"
            f'# %% tags=["soorgeon-save"]\n{save}',
            "tasks/use.py": f'# %% tags=["soorgeon-imports"]\nimport pickle\n{imports}\n'
            f'{_HEAD.format(upstream=["load"])}# %% tags=["soorgeon-load"]\n{load}{comments}\n'
            f'# %%\n{textwrap.dedent(use)}\nresult = 1\n# %% tags=["soorgeon-save"]\n{also}',
            "tasks/show.py": f'{_HEAD.format(upstream=["use"])}# %%\nprint(upstream["use"]["result"])\n',
        }
        for name, text in files.items():
            (self.root / name).write_text(text, encoding="utf-8")

    def build(self, options: Options | None = None) -> Report:
        """Bring it up to date."""
        with Project(self.root / "pipeline.yaml", use_cache=False) as project:
            return build(project, options, executor=self.executor)

    def error(self) -> str:
        """Build it, and return the text of what was broken, "" if nothing was."""
        report = self.build()
        run = next(run for run in report.runs if run.name == "use")
        if run.result == "failed":
            assert not (self.root / "output/result.pkl").exists(), "it published"
            return run.error or "failed"
        assert report.ok, [run.error for run in report.runs]
        return ""

    def run_of(self, report: Report, name: str) -> TaskRun:
        return next(run for run in report.runs if run.name == name)


@pytest.fixture(scope="session")
def executor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Executor]:
    """Return an executor for all tests: each task has a process of its own anyway."""
    folder = tmp_path_factory.mktemp("elsewhere")
    with open_executor("auto", modules=("numpy", "pandas"), cwd=folder, blas_threads=1) as opened:
        yield opened


@pytest.fixture
def project(tmp_path: Path, executor: Executor) -> Handwritten:
    """Return an empty project."""
    root = tmp_path / "project"
    root.mkdir()
    return Handwritten(root, executor)
