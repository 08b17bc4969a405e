"""Module names -> the distributions they belong to, with versions; remembered until something is installed."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable

from soorgeon_clone.pipeline.state.checked import checked
from soorgeon_clone.pipeline.state.content import Memo

_NAME = "\0libraries"


def python_version() -> str:
    """The version of Python that tasks run under."""
    return f"{platform.python_implementation()} {platform.python_version()}"


class Libraries:
    """Versions of what modules belong to. What importlib.metadata says is kept in ``memo``: it is slow to ask."""

    def __init__(self, memo: Memo | None = None) -> None:
        self.memo = memo
        self._stamp: str | None = None
        self._known: dict[str, str] | None = None

    def versions(self, modules: Iterable[str]) -> dict[str, str]:
        """``{"sklearn": "scikit-learn 1.5.0"}``; a module of no installed distribution is ``"not installed"``."""
        modules = sorted(modules)
        if not modules:
            return {}
        if self._known is None:
            self._stamp = _installed_stamp()
            text = self.memo.recall(_NAME, self._stamp) if self.memo else None
            self._known = _versions(text) if text else {}
        missing = [module for module in modules if module not in self._known]
        if missing:
            self._known.update(_look_up(missing))
            if self.memo and self._stamp:
                self.memo.remember(_NAME, self._stamp, json.dumps(self._known))
        return {module: self._known[module] for module in modules}


def _installed_stamp() -> str:
    """Changes when a distribution is installed or removed: then the folder that holds it gets another time."""
    stamps = [sys.version]
    for entry in sys.path:
        try:
            stamps.append(f"{entry}:{os.stat(entry).st_mtime_ns}")  # noqa: PTH116
        except OSError:
            continue
    return "|".join(stamps)


def _versions(text: str) -> dict[str, str]:
    """What was remembered; nothing where that is no mapping of texts."""
    try:
        return checked(json.loads(text), bool, lambda value: value if isinstance(value, str) else None)
    except (ValueError, RecursionError):
        return {}


def _look_up(modules: list[str]) -> dict[str, str]:
    import importlib.metadata as metadata

    owners = metadata.packages_distributions()
    found = {}
    for module in modules:
        names = sorted(set(owners.get(module, ())))
        found[module] = ", ".join(f"{name} {metadata.version(name)}" for name in names) or "not installed"
    return found
