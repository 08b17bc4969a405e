"""Sections -> what each does: one abstract run over all cells in order, cut at the sections' borders."""

from __future__ import annotations

import gc
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from soorgeon_clone.analysis import access, beside, evaluate, limits, statements, undescribed
from soorgeon_clone.analysis.effects import Knowledge, knowledge
from soorgeon_clone.analysis.evidence import Place, Reason
from soorgeon_clone.analysis.heap import UNBOUND_TYPE, UNKNOWN
from soorgeon_clone.analysis.limits import TooMany
from soorgeon_clone.analysis.lower.cells import Statement
from soorgeon_clone.analysis.lower.cells import statements as statements_of
from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.model import NotebookFacts, SectionFacts, StatementFacts
from soorgeon_clone.analysis.policy import Policy
from soorgeon_clone.analysis.said import MARK, said_in
from soorgeon_clone.analysis.walk import Walker
from soorgeon_clone.notebook.model import Cell, PythonCode, Section

_LOG = logging.getLogger(__name__)
FAILED = "soorgeon-clone does not understand it: its analysis failed"


def analyse(
    sections: Sequence[Section],
    *,
    tables: Knowledge | None = None,
    read_file: Callable[[str], str | None] = lambda path: None,
    policy: Policy | None = None,
) -> NotebookFacts:
    """Return what each of ``sections`` does.

    With a ``policy``, code that nobody has described is assumed to do what it says, without one all that it may do.
    ``read_file`` gives the text of a script that ``%run`` names, or None. Cells that are not Python are left out:
    `python_of` says which they are.
    """
    with keeping_all(), _deep():
        return _analyse(sections, tables or knowledge(), read_file, policy)


@contextmanager
def keeping_all() -> Iterator[None]:
    """Look for no garbage: trees and objects live as long as their notebook, and looking costs a sixth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def _deep() -> Iterator[None]:
    """Let calls be followed as deep as the limits say: each takes several frames of ours."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, 20_000))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def _analyse(
    sections: Sequence[Section],
    tables: Knowledge,
    read_file: Callable[[str], str | None],
    policy: Policy | None,
) -> NotebookFacts:
    codes = python_of(section.cells for section in sections)
    cells = [cell for section in sections for cell in section.cells if cell.index in codes]
    lowered = {cell.index: _statements(codes[cell.index], cell) for cell in cells}
    walker = Walker(tables, limits.LIMITS, policy)
    walker.read_file = read_file
    walker.texts = tuple(code.text for code in codes.values())
    walker.statements = tuple(statement for each in lowered.values() for statement in each)
    walker.asks_subclasses = any("__subclasses__" in cell.source for section in sections for cell in section.cells)
    walker.asks_caches = any("cache_" in cell.source for section in sections for cell in section.cells)
    for cell in cells:
        if MARK in cell.source:
            said = said_in(cell.source)
            walker.comments.update(pair for each in lowered[cell.index] for pair in each.beside(said))
    facts: list[SectionFacts] = []
    count = 0
    failure: str | None = None
    for index, section in enumerate(sections):
        records: list[StatementFacts] = []
        walker.section = index
        walker.uses = {}
        walker.touched = set()
        for cell in section.cells:
            if cell.index not in codes:
                continue
            code, own = codes[cell.index], lowered[cell.index]
            walker.doubtful = code.doubtful
            walker.effort.size += walker.limits.size_of_statement * len(own)
            for position, each in enumerate(own):
                record = StatementFacts(count, index, cell.index, each.first, each.last, each.kind, each, each.text)
                count += 1
                records.append(record)
                walker.places.add(each, Place(cell.index))
                if failure is None:
                    is_last = position == len(own) - 1
                    failure = _walk_or_fail(walker, record, is_last=is_last, maybe=code.maybe)
                if failure is not None:
                    record.opaque = record.opaque or failure
                    record.why.setdefault(("opaque", None), Reason(record.index, each.place, failure, True, None))
        facts.append(_section(walker, index, records))
    names = frozenset().union(*(statement.mentions for statement in walker.statements))
    return NotebookFacts(tuple(facts), walker.heap, names, walker.places, beside.states(walker))


def _statements(code: PythonCode, cell: Cell) -> tuple[Statement, ...]:
    """Return the statements of a cell; those that share a row count one by one, unless the row is IPython's."""
    if ";" not in code.text:
        return statements_of(code.text)
    rows, written = (text.replace("\r\n", "\n").split("\n") for text in (code.text, cell.source))
    return statements_of(code.text, lambda first, last: rows[first - 1 : last] == written[first - 1 : last])


def python_of(groups: Iterable[Sequence[Cell]]) -> dict[int, PythonCode]:
    """Return the Python of the code cells, by index, each read with the names that cells above it bind."""
    from soorgeon_clone.notebook.ipython import to_python_each

    cells = [cell for group in groups for cell in group if cell.kind == "code" and cell.source.strip()]
    codes = to_python_each([cell.source for cell in cells])
    return {cell.index: code for cell, code in zip(cells, codes, strict=True) if isinstance(code, PythonCode)}


def _walk_or_fail(walker: Walker, record: StatementFacts, *, is_last: bool, maybe: bool) -> str | None:
    """Walk a statement. An error of ours is no reason to refuse a notebook: it is returned, and nothing is known."""
    try:
        _walk(walker, record, is_last=is_last, maybe=maybe)
    except TooMany as error:
        walker.scope = walker.module
        return str(error)
    except Exception as error:
        walker.scope = walker.module
        return failed(error)
    return None


def failed(error: Exception) -> str:
    """Return what is said where the analysis itself fails; its traceback is logged."""
    _LOG.info("the analysis failed", exc_info=error)
    return f"{FAILED} ({type(error).__name__}: {error}); please report this notebook"


def _walk(walker: Walker, record: StatementFacts, *, is_last: bool, maybe: bool) -> None:
    walker.begin(record)
    block = record.lowered.block
    if maybe:
        walker.perhaps(lambda: statements.run_block(walker, block))
        return
    shown = record.lowered.shown if is_last else None
    statements.run_block(walker, block if shown is None else block[:-1])
    if shown is not None:
        _show(walker, record, shown)


def _show(walker: Walker, record: StatementFacts, shown: Instruction) -> None:
    """Display the expression at the end of a cell, as Jupyter does."""
    value = evaluate.expression(walker, shown)
    access.implicit(walker, value)
    access.implicit_inside(walker, value)
    walker.show(value)
    walker.displayed |= value
    undescribed.run_drawn(walker, shown)
    record.shows = any(obj.type != "builtins.NoneType" for obj in value)
    record.gives_result = bool(value) and all(obj.type not in _MAY_BE_NONE for obj in value)


_MAY_BE_NONE = {"builtins.NoneType", "builtins.scalar", "builtins.object", UNKNOWN, UNBOUND_TYPE}


def _section(walker: Walker, index: int, records: list[StatementFacts]) -> SectionFacts:
    binds: dict[str, bool] = {}
    after = {}
    for name in walker.touched:
        binding = walker.module.state.get(name)
        if binding is not None:
            binds[name] = binding.certain == index
            after[name] = binding
    changes = frozenset(obj for record in records for obj in record.changes)
    return SectionFacts(index, tuple(records), walker.uses, binds, after, changes)
