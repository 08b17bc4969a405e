"""Statements -> what they bind, change and run, one function for each kind of the grammar."""

from __future__ import annotations

import posixpath
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from soorgeon_clone.analysis.evidence import Place, enter
from soorgeon_clone.analysis.lower import instructions as lowered
from soorgeon_clone.analysis.lower.instructions import Block, Instruction
from soorgeon_clone.analysis.machine import beside, calls, definitions, evaluate, places
from soorgeon_clone.analysis.machine.walk import Run
from soorgeon_clone.analysis.modules import is_for_programs
from soorgeon_clone.analysis.objects.arguments import NO_ARGUMENTS, passing
from soorgeon_clone.analysis.objects.heap import EMPTY, UNBOUND, Value
from soorgeon_clone.analysis.objects.keys import ANY, FACTORY, FIELD
from soorgeon_clone.analysis.objects.kinds.importable import MAIN
from soorgeon_clone.analysis.objects.kinds.table import held_by_table
from soorgeon_clone.analysis.objects.machine import BY_NAME
from soorgeon_clone.analysis.objects.parts import contents
from soorgeon_clone.analysis.objects.policy import Assumed
from soorgeon_clone.analysis.objects.special_methods import asks_only_for_operators, implicit
from soorgeon_clone.analysis.objects.state import NO_DEFS, Binding, State, merge
from soorgeon_clone.analysis.objects.table import kind_of
from soorgeon_clone.analysis.objects.types import CLASS, FUNCTION, LIB, NUMBERS
from soorgeon_clone.analysis.objects.using import iterate
from soorgeon_clone.analysis.scripts import TooLarge
from soorgeon_clone.analysis.star import origins

_KEEPS_EXCEPTIONS = ("h5py.",)  # no table says so of it: it has none


def run_statement(machine: Run, node: Instruction) -> None:
    """Walk one statement, simple or compound."""
    handler = _STATEMENTS.get(type(node))
    reason = machine.blame(node)
    if handler is not None:
        handler(machine, node)
    else:
        machine.evaluate(node)
    machine.heap.reason = reason


def run_block(machine: Run, block: Block) -> None:
    for node in block:
        if machine.active and (machine.gives_up() or machine.effort.is_exhausted):
            return  # what functions may do was taken for granted, or will be looked at once more
        machine.effort.walked += 1
        if isinstance(node, lowered.Call):
            machine.dropped.add(node)
        run_statement(machine, node)


def _bind(machine: Run, node: lowered.Bind) -> None:
    value = machine.evaluate(node.value)
    for target in node.targets:
        places.assign(machine, target, value)


def _annotate(machine: Run, node: lowered.Annotate) -> None:
    target = node.target
    if machine.scope is machine.module:
        machine.annotated.add(machine.section)
    if machine.scope.kind != "function":
        definitions.annotation(machine, node.annotation)
    owner = machine.scope.self_class
    if owner is not None and isinstance(target, lowered.Name):
        owner.fields.setdefault(f"{FIELD}{target.name}", EMPTY)
    if node.value is not None:
        value = machine.evaluate(node.value)
        places.assign(machine, target, value)
        if machine.scope.kind == "class" and isinstance(target, lowered.Name):
            _note_field(machine, target.name, node.value)
    elif not isinstance(target, lowered.Name):
        machine.evaluate(target)


def _note_field(machine: Run, name: str, node: Instruction) -> None:
    """``x: list = field(default_factory=list)`` in a class body: each instance gets its own object."""
    owner = machine.scope.self_class
    if owner is None or not isinstance(node, (lowered.Call, lowered.Attribute, lowered.Item)):
        return
    value = machine.scope.state.names[name].value
    fields = [obj for obj in value if obj.type == "dataclasses.Field"]
    for obj in fields:
        machine.heap.hold(
            owner, f"{FACTORY}:{name}", obj.fields.get("default_factory", EMPTY) | obj.fields.get(ANY, EMPTY)
        )
        machine.scope.state.names[name] = Binding(obj.fields.get("default", EMPTY), NO_DEFS, -1)


