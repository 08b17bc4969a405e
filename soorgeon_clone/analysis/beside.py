"""What the notebook does with modules beside it: importing them, calling what is in them, holding it.

The state of all of them is one object. What is not proved to be without state changes it when it is called, and goes
with it wherever it is handed on; a change of it is one of modules, which other tasks have of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from soorgeon_clone.analysis import calls, undescribed
from soorgeon_clone.analysis.feared import COMMON, Feared
from soorgeon_clone.analysis.heap import CLASS, EMPTY, FUNCTION, LIB, UNKNOWN, Obj, Value
from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.module_state import States

if TYPE_CHECKING:
    from soorgeon_clone.analysis.walk import Walker

STATE = "state of modules beside the notebook"


def state(w: Walker) -> Obj:
    """Return the object that stands for all that modules beside the notebook keep."""
    made = w.heap.make((STATE,), UNKNOWN)
    made.made = -1
    made.path = STATE
    w.in_modules.add(made)
    return made


def states(w: Walker) -> frozenset[Obj]:
    """Return the objects that stand for what modules beside the notebook keep: one or none."""
    return frozenset({state(w)}) if w.has_modules_beside else frozenset()


def of_state(w: Walker, value: Value) -> Value:
    """Return the state of modules beside the notebook if ``value`` has to do with it."""
    return value & states(w)


def with_state(w: Walker, value: Value) -> Value:
    """Return ``value``, and the state of modules beside the notebook if something in it has to do with that."""
    if not w.has_modules_beside:
        return value
    if any(obj.type == LIB and w.states.has_state(obj.path) for obj in value):
        return value | {state(w)}
    return value


def import_(w: Walker, path: str) -> str:
    """Do what importing something does if it is of a module beside the notebook; return the path to know it by."""
    place = w.modules.split(path)
    if place is None:
        return path
    w.has_modules_beside = True
    reason = w.blame(w.heap.reason.node, f"importing {place[0]}")
    may, changes = w.states.importing(place[0])
    if w.states.computes_attributes(place[0]):
        w.opaque(f"{place[0]} computes its attributes when they are asked for")
    first = place[0] not in w.imported
    w.imported.add(place[0])
    _do(w, may)
    if may.prints or "*" in may.writes or may.draws or may.seeds or changes or may.by_name:
        # only the first import does it: a task that has no other must not be the second
        w.note("sets", "modules")
    if changes and first:
        w.change((state(w),))
    w.heap.reason = reason
    return w.modules.origin(path)


def note_folder(w: Walker, args: calls.Arguments) -> None:
    """``sys.path.append("src")``: modules are found in that folder as well."""
    for value, _ in args.positional:
        for obj in value:
            if isinstance(obj.const, str):
                w.modules.look_in(obj.const)
                w.states = States(w.modules)


def call(w: Walker, path: str, args: calls.Arguments, node: Instruction) -> Value | None:
    """Return what calling something in a module beside the notebook gives; None if it is of none, or the user told."""
    if not w.has_modules_beside or w.modules.split(path) is None or w.knowledge.is_told(path):
        return None
    origin = w.modules.origin(path)
    if w.modules.split(origin) is None:
        return calls.call_library(w, origin, args, node)
    reason = w.blame(node, f"{origin}, in a module beside the notebook")
    may = do(w, origin)
    own = frozenset({state(w)}) if may.by_name or w.states.has_state(origin) else EMPTY
    given = frozenset(obj for obj in args.all if obj.type == LIB)
    if with_state(w, given) != given or _stores_into(w, origin, args.all):
        own |= {state(w)}
    w.change(own)
    w.heap.reason = reason
    result = undescribed.unknown(w, own, args, node, origin)
    for made in result:
        if made.type == UNKNOWN:
            undescribed.keep_views(w, made, args.all)
    return result


def _stores_into(w: Walker, path: str, value: Value) -> bool:
    """Note that classes and functions of the notebook may get attributes; return whether those of modules may."""
    kinds = (CLASS, FUNCTION, LIB)
    found = [obj for obj in value if obj.type in kinds]
    if not found or not w.states.stores_into_arguments(path):
        return False
    for obj in found:
        if obj.type != LIB:
            w.change_one(w.heap.amendments(obj))
    return any(obj.type == LIB and w.modules.split(obj.path) is not None for obj in found)


def decorate(w: Walker, decorator: Obj, value: Value, node: Instruction) -> Value:
    """Return what a decorator from a module beside the notebook gives besides what it decorates, if it keeps state."""
    if decorator.type != LIB or not w.has_modules_beside or w.states.decorates_plainly(decorator.path):
        return EMPTY
    return call(w, decorator.path, calls.Arguments(((value, False),)), node) or EMPTY


def do(w: Walker, path: str) -> Feared:
    """Do what calling something may do besides changing objects, and return it."""
    may = w.states.may_do(path)
    _do(w, may)
    if any(_may_use_files(w, name) for name in may.methods):
        w.note("files_read", "*")
        w.note("files_written", "*")
    return may


def is_of_module(w: Walker, receiver: Value, path: str) -> bool:
    """Whether code of a module beside the notebook is called: that has been read, and what it may do is known."""
    if not w.has_modules_beside:
        return False
    paths = {path, *(obj.path for obj in receiver if obj.type == UNKNOWN)}
    return any("." in one and w.modules.split(one) is not None for one in paths) or not receiver.isdisjoint(states(w))


def do_methods(w: Walker, receiver: Iterable[Obj]) -> None:
    """Do what methods of objects that a module beside the notebook made may do besides changing objects."""
    for path in {obj.path for obj in receiver if obj.type == UNKNOWN and obj.path and "." in obj.path}:
        if w.modules.split(path) is not None:
            do(w, path)


def _do(w: Walker, may: Feared) -> None:
    by_name, may.by_name = may.by_name, False  # that is about the variables of the module
    w.uncertain += 1
    try:
        undescribed.do_feared(w, may)
    finally:
        w.uncertain -= 1
        may.by_name = by_name


_ANY = {"*": None, "**": None}  # arguments that nobody looked at


def _may_use_files(w: Walker, name: str) -> bool:
    """Whether a method of this name may use files, of whatever object it is: unless tables say that none does."""
    if name not in w.file_methods:
        effects = [w.knowledge.method(type_, name, _ANY) for type_ in COMMON]
        known = [effect for effect in effects if effect is not None]
        w.file_methods[name] = any(effect.reads or effect.writes for effect in known) or not known
    return w.file_methods[name]
