"""What cells read and write, what was tried already -> which cell to try next, when an order is looked for by running.

A state is what ran so far. What a cell computes depends on the versions of the names that it reads: where it failed
once, it fails again with the same versions, and a state is hopeless when no cell is left that would change them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace

# What cells share without a name of theirs, as names.
RANDOM = "@random"  # the state of the generators that libraries share
SETTINGS = "@settings"  # how libraries draw and print


@dataclass(frozen=True)
class Step:
    """A code cell. ``needs``: names that must be bound; ``reads``: all that it may read; ``writes``: bound, changed or
    deleted. ``shows``: an output was recorded that its run can be compared with. ``likeness``: cells that have the
    same may stand for each other. ``rank``: its place in the likeliest order, as far as is known without running."""

    needs: frozenset[str]
    reads: frozenset[str]
    writes: frozenset[str]
    rank: int
    shows: bool = False
    likeness: str = ""


@dataclass(frozen=True)
class Choice:
    """A cell to try. ``final``: where it works, it may stay, whatever comes later: nothing depends on its place."""

    cell: int
    final: bool


@dataclass
class Plan:
    """The search's knowledge. Each process has its own copy; ``failed``, ``hopeless`` and ``unstable`` are shared by
    a log. ``unstable`` are cells whose recorded outputs cannot be had."""

    steps: list[Step]
    unstable: set[int] = field(default_factory=set)
    failed: set[tuple[int, int]] = field(default_factory=set)
    hopeless: set[int] = field(default_factory=set)
    done: list[int] = field(default_factory=list)
    bound: set[str] = field(default_factory=set)
    versions: dict[str, int] = field(default_factory=dict)

    @property
    def remaining(self) -> list[int]:
        taken = set(self.done)
        return [cell for cell in range(len(self.steps)) if cell not in taken]

    def signature(self, cell: int) -> int:
        """Return a number for what the cell would see now."""
        return hash((cell, tuple((name, self.versions.get(name, 0)) for name in sorted(self.steps[cell].reads))))

    def state(self) -> int:
        """Return a number for what is left to do, and what it would see."""
        return hash(tuple((cell, self.signature(cell)) for cell in self.remaining))

    def take(self, cell: int) -> None:
        """Note that the cell ran."""
        seen = self.signature(cell)
        self.done.append(cell)
        self.bound |= self.steps[cell].writes
        for name in self.steps[cell].writes:
            self.versions[name] = hash((name, seen))

    def draws(self, cell: int) -> None:
        """Note that the cell takes random numbers, which its text did not tell."""
        step = self.steps[cell]
        self.steps[cell] = replace(step, reads=step.reads | {RANDOM}, writes=step.writes | {RANDOM})

    def is_settled(self, cell: int) -> bool:
        """Tell whether the cell sees the same in all orders."""
        writers: dict[str, list[int]] = {}
        for other, step in enumerate(self.steps):
            for name in step.writes:
                writers.setdefault(name, []).append(other)
        seen: set[int] = set()
        waiting = [cell]
        while waiting:
            one = waiting.pop()
            if one in seen:
                continue
            seen.add(one)
            for name in self.steps[one].reads:
                others = [other for other in writers.get(name, ()) if other != one]
                if len(others) > 1 or (others and name not in self.steps[one].needs):
                    return False
                waiting += others
        return True

    def is_hopeless(self) -> bool:
        """Tell whether some cell can never run from here."""
        if self.state() in self.hopeless:
            return True
        remaining = self.remaining
        writers = Counter(name for cell in remaining for name in self.steps[cell].writes)
        for cell in remaining:
            step = self.steps[cell]
            has_failed = (cell, self.signature(cell)) in self.failed
            if has_failed and not any(writers[name] > (name in step.writes) for name in step.reads):
                return True
            if any(not writers[name] for name in step.needs - self.bound):
                return True
        return False

    def choices(self, tried: Collection[int]) -> list[Choice]:
        """Return the cells to try next, the likeliest first."""
        remaining = self.remaining
        readers = Counter(name for cell in remaining for name in self.steps[cell].reads)
        writers = Counter(name for cell in remaining for name in self.steps[cell].writes)
        waiting = [cell for cell in remaining if (cell, self.signature(cell)) not in self.failed]
        content = Counter(name for cell in waiting for name in self.steps[cell].reads)
        likenesses = {self.steps[cell].likeness or cell for cell in tried}
        found: list[tuple[tuple[bool, int, int, int], Choice]] = []
        for cell in waiting:
            step = self.steps[cell]
            if not step.needs <= self.bound or (step.likeness or cell) in likenesses:
                continue
            likenesses.add(step.likeness or cell)
            is_seen = any(readers[name] > (name in step.reads) for name in step.writes)
            is_checked = step.shows and cell not in self.unstable
            # how many could still want what it overwrites, and how many could still change what it reads
            kills = sum(content[name] - (name in step.reads) for name in step.writes & self.bound)
            unsettled = 0 if is_checked else sum(writers[name] - (name in step.writes) for name in step.reads)
            if self._has_outputs:
                key = (is_seen or not is_checked, kills, unsettled, step.rank)
            else:
                key = (False, 0, 0, step.rank)
            found.append((key, Choice(cell, not is_seen and not unsettled)))
        return [choice for _, choice in sorted(found, key=lambda one: one[0])]

    @property
    def _has_outputs(self) -> bool:
        return any(step.shows for step in self.steps)
