"""Sections -> what each does: one abstract run over all cells in order, cut at the sections' borders."""

from __future__ import annotations

import gc
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from soorgeon_clone.analysis import limits
from soorgeon_clone.analysis.evidence import Place, Reason
from soorgeon_clone.analysis.knowledge.effect_comments import MARK, said_in
from soorgeon_clone.analysis.knowledge.effects import Knowledge, knowledge
from soorgeon_clone.analysis.limits import TooMany
from soorgeon_clone.analysis.lower.cells import Statement
from soorgeon_clone.analysis.lower.cells import statements as statements_of
from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.machine import callbacks, statements
from soorgeon_clone.analysis.machine.interpreter import Interpreter
from soorgeon_clone.analysis.model import ModuleFacts, NotebookFacts, SectionFacts, StatementFacts
from soorgeon_clone.analysis.objects.heap import Obj, Value, holds, spread
from soorgeon_clone.analysis.objects.hints import Hints
from soorgeon_clone.analysis.objects.policy import Policy
from soorgeon_clone.analysis.objects.special_methods import implicit, implicit_inside
from soorgeon_clone.analysis.objects.types import FUNCTION, UNBOUND_TYPE, UNKNOWN
from soorgeon_clone.analysis.settled import without_settled
from soorgeon_clone.notebook.model import Cell, PythonCode, Section
from soorgeon_clone.notebook.tags import MAY_FAIL, is_run

_LOG = logging.getLogger(__name__)
FAILED = "soorgeon-clone does not understand it: its analysis failed"


def analyse(
    sections: Sequence[Section],
    *,
    tables: Knowledge | None = None,
    read_file: Callable[[str], str | None] = lambda path: None,
    policy: Policy | None = None,
    taken: float | None = None,
) -> NotebookFacts:
    """Return what each of ``sections`` does.

    With a ``policy``, code that nobody has described is assumed to do what it says, without one all that it may do.
    ``taken``: how much was used up when they were looked at before (`Effort.whole`); this must not take long.
    ``read_file`` gives the text of a script that ``%run`` names, or None. Cells that are not run, or not Python, are
    left out: `python_of` says which they are.
    """
    with keeping_all(), _deep():
        allowed = limits.LIMITS if taken is None else limits.again(limits.LIMITS, taken)
        return _analyse(sections, tables or knowledge(), read_file, policy, allowed)


@contextmanager
def keeping_all() -> Iterator[None]:
    """Look for no garbage: trees and objects live as long as their notebook, and looking costs a sixth of the time.

    What was made meanwhile counts as old then (frozen and thawed), or enabling would look through all of it at once.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if gc.get_freeze_count() == 0:
                gc.freeze()
                gc.unfreeze()
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
    allowed: limits.Limits,
) -> NotebookFacts:
    codes = python_of(section.cells for section in sections)
    cells = [cell for section in sections for cell in section.cells if cell.index in codes]
    lowered = {cell.index: _statements(codes[cell.index], cell) for cell in cells}
    walker = Interpreter(tables, allowed, policy)
    walker.read_file = read_file
    walker.statements = tuple(statement for each in lowered.values() for statement in each)
    imports = [each.path for statement in walker.statements for each in statement.all_imports]
    walker.hints = Hints((*(code.text for code in codes.values()), *walker.modules.texts_behind(imports)))
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
            goes_on = True
            walker.effort.size += walker.limits.size_of_statement * len(own)
            for position, each in enumerate(own):
                last = _last_row(each, code, cell)
                record = StatementFacts(count, index, cell.index, each.first, last, each.kind, each, each.text)
                count += 1
                records.append(record)
                walker.places.add(each, Place(cell.index))
                if failure is None:
                    is_last = position == len(own) - 1
                    goes_on = goes_on and (MAY_FAIL not in cell.tags or each.cannot_fail(tables.describes))
                    failure = _walk_or_fail(walker, record, is_last=is_last, maybe=code.maybe, certain=goes_on)
                if failure is not None:
                    record.opaque = record.opaque or failure
                    record.why.setdefault(("opaque", None), Reason(record.index, each.place, failure, True, None))
        facts.append(_section(walker, index, records))
    names = frozenset().union(*(statement.mentions for statement in walker.statements))
    modules = {}
    for path, number in walker.first_imports.items():
        module = walker.modules.find(path)
        why = module.unreadable if module is not None else ""
        modules[path] = ModuleFacts(number, path in walker.noisy, walker.depends.get(path, frozenset()), why)
    return without_settled(NotebookFacts(tuple(facts), walker.heap, names, walker.places, modules))


def _statements(code: PythonCode, cell: Cell) -> tuple[Statement, ...]:
    """Return the statements of a cell; those that share a row count one by one, unless the row is IPython's."""
    if ";" not in code.text:
        return statements_of(code.text)
    rows, written = (text.replace("\r\n", "\n").split("\n") for text in (code.text, cell.source))
    return statements_of(code.text, lambda first, last: rows[first - 1 : last] == written[first - 1 : last])


