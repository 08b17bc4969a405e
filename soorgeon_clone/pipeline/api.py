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

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.building.model import Listener, Options, Report
from soorgeon_clone.pipeline.declared import dag as dags
from soorgeon_clone.pipeline.declared.env import Given
from soorgeon_clone.pipeline.declared.model import DAG, Spec, Task
from soorgeon_clone.pipeline.execution.model import Isolation
from soorgeon_clone.pipeline.run import build, run_task, touch
from soorgeon_clone.pipeline.sources.no_code import NO_CODE
from soorgeon_clone.pipeline.sources.source_facts import function_text
from soorgeon_clone.pipeline.status.model import TaskStatus
from soorgeon_clone.pipeline.status.project import Project


class Pipeline(Mapping[str, "PipelineTask"]):
    """A pipeline on disk: its tasks by their names, each after its upstream. ``status`` and ``build`` look at files
    anew each time.

    ``entry_point`` is a pipeline.yaml or its folder, what such a file says (a mapping; paths are relative to the
    working folder), or functions (see `functions`), with ``params`` for them.

    ``env`` gives values of placeholders by their dotted names, in place of those of env.yaml or besides them; ``store``
    is the URL of the store ("off" for none), None for what the environment or pipeline.yaml says. Problems that a
    person can solve raise UserError.
    """

    def __init__(
        self,
        entry_point: Path | str | Mapping[str, Any] | Sequence[Callable[..., Any]] = "pipeline.yaml",
        *,
        env: Mapping[str, Any] | None = None,
        params: Mapping[str, Mapping[str, Any]] | None = None,
        ignore_environment: bool = False,
        use_cache: bool = True,
        store: str | None = None,
    ) -> None:
        self._arguments: dict[str, Any] = {
            "env": Given(env or {}),
            "ignore_environment": ignore_environment,
            "use_cache": use_cache,
            "store": store,
        }
        self._entry_point = _opened(entry_point, self._arguments["env"], params)
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

    def __repr__(self) -> str:
        listed = ", ".join(list(self)[:10]) + (", ..." if len(self) > 10 else "")
        return f"<pipeline in {self.root}: {listed}>"

    def __iter__(self) -> Iterator[str]:
        return iter(self._dag.tasks)

    def __len__(self) -> int:
        return len(self._dag.tasks)

    def __contains__(self, name: object) -> bool:
        return name in self._dag.tasks

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __getitem__(self, name: str) -> PipelineTask:
        if name not in self._dag.tasks:
            raise NoTask(f"there is no task {name!r}; there are: {', '.join(list(self)[:20])}", hint=self._near(name))
        return PipelineTask(self, name)

    def _near(self, name: str) -> str | None:
        import difflib

        near = difflib.get_close_matches(name, list(self), n=1)
        return f"Did you mean {near[0]!r}?" if near else None

    def get_downstream(self, name: str) -> list[str]:
        """The names of the tasks that come right after one."""
        wanted = self[name].name
        return [task.name for task in self._dag.tasks.values() if wanted in task.upstream]

    def plot(self, output: Path | str = "pipeline.html") -> Path:
        """Draw the pipeline to a file that ends with .html, .svg, .png or .mmd; return its path."""
        from soorgeon_clone.pipeline.plot.save import save

        with self._open() as project:
            return save(project, Path(output))

    def debug(self, name: str) -> None:
        """Run a task in this process, and open the debugger where it fails; its products stay as they are."""
        from soorgeon_clone.pipeline.building.debugging import debug

        with self._open() as project:
            project.compute()
            debug(project, self[name].name)

    def status(self) -> Statuses:
        """Whether each task is up to date, and if not, why."""
        with self._open() as project:
            return Statuses(project.status())

    def explain(self, name: str) -> TaskStatus:
        """The status of one task."""
        wanted = self[name].name
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
                if product.relation is not None:
                    raise UserError(f"the product of task '{name}' is in a database: {product}", exit_code=2)
                return self.root / product.told
        keys = ", ".join(str(product.key) for product in products)
        raise UserError(f"task '{name}' has no product '{key}'; it has {keys}", exit_code=2)

    def load(self, name: str, key: str | None = None) -> Any:
        """The object in a product: unpickled, a frame for .parquet and .csv, data for .json, a frame for a
        relation; else its path."""
        task = self._dag[name]
        relations = [one.relation for one in task.products if one.relation is not None and key in (one.key, None)]
        if relations:
            return _rows(task, relations[0], self.root)
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


class NoTask(UserError, KeyError):
    """There is no task of this name."""


