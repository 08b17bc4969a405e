"""`pd.set_option(...)`, `%matplotlib inline`, `os.chdir(...)` -> repeated, in order, in every task that comes later.

Where one cannot be repeated, what it sets comes as it is (`states`), and so do all others that set the same.
"""

from __future__ import annotations

from soorgeon_clone.analysis.dataflow import changed_between
from soorgeon_clone.analysis.knowledge.effect_rules import REPLACED_STREAMS
from soorgeon_clone.analysis.model import AMBIENT, StatementFacts
from soorgeon_clone.analysis.objects.types import CLASS
from soorgeon_clone.refactor.carriers import states
from soorgeon_clone.refactor.carriers.borders import Borders
from soorgeon_clone.refactor.carriers.carrier import Refused, Taken, Want
from soorgeon_clone.refactor.carriers.ledger import Ledger
from soorgeon_clone.refactor.carriers.replay import can_repeat

HOW = "setting"
_STREAM = "other:streams"
_STREAMS = frozenset({_STREAM, REPLACED_STREAMS})
_SHOWN_ONCE = "other:warnings_shown"
SETTING = "setting "  # begins the name of what every later task wants: "setting 12", made by statement 12


def take(want: Want, ledger: Ledger) -> Taken | Refused | None:
    if not want.name.startswith(SETTING):
        return None
    borders = ledger.borders
    statement = borders.statements[int(want.name.removeprefix(SETTING))]
    held = states.held_at(ledger, want.at)
    if statement.sets <= held:
        return Taken(states.HOW, needs=tuple(f"{AMBIENT}{setting}" for setting in sorted(statement.sets)))
    stays = _stays_replaced(borders, statement) or _SHOWN_ONCE in statement.sets
    if REPLACED_STREAMS in statement.sets and statement.sets <= _STREAMS and not stays:
        return Taken(HOW)  # the section puts back what it replaces
    if (
        can_repeat(borders, statement, want.at, setting=True)
        and not stays
        and not _is_changed(borders, statement, want.at)
    ):
        return Taken(HOW, repeats=(statement,))
    what, remedy = _why_not(borders, statement)
    last = len(borders.facts.sections) - 1  # a later task could see it as well
    rule = _what_it_sets(statement)
    made = (statement.index,)
    facts = tuple(("sets", kind) for kind in sorted(statement.sets))
    return Refused(what, statement.section, made, (), rule, remedy, last, final=True, role="", facts=facts)


def part(name: str, border: int, ledger: Ledger) -> None:
    """It is repeated: no file carries it."""


def _is_changed(borders: Borders, statement: StatementFacts, border: int) -> bool:
    """Whether the class that a decorator registers is given something later: repeating it gives what it was first."""
    heap = borders.facts.heap
    made = frozenset(obj for obj in heap.of_type(CLASS) if obj.made == statement.index)
    return bool(made) and changed_between(heap.reach(made), statement.index, borders.starts[border])


def _stays_replaced(borders: Borders, statement: StatementFacts) -> bool:
    """Whether what is printed in later sections may go to an object of the notebook, of which a task has a copy."""
    if REPLACED_STREAMS not in statement.sets:
        return False
    later = borders.facts.sections[statement.section].statements
    return not any(s.index > statement.index and s.sets & _STREAMS == {_STREAM} for s in later)


def _what_it_sets(statement: StatementFacts) -> str:
    if statement.sets == {"modules"}:
        return "what a module keeps"
    kinds = ", ".join(sorted(kind.removeprefix("other:").replace("_", " ") for kind in statement.sets))
    return f"a setting ({kinds})"


def _why_not(borders: Borders, statement: StatementFacts) -> tuple[str, str]:
    if _SHOWN_ONCE in statement.sets:
        what = "a statement says how warnings are shown, and Python shows one only once in a process"
        return what, "leave `warnings.showwarning` as it is, or set it in the last section"
    may = "may change" if statement.sets == {"modules"} else "changes"
    what = f"a statement {may} {_what_it_sets(statement)} and cannot be repeated in later tasks"
    if statement.may_be_left_out:
        return f"{what}, since its cell may stop before it (raises-exception)", "make the setting in a cell of its own"
    more = [
        ("prints", bool(statement.prints)),
        ("writes files", bool(statement.files_written)),
        ("draws random numbers", bool(statement.draws)),
        ("changes variables", bool(statement.changes)),
        ("calls what nobody has described", bool(statement.unknown_calls)),
    ]
    if also := [words for words, does in more if does]:
        return f"{what}, since it {' and '.join(also)} as well", "make the setting in a statement of its own"
    return f"{what}, since it reads what changes", "let the setting read nothing that changes"
