"""Scene -> the reason of every arrow and merge in a sentence, with a statement to look at and what to do about it.

What `refactor` tells without being asked; `explain` has all statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from soorgeon_clone.analysis.because import Because
from soorgeon_clone.analysis.knowledge.effects import UNDESCRIBED
from soorgeon_clone.refactor.explain import by_sentence
from soorgeon_clone.refactor.model import Carry, MustMerge, MustPrecede, Task
from soorgeon_clone.refactor.scene import Evidence, Scene, names_in


@dataclass(frozen=True)
class Reason:
    """Why two tasks follow each other, or sections are one task. ``places`` has at least one statement.

    ``remedy`` is what to write or to change, "" if nothing would help, or nothing is needed.
    """

    what: str
    places: tuple[Evidence, ...]
    remedy: str = ""


def arrow_reasons(scene: Scene) -> Mapping[tuple[str, str], tuple[Reason, ...]]:
    """Return by both ends of each arrow, the earlier task first, what crosses there and who gave it."""
    return {
        (before, task.name): tuple(_arrow(scene, before, task)) for task in scene.plan.tasks for before in task.upstream
    }


def merge_reasons(scene: Scene) -> Mapping[str, tuple[Reason, ...]]:
    """Return by task of several sections why these are one."""
    found: dict[str, list[Reason]] = {merge.task: [] for merge in scene.plan.merges}
    for one in scene.plan.constraints:
        if isinstance(one, MustMerge) and one.reason:
            places = scene.all_evidence(one.because) or _border(scene, one)
            remedy = f"to part them, {one.remedy}" if one.remedy else _remedy(places)
            found.setdefault(scene.task_of(one.first), []).append(Reason(one.what or one.reason, places, remedy))
    for merge in scene.plan.merges:
        if not found[merge.task]:
            found[merge.task].append(Reason(merge.reason, ()))
    return {task: tuple(dict.fromkeys(reasons)) for task, reasons in found.items()}


def assumed_reasons(scene: Scene) -> Mapping[str, tuple[Reason, ...]]:
    """Return by task what it takes for granted, where anything is."""
    found = {
        task.name: tuple(Reason(what, scene.causes(some)) for what, some in by_sentence(task.assumptions).items())
        for task in scene.plan.tasks
    }
    return {task: reasons for task, reasons in found.items() if reasons}


def _border(scene: Scene, one: MustMerge) -> tuple[Evidence, ...]:
    """Return where the last of the sections begins, for what was seen in a run and not in a statement."""
    cells = [cell for cell in scene.sections[one.last].cells if cell.kind == "code"]
    if not cells:
        return ()
    first = next(line for line in cells[0].source.split("\n") if line.strip())
    return (Evidence(cells[0].index + 1, 1, first.strip(), "seen in a run", feared=False),)


def _arrow(scene: Scene, before: str, task: Task) -> Iterator[Reason]:
    """Yield what is loaded, names of one statement together, and the files that both tasks touch."""
    loaded: dict[Because | None, list[str]] = {}
    asking: dict[Because | None, tuple[Because, ...]] = {}
    for load in task.loads:
        if load.task == before:
            for label, name in zip(load.names, names_in(load), strict=True):
                because = _because(scene, task, name)
                giver = _giver(scene, before, because)
                loaded.setdefault(giver, []).append(label)
                asking.setdefault(giver, tuple(because[-1:]))
    for giver, names in loaded.items():
        yield _loaded(scene, ", ".join(names), giver, asking[giver])
    for one in scene.plan.constraints:
        if isinstance(one, MustPrecede) and (scene.task_of(one.first), scene.task_of(one.last)) == (before, task.name):
            places = scene.all_evidence(one.because)
            yield Reason(_shared(one), places, _remedy(places))


def _shared(one: MustPrecede) -> str:
    if one.path == "*":
        return "both may touch the same file, whose name is not known"
    return (
        f"`{one.path}`, which may be a file that both touch"
        if one.feared
        else f"the file `{one.path}`, which both touch"
    )


def _giver(scene: Scene, before: str, because: Sequence[Because]) -> Because | None:
    """Return the last statement of the earlier task that gave a value or changed it."""
    for one in reversed(because[:-1]):
        if scene.task_of(scene.statements[one.statement].section) == before:
            return one
    return None


def _loaded(scene: Scene, names: str, giver: Because | None, asking: Sequence[Because]) -> Reason:
    if giver is None:
        return Reason(f"{names}, passed on for", scene.all_evidence(asking))
    places = scene.all_evidence([giver])
    if not giver.feared:
        return Reason(names, places)
    call = giver.rule.removeprefix(f"{UNDESCRIBED}: ")
    return Reason(f"`{call}` may change {names}", places, _remedy(places))


def _because(scene: Scene, task: Task, name: str) -> Sequence[Because]:
    for one in scene.plan.constraints:
        if isinstance(one, Carry) and one.name == name and scene.task_of(one.target) == task.name:
            return one.because
    return ()


def _remedy(places: Iterable[Evidence]) -> str:
    """Return in short what to write where code does not do what is feared; `explain` says where else it can stand."""
    return next((place.remedy.partition(", or in ")[0] for place in places if place.remedy), "")
