"""Which values names have, at one point of the code: bindings, branches of it, and the scopes they live in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.heap import EMPTY, UNBOUND, Heap, Obj, Value

NO_DEFS: frozenset[int] = frozenset()
IMPORTED = frozenset({-1})
"""What binds a variable of a module beside the notebook: no statement, but whoever imports the module anew."""
Context = tuple[Instruction, ...]
"""The calls, from outside inwards, in which something is done: the last two."""
Site = tuple[Instruction, Context]
"""A place in the code, with the calls in which it is reached."""


class Binding(NamedTuple):
    """What a name denotes: its possible values, the statements that may have bound it, and the section that
    certainly bound it last (-1: none did)."""

    value: Value
    defs: frozenset[int]
    certain: int


class State:
    """Bindings by name. A fork sees its parent's bindings and keeps its own changes; `join` brings forks back."""

    __slots__ = ("dead", "names", "parent")

    def __init__(self, parent: State | None = None) -> None:
        self.parent = parent
        self.names: dict[str, Binding] = {}
        self.dead = False

    def get(self, name: str) -> Binding | None:
        state: State | None = self
        while state is not None:
            found = state.names.get(name)
            if found is not None:
                return found
            state = state.parent
        return None

    def fork(self) -> State:
        return State(self)

    def join(self, forks: Iterable[State]) -> bool:
        """Take what may hold after any of ``forks`` that no exception left; return whether it is news."""
        forks = list(forks)
        alive = [fork for fork in forks if not fork.dead]
        if not alive:
            self.dead = bool(forks)
            return False
        changed = False
        for name in {name for fork in alive for name in fork.names}:
            old = self.get(name)
            new = merge(fork.get(name) for fork in alive)
            if new != old:
                self.names[name] = new
                changed = True
        return changed

    def all_names(self) -> Iterator[str]:
        state: State | None = self
        while state is not None:
            yield from state.names
            state = state.parent


def merge(bindings: Iterable[Binding | None]) -> Binding:
    """Return the binding that stands for any of ``bindings``; None is unbound."""
    value: Value = EMPTY
    defs: frozenset[int] = NO_DEFS
    certain: set[int] = set()
    for binding in bindings:
        if binding is None:
            value |= {UNBOUND}
            certain.add(-1)
        else:
            value |= binding.value
            defs |= binding.defs
            certain.add(binding.certain)
    return Binding(value, defs, certain.pop() if len(certain) == 1 else -1)


class Scope:
    """A scope: ``kind`` is module, function, class or inline (a comprehension, which runs where it stands).

    ``space`` is the module beside the notebook to which it belongs, or empty.
    ``all_values`` holds all values that a local name has ever had: what closures see; ``grown``, when it got another
    one last, by the clock of the heap. ``around``: of a lambda, the variables of the comprehension that it stands in.
    """

    __slots__ = ("all_values", "around", "code", "grown", "kind", "parent", "result", "self_class", "space", "state")

    def __init__(self, kind: str, parent: Scope | None, state: State, code: Any = None, space: str = "") -> None:
        self.kind = kind
        self.space: str = parent.space if parent is not None else space
        self.parent = parent
        self.state = state
        self.code = code
        self.all_values: dict[str, Value] = {}
        self.grown: dict[str, int] = {}
        self.around: dict[str, Value] = {}
        self.result: Value = EMPTY
        self.self_class: Obj | None = None

    @property
    def body(self) -> Scope:
        """The scope that has the variables of the code here: a comprehension stands in one."""
        scope = self
        while scope.kind == "inline" and scope.parent is not None:
            scope = scope.parent
        return scope

    def local(self, name: str) -> Binding | None:
        """Return what a name denotes here or in a scope around this, that of the module left aside."""
        scope: Scope | None = self
        while scope is not None and scope.kind != "module":
            found = scope.state.get(name)
            if found is not None:
                return found
            scope = scope.parent
        return None

    def take(self, name: str, value: Value, heap: Heap) -> bool:
        """Let a local name have a value as well; return whether that is news."""
        old = self.all_values.get(name, EMPTY)
        if value <= old:
            self.all_values.setdefault(name, EMPTY)
            return False
        self.all_values[name] = old | value
        self.grown[name] = heap.tick()
        return True

    def has_grown(self, obj: Obj, since: int) -> bool:
        """Whether a free name of a function made in this scope may have another value than at a time."""
        scope: Scope | None = self if obj.code is not None else None
        while scope is not None and scope.kind != "module":
            if any(scope.grown.get(name, 0) > since for name in obj.code.free):
                return True
            scope = scope.parent
        return False

    def captured(self, obj: Obj) -> Iterator[Obj]:
        """Yield what a function made in this scope holds through its free names."""
        for value in self.captured_values(obj):
            yield from value

    def captured_values(self, obj: Obj) -> list[Value]:
        """Return the values of the free names of a function made in this scope."""
        found: list[Value] = []
        scope: Scope | None = self if obj.code is not None else None
        while scope is not None and scope.kind != "module":
            found += [scope.all_values[name] for name in obj.code.free & scope.all_values.keys()]
            scope = scope.parent
        return found
