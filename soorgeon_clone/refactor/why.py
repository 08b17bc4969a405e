"""Why something cannot cross, in plain words: a `Refused` of a carrier -> a constraint that names the statements."""

from __future__ import annotations

from collections.abc import Iterable

from soorgeon_clone.analysis.because import Because
from soorgeon_clone.refactor.carriers.borders import Borders
from soorgeon_clone.refactor.carriers.carrier import Fact, Refused
from soorgeon_clone.refactor.model import MustMerge

_LONGEST = 60  # characters of a statement that a reason shows
_MOST_NAMED = 2  # statements of a kind that it names


def must_merge(borders: Borders, refused: Refused, last: int, askers: Iterable[int] = ()) -> MustMerge:
    """Return the constraint: sections from where a value was made to ``last``, where ``askers`` ask for it."""
    last = min(last, len(borders.facts.sections) - 1)
    first = max(0, min(refused.first, last - 1))
    roles = ((refused.role, refused.made), ("changed by", refused.changed), ("asked for by", tuple(askers)))
    named = list(dict.fromkeys(number for _, numbers in roles for number in numbers))
    because = tuple(because_of(borders, number, refused.rule or refused.what, refused.facts) for number in named)
    return MustMerge(first, last, reason(borders, refused, roles), because, refused.what, refused.remedy)


def because_of(borders: Borders, number: int, rule: str, facts: Iterable[Fact] = ()) -> Because:
    """Return why a statement counts: because of the first of ``facts`` that is one of its facts, else for ``rule``."""
    statement = borders.statements[number]
    for kind, item in facts:
        found = borders.facts.because(statement, kind, item)
        if found is not None:
            return found
    return Because(number, statement.first, rule)


def reason(borders: Borders, refused: Refused, roles: Iterable[tuple[str, tuple[int, ...]]]) -> str:
    """Return the reason in a sentence or two: what cannot cross, the statements, and what would part them."""
    said: set[int] = set()
    places = []
    for role, numbers in roles:
        fresh = [number for number in numbers if number not in said][:_MOST_NAMED]
        said.update(numbers)
        if fresh:
            places.append(f"{role} {' and '.join(cite(borders, number) for number in fresh)}".lstrip())
    where = f" ({', '.join(places)})" if places else ""
    remedy = f" To part them, {refused.remedy}." if refused.remedy else ""
    return f"{refused.what}{where}.{remedy}"


def cite(borders: Borders, number: int) -> str:
    """Return a statement as a reader finds it: its first line and its cell, counted from 1."""
    statement = borders.statements[number]
    line, *more = borders.source(statement).strip().split("\n")
    short = f"{line[:_LONGEST]} ..." if more or len(line) > _LONGEST else line
    return f"`{short}` in cell {statement.cell + 1}"
