"""The part of ``soorgeon-clone lint`` that mends files: --fix, --unsafe-fixes, --diff, --check-run."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from soorgeon_clone.visible import one_line, shortened

if TYPE_CHECKING:
    from soorgeon_clone.lint.fix import Fixed
    from soorgeon_clone.lint.order import Ordering
    from soorgeon_clone.lint.run import Request
    from soorgeon_clone.notebook.model import Notebook


@dataclass(frozen=True)
class Fixing:
    """``requests`` as they are to be linted now, how many files changed, notes for people, and the difference.

    ``troubles`` say why a file could not be written.
    """

    requests: list[Request]
    changed: int
    notes: tuple[str, ...]
    diff: str = ""
    troubles: tuple[str, ...] = ()


def fix_all(requests: Sequence[Request], named: Sequence[str], *, unsafe: bool, write: bool, check_run: bool) -> Fixing:
    """Mend the files of ``requests``, found by what was ``named``; without ``write``, only tell what would change."""
    from soorgeon_clone.errors import UserError
    from soorgeon_clone.lint.fix import fixed
    from soorgeon_clone.lint.order import better_order
    from soorgeon_clone.lint.replace import replace_file

    remaining: list[Request] = []
    notes: list[str] = []
    diffs: list[str] = []
    troubles: list[str] = []
    changed = 0
    for request in requests:
        old = read_request(request)
        if old is None:
            remaining.append(request)
            continue
        order = _order_by_running(request.path) if check_run else better_order
        result = fixed(old, request.path, request.settings, unsafe=unsafe, find_order=order)
        name = one_line(str(request.path)) if request.path is not None else "standard input"
        if result.note:
            notes.append(result.note)
        if result.data != old and check_run and (problem := _problem_of_run(result.data, request)):
            notes.append(f"{name} is left as it was, for mended it does not run: {problem}")
            result = replace(result, data=old, mended=(), ordering=None)
        if result.data != old and write and request.path is not None:
            try:
                replace_file(request.path, result.data, named)
            except UserError as error:  # the others are mended all the same
                troubles.append(str(error))
                result = replace(result, data=old, mended=(), ordering=None)
        notes += _summary(name, result)
        if result.data != old:
            changed += 1
            diffs.append(difference(name, old, result.data))
        remaining.append(replace(request, data=result.data) if request.path is None else request)
    return Fixing(remaining, changed, tuple(notes), "" if write else "".join(diffs), tuple(troubles))


def read_request(request: Request) -> bytes | None:
    """Return the bytes of a request; None if they cannot be read."""
    if request.data is not None:
        return request.data
    from soorgeon_clone.files import regular

    assert request.path is not None
    try:
        return regular.read_bytes(request.path)
    except OSError:
        return None


def _summary(name: str, result: Fixed) -> list[str]:
    from collections import Counter

    lines = []
    if result.ordering is not None:
        moves = result.ordering.moves
        lines.append(f"{name}: {len(moves)} cell{'s' * (len(moves) != 1)} moved to an order that works")
        for move in moves:
            where = "to the top" if move.behind is None else f"behind cell {move.behind + 1}"
            lines.append(f"{name}: cell {move.cell + 1} moved {where}, for {move.reason}")
    counts = Counter((one.code, one.name) for one in result.mended)
    lines += [f"{name}: {count} x {code} ({rule}) mended" for (code, rule), count in sorted(counts.items())]
    return lines


def difference(name: str, old: bytes, new: bytes) -> str:
    """Return a unified diff of two versions of a file."""
    from soorgeon_clone.lint.differences import unified

    before, after = (list(io.StringIO(data.decode("utf-8", "replace"), newline="\n")) for data in (old, new))
    lines = unified(before, after, name)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _order_by_running(path: Path | None) -> Callable[[Notebook], Ordering | None]:
    """Return what finds an order by running cells where names alone do not tell."""
    from soorgeon_clone.verify.rehearsal import order_that_runs

    return partial(order_that_runs, folder=path.parent if path is not None else Path())


def _problem_of_run(data: bytes, request: Request) -> str:
    """Return why the notebook does not run from top to bottom; "" if it does."""
    from soorgeon_clone.cli.test import run_bytes

    error = run_bytes(data, request.path).error
    if error is None:
        return ""
    where = f"cell {error.cell_index + 1}: " if error.cell_index is not None else ""
    return f"{where}{error.ename}: {shortened(error.evalue)}"
