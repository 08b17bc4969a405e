"""A path -> whether it is a module, which others it loads, and the names that a star import of it binds: read from
files, never imported."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TypeGuard

from soorgeon_clone.analysis.lower import instructions as lowered
from soorgeon_clone.analysis.lower.cells import Statement, loaded_by, outline
from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.files import regular

_MOST_BYTES = 1_000_000  # of a module; what a larger one holds, nobody knows


@lru_cache(maxsize=256)
def exported_names(path: str) -> tuple[str, ...]:
    """Return the public names of module ``path`` (empty if they cannot be known)."""
    return tuple(sorted(_names(path, frozenset())))


@lru_cache(maxsize=256)
def origins(path: str) -> Mapping[str, str]:
    """Return the public names of module ``path``, each with the path of what it is in the library that it comes from.

    ``from modsim import *`` binds ``np``, which is ``numpy``.
    """
    return dict(sorted(_names(path, frozenset()).items()))


@lru_cache(maxsize=1024)
def is_module_path(path: str) -> bool:
    """Whether ``path`` is a module's. What is not installed here is taken for one if it has no dot."""
    return "." not in path or path == "os.path" or _find(path) is not None


def is_installed(top: str) -> bool:
    """Whether a top-level module is installed here, or part of Python itself."""
    return top in sys.builtin_module_names or _find(top) is not None


def loads(package: str, module: str) -> bool:
    """Whether importing a package alone makes a module in it an attribute, at once or when it is asked for.

    ``import matplotlib`` does not give ``matplotlib.pyplot``.
    """
    name = module[len(package) + 1 :]
    return any(text in (name, module) or text.startswith(f"{module}.") for text in _loaded_by(package))


@lru_cache(maxsize=64)
def _loaded_by(package: str) -> frozenset[str]:
    spec = _find(package)
    if spec is None or spec.origin is None or not spec.origin.endswith("__init__.py"):
        return frozenset()
    try:
        text = regular.read_bytes(Path(spec.origin), limit=_MOST_BYTES).decode()
        return frozenset(absolute(each, package, True) for each in loaded_by(text))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()


def _names(path: str, seen: frozenset[str]) -> dict[str, str]:
    if path in seen:
        return {}
    if path in sys.builtin_module_names:
        return _public(path)
    spec = _find(path)
    if spec is None or spec.origin is None:
        return {}
    origin = Path(spec.origin)
    if origin.suffix != ".py":
        if path.partition(".")[0] in sys.stdlib_module_names:  # an extension module of Python itself, such as math
            return _public(path)
        return {}
    try:
        found = outline(regular.read_bytes(origin, limit=_MOST_BYTES).decode())
    except (OSError, SyntaxError, ValueError, LookupError, TypeError, RecursionError, MemoryError):
        return {}  # no file, no Python, or too deep or in no encoding of text
    return _of_statements(found, path, is_package=origin.name == "__init__.py", seen=seen | {path})


def _public(path: str) -> dict[str, str]:
    """Return the public names of a module of Python itself that has no source."""
    return {name: f"{path}.{name}" for name in dir(importlib.import_module(path)) if not name.startswith("_")}


def _find(path: str) -> importlib.machinery.ModuleSpec | None:
    """Find a module's file without importing its parents."""
    search: list[str] | None = None
    spec = None
    for part in path.split("."):
        try:
            spec = importlib.machinery.PathFinder.find_spec(part if search is None else f"x.{part}", search)
        except (ImportError, ValueError):
            return None
        if spec is None:
            return None
        search = list(spec.submodule_search_locations or [])
    return spec


def _of_statements(found: Iterable[Statement], path: str, *, is_package: bool, seen: frozenset[str]) -> dict[str, str]:
    names: dict[str, str] = {}
    modules: set[str] = set()
    lists: list[Instruction | None] = []
    is_extended = False
    for statement in found:
        names |= {name: f"{path}.{name}" for name in statement.bound - {"*"}}
        for each in statement.all_imports:
            origin = absolute(each.path, path, is_package)
            if each.name == "*":
                names |= _names(origin, seen)
            elif each.name in statement.bound and origin.partition(".")[0] != path.partition(".")[0]:
                names[each.name] = origin if each.whole else origin.partition(".")[0]
                modules |= {each.name} if not each.is_from else set()
        lists += (item.value for item in statement.block if _is_list_of_names(item))
        is_extended = is_extended or any(_is_list_changed(item) for item in statement.block)
    listed = [_texts(value) for value in lists]
    if listed and all(listed):
        chosen = {text for texts in listed for text in texts}
        if is_extended:  # by what nobody knows: what it defines, not what it imports
            chosen |= {name for name in names if not name.startswith("_") and name not in modules}
        return {name: names.get(name, f"{path}.{name}") for name in chosen}
    return {name: origin for name, origin in names.items() if not name.startswith("_")}


def _is_list_changed(item: Instruction) -> bool:
    """Whether an instruction is ``__all__.extend(...)`` and the like."""
    if not isinstance(item, lowered.Call) or not isinstance(item.function, lowered.Attribute):
        return False
    return isinstance(item.function.of, lowered.Read) and item.function.of.name == "__all__"


def _is_list_of_names(item: Instruction) -> TypeGuard[lowered.Bind | lowered.Annotate | lowered.OperateInPlace]:
    """Whether an instruction assigns to ``__all__``."""
    targets = item.targets if isinstance(item, lowered.Bind) else (item.target,) if isinstance(item, _OTHERS) else ()
    return any(isinstance(target, lowered.Name) and target.name == "__all__" for target in targets)


def _texts(value: Instruction | None) -> list[str]:
    """Return the texts in a list or tuple of texts; none if it is anything else."""
    if not isinstance(value, lowered.Make) or not all(isinstance(item, lowered.Constant) for item in value.items):
        return []
    return [str(item.value) for item in value.items if isinstance(item, lowered.Constant)]


_OTHERS = (lowered.Annotate, lowered.OperateInPlace)


def absolute(target: str, path: str, is_package: bool) -> str:
    """Return the module that ``from ..a import *`` in the module ``path`` means."""
    rest = target.lstrip(".")
    level = len(target) - len(rest)
    if not level:
        return target
    parts = path.split(".")
    keep = len(parts) - level + (1 if is_package else 0)
    return ".".join([*parts[: max(0, keep)], *([rest] if rest else [])])