class Statuses(list[TaskStatus]):
    """The states of tasks; printed, one a line."""

    def __str__(self) -> str:
        return "\n".join(f"{status.name}: {status.line}" for status in self)

    __repr__ = __str__


class PipelineTask:
    """One task of a pipeline. As a text it is its product, as in Ploomber: ``read_csv(str(pipeline["load"]))``."""

    def __init__(self, pipeline: Pipeline, name: str) -> None:
        self.pipeline = pipeline
        self.name = name
        self._task = pipeline.dag.tasks[name]

    @property
    def product(self) -> Any:
        """The path of its product, or the paths by key."""
        paths = {
            product.key: self.pipeline.root / product.told if product.relation is None else product.relation
            for product in self._task.products
        }
        return paths[None] if list(paths) == [None] else paths

    @property
    def upstream(self) -> dict[str, PipelineTask]:
        """The tasks before it."""
        return {name: self.pipeline[name] for name in self._task.upstream}

    @property
    def params(self) -> Mapping[str, Any]:
        """Its params."""
        return self._task.spec.params

    @property
    def source(self) -> str:
        """The text of its source."""
        return source_text(self.pipeline.root, self._task, self.pipeline.dag.tasks)

    def build(self, *, force: bool = False) -> Report:
        """Run it if it is stale, and none of its upstream."""
        return self.pipeline.run_task(self.name, force=force)

    def status(self) -> TaskStatus:
        """Whether it is up to date, and if not, why."""
        return self.pipeline.explain(self.name)

    def load(self, key: str | None = None) -> Any:
        """The object in its product."""
        return self.pipeline.load(self.name, key)

    def debug(self) -> None:
        """Run it in this process, and open the debugger where it fails."""
        self.pipeline.debug(self.name)

    def __str__(self) -> str:
        return str(self.product)

    def __repr__(self) -> str:
        return f"<task {self.name!r}: {self.status().line}>"


def source_text(root: Path, task: Task, tasks: Mapping[str, Task]) -> str:
    """Return the text of a task's source; of SQL what is sent. Raises UserError."""
    from soorgeon_clone.pipeline.declared.inject_file import source_text as text_of
    from soorgeon_clone.pipeline.sources.local_modules import LocalModules

    if task.spec.source.kind == "sql":
        from soorgeon_clone.pipeline.building.sql_task import text_of as sql_of
        from soorgeon_clone.pipeline.declared.inject import parameters

        return sql_of(task, parameters(task, tasks), root)
    if task.spec.over is not None:
        raise UserError(
            f"task '{task.name}' takes apart what '{task.spec.over.task}' made: it has no source", exit_code=2
        )
    if task.spec.source.kind in NO_CODE:
        raise UserError(f"task '{task.name}' ({task.spec.source.kind}) has no code", exit_code=2)
    path = task.spec.source.path or LocalModules(root).find(task.spec.source.text.rpartition(".")[0])
    if path is None:
        raise UserError(f"the source of task '{task.name}' is not in the project: {task.spec.source.text}")
    text = text_of(root / path)
    name = task.spec.source.text.rpartition(".")[2]
    return function_text(text, name) if task.spec.source.kind == "function" else text


def _rows(task: Task, relation: str, root: Path) -> Any:
    """What a relation holds, as a frame."""
    import importlib

    from soorgeon_clone.pipeline.declared.dotted import importing_from
    from soorgeon_clone.pipeline.state.databases import connected

    pandas: Any = importlib.import_module("pandas")
    client = task.spec.database.client if task.spec.database is not None else None
    with importing_from(root), connected(client, root) as connection:
        cursor = connection.cursor()
        cursor.execute(f"SELECT * FROM {relation}")
        return pandas.DataFrame(cursor.fetchall(), columns=[column[0] for column in cursor.description])


def _opened(
    entry_point: Path | str | Mapping[str, Any] | Sequence[Callable[..., Any]],
    env: Mapping[str, Any],
    params: Mapping[str, Mapping[str, Any]] | None,
) -> Path | Spec:
    """What `Project` opens."""
    if isinstance(entry_point, (str, Path)):
        path = Path(entry_point)
        return path.resolve() if path.exists() or len(path.parts) > 1 else path
    if isinstance(entry_point, Mapping):
        from soorgeon_clone.pipeline.declared import spec, yaml_tree

        return spec.loads(yaml_tree.dump(dict(entry_point)), path=Path.cwd() / spec.DEFAULT, env=env)
    from soorgeon_clone.pipeline.functions import spec_of

    return spec_of(entry_point, params)
