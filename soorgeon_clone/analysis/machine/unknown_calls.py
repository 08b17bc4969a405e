"""Calls that nobody described or follows: they may do whatever can be reached from them.

The verdict on a call that nobody described is `unknown`: it may change whatever can be reached from what it is given,
call back any function of the notebook among that, draw from seeded generators, and read or write the files named.
"""

from __future__ import annotations

import posixpath

from soorgeon_clone.analysis.knowledge.effect_comments import Said
from soorgeon_clone.analysis.knowledge.effects import UNDESCRIBED
from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.machine import beliefs
from soorgeon_clone.analysis.machine.anything import exhausted, keep_views
from soorgeon_clone.analysis.machine.callbacks import run_code
from soorgeon_clone.analysis.machine.walk import Run
from soorgeon_clone.analysis.objects.arguments import Arguments
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value
from soorgeon_clone.analysis.objects.keys import ANY
from soorgeon_clone.analysis.objects.parts import contents, mutable, path_text, with_elements
from soorgeon_clone.analysis.objects.policy import DECORATOR, MEMORY, Assumed
from soorgeon_clone.analysis.objects.types import CLASS, CONTAINERS, FRAMES, FUNCTION, INSTANCE, UNKNOWN
from soorgeon_clone.analysis.objects.using import advance, is_advancing

_CHANGERS = frozenset(
    "append extend insert add update setdefault pop popitem remove discard clear sort reverse".split()
)


def keeps_state(path: str) -> bool:
    """Whether a call of something in a module that nobody described may change what later calls of it give."""
    rest = path.partition(".")[2]
    return bool(rest.count(".")) and rest.rpartition(".")[2] in _CHANGERS


def unknown(machine: Run, receiver: Value, args: Arguments, node: Instruction, what: str) -> Value:
    """Do what a call that nobody described may do, and return what it may give."""
    values = receiver | args.all
    said = machine.comments.get(node)
    if said is not None:
        reason = machine.blame(node, f"a comment in the notebook ({said.text})")
        made = _as_said(machine, said, values, node)
    else:
        shown = _shown(receiver, what)
        reason = machine.blame(node, f"{UNDESCRIBED}: {shown}", feared=True)
        policy = machine.policy
        if _has_no_such_method(receiver) or what.startswith(_OF_PYTHON):
            machine.policy = None
        if machine.policy is not None and beliefs.is_setting(machine, receiver, args, node, what):
            machine.note("sets", "modules")
            made = frozenset({machine.heap.atom("builtins.scalar")})
        else:
            if not machine.importing:  # what nobody knows of is not feared to do more than that: imports make things
                machine.note("unknown_calls", shown)
            made = _assume(machine, receiver, args, node, what)
            machine.policy = policy
            if not machine.importing:
                beliefs.draw(machine, what)
    machine.heap.reason = reason
    return made


_OF_PYTHON = ("builtins.object.__", "builtins.type.__")  # object.__getattribute__(x, "__dict__")


def _has_no_such_method(receiver: Value) -> bool:
    """Whether a container that Python has is asked for a method that no table knows: it is none of unknown code."""
    return bool(receiver) and all(obj.type in CONTAINERS for obj in receiver)


def _shown(receiver: Value, what: str) -> str:
    """Return the path of a call as a reader knows it; of a method of something that a call gave, with that call."""
    if "." in what:
        return what
    givers = {obj.path for obj in receiver if obj.type == UNKNOWN and "." in obj.path}
    giver = f"{givers.pop()}()" if len(givers) == 1 else "an object that nobody knows"
    return giver if what == UNKNOWN else f"{giver}.{what}" if giver.endswith("()") else f"{what} of {giver}"