def _operate_in_place(machine: Run, node: lowered.OperateInPlace) -> None:
    target = node.target
    old = machine.evaluate(target)
    value = machine.evaluate(node.value)
    result = evaluate.operation(machine, target, old, node.sign, value, in_place=True)
    mutable = frozenset(obj for obj in old if not obj.immutable)
    if mutable and not all(map(asks_only_for_operators, old | value)):  # or a method has done all that is done
        in_place = frozenset(o for o in mutable if o.type not in (FUNCTION, CLASS))
        machine.change(in_place)
        machine.heap.derive_order(in_place, value)
        for obj in in_place:
            if obj.type.startswith(NUMBERS):
                held = held_by_table(value)  # it computes with the elements, it does not take them
            else:
                held = machine.elements(value, target) | value
            machine.heap.hold(obj, ANY, held)
        result = result | in_place
    places.assign(machine, target, result)


def _unbind(machine: Run, node: lowered.Unbind) -> None:
    target = node.target
    if isinstance(target, lowered.Name):
        machine.read(target)
        machine.bind(target.name, frozenset({UNBOUND}))
    else:
        places.delete(machine, target)


def _import(machine: Run, node: lowered.Import) -> None:
    name, path = node.name, node.path
    top = path.lstrip(".").split(".")[0]
    if path.startswith("__future__"):
        if not machine.scope.space:
            machine.note("sets", "future")
        machine.lazy_annotations = machine.lazy_annotations or name == "annotations"
        return
    if path.startswith("."):
        path = beside.absolute(machine, node) if machine.scope.space else top or "."
        top = path.partition(".")[0]
    if top == MAIN and (name == "*" or "." in path):
        machine.opaque(BY_NAME)
    if name == "*":
        if not beside.import_all(machine, node):
            star_import(machine, path)
        return
    beside.note_file(machine, top)
    value = beside.import_(machine, node)
    if value is not None:
        machine.bind(name, value)
        return
    if "python_random" in machine.seeded and top not in sys.stdlib_module_names:
        _draw_while_importing(machine)
    machine.bind(name, frozenset({machine.heap.lib(path if node.whole else top)}))


def _draw_while_importing(machine: Run) -> None:
    """Some libraries draw from Python's generator while they are imported, scikit-learn among them."""
    draws = set(machine.record.draws)
    machine.draw("python_random")
    machine.record.draws = draws  # repeating the import is no draw: it comes before the state is put back
    machine.record.draws_on_import = True


def star_import(machine: Run, path: str) -> None:
    """Do ``from path import *`` of an installed module."""
    is_described = machine.knowledge.describes(path.partition(".")[0])
    found = origins(path)
    for name, origin in found.items():
        machine.bind(name, frozenset({machine.heap.lib(f"{path}.{name}" if is_described else origin)}))
    if not found and not machine.believes("binds"):
        machine.assume(Assumed("binds", item=path))
        machine.note(
            "sets", "names"
        )  # to be repeated as a whole: any of several such imports may bind any of the names
        for name in sorted(machine.missing):
            machine.bind(name, frozenset({machine.heap.lib(f"{path}.{name}")}))
    elif not found:
        machine.opaque(f"`from {path} import *` binds names that cannot be known without importing {path}")


def _test(machine: Run, node: Instruction) -> None:
    """Evaluate a condition: an object is asked whether it is true (``__bool__``, ``__len__``)."""
    implicit(machine, machine.evaluate(node))


def _leave(machine: Run, node: lowered.Leave) -> None:
    if node.how == "raise":
        _raise(machine, node.values)
    elif node.how == "return":
        _return(machine, node.values)


def _raise(machine: Run, values: Block) -> None:
    for part in values:
        for obj in machine.evaluate(part):
            if obj.type == CLASS:
                machine.raised |= calls.call_one(machine, obj, NO_ARGUMENTS, part)
            elif obj.type != LIB:
                machine.raised |= {obj}
    machine.die()


