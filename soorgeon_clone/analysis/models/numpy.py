"""Archives of arrays."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.arguments import Arguments
from soorgeon_clone.analysis.objects.heap import Value
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.parts import path_text


def _load_arrays(machine: Machine, args: Arguments, node: Instruction) -> Value | None:
    """``np.load("x.npz")`` opens an archive; of other names nobody knows, and they are arrays."""
    path = path_text(next(iter(args.first))) if len(args.first) == 1 else None
    if path is None or not path.endswith(".npz"):
        return None
    machine.note("files_read", path)
    return frozenset({machine.heap.make(machine.site(node), "numpy.lib.npyio.NpzFile")})


FUNCTIONS = {"numpy.load": _load_arrays}
