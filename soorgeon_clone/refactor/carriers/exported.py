"""Closed definitions -> exported.py: constants, and what needs nothing of the notebook but imports and each other."""

from __future__ import annotations

import re
from collections.abc import Iterable

from soorgeon_clone.analysis.heap import CLASS, FUNCTION, INSTANCE, Obj
from soorgeon_clone.analysis.model import StatementFacts
from soorgeon_clone.refactor.carriers.constants import constants
from soorgeon_clone.refactor.carriers.program import Program, ancestors

# What a definition that mentions one of these sees depends on the module that it stands in.
_DEPENDS_ON_MODULE = frozenset(
    {
        "globals",
        "locals",
        "vars",
        "eval",
        "exec",
        "get_ipython",
        "__name__",
        "__file__",
        "In",
        "Out",
        "_",
        "__",
        "super_",
    }
)
_NAME = re.compile(r"[^\W\d]\w*")
# What shows in which module, file or row a definition stands, or looks for those of the notebook: `f?`, `help(f)`.
_LOOKS_AT_DEFINITIONS = re.compile(
    r"\b(__globals__|__module__|__code__|inspect|doctest|pydoc|pickletools|get_type_hints|get_annotations)\b"
    r"|\bhelp\(|\bpickle\.dumps\b|^\s*%p(def|doc|info2?|source|file)\b|^\s*\?{1,2}\w|^\s*[%\w.]+\?{1,2}\s*$",
    re.MULTILINE,
)
# What tells which names there are.
_LISTS_NAMES = frozenset({"globals", "locals", "vars", "dir"})


def closed_definitions(program: Program) -> dict[str, StatementFacts]:
    """Return the definitions that can stand in exported.py, by name, constants first."""
    if len(program.units) < 2 or any(_LOOKS_AT_DEFINITIONS.search(cell.source) for cell in program.cells.values()):
        return {}
    shown_types = _types_are_shown(program)
    found = {name: statement for name, statement in constants(program) if _stands_alone(program, statement, name)}
    free: dict[str, set[str]] = {name: set() for name in found}
    for statement in program.statements:
        if statement.kind not in ("function", "class") or len(statement.binds) != 1:
            continue
        ((name, certain),) = statement.binds.items()
        if not certain or not _can_move(program, statement, name, shown_types):
            continue
        found[name] = statement
        free[name] = names_from_outside(program, statement) - {name}
    while True:
        open_ = [name for name in found if not all(_is_known(program, n, found) for n in free[name])]
        if not open_:
            return found
        for name in open_:
            del found[name]


def _is_known(program: Program, name: str, closed: dict[str, StatementFacts]) -> bool:
    if name in closed:
        return True
    if name in program.binders:
        return program.is_import(name) and not _is_star(program, name)
    return True  # a builtin, or a name that nothing in the notebook defines


def _is_star(program: Program, name: str) -> bool:
    return any("*" in program.source(program.statements[n]) for n in program.binders[name])


def _stands_alone(program: Program, statement: StatementFacts, name: str) -> bool:
    """Whether a statement is all that ever binds ``name``, in rows of its own, and nothing asks for the name before."""
    if program.binders[name] != {statement.index} or not statement.is_pure or statement.sets:
        return False
    if not program.owns_rows(statement) or _may_be_asked_for(program, statement, name):
        return False
    cell = program.cells[statement.cell]
    rows = cell.source.replace("\r\n", "\n").split("\n")[statement.first - 1 : statement.last]
    # else there is IPython syntax in it, or it is a rewritten statement
    return "\n".join(rows).strip() == statement.lowered.written.strip()


def _may_be_asked_for(program: Program, statement: StatementFacts, name: str) -> bool:
    """Whether something before a definition may see that the name is not there yet: tasks have it from the start.

    It may be a builtin until then (``sum`` before ``def sum``), or be tried (``try: f() except NameError``).
    """
    if program.first_reads.get(name, statement.index) < statement.index:
        return True
    start = program.units[program.unit_of[statement.index]].start
    return any(earlier.reads & _LISTS_NAMES for earlier in program.statements[start : statement.index])


def _can_move(program: Program, statement: StatementFacts, name: str, shown_types: bool) -> bool:
    if not _stands_alone(program, statement, name):
        return False
    binding = next((u.after[name] for u in program.units if name in u.after), None)
    if binding is None or any(obj.type not in (FUNCTION, CLASS) for obj in binding.value):
        return False
    names = statement.lowered.mentions
    if names & _DEPENDS_ON_MODULE or any(n.startswith("_i") and n[2:].isdigit() for n in names):
        return False
    for obj in binding.value:
        if obj.changed or any(part.changed or part.identity for part in _parts(program, obj)):
            return False
        if obj.type == CLASS and (obj.shown or shown_types or _shows_its_module(program, obj)):
            return False
        if obj.type == FUNCTION and obj.code.globals:
            return False
    return not statement.lowered.has_global


def _parts(program: Program, obj: Obj) -> Iterable[Obj]:
    """Yield what belongs to a definition: defaults, class variables, methods."""
    return (part for part in program.facts.heap.reach(frozenset({obj})) if part is not obj)


def _types_are_shown(program: Program) -> bool:
    return any("__class__" in cell.source for cell in program.cells.values())


def _shows_its_module(program: Program, cls: Obj) -> bool:
    """Whether the notebook prints an instance whose text names its class's module (``<__main__.A object at ...>``)."""
    if _has_own_text(cls):
        return False
    return any(
        obj.shown and obj.type == INSTANCE and cls in ancestors(obj.fields["*class"])
        for obj in program.facts.heap.of_type(INSTANCE)
    )


def _has_own_text(cls: Obj) -> bool:
    for obj in ancestors([cls]):
        if obj.type == CLASS and "__repr__" in obj.fields:
            return True
        if obj.type != CLASS and obj.path not in ("builtins.object", "abc.ABC"):
            return True
    return False


def names_from_outside(program: Program, statement: StatementFacts) -> set[str]:
    """Return the names that a definition takes from outside, whatever scope in it mentions them, or a text does:
    ``df.query("a > @limit")``, ``x: "Limit"``."""
    found = {name for function in program.functions_made.get(statement.index, ()) for name in function.code.named}
    found |= {name for text in statement.lowered.annotation_texts for name in _NAME.findall(text)}
    return found | statement.lowered.free
