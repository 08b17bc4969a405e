"""What is settled while the crossings of one cut are worked out: carriers write down here what binds later answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from soorgeon_clone.analysis.knowledge.effects import Knowledge
from soorgeon_clone.analysis.model import StatementFacts
from soorgeon_clone.analysis.objects.heap import Obj, Value
from soorgeon_clone.refactor.carriers.borders import Borders


@dataclass(frozen=True)
class Pickled:
    """What pickling a value takes: ``refers`` are the names of definitions that must exist when it is saved and loaded.

    ``serializer`` is pickle, cloudpickle, or a library whose own pickler takes its objects, and all else as cloudpickle
    does. ``obstacle`` says why it cannot be pickled ("an open file"), ``since`` which statement made it so.
    """

    serializer: str = "pickle"
    refers: frozenset[str] = frozenset()
    obstacle: str | None = None
    since: int = 0


@dataclass(frozen=True)
class Amended:
    """A definition to repeat, and which of its ``attributes`` cross: ``state`` is what they may hold."""

    obj: Obj
    statement: StatementFacts
    attributes: tuple[str, ...]
    state: Value


@dataclass(frozen=True)
class FileUse:
    """Files that the task which begins at border ``at`` reads and writes, each with the first statement to do so."""

    at: int
    reads: Mapping[str, int]
    writes: Mapping[str, int]


@dataclass
class Ledger:
    """``exported``: the definitions that go to exported.py. ``verdicts``: (name, border) -> how it is saved there.

    ``amended`` are definitions that are repeated and brought up to date, ``by_value`` functions that are pickled with
    their code: each crosses in one way everywhere. ``pickles`` holds what values take, for any cut with the same
    ``exported``. ``files``: what the tasks that touch files do to them, in order, once it is known what they repeat.
    ``held``: border -> the settings that come there as they are, since a statement cannot make them again.
    """

    borders: Borders
    knowledge: Knowledge
    exported: Mapping[str, StatementFacts]
    pickles: dict[tuple[Value, int], Pickled] = field(default_factory=dict)
    amended: dict[Obj, Amended] = field(default_factory=dict)
    by_value: set[Value] = field(default_factory=set)
    verdicts: dict[tuple[str, int], Pickled] = field(default_factory=dict)
    files: list[FileUse] = field(default_factory=list)
    held: dict[int, frozenset[str]] = field(default_factory=dict)

    def amended_as(self, value: Value) -> Amended | None:
        """Return how the definition that ``value`` is crosses if it was given something after it was made."""
        return self.amended.get(next(iter(value))) if len(value) == 1 else None
