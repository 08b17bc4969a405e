"""No number was drawn: the generators that a notebook can seed are in the state in which they were."""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping
from typing import Any

from soorgeon_clone.pipeline.assumptions.guards.guard import Found, Guard, Subject
from soorgeon_clone.pipeline.assumptions.late_imports import LateImports

# Package -> the module that holds its generator: both may be imported late, by whoever draws from it. (With numpy 2.3,
# `import numpy` alone leaves numpy.random for later.)
_HOLDERS = {"numpy": "numpy.random.mtrand", "torch": "torch"}


class DrawsNothing:
    """The guard of a task."""

    def __init__(self) -> None:
        self._before: dict[str, object] = {}
        self._late: LateImports | None = None

    def begin(self, namespace: Mapping[str, Any]) -> None:
        """Keep the states."""
        self._before = _states()
        if absent := [package for package, holder in _HOLDERS.items() if holder not in sys.modules]:
            self._late = LateImports(absent, self._look_at_new)
            self._late.begin()

    def _look_at_new(self) -> None:
        """Keep the states of generators that are there now and were not."""
        self._before = {**_states(), **self._before}

    def end(self, namespace: Mapping[str, Any]) -> Found | None:
        """Compare them."""
        if self._late is not None:
            self._late.end()
        for name, now in _states().items():
            if self._before.get(name, now) != now:
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


def guard(subject: Subject) -> Guard:
    """Return the guard of a task."""
    return DrawsNothing()
