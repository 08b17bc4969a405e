"""Why the analysis says what it says: where a fact comes from, and whether it is known or only feared."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Because:
    """Where a fact comes from and what said so.

    ``statement``: index of the top-level statement (its cell follows). ``row``: 1-based row in that cell. ``rule``:
    what said so, as a reader knows it: ``pandas.DataFrame.drop (inplace=True)``, ``assignment to an item``, ``a comment
    in the notebook``. ``feared``: nobody knows what the code does, so the fact is only possible: code that nobody has
    described, or a limit of the analysis. ``within``: functions of the notebook that were entered on the way, each with
    the row where the code in it goes on: ``("clean, row 4",)``.
    """

    statement: int
    row: int
    rule: str
    feared: bool = False
    within: tuple[str, ...] = ()
