"""Running all test cases of the notebook."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.arguments import Arguments
from soorgeon_clone.analysis.objects.heap import EMPTY
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.types import CLASS


def _run_test_cases(machine: Machine, args: Arguments, node: Instruction) -> None:
    """``unittest.main()`` runs all test cases of the notebook."""
    cases = EMPTY
    for name in machine.module.state.all_names():
        binding = machine.module.state.get(name)
        if binding is not None and any(o.type == CLASS for o in binding.value):
            cases |= machine.read_global(name)
    machine.passed_class(cases, node, "unittest.main")


FUNCTIONS = {"unittest.main": _run_test_cases}
