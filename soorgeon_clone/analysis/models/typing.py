"""Calls that make classes, or only say what something is."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.models import names_in_texts
from soorgeon_clone.analysis.models.collections import make_class
from soorgeon_clone.analysis.objects.arguments import Arguments
from soorgeon_clone.analysis.objects.heap import EMPTY
from soorgeon_clone.analysis.objects.machine import Machine


def _hints(machine: Machine, args: Arguments, node: Instruction) -> None:
    """The texts of annotations are evaluated where the definitions stand; a table says what is given."""
    texts = [text for statement in machine.statements for text in statement.annotation_texts]
    atoms = frozenset(machine.heap.atom("builtins.str", text) for text in texts)
    names_in_texts.read_named(machine, atoms, EMPTY, args, node)


FUNCTIONS = {
    **dict.fromkeys(("typing.get_type_hints", "inspect.get_annotations"), _hints),
    **dict.fromkeys(("typing.NamedTuple", "typing.TypeVar", "typing.NewType", "typing.ParamSpec"), make_class),
}
