"""The nouns of a plan: what each task will load, run and save. Data, made by `plan`, written out by `generate`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from soorgeon_clone.analysis.because import Because
from soorgeon_clone.analysis.model import NotebookFacts
from soorgeon_clone.notebook.model import Cell
from soorgeon_clone.pipeline.assumptions.model import Assumption

Serializer = Literal["pickle", "cloudpickle", "dill"]


@dataclass(frozen=True)
class Part:
    """One value in a product file.

    ``name`` is the variable (or a label such as ``numpy_random_state``), ``save`` the expression that gives its value
    (``df``, ``numpy.random.get_state()``), ``load`` the statement that puts it back, with ``{value}`` where the loaded
    object goes (``df = {value}``, ``numpy.random.set_state({value})``). ``imports`` are the statements that both need.
    A value that may be unbound when it is saved is left out of the file, and stays unbound when it is loaded.
    ``begin`` is an expression for what a fresh process has, evaluated when the task that saves it starts: ``save`` has
    ``{begin}`` for it. ``frame`` says whether the value is a pandas DataFrame, None where only the run can tell (for
    ``--df-format``).
    """

    name: str
    save: str
    load: str
    imports: tuple[str, ...] = ()
    maybe_unbound: bool = False
    begin: str = ""
    frame: bool | None = None


@dataclass(frozen=True)
class Bundle:
    """One product file: a single value as it is; several that share objects (or may be unbound) as a dict by name.

    ``serializer`` is a `Serializer`, or the library whose own pickler takes its objects. ``deep``: it may be nested
    deeper than pickle goes.
    """

    key: str
    parts: tuple[Part, ...]
    serializer: str = "pickle"
    deep: bool = False

    @property
    def is_dict(self) -> bool:
        return len(self.parts) > 1 or any(part.maybe_unbound for part in self.parts)


@dataclass(frozen=True)
class Load:
    """Load ``names`` out of ``bundle``, a product of task ``task``."""

    task: str
    bundle: Bundle
    names: tuple[str, ...]


@dataclass(frozen=True)
class Replay:
    """A statement of the notebook that is repeated in a later task: an import, a setting, a definition."""

    kind: Literal["import", "setting", "definition"]
    source: str
    binds: tuple[str, ...] = ()


Step = Load | Replay


@dataclass(frozen=True)
class Task:
    """One task to be written. ``steps`` run in this order before ``cells``; imports come first.

    ``cells`` hold the text that the script will show (definitions that moved to exported.py are gone from it).
    ``names`` are all names that the notebook mentions, so that generated code can avoid them, ``imports`` those of them
    that stand for one import wherever they exist, and for which. ``params`` maps a name to the source text of its
    value. ``changes_directory``: the working directory may not be the project's when the cells end, so paths must
    begin there. ``writes_files``: it may write files that are no products, so its products alone do not stand
    for it. ``reads_files``: it may read files that its code does not name. ``touches_files``: it may look at files, or
    ask in which folder it is, at all. ``unbound``: names that the notebook may not have when the task starts, and asks
    for. ``lists_names``: it shows which variables there are, so none of ours may be among them. ``assumptions`` are
    what it takes for granted, and its run checks.
    """

    name: str
    title: str
    cells: tuple[Cell, ...]
    steps: tuple[Step, ...]
    saves: tuple[Bundle, ...]
    upstream: tuple[str, ...]
    params: Mapping[str, str] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    imports: Mapping[str, str] = field(default_factory=dict)
    changes_directory: bool = False
    writes_files: bool = False
    reads_files: bool = False
    touches_files: bool = True
    unbound: frozenset[str] = frozenset()
    lists_names: bool = False
    assumptions: tuple[Assumption, ...] = ()

    @property
    def loads(self) -> tuple[Load, ...]:
        return tuple(step for step in self.steps if isinstance(step, Load))


@dataclass(frozen=True)
class Merge:
    """Sections that became one task, and why: ``reasons`` are sentences, in the order in which they were found."""

    task: str
    sections: tuple[str, ...]
    reasons: tuple[str, ...]

    @property
    def reason(self) -> str:
        """All reasons as one text."""
        return " ".join(self.reasons)


def _is_feared(because: tuple[Because, ...]) -> bool:
    return any(one.feared for one in because)


@dataclass(frozen=True)
class MustMerge:
    """Sections ``first`` to ``last`` (by number, from 0) must be one task. ``reason`` says why, for people.

    ``because`` are the statements that force it, the giving one first; none where `verify` has seen it in a run.
    ``what`` is the reason without its statements, ``remedy`` what would part them, where there is something.
    """

    first: int
    last: int
    reason: str
    because: tuple[Because, ...] = ()
    what: str = ""
    remedy: str = ""

    @property
    def feared(self) -> bool:
        """Whether it stands on a fact that is only possible: a guard could take its place."""
        return _is_feared(self.because)


@dataclass(frozen=True)
class MustPrecede:
    """The task of section ``first`` must have ended when that of section ``last`` starts: they share a file.

    ``path`` is "*" where nobody knows which.
    """

    first: int
    last: int
    reason: str
    path: str
    because: tuple[Because, ...] = ()

    @property
    def feared(self) -> bool:
        """Whether it stands on a fact that is only possible: a guard could take its place."""
        return _is_feared(self.because)


@dataclass(frozen=True)
class Carry:
    """``name`` crosses from the task of section ``source`` to that of section ``target``, by the carrier ``how``.

    ``because`` are the statements that gave it its value or changed it, then the one that asks for it.
    """

    name: str
    source: int
    target: int
    how: str
    because: tuple[Because, ...] = ()


Constraint = MustMerge | MustPrecede | Carry


@dataclass(frozen=True)
class Plan:
    """All that refactor will write. ``exported`` is the text of exported.py's definitions with their imports, or "".

    ``constraints`` are what it was made of: sections are tasks as far as these allow. A section's number is its place
    in the notebook, from 0; ``section_tasks`` says by that number which task it belongs to. ``idle`` are the
    sections that only import, define and set, and stand in the task of the next one. ``facts`` are what it stands on,
    None where nobody looked at the code.
    """

    notebook: str
    tasks: tuple[Task, ...]
    exported: str = ""
    merges: tuple[Merge, ...] = ()
    hints: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    section_tasks: tuple[str, ...] = ()
    idle: tuple[int, ...] = ()
    facts: NotebookFacts | None = field(default=None, compare=False, repr=False)
