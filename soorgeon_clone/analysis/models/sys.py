"""What a process can be asked about an object: also how much room it takes, of which files keep nothing."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.arguments import Arguments
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.types import FRAME, SERIES

_SAME_SIZE = frozenset(("builtins.int", "builtins.float", "builtins.bool", "builtins.NoneType", FRAME, SERIES))


def _getsizeof(machine: Machine, args: Arguments, node: Instruction) -> None:
    """A list or mapping that has grown keeps room for more, and loses it in a file."""
    if any(obj.type not in _SAME_SIZE for obj in args.first):
        machine.note("tells_copies", "`sys.getsizeof` tells how much room a value takes")


FUNCTIONS = {"sys.getsizeof": _getsizeof}
