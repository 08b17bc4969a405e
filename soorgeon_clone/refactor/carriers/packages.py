"""Modules that code finds in packages since somebody else has imported them: a task has to import them itself.

After ``import matplotlib.pyplot as plt``, ``matplotlib.pyplot`` is there for everybody who has ``import matplotlib``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate, takewhile

from soorgeon_clone.analysis.model import StatementFacts
from soorgeon_clone.analysis.star import is_module_path, loads
from soorgeon_clone.notebook.model import Cell

_CHAIN = re.compile(r"(?<![\w.])([^\W\d]\w*)((?:\s*\.\s*[^\W\d]\w*)+)")


class Packages:
    """``statements`` are all of the notebook, ``cells`` by their index."""

    def __init__(self, statements: Sequence[StatementFacts], cells: Mapping[int, Cell]) -> None:
        self.statements = statements
        self.cells = cells
        self._modules: dict[tuple[str, str, str], tuple[str, ...]] = {}

    def modules_in(self, name: str, number: int) -> tuple[str, ...]:
        """Return the modules that code names as attributes of ``name``, which statement ``number`` imports, a package
        that does not load them itself."""
        imports = self.statements[number].lowered.imports
        named = [each for each in imports if each.name == name and not each.path.startswith(".")]
        if not named:
            return ()
        each = named[-1]  # binds it for good
        package = each.path if each.whole or each.is_from else name
        if (name, package, each.path) not in self._modules:
            there = frozenset({package} if each.is_from or each.whole else _and_parents(each.path))
            self._modules[name, package, each.path] = tuple(self._not_loaded(name, package, there))
        return self._modules[name, package, each.path]

    def _not_loaded(self, name: str, package: str, there: frozenset[str]) -> Iterator[str]:
        """Yield the modules in a package that code reads as attributes of ``name``, without those that are there."""
        if not self._is_module(package):
            return
        known = set(there)
        for chain in sorted(self._chains.get(name, ())):
            *_, module = takewhile(self._is_module, accumulate(chain, "{}.{}".format, initial=package))
            parts = _and_parents(module)
            if module not in known and not all(map(loads, parts, parts[1:])):
                known.update(parts)
                yield module

    @cached_property
    def _chains(self) -> Mapping[str, set[tuple[str, ...]]]:
        """Name -> the attributes that stand behind it somewhere: ``a.b.c`` -> (b, c)."""
        found: dict[str, set[tuple[str, ...]]] = {}
        for cell in self.cells.values():
            for name, chain in _CHAIN.findall(cell.source) if cell.kind == "code" else ():
                found.setdefault(name, set()).add(tuple(part.strip() for part in chain.split(".")[1:]))
        return found

    def _is_module(self, path: str) -> bool:
        return path in self._imported_modules or is_module_path(path)

    @cached_property
    def _imported_modules(self) -> frozenset[str]:
        """What certainly are modules, since the notebook imports them as such."""
        each = (each for statement in self.statements for each in statement.lowered.all_imports)
        paths = (one.path.rpartition(".")[0] if one.is_from else one.path for one in each if one.path[:1] != ".")
        return frozenset(part for path in paths if path for part in _and_parents(path))


def _and_parents(path: str) -> list[str]:
    """Return ``a``, ``a.b``, ``a.b.c`` for ``a.b.c``."""
    return list(accumulate(path.split("."), "{}.{}".format))
