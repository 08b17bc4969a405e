"""Code that nobody follows -> what it may do besides changing objects: settings, random generators, files, prints.

Calls and attributes of libraries are led back to their paths, and the tables asked, in whichever order the code runs.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from soorgeon_clone.analysis.knowledge.effect_rules import FIGURES, Effect
from soorgeon_clone.analysis.knowledge.effects import Knowledge, may_set
from soorgeon_clone.analysis.lower.instructions import Attribute, Block, Call, Constant, Import, Instruction, Item, Read
from soorgeon_clone.analysis.lower.parts import Part, chain_of, parts, targets_of

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

Resolve = Callable[[str], "str | None"]


@dataclass
class Feared:
    """What code may do.

    ``methods`` are the names of methods that it calls on what is no library's, ``imports`` the paths that it imports.
    """

    sets: set[str] = field(default_factory=set)
    seeds: set[str] = field(default_factory=set)
    draws: set[str] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    methods: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)
    prints: bool = False
    by_name: bool = False


@dataclass(frozen=True, slots=True)
class _Mention:
    """An import of ``head``; or a chain of attributes, items and calls that begins with it, asked or stored into."""

    kind: Literal["import", "stored", "asked"]
    head: Instruction
    chain: Sequence[Part] = ()


class Reading:
    """What code may do: each instruction is read once, and an answer stands as long as its names mean the same."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._mentions: dict[Instruction, tuple[_Mention, ...]] = {}
        self._answers: dict[object, Feared] = {}

    def feared(self, blocks: Iterable[Block], resolve: Resolve) -> Feared:
        """Return what code may do; ``resolve`` gives the path of a name that stands for a library or part of one."""
        instructions = tuple(instruction for block in blocks for instruction in block)
        mentions = [mention for instruction in instructions for mention in self._read(instruction)]
        heads = {mention.head.name for mention in mentions if isinstance(mention.head, Read)}
        paths = {name: resolve(name) for name in heads}
        key = (instructions, frozenset(paths.items()))
        if key not in self._answers:
            reader = _Reader(self._knowledge, paths)
            for mention in mentions:
                reader.take(mention)
            reader.conclude()
            self._answers[key] = reader.found
        return self._answers[key]

    def _read(self, instruction: Instruction) -> tuple[_Mention, ...]:
        if instruction not in self._mentions:
            self._mentions[instruction] = tuple(_mentions(instruction))
        return self._mentions[instruction]


def _mentions(instruction: Instruction) -> Iterator[_Mention]:
    """Yield all imports and chains of names, attributes and calls in ``instruction``."""
    stack = [instruction]
    while stack:
        item = stack.pop()
        if isinstance(item, Import):
            yield _Mention("import", item)
            continue
        for target in targets_of(item):
            yield _Mention("stored", *chain_of(target))
        if isinstance(item, (Attribute, Item, Call)):
            head, chain = chain_of(item)
            yield _Mention("asked", head, chain)
            inner = [] if isinstance(head, Read) else [head]
            for part in chain:
                inner += part.arguments if isinstance(part, Call) else [part.key] if isinstance(part, Item) else []
        else:
            if isinstance(item, Read):
                yield _Mention("asked", item)
            inner = [*parts(item)]
        stack.extend(reversed(inner))


