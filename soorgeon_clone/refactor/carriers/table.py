"""All carriers, in the order in which they are asked: the first that takes what is wanted carries it."""

from __future__ import annotations

from soorgeon_clone.refactor.carriers import (
    ambient,
    amended,
    beside,
    constants,
    exported,
    file,
    kept,
    pickled,
    rebuilt,
    repeated,
    session,
    settings,
    states,
)
from soorgeon_clone.refactor.carriers.carrier import Carrier, Refused, Taken, Want
from soorgeon_clone.refactor.carriers.ledger import Ledger
from soorgeon_clone.refactor.model import Part

CARRIERS: tuple[Carrier, ...] = (
    file,
    settings,
    kept,
    beside,
    states,
    constants,
    exported,
    session,
    ambient,
    repeated,
    amended,
    pickled,
    rebuilt,
)


def take(want: Want, ledger: Ledger) -> Taken | Refused:
    """Return how what is wanted comes; if no carrier takes it, what the last one said that has to do with it."""
    refused: Refused | None = None
    for carrier in CARRIERS:
        answer = carrier.take(want, ledger)
        if isinstance(answer, Taken):
            return answer
        refused = answer or refused
        if answer is not None and answer.final:
            break
    return refused or Refused(f"nothing takes `{want.name}` from one task to another", want.at - 1)


def part(name: str, border: int, ledger: Ledger) -> Part:
    """Return the part of a product that carries ``name``, saved at ``border``."""
    return next(part for carrier in CARRIERS if (part := carrier.part(name, border, ledger)) is not None)
