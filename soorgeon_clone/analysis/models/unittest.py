"""Running all test cases of the notebook."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.arguments import Arguments
from soorgeon_clone.analysis.objects.heap import CLASS, EMPTY
from soorgeon_clone.analysis.objects.machine import Machine


def _run_test_cases(w: Machine, args: Arguments, node: Instruction) -> None:
    """``unittest.main()`` runs all test cases of the notebook."""
    cases = EMPTY
    for name in w.module.state.all_names():
        binding = w.module.state.get(name)
        if binding is not None and any(o.type == CLASS for o in binding.value):
            cases |= w.read_global(name)
    w.passed_class(cases, node, "unittest.main")


FUNCTIONS = {"unittest.main": _run_test_cases}
