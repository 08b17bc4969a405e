"""Code cells -> what each needs and gives by name, what must come before what, and an order with the fewest moves.

Names are all there is to go by when nobody counted: what a cell uses must be bound above it; a cell that takes a
column (``df["age"]``) comes behind the cell that makes it. Where that leaves a choice, the order of the file stays.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from soorgeon_clone.lint.changes import changes_of, deleted_in, mentions_of, modules_set_up_in
from soorgeon_clone.lint.cycles import cycles
from soorgeon_clone.lint.names import Names, names_of
from soorgeon_clone.lint.partial_order import closure, fewest_moves, merged
from soorgeon_clone.lint.script import CodeCell, script_of
from soorgeon_clone.notebook.ipython import is_notebook_name
from soorgeon_clone.notebook.model import Cell, Notebook


@dataclass(frozen=True)
class CellFlow:
    """What one cell does with names.

    ``needs``: used at once, for certain, before the cell binds them; ``uses``: those, and what else it may read.
    ``binds``: given a value; ``pure``: given one that does not depend on the old one. ``changes``: whose object it
    changes in place. ``makes``: columns and attributes that it sets, by name of the variable; ``mentions``: all texts
    and attributes. ``reads``: all whose value may matter to it, also through functions; ``deletes``: unbound;
    ``sets_up``: modules whose settings it changes, and does nothing else with them.
    """

    needs: frozenset[str]
    uses: frozenset[str]
    binds: frozenset[str]
    pure: frozenset[str]
    changes: frozenset[str]
    makes: frozenset[tuple[str, str]]
    mentions: frozenset[str]
    reads: frozenset[str] = frozenset()
    deletes: frozenset[str] = frozenset()
    sets_up: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Flow:
    """The cells' facts. Cells are known by their position."""

    cells: tuple[CellFlow, ...]

    def problems(self, order: Sequence[int]) -> int:
        """Return how many uses in this order come before the name is bound."""
        bound: set[str] = set()
        found = 0
        for position in order:
            cell = self.cells[position]
            found += len((cell.needs & self._all_bound) - bound)
            bound |= cell.binds
        return found

    @cached_property
    def _all_bound(self) -> frozenset[str]:
        return frozenset().union(*(cell.binds for cell in self.cells))

    @cached_property
    def _must(self) -> Mapping[int, set[int]]:
        """For each cell those that must come before it."""
        before: dict[int, set[int]] = {position: set() for position in range(len(self.cells))}
        for first, second in self._pairs():
            if first != second:
                before[second].add(first)
        for group in cycles(before):
            for position in group:
                before[position] -= group
        return before

    def _pairs(self) -> Iterator[tuple[int, int]]:
        for name in sorted(self._all_bound):
            definers = [p for p, cell in enumerate(self.cells) if name in cell.pure]
            others = [
                p
                for p, cell in enumerate(self.cells)
                if p not in definers and name in cell.reads | cell.binds | cell.changes
            ]
            for other in others:
                yield from ((definer, other) for definer in _definers_of(other, definers))
        yield from self._settings_first()
        makers: dict[tuple[str, str], list[int]] = {}
        for position, cell in enumerate(self.cells):
            for made in cell.makes:
                makers.setdefault(made, []).append(position)
        for (name, key), positions in sorted(makers.items()):
            if len(positions) == 1:
                for position, cell in enumerate(self.cells):
                    if name in cell.uses and key in cell.mentions and name not in cell.pure:
                        yield positions[0], position

    def _settings_first(self) -> Iterator[tuple[int, int]]:
        """Yield (cell that sets a module up, other cell that uses the module), where only one cell sets it up.

        Where most is out of order, settings come before everything else.
        """
        is_shuffled = 4 * self.problems(range(len(self.cells))) > len(self.cells)
        for module in sorted({module for cell in self.cells for module in cell.sets_up}):
            setters = [p for p, cell in enumerate(self.cells) if module in cell.sets_up]
            for position, cell in enumerate(self.cells):
                if len(setters) == 1 and (module in cell.reads or is_shuffled) and module not in cell.binds:
                    yield setters[0], position

    def best_order(self) -> tuple[int, ...]:
        """Return the order that keeps all that is known, with as few moves as possible."""
        reach = closure(self._must)
        staying = fewest_moves(reach)
        return merged(reach, staying)


