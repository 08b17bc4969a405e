"""The index and the columns of a frame as objects of their own: renamed in place, they are renamed wherever they are.

``df2 = df + 1`` has the same index as ``df``, so ``df2.index.name = "day"`` renames both, in every version of pandas.
Which calls copy an index is nothing to rely on: what is made of a frame holds its labels. Only notebooks that may
rename labels in place pay for that, and those that give an array as labels: it may be written into.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value
from soorgeon_clone.analysis.objects.keys import ANY, LABELS
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.parts import inmost
from soorgeon_clone.analysis.objects.types import NDARRAY, TABLES

_PARAMETERS = ("index", "columns", "labels", "keys")


def share(machine: Machine, made: Iterable[Obj], sources: Value) -> None:
    """Let the frames and indexes that were made hold the labels of what they were made of."""
    if not machine.hints.renames_labels and not any(LABELS in obj.fields for obj in sources):
        return
    tables = [obj for obj in inmost(frozenset(made)) if _has_labels(machine, obj)]
    if not tables:
        return
    origins = [
        obj
        for obj in inmost(sources)
        if _has_labels(machine, obj) and (machine.hints.renames_labels or LABELS in obj.fields)
    ]
    labels = EMPTY.union(*(labels_of(machine, obj) for obj in origins))
    for obj in tables:
        machine.heap.hold(obj, LABELS, labels)


def take(machine: Machine, made: Iterable[Obj], given: Mapping[str, Value]) -> None:
    """Let the frames that were made have the arrays among what was given for their labels: they may show its memory."""
    for name in _PARAMETERS:
        if name in given:
            take_arrays(machine, made, given[name])


def take_arrays(machine: Machine, tables: Iterable[Obj], labels: Value) -> None:
    """Let the labels of frames be views of the arrays among what becomes their labels."""
    arrays = [obj for obj in labels if obj.type == NDARRAY and not obj.immutable]
    for table in (table for table in tables if _has_labels(machine, table)) if arrays else ():
        for own in labels_of(machine, table):
            for array in arrays:
                machine.heap.view(own, array, apart=True)


def labels_of(machine: Machine, obj: Obj) -> Value:
    """Return what stands for the index and the columns of a frame."""
    if LABELS not in obj.fields:
        machine.heap.hold(obj, LABELS, frozenset({machine.heap.make((LABELS, obj), f"{TABLES}Index")}))
    return obj.fields[LABELS]


def is_index(obj: Obj) -> bool:
    return obj.type.startswith(TABLES) and obj.type.endswith("Index")


def rename(machine: Machine, index: Obj) -> None:
    """Note that an index may be renamed in place, and with it all that has these labels."""
    labels = index.fields.get(LABELS, EMPTY)
    for labelled in index.fields.get(ANY, EMPTY):
        if labels:
            machine.refill(labelled)
        else:
            machine.change_one(labelled)
    for label in labels:
        machine.refill(label)  # the arrays that it shows stay as they are


def _has_labels(machine: Machine, obj: Obj) -> bool:
    return not obj.immutable and machine.has(obj, "labelled")
