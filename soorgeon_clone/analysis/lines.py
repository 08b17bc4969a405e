"""Facts -> one line of text, the same one every time: what fact tests compare, and what a person reads to look closer.

    reads df xs | binds y:float | changes df by pandas.DataFrame.drop (inplace=True) | y holds xs | prints

Its parts, of which those that say nothing are left out, are in this order:

``reads a b``          variables read before the code certainly binds them, also by functions that it calls
``unbound a``          names that nothing has bound
``binds a:T b:T? -c``  variables bound, with the types that they may have (``?``: perhaps; ``-c``: deleted)
``changes a b by R``   objects changed in place, by the names that denote them; ``a.*``: something that ``a`` holds;
                       R is what said so (see `Because`), ``in f``: in the function where it happened
``sets S``, ``seeds S``, ``draws S``, ``reads file F``, ``writes file F``    the same with settings, generators and
                       files; ``*`` is any file
``a is b``, ``a holds b``, ``a views b``, ``a shares with b``    what a variable and another have in common, of which
                       one was bound or changed here: an object, one that the other holds, memory, parts
``calls f``            code that nobody has described was called
``tells apart a``      it may be seen whether ``a`` and another name denote one object
``orders a``           the order of the set ``a`` may be seen
``opaque: why``        static analysis ends here
``tells copies: how``  a value that was in a file would answer otherwise
``lists names``        it shows which variables there are
``prints``, ``shows``  it writes to standard output; the value of its last expression is displayed

What is feared, not known, has ``may`` before it: ``may change df by mylib.fit``, ``a may hold b``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from soorgeon_clone.analysis import limits
from soorgeon_clone.analysis.because import Because
from soorgeon_clone.analysis.knowledge.effects import UNDESCRIBED
from soorgeon_clone.analysis.model import AMBIENT, NotebookFacts, SectionFacts, StatementFacts
from soorgeon_clone.analysis.objects.heap import UNBOUND, Obj, Value, holds, spread
from soorgeon_clone.analysis.objects.state import Binding
from soorgeon_clone.analysis.objects.types import CLASS, FUNCTION, INSTANCE, LIB, METHOD

_VERBS = {
    "sets": ("sets", "may set"),
    "seeds": ("seeds", "may seed"),
    "draws": ("draws", "may draw"),
    "files_read": ("reads file", "may read file"),
    "files_written": ("writes file", "may write file"),
}
_OF_OBJECTS = {"identity": ("tells apart", "may tell apart"), "order": ("orders", "may order")}


def line_of_section(facts: NotebookFacts, section: SectionFacts) -> str:
    """Return what a section does."""
    names = {name for name in section.uses if _is_variable(facts, name, section.index)}
    return _line(facts, section, section.statements, names)


def line_of_statement(facts: NotebookFacts, statement: StatementFacts) -> str:
    """Return what a statement does; what it binds has the types that it has when its section ends."""
    read = statement.read_bindings.items()
    names = {name for name, then in read if not then.defs <= {statement.index} and not name.startswith(AMBIENT)}
    return _line(facts, facts.sections[statement.section], (statement,), names)


def _line(
    facts: NotebookFacts, section: SectionFacts, statements: Sequence[StatementFacts], read: Iterable[str]
) -> str:
    scene = _Scene(facts, section, statements)
    unbound = sorted({name for statement in statements for name in statement.unbound})
    parts = [
        *_listed("reads", sorted(read)),
        *_listed("unbound", unbound),
        *_listed("binds", _bound(scene)),
        *_caused(scene, "changes", "changes", "may change"),
        *(part for kind, verbs in _VERBS.items() for part in _caused(scene, kind, *verbs)),
        *_shared(scene),
        *_listed("calls", sorted({name for statement in statements for name in statement.unknown_calls})),
        *(part for kind, verbs in _OF_OBJECTS.items() for part in _about_objects(scene, kind, *verbs)),
        *(f"tells copies: {how}" for statement in statements for how in sorted(statement.tells_copies)),
        *(f"opaque: {statement.opaque}" for statement in statements if statement.opaque),
        *(["lists names"] if any(statement.lists_names for statement in statements) else ()),
        *(["prints"] if any(statement.prints for statement in statements) else ()),
        *_shown(statements),
    ]
    return " | ".join(dict.fromkeys(parts))


def _shown(statements: Iterable[StatementFacts]) -> Iterator[str]:
    if any(statement.gives_result for statement in statements):
        yield "shows"
    elif any(statement.shows for statement in statements):
        yield "may show"


class _Scene(NamedTuple):
    """The statements that are told of, in their section."""

    facts: NotebookFacts
    section: SectionFacts
    statements: Sequence[StatementFacts]

    def bindings(self) -> dict[str, Value]:
        """Return what variables denote: when the statements read them, else when the section ends."""
        found: dict[str, Binding] = {}
        for section in self.facts.sections[: self.section.index + 1]:
            found.update(section.after)
        values = {name: binding.value - {UNBOUND} for name, binding in found.items() if not name.startswith(AMBIENT)}
        for statement in self.statements:
            for name, binding in statement.read_bindings.items():
                if name in values:
                    values[name] |= binding.value - {UNBOUND}
        return values


def _is_variable(facts: NotebookFacts, name: str, section: int) -> bool:
    earlier = (before.after for before in facts.sections[:section])
    return not name.startswith(AMBIENT) and any(name in after for after in earlier)


def _listed(verb: str, items: Sequence[str]) -> list[str]:
    return [f"{verb} {' '.join(items)}"] if items else []


# -- what is bound ---------------------------------------------------------------------------------------------


def _bound(scene: _Scene) -> list[str]:
    certain: dict[str, bool] = {}
    for statement in scene.statements:
        for name, is_certain in statement.binds.items():
            certain[name] = certain.get(name, False) or is_certain
    found = []
    for name in sorted(name for name in certain if not name.startswith(AMBIENT)):
        after = scene.section.after.get(name)
        value = after.value if after is not None else frozenset()
        is_certain = certain[name] or (after is not None and after.certain == scene.section.index)
        if value == {UNBOUND}:
            found.append(f"-{name}")
        else:
            found.append(f"{name}:{_types(value - {UNBOUND})}{'' if is_certain and UNBOUND not in value else '?'}")
    return found


def _types(value: Value) -> str:
    return "|".join(sorted({_type(obj) for obj in value})) or "?"


def _type(obj: Obj) -> str:
    if obj.type == LIB:
        return f"<{obj.path.removeprefix('builtins.')}>"
    if obj.type == INSTANCE:
        return "|".join(sorted(cls.name for cls in obj.classes))
    if obj.type in (FUNCTION, CLASS, METHOD):
        return obj.type
    return "int" if obj.type == "builtins._id" else obj.type.removeprefix("builtins.")


# -- what is done, and why -------------------------------------------------------------------------------------


def _caused(scene: _Scene, kind: str, known: str, feared: str) -> Iterator[str]:
    """Yield a part for each reason: the items that have it are told together."""
    found: dict[tuple[bool, str], set[str]] = {}
    for statement in scene.statements:
        items = getattr(statement, kind)
        told = _names(scene, items) if kind == "changes" else {item: {item} for item in items}
        for item, names in told.items():
            because = scene.facts.because(statement, kind, item)
            if because is not None:
                found.setdefault((because.feared, _rule(because)), set()).update(names)
    certain = {name for (is_feared, _), names in found.items() for name in names if not is_feared}
    for (is_feared, rule), names in sorted(found.items()):
        left = sorted(names - certain if is_feared else names)
        if left:
            yield f"{feared if is_feared else known} {' '.join(left)} by {rule}"


def _rule(because: Because) -> str:
    rule = because.rule.removeprefix(f"{UNDESCRIBED}: ").replace(limits.REACHED, "a limit")
    function = f" in {because.within[-1].partition(' (')[0]}" if because.within else ""
    return f"{rule}{function}"


def _about_objects(scene: _Scene, kind: str, known: str, feared: str) -> Iterator[str]:
    found: dict[bool, set[str]] = {}
    for statement in scene.statements:
        items = {item for key, item in statement.why if key == kind and isinstance(item, Obj)}
        for item, names in _names(scene, items).items():
            because = scene.facts.because(statement, kind, item)
            found.setdefault(because is not None and because.feared, set()).update(names)
    for is_feared, names in sorted(found.items()):
        if names:  # of what has no name, nobody else can tell
            yield f"{feared if is_feared else known} {' '.join(sorted(names))}"


def _names(scene: _Scene, objects: Iterable[Obj]) -> Mapping[Obj, set[str]]:
    """Return the variables that denote each object, else those that hold it (``a.*``), if they are not listed."""
    objects = list(objects)
    values = scene.bindings()
    found = {obj: {name for name, value in values.items() if obj in value} for obj in objects}
    told = {name for names in found.values() for name in names}
    reached = {name: scene.facts.heap.reach(value) for name, value in values.items() if name not in told}
    for obj in objects:
        if not found[obj]:
            found[obj] = {f"{name}.*" for name, parts in reached.items() if obj in parts}
    return found


# -- what is shared --------------------------------------------------------------------------------------------


def _shared(scene: _Scene) -> Iterator[str]:
    """Yield what variables have in common that are bound here, or that were changed so that they hold it."""
    values = {name: _changeable(value) for name, value in scene.bindings().items()}
    bound = {name for statement in scene.statements for name in statement.binds if name in values}
    changed = {obj for statement in scene.statements for obj in statement.changes}
    now = frozenset(statement.index for statement in scene.statements)
    own = {n: _changeable(scene.section.after[n].value) for n in bound if n in scene.section.after}
    own |= {n: value for n, value in values.items() if n not in bound and value & changed}
    for name in sorted(own):
        for other in sorted(values):
            if other == name or (other in own and other < name) or not own[name] or not values[other]:
                continue
            text = _common(name, own[name], other, values[other])
            if text and (name in bound or other in bound or not _common(name, own[name], other, values[other], now)):
                yield text


def _changeable(value: Value) -> Value:
    return frozenset(obj for obj in value if not obj.immutable and obj.type not in (FUNCTION, CLASS))


def _common(name: str, own: Value, other: str, others: Value, but: frozenset[int] = frozenset()) -> str | None:
    """Return what two values have in common, but for what the statements ``but`` did."""
    if own & others:
        return f"{name} is {other}"
    for is_known in (True, False):
        mine, yours = (_reach(value, is_known, but) for value in (own, others))
        may = "" if is_known else "may "
        s = "s" if is_known else ""
        if _share_memory(own, others):
            return f"{name} {may}view{s} {other}"
        if mine & others:
            return f"{name} {may}hold{s} {other}"
        if yours & own:
            return f"{other} {may}hold{s} {name}"
        if _share_memory(mine, yours) or mine & yours:
            return f"{name} {may}share{s} with {other}"
    return None


def _share_memory(one: Iterable[Obj], other: Value | set[Obj]) -> bool:
    return any(obj.memory is not None and not obj.memory.isdisjoint(other) for obj in one)


def _reach(value: Value, is_known: bool, but: frozenset[int]) -> set[Obj]:
    """Return what is held by objects, definitions left aside; ``is_known``: only where that is known."""

    def held_by(obj: Obj) -> Iterator[Obj]:
        for part in holds(obj):
            if part.immutable or part.type in (FUNCTION, CLASS) or part in obj.views:
                continue
            reasons = [reason for held, reason in obj.held_for if part in held]
            if not reasons or any(
                reason.statement not in but and not (is_known and reason.feared) for reason in reasons
            ):
                yield part

    return spread(value, held_by)
