"""The Python interface to a pipeline: load it, look at it, build it.

from soorgeon_clone.pipeline import Pipeline

with Pipeline("pipeline.yaml") as pipeline:
    for status in pipeline.status():
        print(status.name, status.line)
    report = pipeline.build(jobs=4)
    report.ok, [run.name for run in report.runs if run.ran]
    model = pipeline.load("fit", "model")
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.building.model import Listener, Options, Report
from soorgeon_clone.pipeline.declared import dag as dags
from soorgeon_clone.pipeline.declared.model import DAG, Spec
from soorgeon_clone.pipeline.execution.model import Isolation
from soorgeon_clone.pipeline.run import build, run_task, touch
from soorgeon_clone.pipeline.status.model import TaskStatus
from soorgeon_clone.pipeline.status.project import Project


class Pipeline:
    """A pipeline on disk. ``status`` and ``build`` look at files anew each time.

    ``env`` replaces values of env.yaml by their dotted names; ``store`` is the URL of the store ("off" for none), None
    for what the environment or pipeline.yaml says. Problems that a person can solve raise UserError.
    """

    def __init__(
        self,
        entry_point: Path | str = "pipeline.yaml",
        *,
        env: Mapping[str, Any] | None = None,
        ignore_environment: bool = False,
        use_cache: bool = True,
        store: str | None = None,
    ) -> None:
        self._arguments: dict[str, Any] = {
            "env": dict(env or {}),
            "ignore_environment": ignore_environment,
            "use_cache": use_cache,
            "store": store,
        }
        self._entry_point = Path(entry_point).resolve()
        with self._open() as project:
            self._dag = project.dag

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        return None

    @property
    def spec(self) -> Spec:
        """What pipeline.yaml says."""
        return self._dag.spec

    @property
    def dag(self) -> DAG:
        """The tasks, each after its upstream."""
        return self._dag

    @property
    def root(self) -> Path:
        """The folder that paths are relative to."""
        return self._dag.root

    def status(self) -> list[TaskStatus]:
        """Whether each task is up to date, and if not, why."""
        with self._open() as project:
            return project.status()

    def explain(self, name: str) -> TaskStatus:
        """The status of one task."""
        wanted = self._dag[name].name
        return next(status for status in self.status() if status.name == wanted)

    def build(
        self,
        partially: str | None = None,
        *,
        skip_upstream: bool = False,
        force: bool = False,
        jobs: int | None = None,
        fail_fast: bool = False,
        isolation: Isolation = "auto",
        memory_limit: int | None = None,
        listener: Listener | None = None,
        engine: Literal["local", "dask"] = "local",
        scheduler: str | None = None,
    ) -> Report:
        """Run what is stale. ``partially`` is a task's name or a wildcard: only that, and what it needs.

        ``engine="dask"`` runs the tasks on the Dask cluster of ``scheduler``, or on one that is started here.
        """
        with self._open() as project:
            project.compute()
            names = None
            if partially is not None:
                chosen = set(dags.select(project.dag, partially))
                names = frozenset(chosen if skip_upstream else dags.ancestors(project.dag, chosen))
            options = Options(
                names, force, jobs, fail_fast, isolation, memory_limit, engine=engine, scheduler=scheduler
            )
            return build(project, options, listener)

    def run_task(self, name: str, *, force: bool = False) -> Report:
        """Run one task if it is stale, and none of its upstream."""
        with self._open() as project:
            return run_task(project, name, Options(force=force))

    def touch(self) -> Report:
        """Take the products on disk for up to date."""
        with self._open() as project:
            return touch(project)

    def path(self, name: str, key: str | None = None) -> Path:
        """Where a product is."""
        products = self._dag[name].products
        for product in products:
            if product.key == key or (key is None and len(products) == 1):
                return self.root / product.path
        keys = ", ".join(str(product.key) for product in products)
        raise UserError(f"task '{name}' has no product '{key}'; it has {keys}", exit_code=2)

    def load(self, name: str, key: str | None = None) -> Any:
        """The object in a product: unpickled, a frame for .parquet and .csv, data for .json; else its path."""
        path = self.path(name, key)
        if path.suffix in (".pkl", ".pickle"):
            import pickle

            with path.open("rb") as file:
                return pickle.load(file)
        if path.suffix == ".json":
            import json

            return json.loads(path.read_text(encoding="utf-8"))
        if path.suffix in (".parquet", ".csv"):
            import importlib

            pandas: Any = importlib.import_module("pandas")
            return pandas.read_parquet(path) if path.suffix == ".parquet" else pandas.read_csv(path)
        return path

    def _open(self) -> Project:
        return Project(self._entry_point, **self._arguments)
