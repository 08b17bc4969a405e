"""Notebook -> `Plan`: sections that cannot be parted become one (`solve`), what is left becomes tasks (`tasks`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from soorgeon_clone.analysis.analyse import analyse, keeping_all
from soorgeon_clone.analysis.knowledge.effects import Knowledge, knowledge, read_user_effects
from soorgeon_clone.analysis.model import NotebookFacts
from soorgeon_clone.analysis.scripts import scripts_in
from soorgeon_clone.notebook.model import Notebook, Section
from soorgeon_clone.notebook.platforms import names_of_platform
from soorgeon_clone.notebook.sections import almost_heading, best_level, split
from soorgeon_clone.notebook.size import heaviest, is_heavy
from soorgeon_clone.notebook.slugs import task_names
from soorgeon_clone.refactor.checks import check_comments, check_syntax, has_syntax_of_its_own, refuse_undefined
from soorgeon_clone.refactor.cut import finest
from soorgeon_clone.refactor.model import MustMerge, Plan, Serializer
from soorgeon_clone.refactor.solve import solve
from soorgeon_clone.refactor.tasks import plan_of
from soorgeon_clone.refactor.whole import as_one_task

# What crosses is looked at pair by pair of sections: these, and names that all of them need, are seconds.
_MOST_SECTIONS = 2_000
_MOST_CROSSINGS = 20_000


def make_plan(
    notebook: Notebook,
    *,
    level: int = 2,
    single_task: bool = False,
    serializer: Serializer | None = None,
    forced: bool = False,
    together: Sequence[MustMerge] = (),
) -> Plan:
    """Return what `refactor` writes for ``notebook``; ``together`` are sections that must not be parted.

    Raise UserError where a cell is not Python (exit code 1) or, unless ``forced``, where a name is read that nothing
    can have bound. A notebook that is too large to be looked at, or nested too deeply, becomes one task as it is.
    """
    sections = split(notebook, level)
    if single_task and sections:
        (name,) = task_names([Path(notebook.name).stem])
        sections = (sections[0]._replace(name=name), *sections[1:])
    if is_heavy(cell.source for cell in notebook.cells if cell.kind == "code"):
        return as_one_task(notebook, sections, f"its code is too large to be looked at closely ({_heaviest(notebook)})")
    if has_syntax_of_its_own(notebook):
        return as_one_task(notebook, sections, "it gives its cells a syntax of their own")
    if len(sections) > _MOST_SECTIONS:
        return as_one_task(notebook, sections, f"it has {len(sections):,} sections, more than {_MOST_SECTIONS}")
    try:
        with keeping_all():
            return _plan(notebook, sections, level, single_task, serializer, forced, together)
    except (RecursionError, MemoryError):
        return as_one_task(notebook, sections, "its code is nested too deeply to be looked at closely")


def _plan(
    notebook: Notebook,
    sections: tuple[Section, ...],
    level: int,
    single_task: bool,
    serializer: Serializer | None,
    forced: bool,
    together: Sequence[MustMerge],
) -> Plan:
    tables = knowledge(read_user_effects(_folder(notebook)))
    facts = _analyse(notebook, sections, tables)
    if given := sorted(names_of_platform(notebook.metadata) & facts.names - facts.bound):
        return as_one_task(notebook, sections, f"`{given[0]}` is its platform's, which keeps it for all cells")
    if not forced:
        refuse_undefined(notebook, facts)
    all_as_one = MustMerge(0, len(sections) - 1, "")
    cut = finest(facts, {cell.index: cell for section in sections for cell in section.cells})
    cut = cut.joined([all_as_one] if single_task else together)
    if sum(len(unit.uses) for unit in cut.units) > _MOST_CROSSINGS:
        return as_one_task(notebook, sections, "its sections need too much of one another")
    solution = solve(cut, tables, () if single_task else together)
    return plan_of(notebook, sections, solution, serializer, _hints(notebook, sections, level, single_task=single_task))


def facts_of(notebook: Notebook, level: int) -> NotebookFacts | None:
    """Return the facts that a plan of ``notebook`` stands on; None if its code is too large to be looked at."""
    if is_heavy(cell.source for cell in notebook.cells if cell.kind == "code"):
        return None
    try:
        with keeping_all():
            tables = knowledge(read_user_effects(_folder(notebook)))
            return _analyse(notebook, split(notebook, level), tables)
    except (RecursionError, MemoryError):
        return None


def _heaviest(notebook: Notebook) -> str:
    cell = heaviest(notebook.cells)
    return f"cell {cell.index + 1} alone has {len(cell.source):,} characters"


def _folder(notebook: Notebook) -> Path:
    return notebook.path.resolve().parent if notebook.path is not None else Path.cwd()


def _analyse(notebook: Notebook, sections: tuple[Section, ...], tables: Knowledge) -> NotebookFacts:
    check_syntax(notebook)
    check_comments(notebook)
    return analyse(sections, tables=tables, read_file=scripts_in(_folder(notebook)))


def _hints(notebook: Notebook, sections: tuple[Section, ...], level: int, *, single_task: bool) -> tuple[str, ...]:
    if single_task or len(sections) > 1:
        return ()
    better = best_level(notebook)
    if better is None or better == level:
        almost = almost_heading(notebook)
        advice = (
            f"Add H{level} headings, or see what --split-on auto proposes."
            if almost is None
            else f"`{almost}` is none: put a space behind the #."
        )
        return (f"No headings split the notebook, so it becomes one task. {advice}",)
    return (f"No H{level} headings split the notebook, so it becomes one task; --split-on h{better} would split it.",)