def _assume(machine: Run, receiver: Value, args: Arguments, node: Instruction, what: str) -> Value:
    values = receiver | args.all
    machine.forget_given(args.all)
    machine.effort.steps += len(values)
    if machine.effort.is_exhausted:
        for resource in sorted(machine.seeded):
            machine.draw(resource)
        _may_be_file(machine, args.all, deep=not receiver)
        return exhausted(machine, values)
    run_code(machine, values, node)
    for obj in values if machine.anything_advances() else ():
        if is_advancing(machine, obj):
            advance(machine, obj)
    believed = beliefs.believed(machine, receiver, args, node, what)
    if machine.policy is not None and machine.believes("amends"):
        for obj in values:
            if obj.type in (FUNCTION, CLASS):
                machine.change_one(machine.heap.amendments(obj))
    changed = beliefs.chosen(machine, receiver, args.all, believed, "receiver changes", "arguments change")
    machine.change(o for o in with_elements(changed) if o.type not in (FUNCTION, CLASS) and not o.immutable)
    if changed != values:
        machine.assume_unchanged(with_elements(values - changed))
    if machine.heap.has_sets():
        machine.heap.note_order(machine.heap.reach(values))
    beliefs.set_settings(machine, receiver, what)
    if not machine.importing:
        _may_be_file(machine, args.all, deep=not receiver)
        if "touches files" in believed:
            machine.note("files_read", "*")
            machine.note("files_written", "*")
    if "receiver keeps" in believed:
        # what registers functions was asked for by a call (`@app.route("/")`), and holds what keeps them
        _may_keep(machine, values | contents(receiver) if what == DECORATOR else values)
    made = machine.heap.make(machine.site(node), UNKNOWN)
    machine.strangers.add(made)
    shared = beliefs.chosen(machine, receiver, args.all, believed, "result is receiver's", "result is arguments'")
    machine.heap.hold(made, ANY, mutable(shared))
    if machine.policy is not None:
        views = frozenset(o for o in shared if o not in receiver or o.type not in CONTAINERS)
        _may_share(machine, made, views, values)
    if machine.policy is None or not machine.believes("shares"):  # where objects are shared, memory is not
        unknown = frozenset(o for o in (*values - machine.in_modules, made) if o.type == UNKNOWN)
        machine.assume(Assumed("shares", unknown, MEMORY))
    if what and "." in what and what[0] != "?":
        made.path = made.path or what
    return frozenset({made})


def _may_share(machine: Run, made: Obj, viewed: Value, values: Value) -> None:
    """Note what the result is assumed to have nothing in common with, and what was given with one another.

    Of ``viewed`` it may hold arrays that show the memory of those in there.
    """
    if machine.believes("shares"):
        keep_views(machine, made, viewed)
        _keep_in_library(machine, made, values)
        return
    # what keeps a frame keeps it as it is: it is written into without those that show its memory
    keep_views(machine, made, viewed, but=FRAMES if machine.hints.copies_on_write else frozenset())
    apart = frozenset(o for o in (*values, made) if not o.immutable and o.type not in (FUNCTION, CLASS))
    machine.assume(Assumed("shares", apart - machine.in_modules))


def _keep_in_library(machine: Run, made: Obj, values: Value) -> None:
    """Let a library keep what it is given, and give what it keeps: a run has shown that one of its calls does."""
    kept = machine.heap.make(("kept by libraries",), UNKNOWN)
    kept.made = -1
    machine.heap.hold(kept, ANY, mutable(values))
    machine.heap.hold(made, ANY, frozenset({kept}))


def _may_keep(machine: Run, values: Value) -> None:
    """What can hold anything may hold, after an unknown call, what it was given or was called with."""
    kept = mutable(values)
    for obj in kept if len(kept) > 1 else ():
        if obj.type in (UNKNOWN, INSTANCE, "builtins.object") or obj.type in CONTAINERS:
            machine.heap.hold(obj, ANY, kept - {obj})


def _as_said(machine: Run, said: Said, values: Value, node: Instruction) -> Value:
    """Do what the author of the notebook says about a call that no table describes."""
    for name in sorted(said.changes):
        for obj in _value_of(machine, name):
            machine.change_whole(obj)
    for path in said.reads:
        machine.note("files_read", posixpath.normpath(path))
    for path in said.writes:
        machine.note("files_written", posixpath.normpath(path))
    for resource in sorted(machine.seeded) if said.draws else ():
        machine.draw(resource)
    made = machine.heap.make(machine.site(node), UNKNOWN)
    if not said.fresh:
        machine.heap.hold(made, ANY, mutable(values))
    return frozenset({made})


def _value_of(machine: Run, name: str) -> Value:
    binding = machine.scope.local(name)
    if binding is not None:
        return binding.value
    return machine.read_global(name) if machine.module.state.get(name) is not None else EMPTY


def _may_be_file(machine: Run, value: Value, *, deep: bool) -> None:
    for obj in value:
        path = path_text(obj)
        if path is not None:
            machine.note("files_read", path)
            machine.note("files_written", path)
        elif obj.type == "builtins.str" or obj.type.startswith("pathlib.") or (deep and obj.type == UNKNOWN):
            machine.note("files_read", "*")
            machine.note("files_written", "*")