def _last_row(statement: Statement, code: PythonCode, cell: Cell) -> int:
    """Return the last row of a statement in its cell: a magic may go on where its Python has blank rows."""
    last = statement.last
    if code.magics:
        rows, written = (text.replace("\r\n", "\n").split("\n") for text in (code.text, cell.source))
        while last < len(written) and written[last - 1].endswith("\\") and not rows[last].strip():
            last += 1
    return last


def python_of(groups: Iterable[Sequence[Cell]]) -> dict[int, PythonCode]:
    """Return the Python of the cells that are run, by index, each read with the names that cells above it bind."""
    from soorgeon_clone.notebook.ipython import to_python_each

    cells = [cell for group in groups for cell in group if is_run(cell.kind, cell.tags) and cell.source.strip()]
    codes = to_python_each([cell.source for cell in cells])
    return {cell.index: code for cell, code in zip(cells, codes, strict=True) if isinstance(code, PythonCode)}


def _walk_or_fail(
    walker: Interpreter, record: StatementFacts, *, is_last: bool, maybe: bool, certain: bool
) -> str | None:
    """Walk a statement. An error of ours is no reason to refuse a notebook: it is returned, and nothing is known."""
    try:
        _walk(walker, record, is_last=is_last, maybe=maybe, certain=certain)
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


def _walk(walker: Interpreter, record: StatementFacts, *, is_last: bool, maybe: bool, certain: bool) -> None:
    """Walk a statement. One that is not ``certain`` may end anywhere, or not be reached: an error ends its cell, and
    the notebook goes on with the next one."""
    walker.begin(record)
    walker.settle(lambda: _run(walker, record, is_last=is_last, maybe=maybe, certain=certain))


def _run(walker: Interpreter, record: StatementFacts, *, is_last: bool, maybe: bool, certain: bool) -> None:
    block = record.lowered.block
    if maybe:
        walker.perhaps(lambda: statements.run_block(walker, block))
        return
    shown = record.lowered.shown if is_last else None

    def run() -> None:
        statements.run_block(walker, block if shown is None else block[:-1])
        if shown is not None:
            _show(walker, record, shown)

    if certain:
        run()
        return
    record.may_be_left_out = True
    done, between = walker.fork_with_trail(run)
    walker.join([done, between, walker.unchanged()])
    record.gives_result = False


def _show(walker: Interpreter, record: StatementFacts, shown: Instruction) -> None:
    """Display the expression at the end of a cell, as Jupyter does."""
    value = walker.evaluate(shown)
    implicit(walker, value)
    implicit_inside(walker, value)
    walker.show(value)
    walker.displayed |= value
    _show_functions(value)
    callbacks.run_drawn(walker, shown)
    record.shows = any(obj.type != "builtins.NoneType" for obj in value)
    record.gives_result = bool(value) and all(obj.type not in _MAY_BE_NONE for obj in value)


def _show_functions(value: Value) -> None:
    """Note that functions are displayed, alone or in containers: Jupyter shows their module, ``<function __main__.f>``,
    and `print` does not."""

    def shown_in(obj: Obj) -> Iterable[Obj]:
        return holds(obj) if obj.type.startswith("builtins.") and not obj.immutable else ()

    for obj in spread(value, shown_in):
        if obj.type == FUNCTION:
            obj.shown = True


_MAY_BE_NONE = {"builtins.NoneType", "builtins.scalar", "builtins.object", UNKNOWN, UNBOUND_TYPE}


def _section(walker: Interpreter, index: int, records: list[StatementFacts]) -> SectionFacts:
    binds: dict[str, bool] = {}
    after = {}
    for name in walker.touched:
        binding = walker.module.state.get(name)
        if binding is not None:
            binds[name] = binding.certain == index
            after[name] = binding
    changes = frozenset(obj for record in records for obj in record.changes)
    return SectionFacts(index, tuple(records), walker.uses, binds, after, changes)
