"""Plan and facts -> why: how a variable crosses, what a task takes and gives, why one task waits for another.

All of it is in the constraints that the plan was made of, and in the reasons of the facts. Here they are put in order,
for people and for `--json`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

from soorgeon_clone.analysis.model import AMBIENT, StatementFacts
from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.assumptions.model import Assumption
from soorgeon_clone.refactor.explain_variable import variable, way, why
from soorgeon_clone.refactor.model import Carry, MustMerge, MustPrecede, Task
from soorgeon_clone.refactor.scene import Evidence, Explanation, Point, Scene, names_in

ARROW = "->"
_SETTING = "setting "  # of a carry: "setting 12", made by statement 12


def explain(scene: Scene, asked: Iterable[str]) -> tuple[Explanation, ...]:
    """Return what is to be said of each of ``asked``: a variable, a task or ``a->b``. Raise UserError for others."""
    return tuple(explanation for text in asked for explanation in _explain(scene, text))


def _explain(scene: Scene, text: str) -> Iterator[Explanation]:
    if ARROW in text:
        before, _, after = text.partition(ARROW)
        yield _arrow(scene, _task_named(scene, before.strip()), _task_named(scene, after.strip()))
        return
    task = _find_task(scene, text)
    if text in scene.variables:
        told = variable(scene, text)
        yield replace(told, points=(*told.points, *_assumed_of(scene, text)))
    if task is not None:
        yield _task(scene, task, text)
    if task is None and text not in scene.variables:
        raise _unknown(text, [*scene.variables, *_task_names(scene)], "variable and no task")


def _task_names(scene: Scene) -> list[str]:
    return [*scene.tasks, *(section.name for section in scene.sections)]


def _find_task(scene: Scene, name: str) -> Task | None:
    """Return a task by its name, or by that of any of its sections."""
    owners = {section.name: scene.task_of(index) for index, section in enumerate(scene.sections)}
    return scene.tasks.get(name) or scene.tasks.get(owners.get(name, ""))


def _task_named(scene: Scene, name: str) -> Task:
    task = _find_task(scene, name)
    if task is None:
        raise _unknown(name, _task_names(scene), "task")
    return task


def _unknown(name: str, known: Sequence[str], what: str) -> UserError:
    names = sorted({one for one in known if not one.startswith(AMBIENT)})
    close = get_close_matches(name, names, n=3, cutoff=0.5)
    meant = f"Did you mean {' or '.join(close)}?" if close else f"There are: {', '.join(names[:20])}."
    return UserError(f"--explain: the notebook has no {what} called `{name}`", hint=meant, exit_code=2)


# -- a task ----------------------------------------------------------------------------------------------------


def _task(scene: Scene, task: Task, asked: str) -> Explanation:
    points = (
        *_joined(scene, task, asked),
        *_assumed(scene, task),
        *_taken(scene, task),
        *_given(scene, task),
        *_waited_for(scene, task),
    )
    return Explanation(task.name, "task", points or (Point("needs nothing of other tasks, and gives them nothing"),))


def _joined(scene: Scene, task: Task, asked: str) -> Iterator[Point]:
    """Yield why the task has several sections."""
    titles = [section.title for index, section in enumerate(scene.sections) if scene.task_of(index) == task.name]
    if len(titles) < 2:
        return
    if asked != task.name:
        yield Point(f"`{asked}` is a section of the task {task.name}")
    yield Point(f"has {len(titles)} sections: {', '.join(titles)}")
    told = False
    for one in scene.plan.constraints:
        if isinstance(one, MustMerge) and scene.task_of(one.first) == task.name and one.reason:
            told = True
            yield Point(f"joined: {one.reason}", scene.all_evidence(one.because))
    for number in (number for number in scene.plan.idle if scene.task_of(number) == task.name):
        told = True
        yield Point(f"joined: `{scene.sections[number].title}` only imports, defines and sets", _first(scene, number))
    if not told:
        yield from (Point(f"joined: {merge.reason}") for merge in scene.plan.merges if merge.task == task.name)


def _first(scene: Scene, section: int) -> tuple[Evidence, ...]:
    """Return the first statement of a section."""
    first = next((one for one in scene.statements if one.section == section), None)
    if first is None:
        return ()
    source = scene.sources[first.cell][first.first - 1].strip()
    return (Evidence(first.cell + 1, first.first, source, "nothing else is done there", feared=False),)


def _assumed_of(scene: Scene, name: str) -> Iterator[Point]:
    """Yield what tasks take for granted of a variable."""
    for task in scene.plan.tasks:
        about = [one for one in task.assumptions if name in one.names and one.kind != "binds nothing else"]
        for point in _points(scene, about):
            yield replace(point, what=f"{task.name}: {point.what}")


def _assumed(scene: Scene, task: Task) -> Iterator[Point]:
    """Yield what a task takes for granted, with the statements that could make it wrong."""
    yield from _points(scene, task.assumptions)


def _points(scene: Scene, assumptions: Iterable[Assumption]) -> Iterator[Point]:
    for what, several in by_sentence(assumptions).items():
        held = min((scene.held(one) for one in several), default=0)
        runs = f", held in {held} run{'s' * (held > 1)}" if held else ""
        yield Point(f"assumed, and checked when it runs{runs}: {what}", scene.causes(several))


def by_sentence(assumptions: Iterable[Assumption]) -> Mapping[str, Sequence[Assumption]]:
    """Return assumptions by what they say; exceptions from others are none."""
    found: dict[str, list[Assumption]] = {}
    for one in assumptions:
        if not one.is_exception:
            found.setdefault(_said(one), []).append(one)
    return found


def _said(assumption: Assumption) -> str:
    names = ", ".join(assumption.names)
    return {
        "unchanged": f"{names} is not changed" if len(assumption.names) == 1 else f"{names} are not changed",
        "apart": f"{names} share nothing that can change",
        "draws nothing": "nothing is drawn from seeded generators",
        "sets nothing": "no setting is made that outlives the task",
        "binds nothing else": "a star import binds no other name of the notebook",
    }[assumption.kind]


def _taken(scene: Scene, task: Task) -> Iterator[Point]:
    """Yield what a task loads and repeats, and which of its statements ask for it."""
    carried = {one.name: one for one in scene.plan.constraints if isinstance(one, Carry) and _is_for(scene, one, task)}
    loaded: set[str] = set()
    for load in task.loads:
        for label, name in zip(load.names, names_in(load), strict=True):
            loaded.add(name)
            because = carried[name].because if name in carried else ()
            yield Point(f"loads {label} from {load.task}", scene.all_evidence(because[-1:]))
    for name, carry in sorted(carried.items()):
        if name.startswith(_SETTING):
            yield from _setting(scene, scene.statements[int(name.removeprefix(_SETTING))])
        elif name not in loaded and carry.how not in ("file", "session"):
            said = way(carry.how, scene.task_of(carry.source), task.name)
            yield Point(f"{name}: {said}", scene.all_evidence((*carry.because[:1], *carry.because[-1:])))


def _setting(scene: Scene, statement: StatementFacts) -> Iterator[Point]:
    kinds = sorted(statement.sets)
    names = ", ".join(kind.removeprefix("other:").replace("_", " ") for kind in kinds)
    yield Point(f"repeats a setting ({names})", why(scene, statement, "sets", kinds[0]))


def _is_for(scene: Scene, carry: Carry, task: Task) -> bool:
    return scene.task_of(carry.target) == task.name


def _given(scene: Scene, task: Task) -> Iterator[Point]:
    """Yield what a task saves, and who loads it."""
    for bundle in task.saves:
        users = [
            t.name for t in scene.plan.tasks for load in t.loads if (load.task, load.bundle) == (task.name, bundle)
        ]
        names = " and ".join(part.name for part in bundle.parts)
        together = ", in one file since they may share something," if len(bundle.parts) > 1 else ""
        yield Point(f"saves {names}{together} for {', '.join(dict.fromkeys(users)) or 'nobody'}")


def _waited_for(scene: Scene, task: Task) -> Iterator[Point]:
    for one in scene.plan.constraints:
        if isinstance(one, MustPrecede) and scene.task_of(one.last) == task.name:
            yield Point(f"waits for {scene.task_of(one.first)}: {one.reason}", scene.all_evidence(one.because))


# -- an arrow --------------------------------------------------------------------------------------------------


def _arrow(scene: Scene, before: Task, after: Task) -> Explanation:
    points: list[Point] = []
    for load in after.loads:
        if load.task == before.name:
            points += [
                _loaded(scene, after, label, name) for label, name in zip(load.names, names_in(load), strict=True)
            ]
    for one in scene.plan.constraints:
        if isinstance(one, MustPrecede) and (scene.task_of(one.first), scene.task_of(one.last)) == (
            before.name,
            after.name,
        ):
            points.append(Point(one.reason, scene.all_evidence(one.because)))
    about = f"{before.name}{ARROW}{after.name}"
    return Explanation(about, "arrow", tuple(points) or (Point(_no_arrow(scene, before, after)),))


def _loaded(scene: Scene, task: Task, label: str, name: str) -> Point:
    for one in scene.plan.constraints:
        if isinstance(one, Carry) and one.name == name and _is_for(scene, one, task):
            return Point(f"{task.name} loads {label}", scene.all_evidence(one.because))
    return Point(f"{task.name} loads {label}")


def _no_arrow(scene: Scene, before: Task, after: Task) -> str:
    if before == after:
        return "they are one task"
    path = _path(scene, before.name, after.name)
    if path:
        return f"{after.name} waits for {before.name} by way of {', '.join(path[1:-1])} only"
    if _path(scene, after.name, before.name):
        return f"it is the other way round: {before.name} waits for {after.name}"
    return f"{after.name} does not wait for {before.name}"


def _path(scene: Scene, first: str, last: str) -> tuple[str, ...]:
    """Return the shortest way from a task to one that waits for it."""
    ways: list[tuple[str, ...]] = [(last,)]
    seen = {last}
    for steps in ways:
        if steps[0] == first:
            return steps
        for name in scene.tasks[steps[0]].upstream:
            if name not in seen:
                seen.add(name)
                ways.append((name, *steps))
    return ()
