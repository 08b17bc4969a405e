"""State that advances (seeded random generators) -> a value that is saved after a task and put back before the next."""

from __future__ import annotations

from soorgeon_clone.analysis.model import AMBIENT
from soorgeon_clone.refactor.model import Part

# resource -> (import, expression that gives the state, statement that puts it back)
_STATES: dict[str, tuple[str, str, str]] = {
    "python_random": ("import random", "random.getstate()", "random.setstate({value})"),
    "numpy_random": ("import numpy", "numpy.random.get_state()", "numpy.random.set_state({value})"),
    "torch_random": ("import torch", "torch.get_rng_state()", "torch.set_rng_state({value})"),
}


def is_ambient(name: str) -> bool:
    return name.startswith(AMBIENT)


def can_carry(name: str) -> bool:
    return name.removeprefix(AMBIENT) in _STATES


def part(name: str) -> Part:
    """Return the part that carries an ambient state (``@numpy_random``)."""
    label = name.removeprefix(AMBIENT)
    statement, save, load = _STATES[label]
    return Part(f"{label}_state", save, load, (statement,))
