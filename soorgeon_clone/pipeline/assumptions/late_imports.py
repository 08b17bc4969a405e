"""Packages that are not imported yet -> a call as soon as an import of theirs has ended.

What a module holds is of interest from the moment when it is there: before, there is nothing to compare with later.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

# What importlib.abc.Loader gives to its subclasses is not needed, and importing it takes longer than most guards.
if TYPE_CHECKING:
    from importlib.abc import Loader as _Loader
else:
    _Loader = object


class LateImports:
    """Stands first among those that find modules, and finds none itself. ``imported`` is called with no import of these
    packages under way: modules of a package fill one another while they are imported."""

    def __init__(self, packages: Iterable[str], imported: Callable[[], None]) -> None:
        self._packages = frozenset(packages)
        self._imported = imported
        self._searching = False
        self._depth = 0

    def begin(self) -> None:
        """Take notice from now on."""
        sys.meta_path.insert(0, self)

    def end(self) -> None:
        """Take notice no more."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Let the others find a module, and have its loader tell when it is done."""
        if self._searching or fullname.partition(".")[0] not in self._packages:
            return None
        self._searching = True
        try:
            found = (one.find_spec(fullname, path, target) for one in list(sys.meta_path) if one is not self)
            spec = next((spec for spec in found if spec is not None), None)
        finally:
            self._searching = False
        if spec is not None and spec.loader is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = _Telling(self, spec.loader)
        return spec

    def run(self, loader: Any, module: ModuleType) -> None:
        """Import a module as its own loader does, and tell if it was the outermost."""
        if module.__spec__ is not None:
            module.__spec__.loader = loader
        module.__loader__ = loader
        self._depth += 1
        try:
            loader.exec_module(module)
        finally:
            self._depth -= 1
        if not self._depth:
            self._imported()


class _Telling(_Loader):
    """A loader in the place of another, until the module is there."""

    def __init__(self, owner: LateImports, loader: Any) -> None:
        self._owner = owner
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return what the other one does."""
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Have the owner do it."""
        self._owner.run(self._loader, module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)
