"""Texts of modules beside the notebook -> the names that each binds, and what its code mentions of the others.

Nothing is imported or run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from soorgeon_clone.analysis.effects import Knowledge
from soorgeon_clone.analysis.feared import builtin
from soorgeon_clone.analysis.module_trees import (
    DEFINITIONS,
    free_leaves,
    inside,
    is_definition,
    is_for_programs,
    is_none,
    runs_at_once,
    targets_of_blocks,
    trailers_of,
    values_bound,
)
from soorgeon_clone.analysis.names import imported, target_names
from soorgeon_clone.analysis.star import is_installed
from soorgeon_clone.analysis.syntax import Node, top_statements

Read = Callable[[str], "str | None"]
Name = tuple[str, str]
"""A module and a name in it; the name is "" for the module itself."""


@dataclass
class Module:
    """A module: what its names are bound to, and what runs when it is imported.

    A binding is a definition, the expression of a value, None (a value of which nothing is known), or an imported path.
    """

    path: str
    text: str = ""
    names: dict[str, list[Node | str | None]] = field(default_factory=dict)
    running: list[Node] = field(default_factory=list)
    is_package: bool = False
    is_readable: bool = True
    stars: list[str] = field(default_factory=list)
    kept: object = None  # the trees
    declared: dict[str, list[Node | None]] = field(default_factory=dict)  # what functions bind with ``global``

    def bind(self, name: str, what: Node | str | None) -> None:
        self.names.setdefault(name, []).append(what)


class Modules:
    """The modules beside one notebook, each read when it is asked for.

    ``read`` gives the text of a file by its path without ``.py``, ``written`` whether the notebook writes it.
    """

    def __init__(self, read: Read, knowledge: Knowledge, written: Callable[[str], bool]) -> None:
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

    def split(self, path: str) -> Name | None:
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

    def _in_folder(self, parts: list[str]) -> Name | None:
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
            tops = top_statements(text)
        except (SyntaxError, ValueError, RecursionError, AssertionError):
            module.is_readable = False
            return module
        module.kept = tops
        for top in tops:
            self._take(module, top.node)
        definitions = [what for bound in module.names.values() for what in bound if is_definition(what)]
        for definition in definitions:
            for item in inside(definition):
                for leaf in item.children[1::2] if item.type == "global_stmt" else ():
                    module.declared.setdefault(leaf.value, []).extend(values_bound(item, leaf.value))
        return module

    def _take(self, module: Module, node: Node) -> None:
        """Note what a statement at the top of a module binds, and what of it runs."""
        kind = node.type
        if kind in ("simple_stmt", "suite"):
            for child in node.children:
                self._take(module, child)
        elif kind in ("async_stmt", "async_funcdef"):
            self._take(module, node.children[-1])
        elif kind == "decorated":
            definition = node.children[-1]
            module.bind(
                (definition if definition.type in DEFINITIONS else definition.children[-1]).children[1].value, node
            )
            module.running.append(node.children[0])
            module.running += runs_at_once(definition)
        elif kind in ("funcdef", "classdef"):
            module.bind(node.children[1].value, node)
            module.running += runs_at_once(node)
        elif kind in ("import_name", "import_from"):
            for name, path, whole in imported(node):
                target = _absolute(module, name, path)
                if name == "*":
                    module.stars.append(target)
                else:
                    module.bind(name, target if whole else target.partition(".")[0])
        elif kind == "expr_stmt":
            module.running.append(node)
            self._assigned(module, node)
        elif kind == "if_stmt" and is_for_programs(node.children[1]):
            return
        elif kind in ("if_stmt", "try_stmt", "with_stmt", "while_stmt", "for_stmt"):
            for name in targets_of_blocks(node):
                module.bind(name, None)
            for child in node.children:
                if child.type in ("suite", "simple_stmt"):
                    self._take(module, child)
                elif child.type not in ("keyword", "operator"):
                    module.running.append(child)
                    self._walruses(module, child)
        elif kind not in ("newline", "string", "operator", "keyword"):
            module.running.append(node)
            self._walruses(module, node)

    def _assigned(self, module: Module, node: Node) -> None:
        children = node.children
        self._walruses(module, node)
        if children[1].type == "annassign":
            values = children[1].children
            for leaf in target_names(children[0]):
                module.bind(leaf.value, values[3] if len(values) > 3 else None)
            return
        is_plain = all(child.value == "=" for child in children[1::2])
        for target in children[:-1:2]:
            for leaf in target_names(target):
                module.bind(leaf.value, children[-1] if is_plain and target.type == "name" else None)

    def _walruses(self, module: Module, node: Node) -> None:
        for item in inside(node, into_definitions=False):
            if item.type == "namedexpr_test":
                module.bind(item.children[0].value, None)

    # -- names -------------------------------------------------------------------------------------------------

    def bindings(self, module: Module, name: str) -> list[Node | str | None]:
        """Return what a name of a module may be, those that its functions bind with ``global`` included."""
        found = [*module.names.get(name, ()), *module.declared.get(name, ())]
        for star in module.stars if not found else ():
            other = self.find(star)
            if other is not None and self.bindings(other, name):
                return [f"{star}.{name}"]
        return found

    def lookup(self, module: Module, name: str) -> list[Name]:
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

    def mentions(self, module: Module, node: Node, *, decorators: bool = True) -> Iterator[tuple[Node, Name]]:
        """Yield what of modules beside the notebook code mentions, its own included, and the leaves that do."""
        own_imports: dict[str, str] = {}
        for item in inside(node):
            if item.type in ("import_name", "import_from"):
                for name, path, whole in imported(item):
                    target = _absolute(module, name, path)
                    own_imports[name] = target if whole else target.partition(".")[0]
                    if name == "*" and self.find(target) is not None:
                        yield item, (target, "")
        for leaf, is_local in free_leaves(node, decorators=decorators):
            name = leaf.value
            if name in own_imports:
                place = self.split(self.dotted(own_imports[name], leaf))
                if place is not None:
                    yield leaf, place
            elif not is_local:
                for what in self.lookup(module, name):
                    yield leaf, (self.split(self.dotted(what[0], leaf)) or what) if what[1] == "" else what

    def dotted(self, path: str, leaf: Node) -> str:
        """Return a path with the attributes that are asked for behind a name."""
        for trailer in trailers_of(leaf):
            if trailer.children[0].value != ".":
                break
            path = f"{path}.{trailer.children[1].value}"
        return path

    def reached(self, places: Iterable[Name], *, decorators: bool = True) -> set[Name]:
        """Return places with all that their code mentions, and so on; what decorates them only if it is asked for."""
        seen: set[Name] = set()
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
