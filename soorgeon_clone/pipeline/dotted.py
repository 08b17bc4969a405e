"""``module.function`` in pipeline.yaml -> the function, or the file that it stands in."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError


def load(dotted: str, root: Path, *, place: str) -> Callable[..., Any]:
    """The function that ``module.function`` or ``module::function`` names, imported with ``root`` on the path."""
    module, _, name = dotted.replace("::", ".").rpartition(".")
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


def call(dotted: str, root: Path, *, place: str, arguments: Mapping[str, Any] | None = None) -> Any:
    """What the function returns."""
    function = load(dotted, root, place=place)
    try:
        return function(**(arguments or {}))
    except Exception as error:
        raise UserError(f"{place}: {dotted} failed: {type(error).__name__}: {error}", exit_code=1) from error
