"""What pandas makes: frames, series, indexes, and what shows them (``df.loc``, groups, rows)."""

from __future__ import annotations

import re

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects import labels
from soorgeon_clone.analysis.objects.arguments import NO_ARGUMENTS
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value, is_module
from soorgeon_clone.analysis.objects.hints import always_copies
from soorgeon_clone.analysis.objects.index import Index
from soorgeon_clone.analysis.objects.keys import ANY, LOST
from soorgeon_clone.analysis.objects.kinds.library_object import LibraryObject
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.parts import cells, contents, mutable
from soorgeon_clone.analysis.objects.types import CONTAINERS, FRAME, FRAMES, NDARRAY, NUMBERS, SERIES, TABLES

_PASSING_SERIES = re.compile(r"pandas\.(Series|Index|DataFrame|Rolling.*|Expanding.*)$")
_WINDOWS = ("pandas.Rolling", "pandas.Expanding")
_OF_FRAMES = frozenset({"columns", "index", "attrs", "flags", "allows_duplicate_labels"})

INDEXER = "pandas._Indexer"


class _Numbers(LibraryObject):
    """What has its elements in memory that others may share; ``saved``: attributes that pickle does not leave out."""

    saved: frozenset[str]

    def leaves_out(self, machine: Machine, obj: Obj, name: str) -> bool:
        return name not in self.saved and machine.is_attribute(name)

    def hold_cells(self, machine: Machine, obj: Obj, value: Value) -> None:
        """Let a table hold what is stored in its cells, also through an indexer; a list may become one cell."""
        held = held_by_table(value)
        for other in value if machine.hints.may_copy_on_write and obj.type in FRAMES else ():
            if other.type in FRAMES:
                machine.heap.lend(obj, other)
        if obj.type != FRAME and self.may_hold_lists(obj):
            held |= frozenset(o for o in value if not o.immutable and o.type in CONTAINERS)
        machine.heap.hold(obj, ANY, held)
        for shown in contents(frozenset({obj})) if held and obj.type == INDEXER else ():
            if shown.type.startswith(TABLES):
                machine.heap.hold(shown, ANY, held)

    def may_hold_lists(self, obj: Obj) -> bool:
        return True

    def make_copy(self, machine: Machine, obj: Obj, node: Instruction, viewed: Obj | None) -> Obj:
        if viewed is None or obj.type not in (*FRAMES, NDARRAY):
            return super().make_copy(machine, obj, node, viewed)
        return machine.heap.make_view((*machine.site(node), obj.type), obj.type, viewed)


class Table(_Numbers):
    prefix = TABLES
    saved = _OF_FRAMES | {"name", "names"}

    def keeps_accessors(self, machine: Machine, obj: Obj) -> bool:
        return not always_copies()

    def store_item(self, machine: Machine, obj: Obj, index: Index, value: Value, node: Instruction) -> None:
        """A function that stands in the index is asked for the rows: ``df.loc[is_late] = 0``."""
        if not obj.immutable:
            machine.call_back(index.value, frozenset({obj}), NO_ARGUMENTS, node, f"{obj.type}[]")
        super().store_item(machine, obj, index, value, node)

    def hold_elements(self, machine: Machine, obj: Obj, made: Value) -> None:
        """Rows and columns are made anew."""

    def hold_attribute(self, machine: Machine, obj: Obj, name: str, value: Value) -> None:
        if name == ANY:  # setattr(df, name, value), where a column would be df[name] = value
            machine.heap.hold_words(obj, LOST, "whose name is computed")
        if name in ("index", "columns"):
            labels.share(machine, (obj,), value)
            labels.take_arrays(machine, (obj,), value)
        super().hold_attribute(machine, obj, name, value)

    def passed_on(self, machine: Machine, obj: Obj, node: Instruction, *, held: bool) -> Value:
        """Return what a table passes on of itself: values of cells, rows, groups; to who learns from it all of it."""
        if held:
            return frozenset({obj})
        inside = cells(frozenset({obj}))
        if _PASSING_SERIES.match(obj.type):
            pieces = {machine.heap.atom("builtins.scalar"), machine.heap.make((*machine.site(node), "part"), SERIES)}
        else:
            pieces = {machine.heap.make((*machine.site(node), "part", p), p) for p in (SERIES, FRAME)}
        for part in pieces - inside:
            machine.heap.hold(part, ANY, mutable(inside))
        for shown in _written_through(machine, obj):
            for part in pieces:
                if part.type == SERIES:
                    machine.heap.view(part, shown, apart=True)
        return inside | pieces


