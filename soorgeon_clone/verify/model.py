"""The nouns of verification: what differs between a notebook and its pipeline, where, and probably why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from soorgeon_clone.pipeline.assumptions.remembered import Remembered

DifferenceKind = Literal["output", "variable", "failure", "not run"]
Verdict = Literal["same", "different", "not deterministic", "not run"]
CauseKind = Literal[
    "other code",
    "lost when saved",
    "changed unseen",
    "missing input",
    "cannot be saved",
    "file",
    "randomness",
    "drawing",
    "unknown",
]


@dataclass(frozen=True)
class Cause:
    """Why a section probably differs. ``first`` to ``last`` are the sections that would have to run together."""

    kind: CauseKind
    text: str
    first: int
    last: int


@dataclass(frozen=True)
class Difference:
    """One difference. ``cell`` counts all cells of the notebook from 0; ``variable`` is where in which value
    (``df["price"][3]``); ``notebook`` and ``pipeline`` are what there was, as text."""

    kind: DifferenceKind
    cell: int | None
    variable: str | None
    what: str
    notebook: str = ""
    pipeline: str = ""
    cause: Cause | None = None


@dataclass(frozen=True)
class SectionResult:
    """One section: how many cells with outputs and how many variables were compared, and the first difference."""

    number: int
    title: str
    task: str
    verdict: Verdict
    cells: int = 0
    variables: int = 0
    difference: Difference | None = None


@dataclass(frozen=True)
class Report:
    """What `verify` found. ``unstable`` are cells that show something else when the notebook itself is run again.

    ``assumed`` is what came of what tasks take for granted, in this run and in those that are remembered.
    """

    notebook: str
    pipeline: str
    sections: tuple[SectionResult, ...]
    unstable: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    assumed: tuple[Remembered, ...] = ()

    @property
    def same(self) -> bool:
        """Whether nothing speaks against the pipeline: what could be judged is the same."""
        return all(section.verdict in ("same", "not deterministic") for section in self.sections)

    @property
    def held(self) -> int:
        """How many assumptions were kept."""
        return sum(1 for one in self.assumed if one.kept and not one.broken)

    @property
    def first(self) -> SectionResult | None:
        return next((section for section in self.sections if section.verdict in ("different", "not run")), None)


@dataclass(frozen=True)
class Tolerance:
    """``rtol``: how far floats may be apart, relatively; ``pixels``: which share of an image may differ."""

    rtol: float = 0.0
    pixels: float = 0.0005


Node = Any
"""A part of a portrait: plain values, or tuples that begin with what they are (`portrait`)."""
