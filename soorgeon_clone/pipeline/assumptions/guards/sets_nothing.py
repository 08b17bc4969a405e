"""Settings are as they were: those of the process and of known libraries, and what unknown code itself remembers."""

from __future__ import annotations

import functools
import inspect
import re
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from soorgeon_clone.pipeline.assumptions.ambient import (
    Settings,
    changed_settings,
    settings_now,
)
from soorgeon_clone.pipeline.assumptions.callee import packages_of
from soorgeon_clone.pipeline.assumptions.guards.guard import Found, Guard, Subject
from soorgeon_clone.pipeline.assumptions.late_imports import LateImports
from soorgeon_clone.pipeline.assumptions.memos import only_memoises
from soorgeon_clone.pipeline.assumptions.picture import Picture, changed_in, picture_of
from soorgeon_clone.pipeline.assumptions.walk import Walker

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
        self._memos: dict[tuple[str, str], bool] = {}

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
        if changed := changed_settings(self._settings, settings_now()):
            more = f" and {len(changed) - 1:,} more" if len(changed) > 1 else ""
            return f"{changed[0]}{more}"
        after = self._pictures()
        for name, before in self._before.items():
            may = functools.partial(self._may_grow, name)
            if name in after and (text := changed_in(before, after[name], may)):
                return text
        return None

    def _may_grow(self, module: str, way: str) -> bool:
        """Whether what is at a place in a module is only what its package would compute again."""
        found = re.match(r"(?:\.[^\W\d]\w*)+", way[len(module) :])
        path = found[0].removeprefix(".") if found is not None else ""
        if (module, path) not in self._memos:
            self._memos[module, path] = bool(path) and self._is_memo(module, path)
        return self._memos[module, path]

    def _is_memo(self, module: str, path: str) -> bool:
        value: Any = sys.modules[module]
        try:
            for name in path.split("."):
                value = inspect.getattr_static(value, name)
        except AttributeError:
            return False
        reached = Walker().reach(value)
        if reached.objects - {id(value)} or reached.arrays or reached.tensors:
            return False  # others may have got hold of it, and changed it
        own = "\n".join(self._subject.own)
        return only_memoises(path.rpartition(".")[2], module.partition(".")[0], own, kept=bool(reached.objects))

    def _pictures(self) -> dict[str, Picture]:
        names = [name for package in sorted(self._packages) for name in _modules_of(package)]
        return {name: _module_picture(name, sys.modules[name]) for name in names}


def _modules_of(package: str) -> list[str]:
    """Return the modules of a package that are imported. Where there can be but one, the others are not gone through: a
    process that was forked would copy the memory of all of them."""
    top = sys.modules.get(package)
    if top is None or not hasattr(top, "__path__"):
        return [] if top is None else [package]
    modules = list(sys.modules.items())
    return sorted(name for name, module in modules if module is not None and name.partition(".")[0] == package)


def _module_picture(name: str, module: Any) -> Picture:
    """Return what a module's own names hold; what it imported from elsewhere is not its own."""
    package = name.partition(".")[0]
    found = Picture()
    for key, value in sorted(getattr(module, "__dict__", {}).items()):
        if key not in _OF_MODULES and not isinstance(value, ModuleType) and not _is_elsewhere(value, package):
            found.join(picture_of(f"{name}.{key}", value, lambda other: other.partition(".")[0] == package))
    return found


def _is_elsewhere(value: Any, package: str) -> bool:
    defined = isinstance(value, type) or (callable(value) and hasattr(value, "__qualname__"))
    home = getattr(value, "__module__", None) if defined else None
    return isinstance(home, str) and home.partition(".")[0] != package


def guard(subject: Subject) -> Guard:
    """Return the guard of a task."""
    return SetsNothing(subject)
