"""How much work an analysis may take: all limits in one place, and what is used up of them.

Whoever reaches one must assume anything: that all that can be reached may have been changed in any way.
"""

from __future__ import annotations

from dataclasses import dataclass

REACHED = "a limit of the analysis was reached"


@dataclass(frozen=True)
class Limits:
    """What may be done in one top-level statement, unless another unit is named."""

    passes: int = 1_000  # of one loop or recursion, until nothing new appears
    walked: int = 100_000  # statements, those of functions and of every pass included
    depth: int = 100  # calls inside one another
    calls: int = 1_500  # calls that are followed
    steps: int = 20_000  # objects looked at on the way from one object to what it holds
    width: int = 200_000  # objects that attributes and elements give
    size: int = 4_000  # nodes of function bodies that are followed, in the whole notebook, and
    size_of_statement: int = 60  # for each of its statements
    alternatives: int = 16  # objects that a value stands for while something is done with it
    constants: int = 4  # passes in which new constants appear: a text may get longer for ever
    views: int = 8  # arrays whose views are told apart at one place
    least: float = 1 / 16  # a statement that follows exhausted ones may use no less than this part


LIMITS = Limits()


class Effort:
    """What was used up in the statement that is walked, and of ``size`` in the whole notebook."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.size = limits.size
        self.part = 1.0  # of the limits that a statement may use
        self.begin()

    def begin(self) -> None:
        """Come to the next statement."""
        self.calls = 0
        self.steps = 0
        self.width = 0
        self.walked = 0

    @property
    def is_exhausted(self) -> bool:
        """Whether so much was followed in this statement that no more is."""
        limits = self.limits
        done = max(self.calls / limits.calls, self.steps / limits.steps, self.width / limits.width)
        return done > self.part

    @property
    def is_overrun(self) -> bool:
        """Whether loops went on for so long that they are left as they are."""
        return self.walked > self.limits.walked

    def spare(self) -> None:
        """Let the next statement use half as much: it would exhaust itself in the same functions."""
        self.part = max(self.part / 2, self.limits.least)
