"""Module -> the distributions that hold it: the installed ones, else those that it is known to come with.

Dotted names are welcome: many distributions share a namespace. Nothing is imported.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib import metadata
from typing import NamedTuple

from soorgeon_clone.distributions.table import DIFFERENT, SAME


def normal(name: str) -> str:
    """Return a distribution's name as PyPI compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def known(module: str) -> str | None:
    """Return the distribution that the table knows."""
    for prefix in _prefixes(module):
        if prefix in DIFFERENT:
            return DIFFERENT[prefix]
    top = module.split(".")[0]
    return top if top.lower() in SAME else None


def usual(module: str) -> str:
    """Return the name under which a module is most likely installed: ``scikit-learn`` for ``sklearn``."""
    return known(module) or module.split(".")[0].replace("_", "-")


def installed(module: str) -> list[str]:
    """Return the names of the installed distributions that hold the module.

    Most are called like their module or are in the table, and one look tells; reading what every installed
    distribution holds takes seconds in a large environment, so that comes last, and once.
    """
    top = module.split(".")[0]
    for name in (known(module), top):
        found = release(name) if name else None
        if found is not None and _holds(metadata.distribution(found.name), module):
            return [found.name]
    if not top or not _can_be_found(top):
        return []
    return sorted({one.metadata["Name"] for one in _by_top(state()).get(top, ()) if _holds(one, module)})


class Release(NamedTuple):
    """A distribution that is installed, with its name as it spells it itself."""

    name: str
    version: str


def release(name: str) -> Release | None:
    """Return what is installed of a distribution, None if nothing is."""
    try:
        found = metadata.distribution(name)
    except (metadata.PackageNotFoundError, ValueError):
        return None
    return Release(found.metadata["Name"], found.version)


def state() -> str:
    """Return a text that changes when a distribution is installed or removed: then its folder gets another time."""
    stamps = [sys.version]
    for entry in sys.path:
        try:
            stamps.append(f"{entry}:{os.stat(entry).st_mtime_ns}")  # noqa: PTH116
        except OSError:
            continue
    return "|".join(stamps)


@lru_cache(maxsize=1)
def _by_top(state: str) -> dict[str, list[metadata.Distribution]]:
    """The installed distributions by the first parts of the modules that they hold."""
    # packages_distributions() would do, but up to Python 3.10 it overlooks what has no top_level.txt.
    found: dict[str, list[metadata.Distribution]] = {}
    for distribution in metadata.distributions():
        for top in _tops(distribution):
            found.setdefault(top, []).append(distribution)
    return found


def _tops(distribution: metadata.Distribution) -> set[str]:
    declared = distribution.read_text("top_level.txt")
    if declared is not None:
        return set(declared.split())
    paths = (line.partition(",")[0] for line in (distribution.read_text("RECORD") or "").splitlines())
    return {re.split(r"[/.]", path, maxsplit=1)[0] for path in paths}


def _holds(distribution: metadata.Distribution, module: str) -> bool:
    top_level = distribution.read_text("top_level.txt")
    if top_level is not None and "." not in module:
        return module in top_level.split()
    record = distribution.read_text("RECORD")
    if top_level is not None and record is None:
        return module.split(".")[0] in top_level.split()
    record = f"\n{record or ''}"
    paths = [prefix.replace(".", "/") for prefix in _prefixes(module)]
    # The last part may be a name inside the module, so one level up counts as well; a bare namespace does not.
    wanted = paths[: max(1, len(paths) - 1)]
    return any(f"\n{path}{ending}" in record for path in wanted for ending in ("/", ".py", ".cpython", ".pyd", ".abi3"))


def _prefixes(module: str) -> Iterator[str]:
    """Yield the module's dotted name and its parents' from the longest to the shortest."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        yield ".".join(parts[:length])


def _can_be_found(top: str) -> bool:
    from importlib.machinery import PathFinder

    try:
        return PathFinder.find_spec(top) is not None
    except (ImportError, ValueError, OSError):
        return False
