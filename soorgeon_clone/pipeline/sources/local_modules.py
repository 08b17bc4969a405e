"""Name of a module -> its file, if it is the project's own and not an installed one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

STDLIB = frozenset(sys.stdlib_module_names)


class LocalModules:
    """Finds modules of the project: in its root, in ``extra`` folders that its code adds to the path, and in folders
    on sys.path that hold no installed packages."""

    def __init__(self, root: Path, extra: Iterable[str] = ()) -> None:
        self.folders = [str(root), *extra, *_development_folders(root)]
        self._found: dict[str, str | None] = {}

    def find(self, module: str) -> str | None:
        """The file of a local module, None where it is not local. A folder without ``__init__`` is given itself."""
        if module not in self._found:
            self._found[module] = self._find(module)
        return self._found[module]

    def _find(self, module: str) -> str | None:
        if not module:
            return None
        relative = module.replace(".", os.sep)
        for folder in self.folders:
            base = os.path.join(folder, relative)  # noqa: PTH118
            for path in (os.path.join(base, "__init__.py"), base + ".py"):  # noqa: PTH118
                if os.path.isfile(path):  # noqa: PTH113
                    return path
            if os.path.isdir(base) and "." not in module and module not in STDLIB:  # noqa: PTH112
                return base if _holds_python(base) else None
            if os.path.isdir(base) and "." in module:  # noqa: PTH112
                return base
        return None


def _holds_python(folder: str) -> bool:
    try:
        return any(entry.name.endswith(".py") for entry in os.scandir(folder))
    except OSError:
        return False


def _development_folders(root: Path) -> list[str]:
    """Folders on sys.path that a person edits: not Python's own, not site-packages, not this program's."""
    own = [os.path.realpath(path) for path in (sys.prefix, sys.base_prefix, sys.exec_prefix)]
    found = []
    program = os.path.dirname(os.path.realpath(sys.argv[0])) if sys.argv and sys.argv[0] else ""  # noqa: PTH120
    for entry in filter(None, sys.path):
        real = os.path.realpath(entry)
        installed = "site-packages" in real or "dist-packages" in real
        inside = any(real == prefix or real.startswith(prefix + os.sep) for prefix in own)
        if not installed and not inside and real not in (str(root), program) and os.path.isdir(real):  # noqa: PTH112
            found.append(real)
    return found
