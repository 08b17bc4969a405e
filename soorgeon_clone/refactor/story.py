"""Scene -> the story of a notebook's data: what each variable lives through, and why tasks are as they are.

What `--explain` tells of one thing after the other, of all at once, as the page of ``explain`` shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from soorgeon_clone.analysis.objects.types import FUNCTION, LIB
from soorgeon_clone.refactor.explain import ARROW, explain
from soorgeon_clone.refactor.explain_variable import changes_of, variable
from soorgeon_clone.refactor.model import Carry
from soorgeon_clone.refactor.scene import Explanation, Scene

Kind = Literal["bound", "may be bound", "changed", "may be changed", "used"]
Way = Literal["carried", "exported", "repeated", "stays"]

# Carrier -> what a reader calls it; what is not here is carried.
_WAYS: dict[str, Way] = {
    "exported definition": "exported",
    "constant": "exported",
    "repeated statement": "repeated",
    "rebuilt resource": "repeated",
    "setting": "repeated",
}


@dataclass(frozen=True)
class Act:
    """What a statement does with a variable; cell and row count from 1, the section from 0."""

    kind: Kind
    section: int
    cell: int
    row: int


@dataclass(frozen=True)
class Life:
    """A variable from its definition to its last use. ``way``: how it comes to other tasks, if it does."""

    name: str
    acts: tuple[Act, ...]
    way: Way
    told: Explanation

    @property
    def sections(self) -> range:
        """From the section where it is first met to that where it is met last."""
        met = [act.section for act in self.acts]
        return range(min(met), max(met) + 1)


@dataclass(frozen=True)
class Story:
    """All that there is to tell. ``arrows`` are by the tasks at their two ends, the earlier one first."""

    scene: Scene
    lives: tuple[Life, ...]
    tasks: Mapping[str, Explanation]
    arrows: Mapping[tuple[str, str], Explanation]


def story(scene: Scene) -> Story:
    """Return the story. A notebook that nobody looked at closely has no lives, and no arrows."""
    tasks = {task.name: explain(scene, [task.name])[-1] for task in scene.plan.tasks}
    pairs = [(before, task.name) for task in scene.plan.tasks for before in task.upstream]
    arrows = {pair: explain(scene, [ARROW.join(pair)])[0] for pair in pairs}
    return Story(scene, tuple(_lives(scene)), tasks, arrows)


def _lives(scene: Scene) -> Iterator[Life]:
    """Yield the lives in the order of their beginnings."""
    acts = _acts(scene)
    ways: dict[str, set[Way]] = {}
    for one in scene.plan.constraints:
        if isinstance(one, Carry) and scene.task_of(one.source) != scene.task_of(one.target):
            ways.setdefault(one.name, set()).add(_WAYS.get(one.how, "carried"))
    for name, found in acts.items():
        known = ways.get(name, {"stays"})
        way = next(one for one in ("carried", "exported", "repeated", "stays") if one in known)
        yield Life(name, tuple(found), way, variable(scene, name))


def _acts(scene: Scene) -> Mapping[str, list[Act]]:
    """Return by variable what statements do with it, in their order."""
    found: dict[str, list[tuple[int, Act]]] = {}

    def note(name: str, kind: Kind, index: int, row: int | None = None) -> None:
        statement = scene.statements[index]
        act = Act(kind, statement.section, statement.cell + 1, row or statement.first)
        found.setdefault(name, []).append((index, act))

    for statement in scene.statements:
        for name in sorted(statement.reads & scene.variables):
            note(name, "used", statement.index)
        for name, surely in statement.binds.items():
            note(name, "bound" if surely else "may be bound", statement.index)
    for name in sorted(scene.variables & found.keys()):
        for change in changes_of(scene, name):
            if change.obj.type not in (FUNCTION, LIB):
                note(name, "may be changed" if change.feared else "changed", change.statement.index)
    return {name: [act for _, act in sorted(acts, key=lambda one: one[0])] for name, acts in found.items()}
