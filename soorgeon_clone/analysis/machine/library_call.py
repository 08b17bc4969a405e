"""The words of `Effect` -> the objects of one call of a library that they stand for: targets, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from soorgeon_clone.analysis.lower.instructions import Call, Elements, Instruction, Make
from soorgeon_clone.analysis.machine.walk import Run
from soorgeon_clone.analysis.objects.arguments import Arguments
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value, spread
from soorgeon_clone.analysis.objects.keys import ANY, SOURCE
from soorgeon_clone.analysis.objects.parts import cells, contents, inmost, may_keep_arrays, mutable
from soorgeon_clone.analysis.objects.table import kind_of
from soorgeon_clone.analysis.objects.types import CONTAINERS, FRAMES, ITERATORS, MAPPINGS, NDARRAY, TABLES, UNKNOWN

VIEWING = FRAMES | {NDARRAY}
_TAKING_ELEMENTS = ("builtins.", "collections.", "itertools.")  # the rows of an array are views of it
_DISPLAYS = {"list", "dict", "set", "frozenset", "iterator", "tuple", "generator"}


@dataclass(slots=True, eq=False)
class LibraryCall:
    """A call of ``path``, by ``names`` of its parameters; ``given_back`` is what functions gave that it called."""

    machine: Run
    receiver: Value
    args: Arguments
    node: Instruction
    path: str = ""
    names: tuple[str, ...] | None = None
    given_back: Value = EMPTY
    _bound: dict[str, Value] | None = None

    @property
    def bound(self) -> dict[str, Value]:
        """What the call passes, by parameters and positions."""
        if self._bound is None:
            self._bound = _bound(self.args, self.names)
        return self._bound

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    def target(self, text: str) -> Value:
        """Return the objects that a target stands for once the functions that the call runs have run."""
        if text.startswith("call:"):
            return self.given_back
        if text.startswith("element:call:"):
            return cells(self.given_back)
        value = self.objects(text)
        if text.startswith("element:") and self.path.startswith(_TAKING_ELEMENTS):
            value |= self.machine.elements(frozenset(o for o in self.objects(text[8:]) if o.type == NDARRAY), self.node)
        return value

    def objects(self, target: str) -> Value:
        """Return the objects that a target stands for."""
        if target == "self":
            return self.receiver
        if target == "args":
            return self.args.all | self._unpacked()
        if target.startswith("like:"):
            return self.objects(target[5:])
        if target.startswith("single:"):
            listed = inmost(self.objects(target[7:]))
            return EMPTY if _shows_several(self.node) and not any(map(_is_nothing, listed)) else listed
        if target.startswith("with:"):
            self.machine.depend_on_all()
            return self.machine.heap.made_with(target[5:])
        if target.startswith("taken:"):
            return _taken(self.objects(target[6:]))
        if target.startswith("own:"):
            return frozenset(obj for obj in self.objects(target[4:]) if may_keep_arrays(obj))
        if target.startswith("element:"):
            inner = self.objects(target[8:])
            others = [o for o in inner if not (o.immutable or o.type in CONTAINERS or o.type.startswith(TABLES))]
            own = frozenset(o for o in others if self.machine.may_be_own_part(o)) if others else EMPTY
            return cells(inner) | own
        return self.bound.get(target.removeprefix("arg:"), EMPTY) | self._unpacked()

    def _unpacked(self) -> Value:
        return EMPTY.union(*(contents(value) for keyword, value in self.args.keywords if keyword is None))

    def result(self, spec: str, viewed: Obj | None = None) -> Value:
        """Return the objects that a result stands for; ``viewed``: arrays are views of it."""
        machine, node = self.machine, self.node
        head, parts = _parts(spec)
        if parts and head.removeprefix("builtins.") in _DISPLAYS:
            return self._display(head.removeprefix("builtins."), parts)
        if head.startswith("as:"):
            given = {obj.type for obj in self.objects(head[3:])}
            kinds = [kind for kind in parts if kind in given] if given and given <= set(parts) else parts
            return EMPTY.union(*map(self.result, kinds))
        if parts:  # of something else, which holds them: DataFrame(list(str))
            whole = self.result(head)
            for obj in whole:
                for part in parts:
                    machine.heap.hold(obj, ANY, mutable(self.result(part)))
            return whole
        if spec == "self":
            return self.receiver
        if spec == "none":
            return frozenset({machine.heap.atom("builtins.NoneType")})
        word, _, rest = spec.partition(":")
        if rest and word in _WORDS:
            return self._named(word, rest, viewed)
        kind = spec
        if spec == "fresh":
            kind = f"{self.path.partition('.')[0]}.*" if self.path else UNKNOWN
        facts = machine.knowledge.type(kind) if "." in kind else None
        if facts is not None and facts.immutable:
            return frozenset({machine.heap.atom(kind)})
        if viewed is not None and kind in VIEWING:
            return frozenset({machine.heap.make_view((*machine.site(node), kind), kind, viewed)})
        return frozenset({machine.heap.make((*machine.site(node), kind), kind)})

    def _named(self, word: str, rest: str, viewed: Obj | None) -> Value:
        """Return what a result stands for that begins with a word: ``element:self``, ``call:func``."""
        machine, node = self.machine, self.node
        if word == "library":
            return frozenset({machine.heap.lib(rest)})
        value = self.objects(rest)
        if word == "arg":
            return value
        if word == "like":
            return like(machine, value, node, viewed)
        if word == "call":
            return machine.call_back(value, self.receiver, self.args, node, self.path)
        scalar = frozenset({machine.heap.atom("builtins.scalar")})
        if word == "cell":
            return cells(value) | scalar
        inner = rest.rpartition(":")[2]
        if inner not in ("self", "args") and inner not in self.bound:
            return scalar
        mapping = frozenset(o for o in value if o.type in MAPPINGS)
        return contents(mapping) | machine.elements(value - mapping, node) or scalar

    def _display(self, head: str, parts: tuple[str, ...]) -> Value:
        machine = self.machine
        made = machine.heap.make((*machine.site(self.node), head, parts), f"builtins.{head}")
        several = head == "tuple" and len(parts) > 1
        inside = mutable(cells(frozenset(obj for obj in self.receiver if obj.type.startswith(TABLES))))
        for index, part in enumerate(parts):
            value = self.result(part)
            for obj in value - inside - self.receiver if inside else ():
                if obj.type.startswith(TABLES):  # the rows and groups of a table hold what its cells hold
                    machine.heap.hold(obj, ANY, inside)
            machine.heap.hold(made, str(index) if several else ANY, value)
        return frozenset({made})


_WORDS = frozenset({"arg", "element", "cell", "like", "call", "library"})


def _taken(value: Value) -> Value:
    """Return what is in ``value``; of iterators, also in containers, what they give and take from."""

    def taken_of(obj: Obj) -> Value:
        is_asked = obj.type in ITERATORS or obj.type in CONTAINERS
        return contents(frozenset({obj})) | obj.fields.get(SOURCE, EMPTY) if is_asked else EMPTY

    found = (obj for obj in spread(value, taken_of) if obj.type not in ITERATORS)
    return frozenset(obj for obj in found if not any(part.type in ITERATORS for part in taken_of(obj)))


def like(machine: Run, originals: Value, node: Instruction, viewed: Obj | None = None) -> Value:
    """Return new objects of the same types, holding the same things."""
    return frozenset(kind_of(obj.type).copy(machine, obj, node, viewed) for obj in originals)


def _bound(args: Arguments, names: tuple[str, ...] | None) -> dict[str, Value]:
    bound: dict[str, Value] = {}
    for index, (value, starred) in enumerate(args.positional):
        if starred:
            for name in (names or ())[index:]:
                bound[name] = bound.get(name, EMPTY) | value
            bound[str(index)] = value
        else:
            bound[str(index)] = value
            if names and index < len(names):
                bound[names[index]] = value
    for keyword, value in args.keywords:
        if keyword is not None:
            bound[keyword] = value
    return bound


def _shows_several(node: Instruction) -> bool:
    """Whether the first argument of a call is a list or tuple that is written there with two elements or more."""
    first = node.arguments[0].value if isinstance(node, Call) and node.arguments else node
    if not isinstance(first, Make) or first.kind not in ("list", "tuple"):
        return False
    return len(first.items) > 1 and not any(isinstance(item, Elements) for item in first.items)


def _is_nothing(obj: Obj) -> bool:
    """Whether an object in a list may be as if it were not there: ``pd.concat([pd.DataFrame(), df])``."""
    return obj.is_bare or obj.type == "builtins.NoneType"


@lru_cache(maxsize=4096)
def _parts(spec: str) -> tuple[str, tuple[str, ...]]:
    """``tuple(A, list(B))`` -> ("tuple", ("A", "list(B)"))."""
    head, _, rest = spec.partition("(")
    if not rest:
        return spec, ()
    inner = rest[:-1]
    parts, depth, start = [], 0, 0
    for index, char in enumerate(inner):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append(inner[start:index].strip())
            start = index + 1
    parts.append(inner[start:].strip())
    return head, tuple(p for p in parts if p)
