"""How much work an analysis may take: all limits in one place, and what is used up of them.

Whoever reaches one must assume anything: that all that can be reached may have been changed in any way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

REACHED = "a limit of the analysis was reached"


@dataclass(frozen=True)
class Limits:
    """What may be done in one top-level statement, unless another unit is named."""

    passes: int = 1_000  # of one loop or recursion, until nothing new appears
    walked: int = 100_000  # statements, those of functions and of every pass included
    depth: int = 100  # calls inside one another
    calls: int = 1_500  # calls that are followed, and
    calls_in_rounds: int = 5_000  # where each function is followed once in a round
    apart: float = 1 / 4  # from this part of any of these on, that is done
    steps: int = 20_000  # objects looked at on the way from one object to what it holds
    steps_again: int = 50_000  # the same where the notebook is looked at once more
    width: int = 200_000  # objects that attributes and elements give
    held: int = 250_000  # objects that others hold, looked at once more
    size: int = 4_000  # nodes of function bodies that are followed, in the whole notebook, and
    size_of_statement: int = 60  # for each of its statements
    alternatives: int = 16  # objects that a value stands for while something is done with it
    constants: int = 4  # passes in which new constants appear: a text may get longer for ever
    views: int = 8  # arrays whose views are told apart at one place
    modules: int = 500_000  # characters of modules beside the notebook, in the whole notebook
    least: float = 1 / 16  # a statement that follows exhausted ones may use no less than this part
    beyond: float = 20.0  # times what exhausts it: then its loops are left as they are
    whole: float = 12.0  # statements that exhaust all this, in the whole notebook, and
    whole_again: float = 1.0  # the same where it is looked at once more
    whole_of_statement: float = 0.005  # for each of its statements; from then on they may use the least part
    most: float = 3.0  # times that: then nothing more is followed


LIMITS = Limits()


def again(limits: Limits, taken: float) -> Limits:
    """Return the limits where a notebook is looked at once more: a statement may take more, all of them less.

    They may take what they took before and a little more, or what was found then would be lost now.
    """
    whole = min(limits.whole, max(limits.whole_again, 1.25 * taken))
    return replace(limits, steps=limits.steps_again, whole=whole)


TOO_LONG = "the code above it takes too long to follow"


class TooMany(Exception):
    """What a statement does is not followed, nor what comes after it."""


class Effort:
    """What was used up in the statement that is walked, and in the whole notebook so far."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.size = limits.size
        self._allow(1.0)
        self.statements = 0
        self.whole = 0.0  # used up by all statements, as parts of what exhausts one
        self.has_exhausted = False  # whether any statement did, so that anything was assumed of it
        self._clear()

    def _clear(self) -> None:
        self.calls = 0
        self.steps = 0
        self.width = 0
        self.held = 0
        self.walked = 0

    def _allow(self, part: float) -> None:
        """Let a statement use this part of the limits."""
        limits = self.limits
        self.part = part
        self._calls, self._steps = part * limits.calls, part * limits.steps
        self._width, self._held = part * limits.width, part * limits.held

    def begin(self) -> None:
        """Come to the next statement. Raises TooMany where the statements before it used too much."""
        limits = self.limits
        self.statements += 1
        self.whole += self._used()
        self._clear()
        allowed = limits.whole + limits.whole_of_statement * self.statements
        if self.whole > allowed:
            self._allow(limits.least)
        if self.whole > limits.most * allowed:
            raise TooMany(TOO_LONG)

    @property
    def is_exhausted(self) -> bool:
        """Whether so much was followed in this statement that no more is."""
        return (
            self.calls > self._calls or self.steps > self._steps or self.width > self._width or self.held > self._held
        )

    @property
    def is_strained(self) -> bool:
        """Whether so much was followed in this statement that calls are no longer followed one by one."""
        return self._used() > self.part * self.limits.apart

    @property
    def is_overrun(self) -> bool:
        """Whether loops went on for so long that they are left as they are."""
        return self.walked > self.limits.walked or self._used() > self.limits.beyond

    def _used(self) -> float:
        limits = self.limits
        return max(
            self.calls / limits.calls,
            self.steps / limits.steps,
            self.width / limits.width,
            self.held / limits.held,
        )

    def look_at(self, *values: Iterable[Any]) -> None:
        """Count what a call is given: what that holds is looked at several times."""
        for value in values:
            for obj in value:
                if obj.fields:
                    self.held += sum(map(len, obj.fields.values()))

    @contextmanager
    def in_rounds(self) -> Iterator[None]:
        """Allow what is used in rounds."""
        self._calls = self.part * self.limits.calls_in_rounds
        try:
            yield
        finally:
            self._allow(self.part)

    def spare(self) -> None:
        """Let the next statement use half as much: it would exhaust itself in the same functions."""
        self._allow(max(self.part / 2, self.limits.least))
