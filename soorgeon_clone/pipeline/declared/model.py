"""The nouns of this room: what pipeline.yaml says, and the ordered tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.declared.elements import Element
from soorgeon_clone.pipeline.sources.model import SourceFacts
from soorgeon_clone.pipeline.sources.relations import Relation

if TYPE_CHECKING:
    from soorgeon_clone.pipeline.declared.yaml_tree import Item

SourceKind = Literal["script", "function", "shell", "sql", "upload", "split", "link", "download"]

# The folder that holds records, the lock and unfinished products of a project.
HIDDEN = ".soorgeon-clone"


@dataclass(frozen=True, slots=True)
class Product:
    """One file (or folder) that a task makes. ``path`` is relative to the project's root, with forward slashes.

    ``key`` is None where the task declares a single product without a key. A ``relation`` is in a database; the file
    is then the receipt of the run that made it. ``outside`` is the path as it is declared, where it leads out of the
    project (see `outside`).
    """

    key: str | None
    path: str
    relation: Relation | None = None
    outside: str | None = None

    def __str__(self) -> str:
        return self.told if self.relation is None else str(self.relation)

    @property
    def told(self) -> str:
        """The path that tasks and people are told."""
        return self.outside or self.path


@dataclass(frozen=True, slots=True)
class Source:
    """What a task runs: a script, notebook, shell or SQL script (``path`` relative to the root), or
    ``module.function``; of an upload, the file that it takes to a database; of a download, its URL.

    A split has none but our own; a link runs nothing: its product is a file that others make.
    """

    kind: SourceKind
    text: str
    path: str | None = None

    @property
    def suffix(self) -> str:
        return Path(self.path).suffix.lower() if self.path else ""


@dataclass(frozen=True, slots=True)
class Hook:
    """A function of the user's that is called around a task or a build."""

    dotted_path: str
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Client:
    """What connects to a database: a URL, or a function of the user's (``module.function``) that returns a client.

    ``place`` is where pipeline.yaml says so. The value may be one that is looked up in the environment.
    """

    value: Any
    args: Mapping[str, Any] = field(default_factory=dict)
    place: str = field(default="pipeline.yaml", compare=False)


@dataclass(frozen=True, slots=True)
class Database:
    """What a task of SQL works with. ``client`` is None for the database that is embedded.

    ``chunksize``: rows of each file of a dump, or of each step of an upload, None for all at once. ``templates`` are
    folders with templates. ``options`` are those of an upload.
    """

    client: Client | None = None
    chunksize: int | None = None
    templates: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Requests:
    """What a task asks of the machine that it is sent to (``resources`` in pipeline.yaml); ``memory`` in bytes."""

    cpus: float | None = None
    memory: int | None = None
    gpus: int | None = None


@dataclass(frozen=True, slots=True)
class Over:
    """What a split takes apart: a task's product (``key`` None: the only one that is no executed notebook).

    ``each`` is how the tasks of its elements are called, with ``[[key]]`` in it.
    """

    task: str
    key: str | None
    each: str


@dataclass(frozen=True, slots=True)
class Each:
    """Which element of a ``foreach`` a task is about; None where that is not known yet, and the task stands for all.

    ``split`` is the task that knows the elements.
    """

    split: str
    element: Element | None = None


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """One task as pipeline.yaml declares it, after placeholders and grids. ``line`` is where it starts in ``file``.

    ``plain``: a script whose executed notebook nobody wants. ``folder``: where a script runs that does not run in the
    folder of pipeline.yaml, from there. ``kernel`` is the name of the kernelspec that runs it.
    ``spread``: its function takes each upstream task as a parameter of that name. ``products`` is None where they
    are read from the source, ``upstream`` likewise. ``timeout`` is in seconds, ``memory_limit`` in bytes.
    ``record_timing``: its executed notebook says when each cell ran, and differs from run to run. ``log_output``:
    what it prints goes to the log as well. ``resources`` are the files in ``params.resources_``, ``requests`` is
    the entry ``resources``. ``database`` is there for SQL, ``file_client`` takes products elsewhere as well.
    ``export`` is what the task says to export targets, which check it. ``over`` is there for a split, ``each`` for a
    task of ``foreach``.
    """

    name: str
    source: Source
    products: tuple[Product, ...] | None
    upstream: tuple[str, ...] | None
    params: Mapping[str, Any] = field(default_factory=dict)
    resources: Mapping[str, str] = field(default_factory=dict)
    notebook_keys: tuple[str, ...] = ("nb",)
    exporter: str | Mapping[str, str] | None = None  # of nbconvert; by the keys of products where there are several
    exporter_options: Mapping[str, Any] = field(default_factory=dict)
    serializer: Hook | None = None
    unserializer: Hook | None = None
    on_render: Hook | None = None
    on_finish: Hook | None = None
    on_failure: Hook | None = None
    static_analysis: Literal["disable", "regular", "strict"] = "regular"
    timeout: float | None = None
    retries: int = 0
    memory_limit: int | None = None
    record_timing: bool = False
    log_output: bool = False
    spread: bool = False
    plain: bool = False
    folder: str | None = None
    kernel: str | None = None
    database: Database | None = None
    file_client: Client | None = None
    requests: Requests = Requests()
    export: Item | None = None
    over: Over | None = None
    each: Each | None = None
    file: str = "pipeline.yaml"
    line: int = 0

    def exporter_of(self, notebook: Product) -> str | None:
        """Return the name of nbconvert's format for one of its executed notebooks, None where its ending says it."""
        return self.exporter.get(str(notebook.key)) if isinstance(self.exporter, Mapping) else self.exporter


