"""A dotted path -> the module beside the notebook that it names, with its statements. Nothing is imported or run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from soorgeon_clone.analysis.knowledge.effects import Knowledge
from soorgeon_clone.analysis.limits import REACHED
from soorgeon_clone.analysis.lower.cells import Statement, python_statements
from soorgeon_clone.analysis.lower.instructions import Attribute, Constant, Instruction, Operate, Read
from soorgeon_clone.analysis.scripts import TooLarge
from soorgeon_clone.analysis.star import absolute, is_installed

ReadFile = Callable[[str], "str | None"]


@dataclass
class Module:
    """A module beside the notebook. ``file`` is its path from the notebook's folder, ``names`` what was bound in it.

    ``unreadable`` says why nothing is known of its code, else it is empty.
    """

    path: str
    file: str
    text: str = ""
    is_package: bool = False
    unreadable: str = ""
    names: dict[str, None] = field(default_factory=dict)

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """Its statements; none if it cannot be read, which ``unreadable`` then says."""
        if self.unreadable:
            return ()
        try:
            return python_statements(self.text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            self.unreadable = f"it is no Python ({error})"
            return ()

    def absolute(self, name: str, path: str) -> str:
        """Return the path that an import in it means: ``from . import x`` binds x to ``..x``, as the import says it."""
        if path.startswith(".") and name != "*" and "." not in path.lstrip("."):
            path = path[1:]
        return absolute(path, self.path, self.is_package)


class Modules:
    """The modules beside one notebook, each read when it is asked for.

    ``read`` gives the text of a file by its path without ``.py``, ``written`` whether the notebook writes it. No more
    than ``most`` characters are looked at.
    """

    def __init__(self, read: ReadFile, knowledge: Knowledge, written: Callable[[str], bool], most: int) -> None:
        self.left = most  # characters that may still be read
        self.read = read
        self.knowledge = knowledge
        self.written = written
        self.folders: list[str] = [""]
        self._modules: dict[str, Module | None] = {}

    def look_in(self, folder: str) -> None:
        """Look for modules in another folder as well, by its path from the notebook's."""
        self.folders.append(f"{folder.rstrip('/')}/")
        self._forget_missing()

    def _forget_missing(self) -> None:
        self._modules = {path: module for path, module in self._modules.items() if module is not None}

    def find(self, path: str) -> Module | None:
        """Return the module of a dotted path, None if it is no module beside the notebook."""
        if path not in self._modules:
            self._modules[path] = self._load(path)
        return self._modules[path]

    def along(self, path: str) -> list[Module]:
        """Return the modules that importing ``path`` imports: packages first, then what is in them.

        What stands behind the last one is no module: a name in it. A folder without ``__init__.py`` is no file.
        """
        parts = path.split(".")
        found: list[Module] = []
        for count in range(1, len(parts) + 1):
            module = self.find(".".join(parts[:count]))
            if module is not None:
                found.append(module)
            elif found or (count == 1 and self.is_library(parts[0])):
                break
        return found

    def texts_behind(self, paths: Iterable[str]) -> Iterator[str]:
        """Yield the texts of the modules beside the notebook that importing ``paths`` imports, and so on."""
        seen: set[str] = set()
        stack = list(paths)
        while stack:
            for module in self.along(stack.pop()):
                if module.path in seen:
                    continue
                seen.add(module.path)
                yield module.text
                for statement in module.statements:
                    stack += [module.absolute(each.name, each.path) for each in statement.all_imports]
        self._forget_missing()  # a cell may write one

    def _load(self, path: str) -> Module | None:
        file = path.replace(".", "/")
        for folder in self.folders:
            for name, is_package in ((file, False), (f"{file}/__init__", True)):
                try:
                    text = self.read(f"{folder}{name}")
                except TooLarge as error:
                    return Module(path, f"{folder}{name}.py", is_package=is_package, unreadable=str(error))
                if text is not None:
                    self.left -= len(text)
                    why = f"{REACHED}: modules beside the notebook" if self.left < 0 else ""
                    return Module(path, f"{folder}{name}.py", text, is_package, why)
        if "." not in path and self.written(f"{file}.py") and not self.is_library(path):
            return Module(path, f"{file}.py", unreadable="the notebook writes it")
        return None

    def is_library(self, top: str) -> bool:
        """Whether a module is one of Python's own, of those that tables describe, or installed here."""
        return top in sys.stdlib_module_names or self.knowledge.describes(top) or is_installed(top)


def is_for_programs(test: Instruction) -> bool:
    """Whether a condition holds in no module that is imported: ``__name__ == "__main__"``, TYPE_CHECKING."""
    if isinstance(test, Operate):
        (sign, right), *more = test.rest
        is_name = isinstance(test.first, Read) and test.first.name == "__name__"
        return is_name and sign == "==" and not more and isinstance(right, Constant) and right.value == "__main__"
    if isinstance(test, Attribute) and isinstance(test.of, Read) and test.of.name == "typing":
        return test.name == "TYPE_CHECKING"
    return isinstance(test, Read) and test.name == "TYPE_CHECKING"
