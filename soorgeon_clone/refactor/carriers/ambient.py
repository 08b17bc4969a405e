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

_KEPT: dict[str, str] = {
    "figures": "it draws on a figure that an earlier section left open (start with `plt.subplots()` for a new one)",
}


def is_ambient(name: str) -> bool:
    return name.startswith(AMBIENT)


def can_carry(name: str) -> bool:
    return name.removeprefix(AMBIENT) in _STATES


def why_not(name: str) -> str:
    """Return why a state cannot be carried."""
    label = name.removeprefix(AMBIENT)
    return _KEPT.get(label, f"the state of {label} cannot be saved")


def part(name: str) -> Part:
    """Return the part that carries an ambient state (``@numpy_random``)."""
    label = name.removeprefix(AMBIENT)
    statement, save, load = _STATES[label]
    return Part(f"{label}_state", save, load, (statement,))
