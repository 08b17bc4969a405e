"""Explanations -> a few lines on the terminal: what is so, and the statements that make it so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from soorgeon_clone.analysis.evidence import OWN_CODE
from soorgeon_clone.cli import say
from soorgeon_clone.visible import one_line

if TYPE_CHECKING:
    from soorgeon_clone.notebook.model import Notebook
    from soorgeon_clone.pipeline.assumptions.remembered import Remembered
    from soorgeon_clone.refactor.model import Plan
    from soorgeon_clone.refactor.scene import Evidence, Explanation, Point, Scene

_MOST = 12  # points of one explanation
_MOST_STATEMENTS = 4  # of one point
_PLAIN = frozenset({OWN_CODE, "an assignment", "an import", "gives it", "asks for it"})


def explanations(
    source: Notebook, plan: Plan, level: int, asked: Iterable[str], known: Sequence[Remembered] = ()
) -> tuple[Explanation, ...]:
    """Return what is to be said of each thing that is asked for. Raise UserError for what there is not."""
    from soorgeon_clone.refactor.explain import explain

    return explain(scene_of(source, plan, level, known), asked)


def scene_of(source: Notebook, plan: Plan, level: int, known: Sequence[Remembered] = ()) -> Scene:
    """Return a plan with the facts and sections behind it."""
    from soorgeon_clone.notebook.sections import split
    from soorgeon_clone.refactor.scene import Scene

    return Scene(plan, split(source, level), known)


def show(told: Iterable[Explanation]) -> None:
    """Print explanations."""
    for explanation in told:
        say.echo(f"{one_line(explanation.about)} ({explanation.kind})")
        for point in explanation.points[:_MOST]:
            for line in _lines(point):
                say.echo(f"  {one_line(line)}")
        if len(explanation.points) > _MOST:
            say.echo(f"  ... and {len(explanation.points) - _MOST} more, which --json has")


def _lines(point: Point) -> Iterator[str]:
    shown = point.evidence[:_MOST_STATEMENTS]
    if len(shown) == 1:
        yield f"{point.what}: {_statement(shown[0])}"
    else:
        yield point.what
        yield from (f"  {_statement(one)}" for one in shown)
    if len(point.evidence) > _MOST_STATEMENTS:
        yield f"  ... and {len(point.evidence) - _MOST_STATEMENTS} more statements"
    yield from (f"  {text}" for text in dict.fromkeys(one.remedy for one in point.evidence) if text)


def _statement(one: Evidence) -> str:
    said = [one.rule] if one.rule not in _PLAIN else []
    way = f", in {', '.join(one.within)}" if one.within else ""
    because = f"  ({said[0]})" if said else ""
    return f"cell {one.cell}, row {one.row}: {one.source}{way}{because}"
