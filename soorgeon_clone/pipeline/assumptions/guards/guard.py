"""What a guard is: it looks at a process when a task has loaded what it needs, and again when its last cell has run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from soorgeon_clone.pipeline.assumptions.model import Assumption


@dataclass(frozen=True)
class Subject:
    """What a guard is to look at: assumptions that differ by their cause alone, and the task's cells.

    ``loads`` are the cells that the task begins with, ``own`` those of the notebook.
    """

    assumptions: tuple[Assumption, ...]
    loads: tuple[str, ...] = ()
    own: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return self.assumptions[0].names


@dataclass(frozen=True)
class Found:
    """That it was not so: for which variables, and what was seen, in words."""

    names: tuple[str, ...]
    text: str


@runtime_checkable
class Pausing(Protocol):
    """A guard that does not look at what some statements do."""

    def pause(self) -> None:
        """Look at what came before such a statement."""

    def resume(self) -> None:
        """Begin anew behind it."""


class Guard(Protocol):
    """One guard of one task. Made by its module's function ``guard(subject)``."""

    def begin(self, namespace: Mapping[str, Any]) -> None:
        """Look at what is there before the task's own cells run."""

    def end(self, namespace: Mapping[str, Any]) -> Found | None:
        """Look again after the last cell; return what was not as assumed."""
