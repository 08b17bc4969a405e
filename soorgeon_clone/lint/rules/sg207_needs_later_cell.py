"""SG207: a call of a function that reads a name which only a later cell defines."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from soorgeon_clone.lint.missing import DELIBERATE
from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.names import Bound, Used
from soorgeon_clone.lint.subject import Subject
from soorgeon_clone.notebook.ipython import is_notebook_name


class NeedsLaterCell:
    """A cell calls a function that reads a name which only a later cell defines.

    Why:
        The function is defined above, but what it reads is not there yet when it is called: from top to bottom, this
        cell ends in a NameError.

    Bad:
        # %%
        def scale(x):
            return x / total
        # %%
        scale(5)
        # %%
        total = 10

    Good:
        # %%
        total = 10
        # %%
        def scale(x):
            return x / total
        # %%
        scale(5)
    """

    code = "SG207"
    name = "needs-later-cell"
    severity: Severity = "error"
    default = True
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        names = subject.names
        calls = [u for u in names.used if u.called and u.certain and u.function is None and u.loop is None]
        suspects = _late_reads(subject)
        if not suspects:
            return
        stop = subject.open_row
        for call in calls:
            cell = subject.script.cells[call.cell]
            if call.node.lineno > stop or DELIBERATE in cell.cell.tags:
                continue
            found = _needs(call, call.order, suspects, subject, frozenset())
            if found is not None:
                name, later = found
                where = subject.script.cells[later.cell].index + 1
                message = f"`{call.name}` reads `{name}`, which is defined only later, in cell {where}"
                yield subject.at(call.node, message, hint="Move the definition up.")


def _late_reads(subject: Subject) -> set[str]:
    """Return the names that functions read and that are bound below some function."""
    bindings = subject.names.bindings
    return {use.name for use in subject.names.used if use.function is not None and use.certain and use.name in bindings}


def _needs(
    call: Used, order: int, suspects: set[str], subject: Subject, seen: frozenset[ast.AST]
) -> tuple[str, Bound] | None:
    names = subject.names
    above = [b for b in names.bindings.get(call.name, ()) if b.order < order]
    if not above or above[-1].kind != "function" or not above[-1].certain or above[-1].deferred:
        return None
    function = above[-1].node
    if function in seen or _waits(function):
        return None
    for use in names.uses_by_function.get(function, ()):
        if not use.certain or hasattr(builtins, use.name) or is_notebook_name(use.name):
            continue
        bindings = names.bindings.get(use.name, ())
        if use.name in suspects and bindings and not any(b.order <= order for b in bindings):
            return use.name, bindings[0]
        if use.called:
            found = _needs(use, order, suspects, subject, seen | {function})
            if found is not None:
                return found
    return None


def _waits(function: ast.AST) -> bool:
    """Tell whether calling the function does not run its body at once: generators, coroutines, decorated ones."""
    if isinstance(function, ast.AsyncFunctionDef) or getattr(function, "decorator_list", None):
        return True
    return any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in ast.walk(function))