def _return(machine: Run, values: Block) -> None:
    value = machine.evaluate(values[0]) if values else EMPTY
    machine.scope.body.result |= value


def _branch(machine: Run, node: lowered.Branch) -> None:
    if machine.scope.space and machine.scope.kind == "module" and is_for_programs(node.tests[0]):
        if len(node.blocks) > len(node.tests):
            run_block(machine, node.blocks[-1])
        return
    # tests are evaluated in order; the first certainly
    _test(machine, node.tests[0])
    for test in node.tests[1:]:
        machine.perhaps(partial(_test, machine, test))
    forks = [machine.fork(partial(run_block, machine, block)) for block in node.blocks]
    if len(node.blocks) == len(node.tests):
        forks.append(machine.unchanged())
    machine.join(forks)


def _cases(machine: Run, cases: tuple[lowered.Case, ...], value: Value) -> None:
    """Try cases in order; what a pattern that may not hold has bound may stay bound."""
    if not cases:
        return
    case, *rest = cases
    for use in case.uses:
        implicit(machine, machine.evaluate(use) | value)
    if case.is_certain:
        _run_case(machine, case, value)
        return

    def unmatched() -> None:
        if case.guard is not None:
            machine.perhaps(partial(_matches, machine, case, value))
        _cases(machine, tuple(rest), value)

    machine.join([machine.fork(partial(_run_case, machine, case, value)), machine.fork(unmatched)])


def _matches(machine: Run, case: lowered.Case, value: Value) -> None:
    for name, depth, kind in case.binds:
        part = value
        for _ in range(depth):
            any_name = frozenset({machine.heap.atom("builtins.str")})
            args = passing(part, any_name)
            part = machine.call_library("builtins.getattr", args, case)
        if kind:
            made = machine.heap.make((*machine.site(case), name), f"builtins.{kind}", inside=part)
            part = frozenset({made})
        machine.bind(name, part)
    if case.guard is not None:
        _test(machine, case.guard)


def _run_case(machine: Run, case: lowered.Case, value: Value) -> None:
    _matches(machine, case, value)
    run_block(machine, case.body)


def _loop(machine: Run, node: lowered.Loop) -> None:
    if node.over is not None and node.target is not None:
        _for(machine, node.target, node.over, node.body)
    elif node.test is not None:
        _while(machine, node.test, node.body)
    if node.orelse:
        machine.perhaps(partial(run_block, machine, node.orelse))


def _while(machine: Run, test: Instruction, body: Block) -> None:
    _test(machine, test)

    def once() -> None:
        run_block(machine, body)
        _test(machine, test)

    machine.loop(once)


def _for(machine: Run, target: Instruction, over: Instruction, body: Block) -> None:
    machine.looked_into.add(over)
    value = machine.evaluate(over)
    iterate(machine, value)

    def once() -> None:
        places.assign(machine, target, machine.elements(value, over))
        run_block(machine, body)

    machine.loop(once)


def _try(machine: Run, node: lowered.Try) -> None:
    def whole() -> None:
        run_block(machine, node.body)
        run_block(machine, node.orelse)

    if node.handlers:
        done, between = machine.fork_with_trail(whole)
        # an exception may come at any point: handlers see what holds before and after any binding
        forks = [done]
        machine.uncertain += 1
        start = [machine.unchanged(), between]
        for handler in node.handlers:
            forks.append(machine.fork(partial(_handler, machine, handler, start)))
        machine.uncertain -= 1
        machine.join(forks)
    else:
        whole()
    run_block(machine, node.final)


def _handler(machine: Run, node: lowered.Handler, start: list[list[State]]) -> None:
    machine.module.state.names.update(_joined(start, 0))
    if machine.scope is not machine.module:
        machine.scope.state.names.update(_joined(start, 1))
    if node.type is not None:
        machine.evaluate(node.type)
    if node.name is not None:
        caught = machine.heap.make(machine.site(node), "builtins.Exception", inside=contents(machine.raised))
        machine.bind(node.name, machine.raised | {caught})
    run_block(machine, node.body)
    if node.name is not None:
        machine.bind(node.name, frozenset({UNBOUND}))


