"""SG207: a call of a function that reads a name which only a later cell defines."""

from __future__ import annotations

import ast
import builtins
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.names import Bound, Used
from soorgeon_clone.lint.subject import Subject
from soorgeon_clone.notebook.ipython import is_notebook_name
from soorgeon_clone.notebook.tags import MAY_FAIL

_MOST_STEPS = 500_000  # uses that are looked at in a notebook


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
        search = _Search(subject, suspects)
        for call in calls:
            cell = subject.script.cells[call.cell]
            if call.node.lineno > stop or MAY_FAIL in cell.cell.tags:
                continue
            found = search.needs(call)
            if found is not None:
                name, later = found
                where = subject.script.cells[later.cell].index + 1
                message = f"`{call.name}` reads `{name}`, which is defined only later, in cell {where}"
                yield subject.at(call.node, message, hint="Move the definition up.")


def _late_reads(subject: Subject) -> set[str]:
    """Return the names that functions read and that are bound below some function."""
    bindings = subject.names.bindings
    return {use.name for use in subject.names.used if use.function is not None and use.certain and use.name in bindings}


class _Search:
    """Looks through what calls lead to. A notebook of thousands of functions is looked at only in part."""

    def __init__(self, subject: Subject, suspects: set[str]) -> None:
        self.names = subject.names
        self.suspects = suspects
        self.waits: dict[ast.AST, bool] = {}
        self.left = _MOST_STEPS

    def needs(self, call: Used) -> tuple[str, Bound] | None:
        """Return the first name that the call reads and that is bound only later."""
        seen: set[ast.AST] = set()
        stack = [iter(self._uses(call, call.order, seen))]
        while stack and self.left > 0:
            use = next(stack[-1], None)
            if use is None:
                stack.pop()
                continue
            self.left -= 1
            if not use.certain or hasattr(builtins, use.name) or is_notebook_name(use.name):
                continue
            bindings = self.names.bindings.get(use.name, ())
            if use.name in self.suspects and bindings and bindings[0].order > call.order:
                return use.name, bindings[0]
            if use.called:
                stack.append(iter(self._uses(use, call.order, seen)))
        return None

    def _uses(self, call: Used, order: int, seen: set[ast.AST]) -> Sequence[Used]:
        """Return the uses in the body of the function that is called, if that is known and was not looked at."""
        bindings = self.names.bindings.get(call.name, ())
        above = bindings[: bisect_left(bindings, order, key=lambda one: one.order)]
        if not above or above[-1].kind != "function" or not above[-1].certain or above[-1].deferred:
            return ()
        function = above[-1].node
        if function not in self.waits:
            self.waits[function] = _waits(function)
        if function in seen or self.waits[function]:
            return ()
        seen.add(function)
        return self.names.uses_by_function.get(function, ())


def _waits(function: ast.AST) -> bool:
    """Tell whether calling the function does not run its body at once: generators, coroutines, decorated ones."""
    if isinstance(function, ast.AsyncFunctionDef) or getattr(function, "decorator_list", None):
        return True
    return any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in ast.walk(function))
