"""State that advances (seeded random generators) -> a value that is saved after a task and put back before the next."""

from __future__ import annotations

import sys

from soorgeon_clone.analysis.model import AMBIENT
from soorgeon_clone.refactor.carriers.carrier import Refused, Taken, Want, about
from soorgeon_clone.refactor.carriers.ledger import Ledger
from soorgeon_clone.refactor.model import Part

HOW = "ambient state"

# resource -> (import, expression that gives the state, statement that puts it back)
_STATES: dict[str, tuple[str, str, str]] = {
    "python_random": ("import random", "random.getstate()", "random.setstate({value})"),
    "numpy_random": ("import numpy", "numpy.random.get_state()", "numpy.random.set_state({value})"),
    "torch_random": ("import torch", "torch.get_rng_state()", "torch.set_rng_state({value})"),
}

# Libraries that come with most others.
_COMMON = frozenset({"numpy"})

# of states that cannot be saved: what to say, and what to do
_KEPT: dict[str, tuple[str, str]] = {
    "displays": ("it may change what an earlier section shows", "show it again, with `display`"),
    "figures": ("it draws on a figure that an earlier section left open", "begin with `plt.subplots()` for a new one"),
}


def take(want: Want, ledger: Ledger) -> Taken | Refused | None:
    if not is_ambient(want.name) or want.binding is None:
        return None
    state = want.name.removeprefix(AMBIENT)
    if state in _STATES and _can_be_imported(state, ledger):
        return Taken(HOW, loads=True, needs=_imported_before(want, ledger))
    made = tuple(sorted(want.binding.defs))
    first = min(map(ledger.borders.section_of, made), default=want.at - 1)
    unknown = (
        f"the state of {state.replace('_', ' ')} cannot be saved",
        "make a generator of your own, and use it to draw numbers",
    )
    what, remedy = _KEPT.get(state, unknown)
    return Refused(
        what, first, made, rule="a state that cannot be saved", remedy=remedy, final=True, facts=about(want.name)
    )


def part(name: str, border: int, ledger: Ledger) -> Part | None:
    """Return the part that carries an ambient state (``@numpy_random``)."""
    if not is_ambient(name):
        return None
    statement, save, load = _STATES[name.removeprefix(AMBIENT)]
    return Part(label(name), save, load, (statement,))


def label(name: str) -> str:
    """Return what a state is called in a product: ``numpy_random_state``."""
    return f"{name.removeprefix(AMBIENT)}_state"


def is_ambient(name: str) -> bool:
    return name.startswith(AMBIENT)


def _can_be_imported(state: str, ledger: Ledger) -> bool:
    """Whether the library whose state it is can be imported in every task, as far as the notebook's imports show: code
    that nobody knows may be feared to seed the generators of libraries that are not even installed."""
    library = _STATES[state][0].removeprefix("import ")
    tops = {path.partition(".")[0] for path in ledger.borders.modules()}
    brings_it = any(map(ledger.knowledge.describes, tops - sys.stdlib_module_names)) and library in _COMMON
    return library in sys.stdlib_module_names or library in tops or brings_it


def _imported_before(want: Want, ledger: Ledger) -> tuple[str, ...]:
    """Return what must be imported before the state is put back: a library that draws while it is imported has done so,
    and must not do it again."""
    borders = ledger.borders
    earlier = [s for s in borders.drawing_imports if s.index < borders.starts[want.at]]
    return tuple(name for s in earlier for name in sorted(s.binds) if borders.is_import(name))
