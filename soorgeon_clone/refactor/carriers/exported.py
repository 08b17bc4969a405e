"""Closed definitions -> exported.py: constants, and what needs nothing of the notebook but imports and each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from soorgeon_clone.analysis.model import StatementFacts
from soorgeon_clone.analysis.objects.heap import Obj
from soorgeon_clone.analysis.objects.types import CLASS, FUNCTION, INSTANCE
from soorgeon_clone.notebook.tags import MAY_FAIL
from soorgeon_clone.refactor.carriers.beside import is_of_module
from soorgeon_clone.refactor.carriers.borders import Borders, ancestors
from soorgeon_clone.refactor.carriers.carrier import Taken, Want
from soorgeon_clone.refactor.carriers.constants import constants, needed_elsewhere
from soorgeon_clone.refactor.carriers.ledger import Ledger
from soorgeon_clone.refactor.carriers.replay import gives_the_same
from soorgeon_clone.refactor.cut import Cut
from soorgeon_clone.refactor.imports import arrange
from soorgeon_clone.refactor.model import Replay

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
# What shows in which module, file or row a definition stands, or looks for those of the notebook: `f?`, `help(f)`,
# tracebacks.
_LOOKS_AT_DEFINITIONS = re.compile(
    r"\b(__globals__|__module__|__code__|inspect|doctest|pydoc|pickletools|get_type_hints|get_annotations)\b"
    r"|\b(traceback|__traceback__|format_exc|print_exc|exc_info|tb_frame|tb_lineno|lineno)\b|\.exception\("
    r"|\bhelp\(|\bpickle\.dumps\b|^\s*%p(def|doc|info2?|source|file)\b|^\s*\?{1,2}\w|^\s*[%\w.]+\?{1,2}\s*$",
    re.MULTILINE,
)

HOW = "exported definition"


def take(want: Want, ledger: Ledger) -> Taken | None:
    return Taken(HOW) if want.name in ledger.exported else None


def part(name: str, border: int, ledger: Ledger) -> None:
    """It is imported: no file carries it."""


def import_line(name: str) -> Replay:
    """Return the line by which a task has what stands in exported.py."""
    return Replay("import", f"from exported import {name}", (name,))


@dataclass(frozen=True)
class Candidates:
    """What could stand in exported.py, however the notebook is cut, by name; ``free`` are the names that it needs."""

    constants: Mapping[str, StatementFacts]
    definitions: Mapping[str, StatementFacts]
    free: Mapping[str, frozenset[str]]


def candidates(borders: Borders) -> Candidates:
    """Return the constants, functions and classes that are all that ever binds their name, and are not looked at."""
    if any(_LOOKS_AT_DEFINITIONS.search(cell.source) or MAY_FAIL in cell.tags for cell in borders.cells.values()):
        return Candidates({}, {}, {})
    alone = {name: s for name, s in constants(borders).items() if _stands_alone(borders, s, name)}
    shown_types = _types_are_shown(borders)
    definitions: dict[str, StatementFacts] = {}
    free: dict[str, frozenset[str]] = {}
    for statement in borders.statements:
        if statement.kind not in ("function", "class") or len(statement.binds) != 1:
            continue
        ((name, certain),) = statement.binds.items()
        if certain and _can_move(borders, statement, name, shown_types):
            definitions[name] = statement
            free[name] = frozenset(names_from_outside(borders, statement) - {name})
    return Candidates(alone, definitions, free)


def closed_definitions(cut: Cut, candidates: Candidates) -> dict[str, StatementFacts]:
    """Return the definitions that stand in exported.py for this cut, by name, constants first: closed ones need
    nothing of the notebook but imports and each other."""
    if len(cut.units) < 2:
        return {}
    wanted = needed_elsewhere(cut) if candidates.constants else set()
    found = {name: statement for name, statement in candidates.constants.items() if name in wanted}
    found = {n: s for n, s in {**found, **candidates.definitions}.items() if not _may_be_looked_for(cut, s)}
    while True:
        open_ = [n for n in found if not all(_is_known(cut.borders, f, found) for f in candidates.free.get(n, ()))]
        if not open_:
            return found
        for name in open_:
            del found[name]


def _is_known(borders: Borders, name: str, closed: dict[str, StatementFacts]) -> bool:
    if name in closed:
        return True
    if name in borders.binders:
        return borders.is_import(name) and not _is_star(borders, name)
    return True  # a builtin, or a name that nothing in the notebook defines


def _is_star(borders: Borders, name: str) -> bool:
    return any("*" in borders.source(borders.statements[n]) for n in borders.binders[name])


def _stands_alone(borders: Borders, statement: StatementFacts, name: str) -> bool:
    """Whether a statement is all that ever binds ``name``, in rows of its own, and nothing asks for the name before."""
    if borders.binders[name] != {statement.index} or not statement.is_pure or statement.sets:
        return False
    if not borders.owns_rows(statement) or borders.first_reads.get(name, statement.index) < statement.index:
        return False  # it may be a builtin until then (`sum`), or be tried (`try: f() except NameError`)
    cell = borders.cells[statement.cell]
    rows = cell.source.replace("\r\n", "\n").split("\n")[statement.first - 1 : statement.last]
    # else there is IPython syntax in it, or it is a rewritten statement
    return "\n".join(rows).strip() == statement.lowered.written.strip()


def _may_be_looked_for(cut: Cut, statement: StatementFacts) -> bool:
    """Whether its task may list its names before a definition: it would have this one from the start."""
    start = cut.home(statement.index).start
    return any(start <= number < statement.index for number in cut.borders.listing_names)


def _can_move(borders: Borders, statement: StatementFacts, name: str, shown_types: bool) -> bool:
    if not _stands_alone(borders, statement, name) or any(map(is_of_module, statement.read_bindings)):
        return False  # what it takes of a module beside the notebook is not what importing that gives
    value = borders.value(name, statement.section + 1)
    if not value or any(obj.type not in (FUNCTION, CLASS) for obj in value):
        return False
    if not gives_the_same(borders, statement):
        return False
    if any(assumed.kind == "sets" for assumed in statement.assumed):
        return False  # an import would do before a run looks what it is assumed not to do
    names = statement.lowered.mentions
    if names & _DEPENDS_ON_MODULE or any(n.startswith("_i") and n[2:].isdigit() for n in names):
        return False
    for obj in value:
        if obj.changed or any(part.changed or part.compared_by for part in _parts(borders, obj)):
            return False
        if obj.type == CLASS and (obj.shown or shown_types or _shows_its_module(borders, obj)):
            return False
        if obj.type == FUNCTION and (obj.shown or obj.code.globals):
            return False
    return not statement.lowered.has_global


def _parts(borders: Borders, obj: Obj) -> Iterable[Obj]:
    """Yield what belongs to a definition: defaults, class variables, methods."""
    return (part for part in borders.facts.heap.reach(frozenset({obj})) if part is not obj)


def _types_are_shown(borders: Borders) -> bool:
    return any("__class__" in cell.source for cell in borders.cells.values())


def _shows_its_module(borders: Borders, cls: Obj) -> bool:
    """Whether the notebook prints an instance whose text names its class's module (``<__main__.A object at ...>``)."""
    if _has_own_text(cls):
        return False
    return any(
        obj.shown and obj.type == INSTANCE and cls in ancestors(obj.classes)
        for obj in borders.facts.heap.of_type(INSTANCE)
    )


