"""Statements that take too much to follow call by call: each function is followed once for all its calls.

A statement is walked as it runs, each call followed with what it passes: what two calls make is told apart. Functions
that call functions with ever more objects make that grow beyond all bounds. From some amount on, the walk is left, and
the statement is walked again in rounds: in a round, each function is followed once, with all that any call of it has
passed so far; what a round finds, the next one starts with. The last round shows nothing new.
"""

from __future__ import annotations

from collections.abc import Callable

from soorgeon_clone.analysis.machine.walk import Run
from soorgeon_clone.analysis.objects.state import State


def settle(machine: Run, run: Callable[[], object]) -> None:
    """Run a statement of the notebook, or of a module beside it; in rounds, if that takes too much."""
    module, before = machine.module, machine.module.state
    outer = machine.may_give_up, machine.gave_up
    machine.may_give_up, machine.gave_up = not machine.heap.round, False
    module.state = before.fork()
    try:
        run()
        if machine.gave_up:
            machine.may_give_up = False
            _keep_imported(machine, before, module.state)
            _run_in_rounds(machine, before, run)
    finally:
        before.names.update(module.state.names)
        module.state = before
        machine.may_give_up, machine.gave_up = outer


def _keep_imported(machine: Run, before: State, after: State) -> None:
    """Keep the variables of modules that were imported: that is done once."""
    for name, binding in after.names.items():
        if name.rpartition(".")[0] in machine.namespaces and before.get(name) is None:
            before.names[name] = binding


def _run_in_rounds(machine: Run, before: State, run: Callable[[], object]) -> None:
    def once() -> bool:
        machine.module.state = before.fork()  # what names came to be in other rounds is found again
        machine.anything = None
        machine.heap.round = machine.last_round = machine.last_round + 1
        version = machine.heap.version
        run()
        return machine.heap.version != version

    try:
        with machine.effort.in_rounds():
            machine.until_settled(once)
    finally:
        machine.heap.round = 0
