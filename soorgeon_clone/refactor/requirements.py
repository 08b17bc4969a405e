"""Modules that a notebook imports -> the lines of requirements.txt, with the versions that are installed here."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence

from soorgeon_clone.distributions.of_module import installed, known, normal, release, usual


def requirements(modules: Iterable[str], *, local: Iterable[str] = (), also: Sequence[str] = ()) -> tuple[str, ...]:
    """Return one line for each distribution that holds one of ``modules`` (dotted names are welcome) or is in ``also``.

    Left out: the standard library and ``local`` modules. What is installed is pinned; a module that is neither
    installed nor known gets a line with a comment that says so.
    """
    ours = {*local, "exported", "__main__"}
    lines = {normal(name): _pinned(name) for name in also}
    for module in modules:
        top = module.split(".")[0]
        if not top or top in sys.stdlib_module_names or top in ours:
            continue
        here = installed(module)
        for name in here or [usual(module)]:
            comment = "" if here or known(module) else "  # not installed here: is this its name on PyPI?"
            lines.setdefault(normal(name), _pinned(name) + comment)
    return tuple(lines[name] for name in sorted(lines))


def distribution_of(line: str) -> str | None:
    """Return the normal name of the distribution that a line of requirements.txt asks for, if it asks for one."""
    found = re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[.*?\])?\s*(?:[=<>!~;@#,(]|$)", line)
    return normal(found.group(1)) if found else None


def _pinned(name: str) -> str:
    found = release(name)
    # A local version (torch 2.4.0+cu121) is not on PyPI; the version before the plus sign is.
    return name if found is None else f"{found.name}=={found.version.split('+')[0]}"
