"""A variable -> where it is bound, what changes it, and how it comes to other tasks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from soorgeon_clone.analysis.model import StatementFacts
from soorgeon_clone.analysis.objects.heap import EMPTY, UNBOUND, Obj, Value
from soorgeon_clone.analysis.objects.types import FUNCTION, LIB
from soorgeon_clone.refactor.model import Carry
from soorgeon_clone.refactor.scene import Evidence, Explanation, Point, Scene, names_in


def variable(scene: Scene, name: str) -> Explanation:
    """Return all that is to be said of a variable."""
    life = sorted((*_bound(scene, name), *_changed(scene, name)), key=lambda item: item[0])
    return Explanation(name, "variable", (*(point for _, point in life), *_crosses(scene, name)))


def _bound(scene: Scene, name: str) -> Iterator[tuple[int, Point]]:
    for statement in scene.statements:
        if name in statement.binds:
            may = "" if statement.binds[name] else "may be "
            yield (
                statement.index,
                Point(f"{may}bound in {scene.task_of(statement.section)}", why(scene, statement, "binds", name)),
            )


def _changed(scene: Scene, name: str) -> Iterator[tuple[int, Point]]:
    for change in changes_of(scene, name):
        what = "may be changed" if change.feared else "changed"
        yield (
            change.statement.index,
            Point(
                f"{'' if change.whole else 'something in it is '}{what} in {scene.task_of(change.statement.section)}",
                why(scene, change.statement, "changes", change.obj),
            ),
        )


class Change(NamedTuple):
    """A statement that may change what a variable denotes at the time, or (not ``whole``) something in that."""

    statement: StatementFacts
    obj: Obj
    whole: bool
    feared: bool


def changes_of(scene: Scene, name: str) -> Iterator[Change]:
    """Yield the changes of what a variable denotes at the time, and of what is in that."""
    for statement, value in _values(scene, name):
        whole = [obj for obj in statement.changes if obj in value]
        parts = [] if whole else [obj for obj in statement.changes if obj in _parts(scene, value)]
        reasons = [(obj, statement.why["changes", obj]) for obj in (*whole, *parts)]
        if reasons:
            obj, reason = min(reasons, key=lambda item: item[1].feared)
            yield Change(statement, obj, bool(whole), reason.feared)


def _values(scene: Scene, name: str) -> Iterator[tuple[StatementFacts, Value]]:
    """Yield the statements from the first on that binds a variable, with what it may denote then."""
    value = EMPTY
    for section in scene.facts.sections if scene.facts is not None else ():
        after = section.after.get(name)
        here = value | after.value if after is not None else value
        for statement in section.statements:
            then = statement.read_bindings.get(name)
            found = (then.value if then is not None else here) - {UNBOUND}
            if found:
                yield statement, found
        value = after.value if after is not None else value


def _parts(scene: Scene, value: Value) -> frozenset[Obj]:
    """Return what is in a value; what functions refer to is their own."""
    assert scene.facts is not None
    return scene.facts.heap.reach(frozenset(obj for obj in value if obj.type not in (FUNCTION, LIB)))


def _crosses(scene: Scene, name: str) -> Iterator[Point]:
    """Yield how the variable comes to other tasks, and to which."""
    carried = [one for one in scene.plan.constraints if isinstance(one, Carry) and one.name == name]
    ways: dict[tuple[str, str], list[Carry]] = {}
    for one in carried:
        giver, taker = _provider(scene, one), scene.task_of(one.target)
        if giver != taker:
            ways.setdefault((one.how, giver), []).append(one)
    for (how, giver), found in ways.items():
        takers = ", ".join(dict.fromkeys(scene.task_of(one.target) for one in found))
        evidence = scene.all_evidence(one.because[-1] for one in found if one.because)
        yield Point(f"{way(how, giver, takers)}, where it is asked for", evidence)
    if not ways and scene.statements:
        yield Point("is asked for in no other task")


def _provider(scene: Scene, carry: Carry) -> str:
    """Return the task whose product has the value, else that of the statement that gave it last."""
    loads = scene.tasks[scene.task_of(carry.target)].loads
    return next((load.task for load in loads if carry.name in names_in(load)), scene.task_of(carry.source))


_WAYS = {
    "pickle": "saved by {giver}, loaded by {takers}",
    "ambient state": "its state saved by {giver}, put back by {takers}",
    "repeated statement": "its statement repeated in {takers}",
    "exported definition": "imported from exported.py by {takers}",
    "constant": "imported from exported.py by {takers}, as a constant",
    "amended definition": "its definition repeated in {takers}, what {giver} gave it loaded from a file",
    "rebuilt resource": "made again in {takers}",
    "import": "held by a module, which {takers} imports",
}


def way(how: str, giver: str, takers: str) -> str:
    """Return how something comes from one task to others, in words; ``how`` is the carrier's name."""
    return _WAYS.get(how, f"comes as {how} to {{takers}}").format(giver=giver, takers=takers)


def why(scene: Scene, statement: StatementFacts, kind: str, item: str | Obj) -> tuple[Evidence, ...]:
    """Return the reason of a fact as evidence."""
    assert scene.facts is not None
    because = scene.facts.because(statement, kind, item)
    return (scene.evidence(because),) if because is not None else ()
