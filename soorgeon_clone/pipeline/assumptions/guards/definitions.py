"""A function or class that unknown code was given is as it was: attributes, defaults, what it closes over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from soorgeon_clone.pipeline.assumptions.guards.guard import Found, Guard, Subject
from soorgeon_clone.pipeline.assumptions.picture import Picture, changed_in, picture_of


class Definition:
    """The guard of one function or class."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._value: Any = None
        self._before = Picture()

    def begin(self, namespace: Mapping[str, Any]) -> None:
        """Take a picture."""
        self._value = namespace.get(self._name)
        self._before = self._picture()

    def end(self, namespace: Mapping[str, Any]) -> Found | None:
        """Compare it with another one."""
        text = changed_in(self._before, self._picture())
        return Found((self._name,), text) if text else None

    def _picture(self) -> Picture:
        own = getattr(self._value, "__module__", None)
        return picture_of(self._name, self._value, lambda module: module == own)


def guard(subject: Subject) -> Guard:
    """Return the guard of one function or class."""
    return Definition(subject.names[0])
