"""Kind of assumption -> its guard, whose module is imported where it is first needed: a task has few kinds."""

from __future__ import annotations

from importlib import import_module

from soorgeon_clone.pipeline.assumptions.guards.guard import Guard, Subject
from soorgeon_clone.pipeline.assumptions.model import Kind

# Those that look at the process come before those that load, which may import and draw.
ORDER: tuple[Kind, ...] = ("draws nothing", "sets nothing", "binds nothing else", "apart", "unchanged")


def guard_of(kind: Kind, subject: Subject) -> Guard:
    """Return the guard of a kind, from the module that is named as the kind is."""
    module = import_module(f"soorgeon_clone.pipeline.assumptions.guards.{kind.replace(' ', '_')}")
    guard: Guard = module.guard(subject)
    return guard
