"""``module::function`` in pipeline.yaml: whether a text names a function, and what the function returns.

Reading a pipeline never imports anything. Whether a text means a function is decided by what files there are; the
function is called by `Called`, for builds.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.declared.factory import declared
from soorgeon_clone.pipeline.declared.values import Computed, as_choices, resolved
from soorgeon_clone.pipeline.sources.local_modules import LocalModules

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

    def pipeline(self, computed: Computed) -> Mapping[str, Any]:
        shown = repr(computed)
        if shown not in self._known:
            here = os.getcwd()  # noqa: PTH109
            os.chdir(self.root)  # where relative paths of its products and sources are
            try:
                found = declared(call(computed, self.root), self.root, f"{computed.place}: {computed.dotted}")
            finally:
                os.chdir(here)
            self._known[shown] = found
            self.returned(computed, [found])
        return dict(self._known[shown])


def call(computed: Computed, root: Path) -> Any:
    """What the function returns, imported and called with ``root`` on the path."""
    dotted, place = computed.dotted, computed.place
    module, _, name = dotted.partition("::")
    with importing_from(root):
        try:
            function = getattr(importlib.import_module(module), name)
        except Exception as error:
            raise UserError(f"{place}: cannot import {dotted}: {type(error).__name__}: {error}", exit_code=2) from error
        if not callable(function):
            raise UserError(f"{place}: {dotted} is no function", exit_code=2)
        try:
            return function(**_fitting(function, resolved(computed.arguments)))
        except Exception as error:
            raise UserError(f"{place}: {dotted} failed: {type(error).__name__}: {error}", exit_code=1) from error


def _fitting(function: Callable[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments by the names that a function has for them: what ``--env--n`` gives is ``env__n``, of env.yaml, or
    the function's own parameter ``n``."""
    if not any(name.startswith("env__") for name in arguments):
        return dict(arguments)
    from inspect import signature

    own = signature(function).parameters
    return {
        bare if (bare := name.removeprefix("env__")) in own and name not in own else name: value
        for name, value in arguments.items()
    }


# Files of the project's modules that are imported here, with their stamps.
_IMPORTED: dict[str, tuple[int, int]] = {}
# Names of modules that were imported for a function, with their files: another project may have some of the same names.
_OURS: dict[str, str] = {}


@contextlib.contextmanager
def importing_from(root: Path) -> Iterator[None]:
    """Have ``root`` on the path, for as long as the user's code runs. Modules are imported anew where one changed: a
    session may build again and again, in this project or in another one."""
    for name in [name for name, file in _OURS.items() if not file.startswith(f"{root}{os.sep}")]:
        del _OURS[name]
        sys.modules.pop(name, None)
    if any(_stamp(file) != stamp for file, stamp in _IMPORTED.items()):
        for name in _modules_below(root):
            del sys.modules[name]
    importlib.invalidate_caches()
    sys.path.insert(0, str(root))
    before = set(sys.modules)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(str(root))
        below = _modules_below(root)
        _OURS.update((name, file) for name, file in below.items() if name not in before)
        _IMPORTED.clear()
        _IMPORTED.update((file, _stamp(file)) for file in below.values())


def _modules_below(root: Path) -> dict[str, str]:
    """The imported modules whose files are in a folder, with these files."""
    start = f"{root}{os.sep}"
    files = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
    return {name: file for name, file in files.items() if isinstance(file, str) and file.startswith(start)}


def _stamp(file: str) -> tuple[int, int]:
    try:
        status = os.stat(file)  # noqa: PTH116
    except OSError:
        return (0, 0)
    return status.st_mtime_ns, status.st_size
