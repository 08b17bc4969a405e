"""Modules that a notebook imports -> the lines of requirements.txt, with the versions that are installed here."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib import metadata

from soorgeon_clone.refactor.knowledge.distributions import DIFFERENT, SAME


def requirements(modules: Iterable[str], *, local: Iterable[str] = (), also: Sequence[str] = ()) -> tuple[str, ...]:
    """Return one line for each distribution that holds one of ``modules`` (dotted names are welcome) or is in ``also``.

    Left out: the standard library and ``local`` modules. What is installed is pinned; a module that is neither
    installed nor known gets a line with a comment that says so.
    """
    ours = {*local, "exported", "__main__"}
    lines = {_normal(name): _pinned(name) for name in also}
    for module in modules:
        top = module.split(".")[0]
        if not top or top in sys.stdlib_module_names or top in ours:
            continue
        for name in _installed(module) or _known(module):
            lines.setdefault(_normal(name), _pinned(name))
        if not _installed(module) and not _known(module):
            guess = top.replace("_", "-")
            lines.setdefault(_normal(guess), f"{guess}  # not installed here: is this its name on PyPI?")
    return tuple(lines[name] for name in sorted(lines))


def distribution_of(line: str) -> str | None:
    """Return the normal name of the distribution that a line of requirements.txt asks for, if it asks for one."""
    found = re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[.*?\])?\s*(?:[=<>!~;@#,(]|$)", line)
    return _normal(found.group(1)) if found else None


def _normal(name: str) -> str:
    """Return the name as PyPI compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _pinned(name: str) -> str:
    try:
        distribution = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return name
    # A local version (torch 2.4.0+cu121) is not on PyPI; the version before the plus sign is.
    return f"{distribution.metadata['Name']}=={distribution.version.split('+')[0]}"


def _known(module: str) -> list[str]:
    for prefix in _prefixes(module):
        if prefix in DIFFERENT:
            return [DIFFERENT[prefix]]
    top = module.split(".")[0]
    return [top] if top.lower() in SAME else []


def _prefixes(module: str) -> Iterator[str]:
    """Yield the module's dotted name and its parents' from the longest to the shortest."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        yield ".".join(parts[:length])


def _installed(module: str) -> list[str]:
    """Return the installed distributions that hold the module.

    Most are called like their module or are in the table, and one look tells; reading what every installed
    distribution holds takes seconds in a large environment, so that comes last.
    """
    for name in (*_known(module), module.split(".")[0]):
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        if _holds(distribution, module):
            return [name]
    if not _can_be_found(module):
        return []
    # packages_distributions() would do, but up to Python 3.10 it overlooks what has no top_level.txt.
    return sorted({found.metadata["Name"] for found in metadata.distributions() if _holds(found, module)})


def _holds(distribution: metadata.Distribution, module: str) -> bool:
    top_level = distribution.read_text("top_level.txt")
    record = distribution.read_text("RECORD")
    if top_level is not None and ("." not in module or record is None):
        return module.split(".")[0] in top_level.split()
    record = f"\n{record or ''}"
    paths = [prefix.replace(".", "/") for prefix in _prefixes(module)]
    # The last part may be a name inside the module, so one level up counts as well; a bare namespace does not.
    wanted = paths[: max(1, len(paths) - 1)]
    return any(f"\n{path}{ending}" in record for path in wanted for ending in ("/", ".py", ".cpython", ".pyd", ".abi3"))


def _can_be_found(module: str) -> bool:
    from importlib.machinery import PathFinder

    return PathFinder.find_spec(module.split(".")[0]) is not None
