"""No number was drawn: the generators that a notebook can seed are in the state in which they were."""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping
from typing import Any

from soorgeon_clone.pipeline.assumptions.guards.guard import Found, Guard, Subject


class DrawsNothing:
    """The guard of a task."""

    def __init__(self) -> None:
        self._before: dict[str, object] = {}

    def begin(self, namespace: Mapping[str, Any]) -> None:
        """Keep the states."""
        self._before = _states()

    def end(self, namespace: Mapping[str, Any]) -> Found | None:
        """Compare them."""
        for name, now in _states().items():
            if self._before.get(name, _at_first(name)) not in (now, None):
                return Found((), f"the state of {name} was changed: numbers were drawn from it, or it was seeded")
        return None


def _states() -> dict[str, object]:
    """Return the state of each generator whose library is imported."""
    found: dict[str, object] = {"random": random.getstate()}
    if (mtrand := sys.modules.get("numpy.random.mtrand")) is not None:
        kind, keys, *rest = mtrand.get_state()
        found["numpy.random"] = (kind, keys.tobytes(), *rest)
    if (torch := sys.modules.get("torch")) is not None and hasattr(torch, "get_rng_state"):
        found["torch"] = bytes(torch.get_rng_state().numpy())
    return found


def _at_first(name: str) -> object:
    """Return the state of a generator whose library was imported meanwhile, if nobody has drawn or seeded; None where
    it cannot be known, and does not matter: the system seeded it."""
    if name == "torch":
        return bytes(sys.modules["torch"].Generator().get_state().numpy())
    if name == "numpy.random":
        seeded = getattr(sys.modules["numpy.random.mtrand"]._rand._bit_generator, "_seed_seq", None) is None
        return "seeded" if seeded else None
    return None


def guard(subject: Subject) -> Guard:
    """Return the guard of a task."""
    return DrawsNothing()
