"""Texts of modules beside the notebook -> the names that each binds, and what its code mentions of the others.

Nothing is imported or run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from soorgeon_clone.analysis.knowledge.effects import Knowledge
from soorgeon_clone.analysis.knowledge.feared import builtin
from soorgeon_clone.analysis.lower.cells import statements
from soorgeon_clone.analysis.lower.instructions import (
    Annotate,
    Attribute,
    Bind,
    BindInside,
    Block,
    Branch,
    Import,
    Instruction,
    MakeFunction,
    Name,
    OperateInPlace,
)
from soorgeon_clone.analysis.lower.parts import bound_by, names_of
from soorgeon_clone.analysis.module_trees import (
    Parents,
    What,
    at_once,
    blocks_of,
    free_leaves,
    is_definition,
    is_for_programs,
    is_none,
    names_of_blocks,
    runs_at_once,
    undecorated,
    values_bound,
    within,
)
from soorgeon_clone.analysis.star import is_installed

ReadFile = Callable[[str], "str | None"]
Place = tuple[str, str]
"""A module and a name in it; the name is "" for the module itself."""


@dataclass
class Module:
    """A module: what its names are bound to, and what runs when it is imported.

    A binding is a definition, the expression of a value, None (a value of which nothing is known), or an imported path.
    """

    path: str
    text: str = ""
    names: dict[str, list[What]] = field(default_factory=dict)
    running: list[Instruction] = field(default_factory=list)
    is_package: bool = False
    is_readable: bool = True
    stars: list[str] = field(default_factory=list)
    parents: Parents = field(default_factory=Parents)
    declared: dict[str, list[Instruction | None]] = field(default_factory=dict)  # what functions bind with ``global``

    def bind(self, name: str, what: What) -> None:
        self.names.setdefault(name, []).append(what)


class Modules:
    """The modules beside one notebook, each read when it is asked for.

    ``read`` gives the text of a file by its path without ``.py``, ``written`` whether the notebook writes it.
    """

    def __init__(self, read: ReadFile, knowledge: Knowledge, written: Callable[[str], bool]) -> None:
        self.read = read
        self.knowledge = knowledge
        self.written = written
        self.folders: list[str] = [""]
        self._modules: dict[str, Module | None] = {}

    def look_in(self, folder: str) -> None:
        """Look for modules in another folder as well, by its path from the notebook's."""
        self.folders.append(f"{folder.rstrip('/')}/")
        self._modules = {path: module for path, module in self._modules.items() if module is not None}

    def find(self, path: str) -> Module | None:
        """Return the module of a dotted path, None if it is no module beside the notebook."""
        if path not in self._modules:
            self._modules[path] = self._load(path)
        return self._modules[path]

    def texts(self) -> Iterator[str]:
        """Yield the texts of all modules that were asked for."""
        yield from (module.text for module in self._modules.values() if module is not None)

    def split(self, path: str) -> Place | None:
        """Return the module beside the notebook that ``path`` begins with, and the name in it; None for others."""
        parts = path.split(".")
        found = None
        for count in range(1, len(parts) + 1):
            if self.find(".".join(parts[:count])) is not None:
                found = count
            elif count > 1:
                break
        if found is None:
            return self._in_folder(parts)
        return ".".join(parts[:found]), parts[found] if found < len(parts) else ""

    def _in_folder(self, parts: list[str]) -> Place | None:
        """A folder without ``__init__.py`` is no file: what is in it may be a module."""
        for count in range(2, len(parts) + 1):
            if self.find(".".join(parts[:count])) is not None:
                return ".".join(parts[:count]), parts[count] if count < len(parts) else ""
        return None

    def origin(self, path: str) -> str:
        """Return the path under which something is defined that modules beside the notebook import from elsewhere."""
        for _ in range(len(self._modules) + 10):
            place = self.split(path)
            module = self.find(place[0]) if place is not None and place[1] else None
            if module is None or place is None:
                return path
            bindings = [what for what in self.bindings(module, place[1]) if not is_none(what)]
            if not bindings or not isinstance(bindings[0], str) or any(what != bindings[0] for what in bindings):
                return path
            path = bindings[0] + path[len(f"{place[0]}.{place[1]}") :]
        return path

    def is_bound(self, path: str, name: str) -> bool:
        """Whether a module beside the notebook binds a name."""
        module = self.find(path)
        return module is not None and name in module.names

    def exported(self, path: str) -> tuple[str, ...] | None:
        """Return the public names of a module beside the notebook; None if they are not known, or if it is no such."""
        module = self.find(path)
        if module is None or not module.is_readable or "__all__" in module.names:
            return None
        names = {name for name in module.names if not name.startswith("_")}
        for star in module.stars:
            more = self.exported(star)
            if more is None:
                return None
            names |= set(more)
        return tuple(sorted(names))

    # -- reading -----------------------------------------------------------------------------------------------

    def _load(self, path: str) -> Module | None:
        file = path.replace(".", "/")
        for folder in self.folders:
            for name, is_package in ((file, False), (f"{file}/__init__", True)):
                text = self.read(f"{folder}{name}")
                if text is not None:
                    return self._parsed(path, text, is_package=is_package)
        if "." not in path and self.written(f"{file}.py") and not self._is_library(path):
            return Module(path, is_readable=False)
        return None

    def _is_library(self, top: str) -> bool:
        return top in sys.stdlib_module_names or self.knowledge.describes(top) or is_installed(top)

    def _parsed(self, path: str, text: str, *, is_package: bool) -> Module:
        module = Module(path, text, is_package=is_package)
        try:
            found = statements(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            module.is_readable = False
            return module
        for statement in found:
            module.parents.add(statement.block)
            self._take(module, statement.block)
        definitions = [what for bound in module.names.values() for what in bound if isinstance(what, Instruction)]
        for item in within(filter(is_definition, definitions)):
            if isinstance(item, MakeFunction):
                for name in item.code.globals:
                    module.declared.setdefault(name, []).extend(values_bound(item.code, name))
        return module

    def _take(self, module: Module, block: Block) -> None:
        """Note what statements at the top of a module bind, and what of them runs."""
        for node in block:
            if isinstance(node, Import):
                target = _absolute(module, node.name, node.path)
                if node.name == "*":
                    module.stars.append(target)
                else:
                    module.bind(node.name, target if node.whole else target.partition(".")[0])
            elif isinstance(node, Bind) and is_definition(node.value):
                for name in bound_by(node):
                    module.bind(name, node.value)
                module.running += [each.decorator for each in undecorated(node.value)[0]]
                module.running += runs_at_once(node.value)
            elif isinstance(node, (Bind, Annotate, OperateInPlace)):
                self._run(module, node)
                self._assigned(module, node)
            elif (parts := blocks_of(node)) is not None:
                self._take_blocks(module, node, *parts)
            else:
                self._run(module, node)

    def _take_blocks(self, module: Module, node: Instruction, blocks: list[Block], heads: list[Instruction]) -> None:
        if isinstance(node, Branch) and is_for_programs(node.tests[0]):
            return
        for name in names_of_blocks(node):
            module.bind(name, None)
        for head in heads:
            self._run(module, head)
        for block in blocks:
            self._take(module, block)

    def _run(self, module: Module, node: Instruction) -> None:
        module.running.append(node)
        for item in at_once(node):
            if isinstance(item, BindInside):
                module.bind(item.name, None)

    def _assigned(self, module: Module, node: Bind | Annotate | OperateInPlace) -> None:
        targets = node.targets if isinstance(node, Bind) else (node.target,)
        for target in targets:
            is_plain = isinstance(target, Name) and not isinstance(node, OperateInPlace)
            for name in names_of(target):
                module.bind(name, node.value if is_plain else None)

    # -- names -------------------------------------------------------------------------------------------------

    def bindings(self, module: Module, name: str) -> list[What]:
        """Return what a name of a module may be, those that its functions bind with ``global`` included."""
        found = [*module.names.get(name, ()), *module.declared.get(name, ())]
        for star in module.stars if not found else ():
            other = self.find(star)
            if other is not None and self.bindings(other, name):
                return [f"{star}.{name}"]
        return found

    def lookup(self, module: Module, name: str) -> list[Place]:
        """Return the places of modules beside the notebook that a name may stand for."""
        if name in module.names:
            found = []
            for what in module.names[name]:
                if not isinstance(what, str):
                    found.append((module.path, name))
                elif (place := self.split(what)) is not None:
                    found.append(place)
            return list(dict.fromkeys(found))
        for star in module.stars:
            other = self.find(star)
            if other is not None and (found := self.lookup(other, name)):
                return found
        return []

    def library(self, module: Module, name: str) -> str | None:
        """Return the path of the library, or part of one, that a name of a module stands for."""
        if name in module.names:
            return next(
                (w for w in module.names[name] if isinstance(w, str) and self.split(w) is None),
                None,
            )
        for star in module.stars:
            other = self.find(star)
            if other is None:
                continue
            if name in other.names:
                return self.library(other, name)
        return builtin(name)

    def mentions(
        self, module: Module, node: Instruction, *, decorators: bool = True
    ) -> Iterator[tuple[Instruction, Place]]:
        """Yield what of modules beside the notebook code mentions, its own included, and where it does."""
        own_imports: dict[str, str] = {}
        for item in within((node,)):
            if isinstance(item, Import):
                target = _absolute(module, item.name, item.path)
                own_imports[item.name] = target if item.whole else target.partition(".")[0]
                if item.name == "*" and self.find(target) is not None:
                    yield item, (target, "")
        for leaf, is_local in free_leaves(node, decorators=decorators):
            name = leaf.name
            if name in own_imports:
                place = self.split(self.dotted(module, own_imports[name], leaf))
                if place is not None:
                    yield leaf, place
            elif not is_local:
                for what in self.lookup(module, name):
                    yield leaf, (self.split(self.dotted(module, what[0], leaf)) or what) if what[1] == "" else what

    def dotted(self, module: Module, path: str, leaf: Instruction) -> str:
        """Return a path with the attributes that are asked for behind a name."""
        for part in module.parents.asked_of(leaf):
            if not isinstance(part, Attribute):
                break
            path = f"{path}.{part.name}"
        return path

    def reached(self, places: Iterable[Place], *, decorators: bool = True) -> set[Place]:
        """Return places with all that their code mentions, and so on; what decorates them only if it is asked for."""
        seen: set[Place] = set()
        stack = list(places)
        while stack:
            place = stack.pop()
            if place in seen:
                continue
            seen.add(place)
            module = self.find(place[0])
            if module is None or not module.is_readable:
                continue
            for what in self.bindings(module, place[1]):
                if isinstance(what, str):
                    inner = self.split(what)
                    stack += [inner] if inner is not None else []
                elif what is not None:
                    stack += [place for _, place in self.mentions(module, what, decorators=decorators)]
        return seen

    def imports(self, paths: Iterable[str]) -> set[str]:
        """Return modules beside the notebook with all that importing them imports."""
        seen: set[str] = set()
        stack = list(paths)
        while stack:
            parts = stack.pop().split(".")
            for count in range(1, len(parts) + 1):
                path = ".".join(parts[:count])
                module = self.find(path)
                if module is None or path in seen:
                    continue
                seen.add(path)
                stack += module.stars
                stack += [what for bound in module.names.values() for what in bound if isinstance(what, str)]
        return seen


def _absolute(module: Module, name: str, path: str) -> str:
    """Return the path that an import in a module means; ``from . import x`` is ``..x`` for `imported`."""
    rest = path.lstrip(".")
    level = len(path) - len(rest)
    if not level:
        return path
    if name != "*" and "." not in rest:
        level -= 1
    parts = module.path.split(".")
    keep = len(parts) - level + (1 if module.is_package else 0)
    return ".".join([*parts[: max(0, keep)], *([rest] if rest else [])])
