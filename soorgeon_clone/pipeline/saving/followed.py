"""What matplotlib tells of a change -> files in which it still does: a colorbar follows the colours of its image.

matplotlib leaves out who is to be told. What stands in the file as well is told again; what does not is left out, or a
norm would bring all figures with it whose colours it gives.
"""

from __future__ import annotations

import pickle
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

from soorgeon_clone.pipeline.saving.remade import with_subclasses

_SIGNALS = frozenset({"changed", "xlim_changed", "ylim_changed"})
_TOLD = (  # module and class of what follows others
    ("matplotlib.colorizer", "Colorizer"),
    ("matplotlib.cm", "ScalarMappable"),
    ("matplotlib.colorizer", "_ScalarMappable"),
    ("matplotlib.colorbar", "Colorbar"),
    ("matplotlib.colors", "Norm"),
)


class Followed:
    """The registries and the followers that one file takes."""

    def __init__(self) -> None:
        self._told: dict[int, Any] = {}  # by address; they are kept, or another object could get their place
        self._registries: list[Any] = []
        self._is_known = False

    def hooks(self) -> Iterator[tuple[type, Callable[[Any], Any]]]:
        """Yield the kinds of objects, and what is to reduce them: see `copyreg`."""
        registry = getattr(sys.modules.get("matplotlib.cbook"), "CallbackRegistry", None)
        if registry is None or "matplotlib.colorbar" not in sys.modules:
            return
        yield registry, self._reduced
        for module, name in _TOLD:
            kind: Any = getattr(sys.modules.get(module), name, None)
            if isinstance(kind, type):
                yield from ((each, self._noted) for each in with_subclasses(kind))

    def settle(self) -> bool:
        """Return whether the file must be written again, since some of those who are to be told are in it."""
        self._is_known = True
        return any(self._links(registry) for registry in self._registries)

    def _noted(self, follower: Any) -> Any:
        self._told[id(follower)] = follower
        return follower.__reduce_ex__(pickle.HIGHEST_PROTOCOL)

    def _reduced(self, registry: Any) -> Any:
        reduced = registry.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
        if not self._is_known:
            self._registries.append(registry)
            return reduced
        make, arguments, state, *others = reduced
        for signal, number, method in self._links(registry):
            state["callbacks"].setdefault(signal, {})[number] = method
        return make, arguments, state, *others

    def _links(self, registry: Any) -> list[tuple[str, int, Any]]:
        """Return [signal, number, method] of those in the file who are told."""
        found = []
        for signal, entries in registry.callbacks.items():
            for number, reference in entries.items() if signal in _SIGNALS else ():
                method = reference()
                if isinstance(method, types.MethodType) and id(method.__self__) in self._told:
                    found.append((signal, number, method))
        return found
