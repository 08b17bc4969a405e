"""What the code of a scope binds, declares, mentions and takes from outside, collected while it is lowered."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Import

NO_NAMES: frozenset[str] = frozenset()


class ScopeNames:
    """The names of one scope; ``kind`` is statement, function, class or loops (a comprehension).

    ``own`` are the names that the scope itself reads or declares, ``inner`` those that scopes in it take from outside
    of themselves, ``mentioned`` all others that stand in it, however deep. ``erased`` are type parameters: they mean
    nothing.
    """

    __slots__ = (
        "bound",
        "erased",
        "globals",
        "has_class",
        "has_global",
        "imports",
        "inner",
        "is_generator",
        "kind",
        "mentioned",
        "nonlocals",
        "own",
        "parent",
        "size",
    )

    def __init__(self, kind: str, parent: ScopeNames | None = None) -> None:
        self.kind = kind
        self.parent = parent
        self.erased: frozenset[str] = parent.erased if parent is not None else NO_NAMES
        self.own: set[str] = set()
        self.inner: set[str] = set()
        self.mentioned: set[str] = set()
        self.bound: set[str] = set()
        self.globals: set[str] = set()
        self.nonlocals: set[str] = set()
        self.imports: list[Import] = []
        self.is_generator = False
        self.has_class = False
        self.has_global = False
        self.size = 0

    def bind(self, name: str) -> None:
        self.bound.add(name)
        self.mentioned.add(name)

    def bind_outside(self, name: str) -> None:
        """Bind what ``:=`` binds: in the nearest scope that is no comprehension's."""
        scope = self
        while scope.kind == "loops" and scope.parent is not None:
            scope = scope.parent
        scope.bind(name)

    def declare(self, kind: str, names: list[str]) -> None:
        (self.globals if kind == "global" else self.nonlocals).update(names)
        self.has_global = self.has_global or kind == "global"
        self.own.update(names)

    @property
    def locals(self) -> frozenset[str]:
        return frozenset(self.bound - self.globals - self.nonlocals)

    @property
    def free(self) -> set[str]:
        """The names taken from outside of the scope. A class may read a name there before it binds its own."""
        found = self.own | self.inner
        return found if self.kind in ("class", "statement") else found - (self.bound - self.globals - self.nonlocals)

    def close(self) -> None:
        """Tell the scope around what stands in this one."""
        outer = self.parent
        if outer is None:
            return
        outer.inner |= self.free
        outer.mentioned |= self.own
        outer.mentioned |= self.mentioned
        outer.imports += self.imports
        outer.has_class = outer.has_class or self.has_class
        outer.has_global = outer.has_global or self.has_global
        if self.kind == "loops":
            outer.size += self.size
            outer.is_generator = outer.is_generator or self.is_generator
