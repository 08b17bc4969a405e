"""What a carrier is: one way in which a part of the notebook's state crosses from one task to a later one.

A carrier is a module that has what `Carrier` lists, and a row in `table.CARRIERS`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Protocol

from soorgeon_clone.analysis.model import StatementFacts
from soorgeon_clone.analysis.objects.heap import Obj
from soorgeon_clone.analysis.objects.state import Binding
from soorgeon_clone.refactor.carriers.ledger import Ledger
from soorgeon_clone.refactor.model import Part

Fact = tuple[str, Hashable]
"""Kind and item, as `NotebookFacts.because` takes them: ``("changes", obj)``."""


@dataclass(frozen=True)
class Want:
    """What a task asks for when it begins at border ``at``: what ``name`` denotes there.

    ``name`` is a variable, an ambient state (``@numpy_random``), or by `FILE` and `SETTING` a file or a setting; those
    have no ``binding``. ``asker`` is the statement for which it is needed, the task's last one is ``stop - 1``.
    """

    name: str
    at: int
    binding: Binding | None
    asker: int
    stop: int


@dataclass(frozen=True)
class Taken:
    """How it comes: by the carrier ``how``, as statements that the task repeats, or out of a file that it loads.

    ``needs`` are names that the task needs besides. ``after`` are earlier tasks that must have ended, by their borders,
    each with the statement that is the reason.
    """

    how: str
    repeats: tuple[StatementFacts, ...] = ()
    loads: bool = False
    needs: tuple[str, ...] = ()
    after: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Refused:
    """Why it cannot come: sections ``first`` to ``last`` (if none is named, the asking one) must be one task.

    ``what`` is the reason in a sentence without its end, ``made`` and ``changed`` the statements that it speaks of
    (``role`` says how, of the former), ``rule`` the reason in short and ``remedy`` what a person can do about it, as an
    order. ``facts`` are the facts of these statements that count, as `NotebookFacts.because` knows them. ``final``: no
    other carrier is asked.
    """

    what: str
    first: int
    made: tuple[int, ...] = ()
    changed: tuple[int, ...] = ()
    rule: str = ""
    remedy: str = ""
    last: int | None = None
    final: bool = False
    role: str = "made by"
    facts: tuple[Fact, ...] = ()


def about(name: str, objects: Iterable[Obj] = ()) -> tuple[Fact, ...]:
    """Return the facts that a statement gives a name its value, or asks for it, or changes objects or compares them."""
    told = tuple((kind, obj) for obj in objects for kind in ("changes", "identity"))
    return (*told, ("binds", name), ("reads", name))


class Carrier(Protocol):
    """A module of this package."""

    HOW: str
    """Its name, for those who ask how something crosses."""

    def take(self, want: Want, ledger: Ledger) -> Taken | Refused | None:
        """Return how it takes what is wanted, why it cannot, or None if that is not its kind."""

    def part(self, name: str, border: int, ledger: Ledger) -> Part | None:
        """Return what a product says of ``name``, saved at ``border``: the code that saves it and the code that puts
        it back. None if that is not its kind, or no file carries it."""
