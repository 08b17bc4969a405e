"""Objects whose attributes are what they were given: namespaces, and bunches, whose items are their attributes."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value
from soorgeon_clone.analysis.objects.index import Index
from soorgeon_clone.analysis.objects.kinds.library_object import LibraryObject
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.parts import contents


class Namespace(LibraryObject):
    types = frozenset({"types.SimpleNamespace", "argparse.Namespace"})

    def attribute(self, w: Machine, obj: Obj, name: str, node: Instruction) -> Value:
        return contents(frozenset({obj})) | {w.heap.atom("builtins.scalar")}


class Bunch(LibraryObject):
    types = frozenset({"sklearn.utils.Bunch", "statsmodels._Dataset"})

    def item(self, w: Machine, obj: Obj, index: Index, node: Instruction) -> Value:
        name = index.constant
        if not isinstance(name, str) or obj.immutable:
            return super().item(w, obj, index, node)
        return self.attribute(w, obj, name, node) | obj.fields.get(f"[{name!r}]", EMPTY)
