"""The nouns of the runner: what pipeline.yaml says, the ordered tasks, why a task is stale, what a build did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from soorgeon_clone.pipeline.code_facts import CodeFacts

if TYPE_CHECKING:
    from soorgeon_clone.pipeline.yaml_tree import Item

SourceKind = Literal["script", "function"]
RunResult = Literal["ran", "restored", "up to date", "touched", "failed", "skipped", "killed"]

# The folder that holds records, the lock and unfinished products of a project.
HIDDEN = ".soorgeon-clone"


@dataclass(frozen=True, slots=True)
class Product:
    """One file (or folder) that a task makes. ``path`` is relative to the project's root, with forward slashes.

    ``key`` is None where the task declares a single product without a key.
    """

    key: str | None
    path: str


@dataclass(frozen=True, slots=True)
class Source:
    """What a task runs: a script or notebook (``path`` relative to the root), or ``module.function``."""

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


@dataclass(frozen=True)
class Requests:
    """What a task asks of the machine that it is sent to (``resources`` in pipeline.yaml); ``memory`` in bytes."""

    cpus: float | None = None
    memory: int | None = None
    gpus: int | None = None


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """One task as pipeline.yaml declares it, after placeholders and grids. ``line`` is where it starts in ``file``.

    ``products`` is None where they are read from the source, ``upstream`` likewise. ``timeout`` is in seconds,
    ``memory_limit`` in bytes. ``record_timing``: its executed notebook says when each cell ran, and differs from run
    to run. ``resources`` are the files in ``params.resources_``, ``requests`` is the entry ``resources``. ``export`` is
    what the task says to export targets, which check it.
    """

    name: str
    source: Source
    products: tuple[Product, ...] | None
    upstream: tuple[str, ...] | None
    params: Mapping[str, Any] = field(default_factory=dict)
    resources: Mapping[str, str] = field(default_factory=dict)
    notebook_keys: tuple[str, ...] = ("nb",)
    exporter: str | None = None
    exporter_options: Mapping[str, Any] = field(default_factory=dict)
    serializer: str | None = None
    unserializer: str | None = None
    on_render: Hook | None = None
    on_finish: Hook | None = None
    on_failure: Hook | None = None
    static_analysis: Literal["disable", "regular", "strict"] = "regular"
    timeout: float | None = None
    retries: int = 0
    memory_limit: int | None = None
    record_timing: bool = False
    requests: Requests = Requests()
    export: Item | None = None
    file: str = "pipeline.yaml"
    line: int = 0


@dataclass(frozen=True)
class Spec:
    """pipeline.yaml, checked: all paths are relative to the folder ``root``; ``env`` holds the placeholders' values.

    ``store`` is the URL of the store, ``export`` what export targets are told; these check it. ``functions`` are those
    (``module::function``) that compute params and grids, ``unknown_grids`` maps names of tasks to those functions whose
    values are not known, so that one task stands for all of a grid.
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
    export: Item | None = None
    product_relative_to_source: bool = False
    warnings: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    unknown_grids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What a task's source says without being run. ``upstream`` are names or wildcards, as written.

    ``declared`` are the params in its cell ``parameters``, ``injected_at`` is where the cell ``injected-parameters``
    goes, ``has_injected`` whether the file has one already.

    ``problem`` says why it could not be read; such a task shows as broken in status and plot, and fails when it runs.
    """

    upstream: tuple[str, ...] = ()
    product: Any = None
    declared: tuple[str, ...] = ()
    doc: str = ""
    injected_at: int = 0
    has_injected: bool = False
    code: CodeFacts | None = None
    problem: str | None = None
    writes_files: bool = False
    """Whether it is tagged as writing files that are no products: a cache cannot bring those back."""


@dataclass(frozen=True, slots=True)
class Task:
    """A task in its DAG. ``upstream`` holds names of tasks in the order in which the source names them.

    ``groups`` maps a wildcard (``fit-*``) to the tasks that it stands for; they are in ``upstream`` as well.
    """

    spec: TaskSpec
    facts: SourceFacts
    products: tuple[Product, ...]
    upstream: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    downstream: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def notebooks(self) -> tuple[Product, ...]:
        """The products that are the executed notebook (as .ipynb, .html, .md); none for a function."""
        if self.spec.source.kind == "function":
            return ()
        if len(self.products) == 1 and self.products[0].key is None:
            return self.products
        return tuple(product for product in self.products if product.key in self.spec.notebook_keys)


@dataclass(frozen=True)
class DAG:
    """The tasks by name, every task after its upstream."""

    spec: Spec
    tasks: Mapping[str, Task]

    @property
    def root(self) -> Path:
        return self.spec.root


class Reason(Enum):
    """Why a task is stale. The value is what status shows."""

    NEVER_RAN = "never ran"
    BROKEN = "source cannot be read"
    CODE = "code changed"
    FUNCTION = "an imported definition changed"
    PARAMS = "params changed"
    RESOURCE = "a resource changed"
    INPUT = "a file it reads changed"
    SETTINGS = "its entry in pipeline.yaml changed"
    ENVIRONMENT = "Python or a library changed"
    UPSTREAM = "upstream changed"
    UPSTREAM_STALE = "upstream is stale"
    PRODUCT_MISSING = "a product is missing"
    PRODUCT_CHANGED = "a product was changed by hand"
    FAILED = "the last run failed"
    AWAY = "files that it leaves are not in the store"
    FORCED = "forced"


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason with what it is about: ``exported.clean``, ``output/load-df.pkl``, ``pandas 2.1 -> 2.2``."""

    reason: Reason
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.reason.value} ({self.detail})" if self.detail else self.reason.value


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a task's products depend on: part -> digest. Two equal fingerprints promise equal products.

    Parts are named ``code``, ``function:exported.clean``, ``param:n``, ``resource:x``, ``setting:on_finish``,
    ``library:pandas``, ``python``, ``upstream:load:df``.
    """

    parts: Mapping[str, str]
    digest: str


@dataclass(frozen=True, slots=True)
class LastRun:
    """What the records say about a task's last run. ``started`` is in seconds since the epoch."""

    started: float
    seconds: float
    result: str
    peak_memory: int | None = None


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """Whether a task would run, and why. ``cached``: its products would be brought back without running it, if
    ``in_store`` from the store."""

    name: str
    causes: tuple[Cause, ...]
    last_run: LastRun | None = None
    cached: bool = False
    in_store: bool = False

    @property
    def up_to_date(self) -> bool:
        return not self.causes

    @property
    def line(self) -> str:
        """The state in one line."""
        if not self.causes:
            return "up to date"
        why = "; ".join(str(cause) for cause in self.causes)
        return f"{'in store' if self.in_store else 'cached' if self.cached else 'stale'}: {why}"


@dataclass(frozen=True, slots=True)
class TaskRun:
    """What a build did with one task. ``error`` is the text to show, ``causes`` why the task was stale."""

    name: str
    result: RunResult
    seconds: float = 0.0
    causes: tuple[Cause, ...] = ()
    error: str | None = None
    peak_memory: int | None = None

    @property
    def ran(self) -> bool:
        return self.result in ("ran", "failed", "killed")


@dataclass(frozen=True)
class Report:
    """What a build did, in the DAG's order. ``problem`` is what a hook of the whole pipeline failed with."""

    runs: tuple[TaskRun, ...]
    seconds: float
    problem: str | None = None

    @property
    def failed(self) -> tuple[TaskRun, ...]:
        return tuple(run for run in self.runs if run.result in ("failed", "killed"))

    @property
    def ok(self) -> bool:
        return self.problem is None and not any(run.result in ("failed", "killed", "skipped") for run in self.runs)