def _with(machine: Run, node: lowered.With) -> None:
    suppresses = False
    managers = EMPTY
    for manager, target in node.managers:
        code = machine.scope.code
        if code is None or not (code.is_generator or code.is_async):  # which may stop in the middle
            machine.opening.add(manager)
        value = machine.evaluate(manager)
        implicit(machine, value)
        entered = EMPTY.union(*(kind_of(obj.type).enter(machine, obj, manager) for obj in value))
        managers |= value
        suppresses = suppresses or any(
            not (machine.has(o, "keeps_exceptions") or o.type.startswith(_KEEPS_EXCEPTIONS)) for o in value
        )
        if target is not None:
            places.assign(machine, target, entered)
    if suppresses:
        done, between = machine.fork_with_trail(lambda: run_block(machine, node.body))
        machine.join([done, between, machine.unchanged()])
    else:
        run_block(machine, node.body)
    for obj in managers:
        kind_of(obj.type).leave(machine, obj)


def run_text(machine: Run, text: str, name: str) -> Value:
    """Walk code that a statement runs in its own scope; what is not Python defeats the analysis.

    Return what its last statement gives, if that is an expression.
    """
    try:
        tops = machine.read_text(text)
    except (SyntaxError, ValueError, RecursionError):
        machine.opaque("it runs code that cannot be read")
        return EMPTY
    reason = machine.heap.reason
    machine.heap.reason = enter(name, reason)
    value = EMPTY
    for top in tops:
        machine.places.add(top, Place(None, "its text" if name in ("exec", "eval") else name))
        for node in top.block:
            if type(node) in _STATEMENTS:
                run_statement(machine, node)
                value = EMPTY
            else:
                value = machine.evaluate(node)
    machine.heap.reason = reason
    return value


def run_script(machine: Run, line: str) -> None:
    """Walk the script of ``%run script.py``."""
    words = [word for word in line.split() if not word.startswith("-")]
    text = script_text(machine, words[0]) if words else None
    if machine.plotted and machine.section not in machine.plotted and machine.hints.draws_after_scripts:
        machine.opaque("%run draws pyplot's figure again if any cell before has plotted")
    if text is None:
        machine.opaque(f"%run {line.strip()} runs a script that cannot be read")
    else:
        machine.note("unknown_calls", "%run")
        machine.note("files_read", "*")
        machine.note("files_written", "*")
        run_text(machine, text, words[0])


def script_text(machine: Run, name: str) -> str | None:
    """Return the text of a script: what the notebook wrote above, else what stands in its file."""
    path = posixpath.normpath(name)
    path = path if path.endswith((".py", ".ipy")) else f"{path}.py"
    if path in machine.scripts:
        return machine.scripts[path]
    try:
        return machine.read_file(name)
    except TooLarge:
        return None


def _joined(branches: list[list[State]], which: int) -> dict[str, Binding]:
    names = {name for branch in branches for name in branch[which].names}
    return {name: merge(branch[which].get(name) for branch in branches) for name in names}


_STATEMENTS: dict[type[Instruction], Callable[[Any, Any], Any]] = {
    lowered.Bind: _bind,
    lowered.Annotate: _annotate,
    lowered.OperateInPlace: _operate_in_place,
    lowered.Unbind: _unbind,
    lowered.Import: _import,
    lowered.Declare: lambda machine, node: None,
    lowered.Test: lambda machine, node: _test(machine, node.value),
    lowered.Leave: _leave,
    lowered.Branch: _branch,
    lowered.Match: lambda machine, node: _cases(machine, node.cases, machine.evaluate(node.subject)),
    lowered.Loop: _loop,
    lowered.Try: _try,
    lowered.With: _with,
}
