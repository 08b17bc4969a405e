"""SG204: a name that comes to mean something else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.names import Bound
from soorgeon_clone.lint.subject import Subject

_WORDS = {"import": "an import", "function": "a function", "class": "a class", "variable": "a variable"}


class RedefinedMeaning:
    """A name of an import, a function or a class is given another meaning in a later cell, or the other way round.

    Why:
        Cells above that use the name work only until this cell has run: run again, they get something else. Variables
        over variables are the way of notebooks and not reported; nor is a name that is wrapped (``f = cache(f)``).

    Bad:
        # %%
        import time
        start = time.time()
        # %%
        time = df["time"]

    Good:
        # %%
        import time
        start = time.time()
        # %%
        times = df["time"]
    """

    code = "SG204"
    name = "redefined-meaning"
    severity: Severity = "warning"
    default = True
    aliases = ("F811",)

    def check(self, subject: Subject) -> Iterator[Finding]:
        names = subject.names
        for name, bindings in names.bindings.items():
            if name == "_" or (len({b.kind for b in bindings}) == 1 and bindings[0].kind == "variable"):
                continue
            sure = [b for b in bindings if b.certain and not b.deferred]
            used = {use.order for use in names.uses.get(name, ())}
            first_use = min(used, default=0)
            for before, after in pairwise(sure):
                is_used = bool(used) and first_use < after.order
                if before.cell == after.cell or not is_used or not _differ(before, after):
                    continue
                if after.order in used:
                    continue
                first = subject.script.cells[before.cell].cell
                was = f"{_WORDS[before.kind]} since cell {first.index + 1}"
                other = "another " + after.kind if before.kind == after.kind else _WORDS[after.kind]
                yield subject.at(after.node, f"`{name}` was {was}, here it becomes {other}", rows=1)


def _differ(before: Bound, after: Bound) -> bool:
    if before.kind != after.kind:
        return True
    if before.kind == "import":
        return not _same_thing(before.origin, after.origin)
    return before.kind != "variable" and ast.dump(before.node) != ast.dump(after.node)


def _same_thing(one: str, other: str) -> bool:
    """Tell whether two paths hardly name different things: packages show their things under several paths."""
    first, second = one.split("."), other.split(".")
    return one == other or (len(first) > 1 and len(second) > 1 and (first[0], first[-1]) == (second[0], second[-1]))