def _written_through(machine: Machine, obj: Obj) -> list[Obj]:
    """Return the tables into which a function writes that writes into the rows or columns that ``obj`` passes to it.

    Before pandas 3 those of a frame may be views of it; windows are, with ``raw=True``, whatever the version.
    """
    if obj.type == FRAME:
        return [] if machine.hints.copies_on_write else [obj]
    shown = contents(frozenset({obj})) if obj.type.startswith(_WINDOWS) else ()
    return [part for part in shown if part.type in FRAMES]


class Indexer(Table):
    types = frozenset({INDEXER})

    def hold_item(self, machine: Machine, obj: Obj, index: Index, value: Value, node: Instruction) -> None:
        for part in contents(frozenset({obj})):
            machine.change_one(part)
        self.hold_cells(machine, obj, value)


class Series(Table):
    types = frozenset({SERIES})

    def hold_item(self, machine: Machine, obj: Obj, index: Index, value: Value, node: Instruction) -> None:
        self.hold_cells(machine, obj, value)

    def hold_attribute(self, machine: Machine, obj: Obj, name: str, value: Value) -> None:
        frame = obj.origin
        if not machine.hints.copies_on_write and frame is not None and frame.type == FRAME and not obj.is_same:
            # before pandas 3 a frame keeps the columns that it gave: one that gets another name is not in a file
            machine.heap.hold_words(frame, LOST, name)
        super().hold_attribute(machine, obj, name, value)


class Frame(Table):
    types = frozenset({FRAME})
    saved = _OF_FRAMES

    def attribute(self, machine: Machine, obj: Obj, name: str, node: Instruction) -> Value:
        if not obj.immutable:
            machine.columns.add(name)
        return super().attribute(machine, obj, name, node)

    def hold_item(self, machine: Machine, obj: Obj, index: Index, value: Value, node: Instruction) -> None:
        self.hold_cells(machine, obj, value)


class OfNumpy(LibraryObject):
    prefix = "numpy."

    def passed_on(self, machine: Machine, obj: Obj, node: Instruction, *, held: bool) -> Value:
        return frozenset({machine.heap.atom("builtins.scalar"), obj}) | contents(frozenset({obj}))


class Array(OfNumpy, _Numbers):
    """Its rows are views of it; a plain one takes no attributes: what is given an index is a frame after all."""

    types = frozenset({NDARRAY})
    saved = frozenset("shape dtype strides real imag flat data T index columns name".split())

    def elements(self, machine: Machine, obj: Obj, node: Instruction) -> Value:
        if obj.immutable:
            return super().elements(machine, obj, node)
        row = machine.heap.make_view((*machine.site(node), "row"), obj.type, obj)
        machine.heap.view(row, obj)
        inside = contents(frozenset({obj}))
        machine.heap.hold(row, ANY, mutable(inside - row.fields.get(ANY, EMPTY)))
        return inside | {row}

    def hold_item(self, machine: Machine, obj: Obj, index: Index, value: Value, node: Instruction) -> None:
        self.hold_cells(machine, obj, value)

    def may_hold_lists(self, obj: Obj) -> bool:
        """Whether an array may be one of objects: one that was made without saying of what is one of numbers."""
        return bool(obj.fields) or not (obj.made_with or {}).keys().isdisjoint(("dtype", "fill_value", "1"))


def held_by_table(value: Value) -> Value:
    """Frames and arrays copy frames and arrays that are stored in them; of lists they take the elements."""
    copied = frozenset(obj for obj in value if obj.type in CONTAINERS or obj.type.startswith(NUMBERS))
    return frozenset(o for o in (value - copied) | cells(copied) if not o.immutable or is_module(o))
