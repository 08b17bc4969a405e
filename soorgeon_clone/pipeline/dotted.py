"""``module::function`` in pipeline.yaml: whether a text names a function, and what the function returns.

Reading a pipeline never imports anything. Whether a text means a function is decided by what files there are; the
function is called by `Called`, for builds.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.modules import LocalModules
from soorgeon_clone.pipeline.values import Computed, as_choices, resolved

_COMPUTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*::[^\W\d]\w*")


def named(value: Any, local: LocalModules, place: str) -> Computed | None:
    """The function that a value names, None for a value that is meant as it stands.

    A mapping with the key ``dotted_path: module::function`` names a function, its other keys are the arguments. A text
    ``module::function`` does if the project has that module: ``std::vector`` is a text.
    """
    if isinstance(value, Mapping):
        arguments = dict(value)
        dotted = arguments.pop("dotted_path", None)
        is_function = isinstance(dotted, str) and _COMPUTED.fullmatch(dotted) is not None
        return Computed(dotted, arguments, place) if is_function and isinstance(dotted, str) else None
    if isinstance(value, str) and "::" in value and _COMPUTED.fullmatch(value):
        return Computed(value, {}, place) if local.find(value.partition("::")[0]) else None
    return None


class Called:
    """What the functions return: they are called, once each."""

    calls = True

    def __init__(self, root: Path, returned: Callable[[Computed, Any], None]) -> None:
        """``returned`` is told of each value."""
        self.root = root
        self.returned = returned
        self._known: dict[str, Any] = {}

    def param(self, computed: Computed) -> Any:
        shown = repr(computed)
        if shown not in self._known:
            self._known[shown] = call(computed, self.root)
            self.returned(computed, self._known[shown])
        return self._known[shown]

    def choices(self, computed: Computed) -> list[Any]:
        return as_choices(self.param(computed))


def call(computed: Computed, root: Path) -> Any:
    """What the function returns, imported with ``root`` on the path."""
    function, place = _load(computed, root), computed.place
    try:
        return function(**resolved(computed.arguments))
    except Exception as error:
        raise UserError(f"{place}: {computed.dotted} failed: {type(error).__name__}: {error}", exit_code=1) from error


def _load(computed: Computed, root: Path) -> Callable[..., Any]:
    dotted, place = computed.dotted, computed.place
    module, _, name = dotted.partition("::")
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    try:
        function = getattr(importlib.import_module(module), name)
    except Exception as error:
        raise UserError(f"{place}: cannot import {dotted}: {type(error).__name__}: {error}", exit_code=2) from error
    if not callable(function):
        raise UserError(f"{place}: {dotted} is no function", exit_code=2)
    loaded: Callable[..., Any] = function
    return loaded
