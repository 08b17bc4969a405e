"""What a task takes for granted, and what came of it when the task ran."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

Kind = Literal["unchanged", "apart", "draws nothing", "sets nothing", "binds nothing else"]
KINDS: tuple[Kind, ...] = get_args(Kind)


IN_MEMORY = ("in memory",)


@dataclass(frozen=True)
class Cause:
    """The statement that nobody knows enough about: its text in one line (see `statements.normalized`) and its place.

    ``cell`` is the number of the notebook's cell, counted from 1, and ``row`` the line in it; 0 where unknown.
    """

    statement: str
    cell: int = 0
    row: int = 0

    @property
    def place(self) -> str:
        """Return ``cell 14, line 3``; "" where nothing is known."""
        line = f"line {self.row}" if self.row else ""
        return ", ".join(part for part in (f"cell {self.cell}" if self.cell else "", line) if part)


@dataclass(frozen=True)
class Assumption:
    """Something that a task takes for granted.

    ``names`` are variables: those that are as they were when they were loaded (``unchanged``), those of which no two
    share anything that can change (``apart``), those that a star import does not bind (``binds nothing else``). Where
    several statements could break it, there is an assumption for each: they differ by ``cause`` alone.

    ``where`` is for settings: ``("in", "mylib")`` are those of the process, and what ``mylib`` itself remembers;
    ``("outside", "mylib")`` only those of the process. ``("beside",)`` says that ``cause`` is a statement that makes
    settings, as is known: what it does is not looked at. For ``apart`` it may be `IN_MEMORY`: the variables may have
    objects in common, which stand in one file, but no two arrays show the same memory, which no file keeps.
    """

    kind: Kind
    names: tuple[str, ...] = ()
    cause: Cause | None = None
    where: tuple[str, ...] = ()

    @property
    def is_exception(self) -> bool:
        """Whether it says what is not looked at."""
        return self.where == ("beside",)


@dataclass(frozen=True)
class Effect:
    """What a statement does, as the analysis would have to know it.

    ``callee`` is the path of what is called (``mylib.balance``). ``argument`` is how it was given the variable: its
    position (``0``), its keyword (``df``), ``self`` for what the method is called on. Each is "" where unknown.
    """

    callee: str = ""
    argument: str = ""


@dataclass(frozen=True)
class Broken:
    """An assumption that did not hold, in one run of a task.

    ``cell``, ``row`` and ``statement`` are those of the cause, 0 and "" where the task does not name one. ``found``
    is what was seen, in words (``3 of 12 columns, first at raw["age"][17]: 31.0 -> 30.5``); ``remedy`` is what to do,
    one order a line. ``names`` are only those for which it did not hold. ``certain``: nothing else in the task can have
    done it, as far as the task says.
    """

    task: str
    kind: Kind
    names: tuple[str, ...]
    cell: int
    row: int
    statement: str
    effect: Effect
    found: str
    remedy: tuple[str, ...] = ()
    certain: bool = True


@dataclass(frozen=True)
class Kept:
    """An assumption that held, in one run of a task."""

    task: str
    assumption: Assumption
    effect: Effect = field(default_factory=Effect)
