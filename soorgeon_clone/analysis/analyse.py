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
from soorgeon_clone.analysis.model import NotebookFacts, SectionFacts, StatementFacts, StatementKind
from soorgeon_clone.analysis.names import mentioned
from soorgeon_clone.analysis.said import MARK
from soorgeon_clone.analysis.syntax import Node, TopLevel, split_rows, top_statements
from soorgeon_clone.analysis.walk import Walker
from soorgeon_clone.notebook.model import Cell, PythonCode, Section

_KINDS: dict[str, StatementKind] = {
    "import_name": "import",
    "import_from": "import",
    "funcdef": "function",
    "async_funcdef": "function",
    "classdef": "class",
    "expr_stmt": "assignment",
}
_LOG = logging.getLogger(__name__)
FAILED = "soorgeon-clone does not understand it: its analysis failed"


def analyse(
    sections: Sequence[Section],
    *,
    tables: Knowledge | None = None,
    read_file: Callable[[str], str | None] = lambda path: None,
) -> NotebookFacts:
    """Return what each of ``sections`` does.

    ``read_file`` gives the text of a script that ``%run`` names, or None. Cells that are not Python are left out:
    `python_of` says which they are.
    """
    with _keeping_all(), _deep():
        return _analyse(sections, tables or knowledge(), read_file)


@contextmanager
def _keeping_all() -> Iterator[None]:
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


def _analyse(sections: Sequence[Section], tables: Knowledge, read_file: Callable[[str], str | None]) -> NotebookFacts:
    codes = python_of(section.cells for section in sections)
    walker = Walker(tables, limits.LIMITS)
    walker.read_file = read_file
    walker.has_comments = any(MARK in cell.source for section in sections for cell in section.cells)
    walker.texts = tuple(code.text for code in codes.values())
    walker.asks_subclasses = any("__subclasses__" in cell.source for section in sections for cell in section.cells)
    walker.asks_caches = any("cache_" in cell.source for section in sections for cell in section.cells)
    facts: list[SectionFacts] = []
    names: set[str] = set()
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
            code = codes[cell.index]
            tops = _statements(code, cell)
            walker.kept.append(tops)
            walker.doubtful = code.doubtful
            walker.effort.size += walker.limits.size_of_statement * len(tops)
            for position, top in enumerate(tops):
                kind = _kind(top.node)
                record = StatementFacts(count, index, cell.index, top.first, top.last, kind, top.node, top.text)
                count += 1
                records.append(record)
                names |= mentioned(top.node)
                walker.places.rows.append(top.first)
                walker.places.add(top.node, _place(cell, top))
                if failure is None:
                    is_last = position == len(tops) - 1
                    failure = _walk_or_fail(walker, record, top, is_last=is_last, maybe=code.maybe)
                if failure is not None:
                    record.opaque = record.opaque or failure
                    record.why.setdefault(("opaque", None), Reason(record.index, top.node, failure, True, None))
        facts.append(_section(walker, index, records))
    return NotebookFacts(tuple(facts), walker.heap, frozenset(names), walker.places, beside.states(walker))


def _place(cell: Cell, top: TopLevel) -> Place:
    """Return where a statement stands: one that was parsed alone begins in another row of its tree."""
    return Place(cell.index, shift=top.first - int(top.node.start_pos[0]), first=top.first, last=top.last)


def _statements(code: PythonCode, cell: Cell) -> tuple[TopLevel, ...]:
    """Return the statements of a cell; those that share a row count one by one, unless the row is IPython's."""
    tops = top_statements(code.text)
    if ";" not in code.text:
        return tops
    rows, written = (text.replace("\r\n", "\n").split("\n") for text in (code.text, cell.source))
    found: list[TopLevel] = []
    for top in tops:
        as_written = rows[top.first - 1 : top.last] == written[top.first - 1 : top.last]
        found += split_rows(top) if as_written else (top,)
    return tuple(found)


def python_of(groups: Iterable[Sequence[Cell]]) -> dict[int, PythonCode]:
    """Return the Python of the code cells, by index, each read with the names that cells above it bind."""
    from soorgeon_clone.notebook.ipython import to_python_each

    cells = [cell for group in groups for cell in group if cell.kind == "code" and cell.source.strip()]
    codes = to_python_each([cell.source for cell in cells])
    return {cell.index: code for cell, code in zip(cells, codes, strict=True) if isinstance(code, PythonCode)}


def _walk_or_fail(walker: Walker, record: StatementFacts, top: TopLevel, *, is_last: bool, maybe: bool) -> str | None:
    """Walk a statement. An error of ours is no reason to refuse a notebook: it is returned, and nothing is known."""
    try:
        _walk(walker, record, top, is_last=is_last, maybe=maybe)
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


def _walk(walker: Walker, record: StatementFacts, top: TopLevel, *, is_last: bool, maybe: bool) -> None:
    walker.begin(record)
    node = top.node
    if maybe:
        walker.perhaps(lambda: statements.run_statement(walker, node))
        return
    shown = _shown_expression(node) if is_last else None
    if shown is None:
        statements.run_statement(walker, node)
        return
    for child in node.children if node.type == "simple_stmt" else [node]:
        if child is shown:
            value = evaluate.expression(walker, child)
            access.implicit(walker, value)
            access.implicit_inside(walker, value)
            walker.show(value)
            walker.displayed |= value
            undescribed.run_drawn(walker, child)
            record.shows = any(obj.type != "builtins.NoneType" for obj in value)
            record.gives_result = bool(value) and all(obj.type not in _MAY_BE_NONE for obj in value)
        elif child.type not in ("newline", "operator"):
            statements.run_statement(walker, child)


_MAY_BE_NONE = {"builtins.NoneType", "builtins.scalar", "builtins.object", UNKNOWN, UNBOUND_TYPE}
_NOT_SHOWN = {"expr_stmt", "import_name", "import_from", "keyword", "newline", "operator"}


def _shown_expression(node: Node) -> Node | None:
    """Return the expression at the end of a cell, which Jupyter displays."""
    if node.type != "simple_stmt":
        return None
    last = [child for child in node.children if child.type != "newline"][-1]
    if last.type in _NOT_SHOWN or last.type.endswith("_stmt"):
        return last if last.type == "keyword" and last.value in ("None", "True", "False") else None
    return last


def _kind(node: Node) -> StatementKind:
    if node.type == "simple_stmt":
        kinds = {_KINDS.get(c.type, "other") for c in node.children if c.type not in ("newline", "operator")}
        if len(kinds) == 1:
            kind = kinds.pop()
            return kind if kind != "other" else "expression"
        return "other"
    if node.type == "decorated":
        return _kind(node.children[1])
    if node.type == "async_stmt":
        return _kind(node.children[1]) if node.children[1].type == "funcdef" else "other"
    return _KINDS.get(node.type, "other")


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