@dataclass(frozen=True)
class Spec:
    """pipeline.yaml, checked: all paths are relative to the folder ``root``; ``env`` holds the placeholders' values.

    ``store`` is the URL of the store, ``store_compression`` how to send less to it, ``export`` what export targets are
    told; these check it. ``functions`` are those (``module::function``) that compute params and grids,
    ``unknown_grids`` maps names of tasks to those functions whose values are not known, so that one task stands for
    all of a grid.
    """

    path: Path
    root: Path
    tasks: tuple[TaskSpec, ...]
    env: Mapping[str, Any] = field(default_factory=dict)
    on_render: Hook | None = None
    on_finish: Hook | None = None
    on_failure: Hook | None = None
    jobs: int | None = None
    store: str | None = None
    store_compression: str | None = None
    export: Item | None = None
    product_relative_to_source: bool = False
    allow_outside: bool = False
    warnings: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    unknown_grids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """A task in its DAG. ``upstream`` holds names of tasks in the order in which the source names them.

    ``groups`` maps a wildcard (``fit-*``) to the tasks that it stands for; they are in ``upstream`` as well. So is
    ``after``: tasks that it waits for, and of whose products its code is not told.
    """

    spec: TaskSpec
    facts: SourceFacts
    products: tuple[Product, ...]
    upstream: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    downstream: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def is_told_upstream(self) -> bool:
        """Whether its code is given paths of upstream products."""
        return bool(self.groups) or len(self.upstream) > len(self.after)

    @property
    def moves(self) -> bool:
        """Whether its code does not run in the folder of pipeline.yaml, or may change to another: paths are whole."""
        return self.facts.moves or self.spec.folder is not None

    @property
    def kernel(self) -> str | None:
        """The name of the kernelspec that runs it, where that is not this Python."""
        return self.spec.kernel or self.facts.kernel

    @property
    def is_kept(self) -> bool:
        """Whether its products may be kept, and brought back: not those in a database, and not what others made."""
        return self.spec.source.kind != "link" and all(product.relation is None for product in self.products)

    @property
    def notebooks(self) -> tuple[Product, ...]:
        """The products that are the executed notebook (as .ipynb, .html, .md); none for a function."""
        if self.spec.source.kind != "script" or self.spec.plain:
            return ()
        if len(self.products) == 1 and self.products[0].key is None:
            return self.products
        return tuple(product for product in self.products if product.key in self.spec.notebook_keys)


@dataclass(frozen=True)
class DAG:
    """The tasks by name, every task after its upstream."""

    spec: Spec
    tasks: Mapping[str, Task]

    def __getitem__(self, name: str) -> Task:
        """Return a task by its name. Raise UserError that says which name may be meant."""
        if name not in self.tasks:
            close = get_close_matches(name, self.tasks, n=3)
            known = f"Did you mean {' or '.join(close)}?" if close else f"There are: {', '.join(self.tasks)}."
            raise UserError(f"there is no task '{name}'", hint=known, exit_code=2)
        return self.tasks[name]

    @property
    def root(self) -> Path:
        return self.spec.root