def _has_own_text(cls: Obj) -> bool:
    for obj in ancestors([cls]):
        if obj.type == CLASS and "__repr__" in obj.fields:
            return True
        if obj.type != CLASS and obj.path not in ("builtins.object", "abc.ABC"):
            return True
    return False


def names_from_outside(borders: Borders, statement: StatementFacts) -> set[str]:
    """Return the names that a definition takes from outside, whatever scope in it mentions them, or a text does:
    ``df.query("a > @limit")``, ``x: "Limit"``."""
    found = {name for function in borders.functions_made.get(statement.index, ()) for name in function.code.named}
    found |= {name for text in statement.lowered.annotation_texts for name in _NAME.findall(text)}
    return found | borders.free.get(statement.index, frozenset())


def exported_text(borders: Borders, exported: Mapping[str, StatementFacts]) -> str:
    """Return the text of exported.py: the imports that the definitions need, constants, then the others."""
    if not exported:
        return ""
    imports = [borders.source(statement) for statement in borders.statements if "future" in statement.sets]
    for name in sorted({name for s in exported.values() for name in names_from_outside(borders, s)}):
        if name not in exported and name in borders.binders:
            imports.append(borders.import_source(name, min(borders.binders[name])))
    definitions = _in_order(exported)
    constants = "\n".join(borders.source(s) for s in definitions if s.kind == "assignment")
    others = [borders.source(s) for s in definitions if s.kind != "assignment"]
    head = "\n\n".join(part for part in (arrange(list(dict.fromkeys(imports))).strip("\n"), constants) if part)
    return "\n\n\n".join(part for part in (head, *others) if part).rstrip() + "\n"


def _in_order(exported: Mapping[str, StatementFacts]) -> list[StatementFacts]:
    """Return definitions in the notebook's order, those that another one needs when it is made first."""
    done: list[StatementFacts] = []
    seen: set[str] = set()

    def add(name: str) -> None:
        if name in seen:
            return
        seen.add(name)
        for other in sorted(set(exported[name].read_bindings) & exported.keys(), key=lambda n: exported[n].index):
            if other in exported[name].lowered.mentions:
                add(other)
        done.append(exported[name])

    for name in sorted(exported, key=lambda n: exported[n].index):
        add(name)
    return done
