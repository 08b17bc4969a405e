"""Code that nobody follows -> what it may do besides changing objects: settings, random generators, files, prints.

Calls and attributes of libraries are led back to their paths, and the tables asked, in whichever order the code runs.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from soorgeon_clone.analysis import figures
from soorgeon_clone.analysis.effects import Effect, Knowledge, may_set
from soorgeon_clone.analysis.names import imported, target_names
from soorgeon_clone.analysis.syntax import Node

_STORES = ("__setattr__", "__setitem__")
_BY_NAME = frozenset({"exec", "eval", "globals", "__import__"})

# types of what code mostly works with
COMMON = (
    *(f"builtins.{name}" for name in "str list dict set tuple int float bytes".split()),
    *(f"pandas.{name}" for name in "DataFrame Series Index".split()),
    "numpy.ndarray",
    "re.Pattern",
    "re.Match",
    "pathlib.Path",
    "io.TextIOWrapper",
    "datetime.datetime",
    "logging.Logger",
)

_PLACED = ("sets", "seeds", "draws", "reads", "writes")

Resolve = Callable[[str], "str | None"]


@dataclass
class Feared:
    """What code may do. ``methods`` are the names of methods that it calls on what is no library's.

    ``rows``: where that is done first, by field and item; ``where`` the same in words, of all the code together.
    """

    sets: set[str] = field(default_factory=set)
    seeds: set[str] = field(default_factory=set)
    draws: set[str] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    methods: set[str] = field(default_factory=set)
    prints: bool = False
    by_name: bool = False
    rows: dict[tuple[str, str], int] = field(default_factory=dict)
    where: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, other: Feared) -> None:
        """Take over what ``other`` holds."""
        for name in ("sets", "seeds", "draws", "reads", "writes", "methods"):
            getattr(self, name).update(getattr(other, name))
        self.prints = self.prints or other.prints
        self.by_name = self.by_name or other.by_name
        self.where = {**other.where, **self.where}

    def name_places(self, name: str, file: str) -> None:
        """Say of what is done in which row that it is done in function ``name`` of ``file``."""
        self.where = {key: f"{name} ({file}, row {row})" for key, row in self.rows.items()}


def feared(knowledge: Knowledge, nodes: Iterable[Node], resolve: Resolve) -> Feared:
    """Return what code may do; ``resolve`` gives the path of a name that stands for a library or part of one."""
    reader = _Reader(knowledge, resolve)
    for node in nodes:
        reader.read(node)
    reader.conclude()
    return reader.found


class _Reader:
    def __init__(self, knowledge: Knowledge, resolve: Resolve) -> None:
        self.knowledge = knowledge
        self.resolve = resolve
        self.found = Feared()
        self.types: set[str] = set()
        self.names: set[str] = set()
        self.own: dict[str, str] = {}  # what the code imports where it stands
        self.placed = 0  # how many items have their row

    def read(self, node: Node) -> None:
        """Take in all chains of names, attributes and calls in ``node``."""
        stack = [node]
        while stack:
            item = stack.pop()
            kind = item.type
            if kind in ("import_name", "import_from"):
                for name, path, whole in imported(item):
                    self.own[name] = path if whole else path.partition(".")[0]
                continue
            children: list[Node] = getattr(item, "children", [])
            if kind == "expr_stmt":
                self._stores(item)
            elif kind == "del_stmt":
                self._stored(children[1])
            if kind in ("atom_expr", "power") and len(children) > 1 and children[1].type == "trailer":
                self._chain(children[0], [child for child in children[1:] if child.type == "trailer"])
                stack.extend(child for child in children[1:] if child.type != "operator")
                if children[0].type != "name":
                    stack.append(children[0])
            elif kind == "trailer" and children[0].value == ".":
                continue
            elif kind == "name":
                self._chain(item, [])
            elif kind == "argument" and children[1].type == "operator" and children[1].value == "=":
                stack.append(children[2])
            else:
                stack.extend(reversed(children))
            self._note_rows(item)

    def _note_rows(self, node: Node) -> None:
        groups = {kind: getattr(self.found, kind) for kind in _PLACED}
        count = sum(map(len, groups.values()))
        if count > self.placed:
            self.placed = count
            for kind, items in groups.items():
                for item in items:
                    self.found.rows.setdefault((kind, item), int(node.start_pos[0]))

    def _path(self, head: Node) -> str | None:
        if head.type != "name":
            return None
        if head.value in self.own:
            return self.own[head.value]
        return self.resolve(head.value)

    def _chain(self, head: Node, trailers: list[Node]) -> None:
        path = self._path(head)
        if path is None:
            for one, other in pairwise(trailers):
                if one.children[0].value == "." and other.children[0].value == "(":
                    self.found.methods.add(one.children[1].value)
                    self.names.add(one.children[1].value)
            return
        if path in ("builtins.setattr", "builtins.delattr"):
            self.found.sets |= self._set_by_name(trailers)
        if path.removeprefix("builtins.") in _BY_NAME:
            self.found.by_name = True
        for index, trailer in enumerate(trailers):
            sign = trailer.children[0].value
            setting = self.knowledge.module_attribute(path) if "." in path else None
            if setting is not None and setting.sets:
                self._setting(path, setting, trailers[index:])
                return
            if sign == ".":
                name = trailer.children[1].value
                path = f"{path}.{name}"
            elif sign == "(":
                self._call(path, trailer)
                for later in trailers[index + 1 :]:
                    if later.children[0].value == ".":
                        self.names.add(later.children[1].value)
                        self.found.methods.add(later.children[1].value)
                return
            else:
                return
        setting = self.knowledge.module_attribute(path) if "." in path else None
        if setting is not None:
            self._take(setting)
            self.types.update(setting.returns)

    def _setting(self, path: str, setting: Effect, trailers: list[Node]) -> None:
        """``os.environ`` and the like: looking something up in it leaves it as it is."""
        kind = setting.returns[0] if setting.returns else ""
        first = trailers[0]
        sign = first.children[0].value
        effect = None
        if sign == "[":
            effect = self.knowledge.subscript(kind, "*")
        elif sign == "." and len(trailers) > 1 and trailers[1].children[0].value == "(":
            effect = self.knowledge.method(kind, first.children[1].value, {})
        if effect is None or effect.sets or effect.changes or effect.shares:
            self.found.sets.update(setting.sets)
        elif "modules" in setting.sets:  # sys.modules[...]
            self.found.by_name = True

    def _call(self, path: str, trailer: Node) -> None:
        effect = self.knowledge.function(path, _given(trailer, self.knowledge.parameters(path)))
        if effect is None:
            return
        if may_set(effect, path):
            self.found.sets.add("modules")
        self._take(effect)
        self.types.update(text for text in effect.returns if "." in text and "(" not in text)

    def _take(self, effect: Effect) -> None:
        self.found.sets.update(effect.sets)
        self.found.seeds.update(effect.seeds)
        self.found.draws.update(effect.draws)
        self.found.reads.update("*log" if text == "*log" else "*" for text in effect.reads)
        self.found.writes.update("*log" if text == "*log" else "*" for text in effect.writes)
        self.found.prints = self.found.prints or effect.prints
        self.found.by_name = self.found.by_name or effect.opaque is not None

    def _stores(self, node: Node) -> None:
        children = node.children
        if children[1].type == "annassign":
            self._stored(children[0])
        else:
            for index in range(1, len(children), 2):
                if children[index].type == "operator" and children[index].value.endswith("="):
                    self._stored(children[index - 1])

    def _stored(self, target: Node) -> None:
        """A part of a library is assigned to: that is a setting, or a change of the library itself."""
        if target.type in ("atom_expr", "power"):
            path = self._path(target.children[0])
            trailers = [child for child in target.children[1:] if child.type == "trailer"]
            if path is None or any(trailer.children[0].value == "(" for trailer in trailers):
                if len(trailers) > 1 or target.children[0].type != "name" or target.children[0].value != "self":
                    self.names.update(_STORES)
                return
            for trailer in trailers:
                if trailer.children[0].value != ".":
                    break
                path = f"{path}.{trailer.children[1].value}"
            self.found.sets |= self._of_path(path)
        elif target.type != "name" and not target_names(target):
            for child in getattr(target, "children", ()):
                self._stored(child)

    def _of_path(self, path: str) -> set[str]:
        while path:
            effect = self.knowledge.module_attribute(path) if "." in path else None
            if effect is not None and effect.sets:
                return set(effect.sets)
            path = path.rpartition(".")[0]
        return {"modules"}

    def _set_by_name(self, trailers: list[Node]) -> set[str]:
        if not trailers or len(trailers[0].children) < 3:
            return set()
        inner = trailers[0].children[1]
        first = inner.children[0] if inner.type == "arglist" else inner
        head = first.children[0] if first.type in ("atom_expr", "power") else first
        return {"modules"} if self._path(head) is not None else set()

    def conclude(self) -> None:
        """Ask what the methods that are called may set, for all types that the calls of libraries give.

        What a table says of methods that it does not name is taken for one that no other table names.
        """
        for name in self.names:
            naming = [t for t in (*self.types, *COMMON) if self.knowledge.names_method(t, name)]
            for type_ in self.types.intersection(naming) if naming else self.types:
                effect = self.knowledge.method(type_, name, {})
                if effect is not None:
                    self.found.sets.update(effect.sets)
                    self.found.seeds.update(effect.seeds)
                    self.found.draws.update(state for state in effect.draws if state in figures.STATES)
                    if name in self.found.methods:
                        self.found.reads.update("*" for text in effect.reads if text != "*log")
                        self.found.writes.update("*" for text in effect.writes if text != "*log")


def _given(trailer: Node, names: tuple[str, ...] | None) -> dict[str, str | None]:
    """Return the parameters that a call passes with the source of those that are constants."""
    inner = trailer.children[1] if len(trailer.children) == 3 else None
    items = [] if inner is None else inner.children if inner.type == "arglist" else [inner]
    found: dict[str, str | None] = {}
    count = 0
    for item in items:
        if item.type == "operator":
            continue
        if item.type != "argument":
            found[names[count] if names and count < len(names) else str(count)] = _source(item)
            count += 1
        elif item.children[0].type == "operator":
            found[item.children[0].value] = None
        elif item.children[1].type == "operator" and item.children[1].value == "=":
            found[item.children[0].value] = _source(item.children[2])
    return found


def _source(node: Node) -> str | None:
    """Return the source of a constant, as `given` of a call has it; None for anything else."""
    if node.type == "string":
        return repr(ast.literal_eval(node.value))
    return node.value if node.type in ("number", "keyword") else None


def builtin(name: str) -> str | None:
    """Return the path of a builtin of this name."""
    return f"builtins.{name}" if hasattr(builtins, name) else None
