"""Settings are as they were: those of the process and of known libraries, and what unknown code itself remembers."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from soorgeon_clone.pipeline.assumptions.ambient import (
    Settings,
    changed_settings,
    settings_at_first,
    settings_now,
)
from soorgeon_clone.pipeline.assumptions.callee import packages_of
from soorgeon_clone.pipeline.assumptions.guards.guard import Found, Guard, Subject
from soorgeon_clone.pipeline.assumptions.late_imports import LateImports
from soorgeon_clone.pipeline.assumptions.picture import Picture, changed_in, picture_of

# What has tables, and settings that are looked at by their names: their modules hold caches of all kinds.
_KNOWN = frozenset("numpy pandas matplotlib scipy sklearn torch tensorflow seaborn IPython pyarrow polars".split())
_EXPORTED = "exported"  # the notebook's own definitions, unless its cells speak of a module of that name
_OF_MODULES = frozenset(
    f"__{name}__" for name in "builtins cached doc file loader name package path spec warningregistry".split()
)


class SetsNothing:
    """The guard of a task. ``packages`` are those of the statements that could set something."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._packages: set[str] = set()
        self._settings: Settings = {}
        self._before: dict[str, Picture] = {}
        self._late: LateImports | None = None
        self._found: str | None = None
        self._paused = False

    def begin(self, namespace: Mapping[str, Any]) -> None:
        """Keep the settings."""
        cells = (*self._subject.loads, *self._subject.own)
        for one in self._subject.assumptions:
            if one.where[:1] == ("in",):
                self._packages.update(one.where[1:])
            elif not one.where and one.cause is not None:
                self._packages |= packages_of(one.cause.statement, cells, namespace)
        self._packages -= _KNOWN | set(sys.stdlib_module_names)
        if not any(_EXPORTED in source for source in self._subject.own):
            self._packages.discard(_EXPORTED)
        self.resume()
        absent = {name for name in self._packages if name not in sys.modules}
        if absent:
            self._late = LateImports(absent, self._look_at_new)
            self._late.begin()

    def _look_at_new(self) -> None:
        """Keep what modules hold that are there now and were not."""
        self._before = {**self._pictures(), **self._before}

    def end(self, namespace: Mapping[str, Any]) -> Found | None:
        """Compare them."""
        if self._late is not None:
            self._late.end()
        if not self._paused:
            self.pause()
        return Found((), self._found) if self._found else None

    def pause(self) -> None:
        """Compare them with what they were when it began, or went on."""
        self._paused = True
        if self._found is None:
            self._found = self._changed()

    def resume(self) -> None:
        """Keep them as they are now."""
        self._paused = False
        self._settings = settings_now()
        self._before = self._pictures()

    def _changed(self) -> str | None:
        if changed := changed_settings({**settings_at_first(), **self._settings}, settings_now()):
            more = f" and {len(changed) - 1:,} more" if len(changed) > 1 else ""
            return f"{changed[0]}{more}"
        after = self._pictures()
        for name, before in self._before.items():
            if name in after and (text := changed_in(before, after[name])):
                return text
        return None

    def _pictures(self) -> dict[str, Picture]:
        return {
            name: _module_picture(name, module)
            for name, module in sorted(sys.modules.items())
            if module is not None and name.partition(".")[0] in self._packages
        }


def _module_picture(name: str, module: Any) -> Picture:
    """Return what a module's own names hold; what it imported from elsewhere is not its own."""
    package = name.partition(".")[0]
    found: Picture = {}
    for key, value in sorted(getattr(module, "__dict__", {}).items()):
        if key not in _OF_MODULES and not isinstance(value, ModuleType) and not _is_elsewhere(value, package):
            found.update(picture_of(f"{name}.{key}", value, lambda other: other.partition(".")[0] == package))
    return found


def _is_elsewhere(value: Any, package: str) -> bool:
    defined = isinstance(value, type) or (callable(value) and hasattr(value, "__qualname__"))
    home = getattr(value, "__module__", None) if defined else None
    return isinstance(home, str) and home.partition(".")[0] != package


def guard(subject: Subject) -> Guard:
    """Return the guard of a task."""
    return SetsNothing(subject)
