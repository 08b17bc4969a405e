"""Module names -> the distributions they belong to, with versions; remembered until something is installed."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable

from soorgeon_clone.distributions.of_module import installed, release, state
from soorgeon_clone.pipeline.state.checked import checked
from soorgeon_clone.pipeline.state.content import Memo

_NAME = "\0libraries"


def python_version() -> str:
    """The version of Python that tasks run under."""
    return f"{platform.python_implementation()} {platform.python_version()}"


class Libraries:
    """Versions of what modules belong to. They are kept in ``memo``: it is slow to look."""

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
            self._stamp = state()
            text = self.memo.recall(_NAME, self._stamp) if self.memo else None
            self._known = _versions(text) if text else {}
        missing = [module for module in modules if module not in self._known]
        if missing:
            self._known.update(_look_up(missing))
            if self.memo and self._stamp:
                self.memo.remember(_NAME, self._stamp, json.dumps(self._known))
        return {module: self._known[module] for module in modules}


def _versions(text: str) -> dict[str, str]:
    """What was remembered; nothing where that is no mapping of texts."""
    try:
        return checked(json.loads(text), bool, lambda value: value if isinstance(value, str) else None)
    except (ValueError, RecursionError):
        return {}


def _look_up(modules: list[str]) -> dict[str, str]:
    releases = {module: [one for name in installed(module) if (one := release(name))] for module in modules}
    return {
        module: ", ".join(f"{one.name} {one.version}" for one in found) or "not installed"
        for module, found in releases.items()
    }