class _Reader:
    def __init__(self, knowledge: Knowledge, paths: Mapping[str, str | None]) -> None:
        self.knowledge = knowledge
        self.paths = paths
        self.found = Feared()
        self.types: set[str] = set()
        self.names: set[str] = set()
        self.own: dict[str, str] = {}  # what the code imports where it stands

    def take(self, mention: _Mention) -> None:
        head = mention.head
        if isinstance(head, Import):
            self.found.imports.add(head.path)
            self.own[head.name] = head.path if head.whole else head.path.partition(".")[0]
        elif mention.kind == "stored":
            self._stored(head, mention.chain)
        else:
            self._chain(head, mention.chain)

    def _path(self, head: Instruction) -> str | None:
        if not isinstance(head, Read):
            return None
        return self.own[head.name] if head.name in self.own else self.paths[head.name]

    def _chain(self, head: Instruction, chain: Sequence[Part]) -> None:
        path = self._path(head)
        if path is None:
            for one, other in pairwise(chain):
                if isinstance(one, Attribute) and isinstance(other, Call):
                    self.found.methods.add(one.name)
                    self.names.add(one.name)
            return
        if path in ("builtins.setattr", "builtins.delattr"):
            self.found.sets |= self._set_by_name(chain)
        if path.removeprefix("builtins.") in _BY_NAME:
            self.found.by_name = True
        for index, part in enumerate(chain):
            setting = self.knowledge.module_attribute(path) if "." in path else None
            if setting is not None and setting.sets:
                self._setting(setting, chain[index:])
                return
            if isinstance(part, Attribute):
                path = f"{path}.{part.name}"
            elif isinstance(part, Call):
                self._call(path, part)
                for later in chain[index + 1 :]:
                    if isinstance(later, Attribute):
                        self.names.add(later.name)
                        self.found.methods.add(later.name)
                return
            else:
                return
        setting = self.knowledge.module_attribute(path) if "." in path else None
        if setting is not None:
            self._take(setting)
            self.types.update(setting.returns)

    def _setting(self, setting: Effect, chain: Sequence[Part]) -> None:
        """``os.environ`` and the like: looking something up in it leaves it as it is."""
        kind = setting.returns[0] if setting.returns else ""
        first = chain[0]
        effect = None
        if isinstance(first, Item):
            effect = self.knowledge.subscript(kind, "*")
        elif isinstance(first, Attribute) and len(chain) > 1 and isinstance(chain[1], Call):
            effect = self.knowledge.method(kind, first.name, {})
        if effect is None or effect.sets or effect.changes or effect.shares:
            self.found.sets.update(setting.sets)
        elif "modules" in setting.sets:  # sys.modules[...]
            self.found.by_name = True

    def _call(self, path: str, call: Call) -> None:
        effect = self.knowledge.function(path, _given(call, self.knowledge.parameters(path)))
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

    def _stored(self, head: Instruction, chain: Sequence[Part]) -> None:
        """A part of a library is assigned to: that is a setting, or a change of the library itself."""
        path = self._path(head)
        if path is None or any(isinstance(part, Call) for part in chain):
            if len(chain) > 1 or not isinstance(head, Read) or head.name != "self":
                self.names.update(_STORES)
            return
        for part in chain:
            if not isinstance(part, Attribute):
                break
            path = f"{path}.{part.name}"
        self.found.sets |= self._of_path(path)

    def _of_path(self, path: str) -> set[str]:
        while path:
            effect = self.knowledge.module_attribute(path) if "." in path else None
            if effect is not None and effect.sets:
                return set(effect.sets)
            path = path.rpartition(".")[0]
        return {"modules"}

    def _set_by_name(self, chain: Sequence[Part]) -> set[str]:
        if not chain or not isinstance(chain[0], Call) or not chain[0].arguments:
            return set()
        head, _ = chain_of(chain[0].arguments[0].value)
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
                    self.found.draws.update(state for state in effect.draws if state in FIGURES)
                    if name in self.found.methods:
                        self.found.reads.update("*" for text in effect.reads if text != "*log")
                        self.found.writes.update("*" for text in effect.writes if text != "*log")


def _given(call: Call, names: tuple[str, ...] | None) -> dict[str, str | None]:
    """Return the parameters that a call passes with the source of those that are constants."""
    found: dict[str, str | None] = {}
    count = 0
    for item in call.arguments:
        if item.sign in ("*", "**"):
            found[item.sign] = None
        elif item.name is not None:
            found[item.name] = _source(item.value)
        else:
            found[names[count] if names and count < len(names) else str(count)] = _source(item.value)
            count += 1
    return found


def _source(node: Instruction) -> str | None:
    """Return the source of a constant, as `given` of a call has it; None for anything else."""
    if not isinstance(node, Constant):
        return None
    if node.value is not None:
        return repr(node.value)
    return {"NoneType": "None", "int": "1", "float": "1"}.get(node.type)


def builtin(name: str) -> str | None:
    """Return the path of a builtin of this name."""
    return f"builtins.{name}" if hasattr(builtins, name) else None
