"""Steps -> jobs of an engine with array jobs: a grid as one array where that is the same graph.

Where an engine limits how many jobs one may wait for, join jobs stand between, each of which waits for so many and does
nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from soorgeon_clone.export.model import Container, Step


@dataclass(frozen=True)
class Job:
    """One job: a step, several steps as an array, or none (a join). ``needs`` are names of jobs."""

    name: str
    steps: tuple[Step, ...]
    needs: tuple[str, ...]

    @property
    def is_join(self) -> bool:
        return not self.steps

    @property
    def split(self) -> str | None:
        """The job that finds the elements of which this one stands for all, else None."""
        return self.steps[0].each if self.steps else None

    @property
    def is_array(self) -> bool:
        return len(self.steps) > 1


def jobs(steps: Sequence[Step], *, largest: int, most_needs: int | None = None) -> tuple[Job, ...]:
    """The jobs, each after those that it needs. ``largest`` is an array's size, ``most_needs`` how many one waits
    for."""
    job_of: dict[str, str] = {}
    members: dict[str, tuple[Step, ...]] = {}
    taken = {step.name for step in steps}
    for group in _arrays(steps, largest):
        name = group[0].name if len(group) == 1 else _array_name(group, taken)
        members[name] = group
        job_of.update((step.name, name) for step in group)
    joins = _Joins(taken | set(members), most_needs or len(steps) + 1)
    found: list[Job] = []
    done: set[str] = set()
    for step in steps:
        name = job_of[step.name]
        if name in done:
            continue
        done.add(name)
        needs = list(dict.fromkeys(job_of[one] for one in step.upstream))
        found += joins.needed(needs)
        found.append(Job(name, members[name], tuple(needs)))
    return tuple(found)


def _arrays(steps: Sequence[Step], largest: int) -> Iterator[tuple[Step, ...]]:
    """The steps in groups that may be one job: of one grid, with equal upstream and container, and nothing that needs
    only some of them."""
    groups: dict[tuple[str, Container, tuple[str, ...], tuple[str, ...]], list[Step]] = {}
    for step in steps:
        groups.setdefault((step.entry, step.container, step.options, step.upstream), []).append(step)
    group_of = {step.name: number for number, group in enumerate(groups.values()) for step in group}
    sizes = [len(group) for group in groups.values()]
    partly: set[int] = set()
    for step in steps:
        counts = Counter(group_of[name] for name in step.upstream)
        partly.update(number for number, count in counts.items() if count < sizes[number])
    for number, group in enumerate(groups.values()):
        if number in partly:
            yield from ((step,) for step in group)
        else:
            yield from (tuple(group[at : at + largest]) for at in range(0, len(group), largest))


def _array_name(group: Sequence[Step], taken: set[str]) -> str:
    """A name for the array: after its first member, whose own name is free since it has no job of its own."""
    name = f"{group[0].name[:100]}-and-{len(group) - 1}-more"
    return group[0].name if name in taken else name


class _Joins:
    """Makes join jobs; tasks with the same upstream share them."""

    def __init__(self, taken: set[str], most: int) -> None:
        self.taken = taken
        self.most = most
        self.made: dict[tuple[str, ...], str] = {}
        self.count = 0

    def needed(self, needs: list[str]) -> list[Job]:
        """The join jobs to add before a job with these needs; ``needs`` is shortened in place."""
        found: list[Job] = []
        while len(needs) > self.most:
            parts = [tuple(needs[at : at + self.most]) for at in range(0, len(needs), self.most)]
            needs[:] = [part[0] if len(part) == 1 else self._join(part, found) for part in parts]
        return found

    def _join(self, part: tuple[str, ...], found: list[Job]) -> str:
        if part not in self.made:
            while True:
                self.count += 1
                name = f"join-{self.count}"
                if name not in self.taken:
                    break
            self.made[part] = name
            found.append(Job(name, (), part))
        return self.made[part]