def _definers_of(user: int, definers: Sequence[int]) -> list[int]:
    """Return which of the cells that give a name a value gives it to ``user``: the last above it, else the first."""
    if not definers:
        return []
    above = [definer for definer in definers if definer < user]
    return [above[-1] if above else definers[0]]


def flow_of(cells: Sequence[Cell]) -> Flow:
    """Return the flow of code cells."""
    script = script_of(Notebook("cells", None, tuple(cells)))
    names = names_of(script)
    modules = {one.name for one in names.bound if one.kind == "import" and one.origin.partition(".")[0]}
    return Flow(tuple(_cell(position, cell, names, modules) for position, cell in enumerate(script.cells)))


def _cell(position: int, cell: CodeCell, names: Names, modules: Collection[str]) -> CellFlow:
    bound = {b.name for b in names.bound if b.cell == position and not b.deferred}
    certain_at: dict[str, int] = {}  # the first statement of the cell that binds a name for certain
    for binding in names.bound:
        if binding.cell == position and binding.certain and not binding.deferred and not binding.augments:
            certain_at.setdefault(binding.name, binding.order)

    def is_exposed(name: str, order: int) -> bool:
        return certain_at.get(name, order) >= order

    any_at: dict[str, int] = {}  # the first that may bind it, as in try: import ... except: import ...
    for binding in names.bound:
        if binding.cell == position and not binding.deferred and not binding.augments:
            any_at.setdefault(binding.name, binding.order)

    used = [use for use in names.used if use.cell == position and _counts(use.name)]
    needs: set[str] = set()
    for use in used:
        is_sure = use.certain and use.function is None and use.loop is None
        if is_sure and any_at.get(use.name, use.order) >= use.order:
            needs.add(use.name)
        if is_sure and use.called:
            called = {name for name in _needed_by_call(use.name, names) if any_at.get(name, use.order) >= use.order}
            needs |= called
    exposed = {use.name for use in used if use.function is None and is_exposed(use.name, use.order)}
    changes, makes = changes_of(cell, modules)
    # A lambda is mostly called where it stands.
    at_once = {use.name for use in used if use.function is None or isinstance(use.function, ast.Lambda)} | needs
    return CellFlow(
        frozenset(needs),
        frozenset({use.name for use in used if use.function is None} | needs),
        frozenset(bound),
        frozenset(bound - exposed),
        frozenset(changes),
        frozenset(makes),
        frozenset(mentions_of(cell)),
        frozenset(_reads(at_once | changes | (bound & exposed), names)),
        frozenset(deleted_in(cell)),
        frozenset(modules_set_up_in(cell, modules)),
    )


def _reads(start: set[str], names: Names) -> set[str]:
    """Return names, and those that the functions and classes behind them use when they are called."""
    found: set[str] = set()
    waiting = list(start)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        for binding in names.bindings.get(name, ()):
            if binding.kind in ("function", "class"):
                waiting += names.deferred_by_statement.get(binding.order, ())
    return {name for name in found if _counts(name)}


def _counts(name: str) -> bool:
    return not hasattr(builtins, name) and not is_notebook_name(name)


def _needed_by_call(name: str, names: Names) -> set[str]:
    """Return what a function of the notebook reads when it is called, through the functions that it calls."""
    needed: set[str] = set()
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        called = waiting.pop()
        if called in seen:
            continue
        seen.add(called)
        for binding in names.bindings.get(called, ()):
            if binding.kind != "function":
                continue
            for use in names.uses_by_function.get(binding.node, ()):
                if use.certain and _counts(use.name):
                    needed.add(use.name)
                    if use.called:
                        waiting.append(use.name)
    return needed
