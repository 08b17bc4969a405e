"""Kind of assumption -> its guard."""

from __future__ import annotations

from collections.abc import Callable

from soorgeon_clone.pipeline.assumptions.guards import apart, binds_nothing_else, draws_nothing, sets_nothing, unchanged
from soorgeon_clone.pipeline.assumptions.guards.guard import Guard, Subject
from soorgeon_clone.pipeline.assumptions.model import Kind

GUARDS: dict[Kind, Callable[[Subject], Guard]] = {
    "unchanged": unchanged.guard,
    "apart": apart.guard,
    "draws nothing": draws_nothing.guard,
    "sets nothing": sets_nothing.guard,
    "binds nothing else": binds_nothing_else.guard,
}
# Those that look at the process come before those that load, which may import and draw.
ORDER: tuple[Kind, ...] = ("draws nothing", "sets nothing", "binds nothing else", "apart", "unchanged")
