"""Statements -> what they bind, change and run, one function for each kind of the grammar."""

from __future__ import annotations

import posixpath
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from soorgeon_clone.analysis.evidence import Place, enter
from soorgeon_clone.analysis.lower.cells import statements as read_statements
from soorgeon_clone.analysis.lower.instructions import (
    Annotate,
    Attribute,
    Bind,
    Block,
    Branch,
    Call,
    Case,
    Declare,
    Handler,
    Import,
    Instruction,
    Item,
    Leave,
    Loop,
    Match,
    Name,
    OperateInPlace,
    Rest,
    Test,
    Try,
    Unbind,
    Unpack,
    With,
)
from soorgeon_clone.analysis.machine import beside, calls, definitions, evaluate, places
from soorgeon_clone.analysis.machine.walk import Run
from soorgeon_clone.analysis.models.figures import are_drawn_after_scripts
from soorgeon_clone.analysis.modules import is_for_programs
from soorgeon_clone.analysis.objects.arguments import NO_ARGUMENTS, passing
from soorgeon_clone.analysis.objects.heap import (
    ANY,
    CLASS,
    EMPTY,
    FACTORY,
    FIELD,
    FUNCTION,
    LIB,
    UNBOUND,
    Value,
)
from soorgeon_clone.analysis.objects.kinds.importable import MAIN
from soorgeon_clone.analysis.objects.kinds.table import held_by_table
from soorgeon_clone.analysis.objects.parts import NUMBERS, contents
from soorgeon_clone.analysis.objects.policy import Assumed
from soorgeon_clone.analysis.objects.special_methods import asks_only_for_operators, implicit
from soorgeon_clone.analysis.objects.state import NO_DEFS, Binding, Scope, State, merge
from soorgeon_clone.analysis.objects.table import kind_of
from soorgeon_clone.analysis.objects.using import iterate
from soorgeon_clone.analysis.scripts import TooLarge
from soorgeon_clone.analysis.star import origins

_KEEPS_EXCEPTIONS = ("h5py.",)  # no table says so of it: it has none


def run_statement(w: Run, node: Instruction) -> None:
    """Walk one statement, simple or compound."""
    handler = _STATEMENTS.get(type(node))
    reason = w.blame(node)
    if handler is not None:
        handler(w, node)
    else:
        w.evaluate(node)
    w.heap.reason = reason


def run_block(w: Run, block: Block) -> None:
    for node in block:
        if w.active and w.effort.is_exhausted:
            return  # what functions may do was taken for granted
        w.effort.walked += 1
        if isinstance(node, Call):
            w.dropped.add(node)
        run_statement(w, node)


def _bind(w: Run, node: Bind) -> None:
    value = w.evaluate(node.value)
    for target in node.targets:
        assign(w, target, value)


def _annotate(w: Run, node: Annotate) -> None:
    target = node.target
    if w.scope is w.module:
        w.annotated.add(w.section)
    if w.scope.kind != "function":
        definitions.annotation(w, node.annotation)
    owner = w.scope.self_class
    if owner is not None and isinstance(target, Name):
        owner.fields.setdefault(f"{FIELD}{target.name}", EMPTY)
    if node.value is not None:
        value = w.evaluate(node.value)
        assign(w, target, value)
        if w.scope.kind == "class" and isinstance(target, Name):
            _note_field(w, target.name, node.value)
    elif not isinstance(target, Name):
        w.evaluate(target)


def _note_field(w: Run, name: str, node: Instruction) -> None:
    """``x: list = field(default_factory=list)`` in a class body: each instance gets its own object."""
    owner = w.scope.self_class
    if owner is None or not isinstance(node, (Call, Attribute, Item)):
        return
    value = w.scope.state.names[name].value
    fields = [obj for obj in value if obj.type == "dataclasses.Field"]
    for obj in fields:
        w.heap.hold(owner, f"{FACTORY}:{name}", obj.fields.get("default_factory", EMPTY) | obj.fields.get(ANY, EMPTY))
        w.scope.state.names[name] = Binding(obj.fields.get("default", EMPTY), NO_DEFS, -1)


def _operate_in_place(w: Run, node: OperateInPlace) -> None:
    target = node.target
    old = w.evaluate(target)
    value = w.evaluate(node.value)
    result = evaluate.operation(w, target, old, node.sign, value, in_place=True)
    mutable = frozenset(obj for obj in old if not obj.immutable)
    if mutable and not all(map(asks_only_for_operators, old | value)):  # or a method has done all that is done
        in_place = frozenset(o for o in mutable if o.type not in (FUNCTION, CLASS))
        w.change(in_place)
        w.heap.derive_order(in_place, value)
        for obj in in_place:
            if obj.type.startswith(NUMBERS):
                held = held_by_table(value)  # it computes with the elements, it does not take them
            else:
                held = w.elements(value, target) | value
            w.heap.hold(obj, ANY, held)
        result = result | in_place
    assign(w, target, result)


def assign(w: Run, target: Instruction, value: Value) -> None:
    """Bind or store ``value`` where ``target`` says."""
    if isinstance(target, Name):
        w.bind(target.name, value)
    elif isinstance(target, Unpack):
        starred = any(isinstance(t, Rest) for t in target.targets)
        for index, part in enumerate(target.targets):
            assign(w, part, w.element_at(value, None if starred else index, target))
    elif isinstance(target, Rest):
        made = w.heap.make(w.site(target), "builtins.list")
        w.heap.hold(made, ANY, value)
        assign(w, target.target, frozenset({made}))
    else:
        places.store(w, target, value)


def _unbind(w: Run, node: Unbind) -> None:
    target = node.target
    if isinstance(target, Name):
        w.read(target)
        w.bind(target.name, frozenset({UNBOUND}))
    else:
        places.delete(w, target)


def _import(w: Run, node: Import) -> None:
    name, path = node.name, node.path
    top = path.lstrip(".").split(".")[0]
    if path.startswith("__future__"):
        if not w.scope.space:
            w.note("sets", "future")
        w.lazy_annotations = w.lazy_annotations or name == "annotations"
        return
    if path.startswith("."):
        path = beside.absolute(w, node) if w.scope.space else top or "."
        top = path.partition(".")[0]
    if top == MAIN and (name == "*" or "." in path):
        w.opaque("it reads and writes variables by name")
    if name == "*":
        if not beside.import_all(w, node):
            star_import(w, path)
        return
    if top not in sys.stdlib_module_names and not w.knowledge.describes(top):
        for folder in w.modules.folders:
            w.note("files_read", f"{folder}{top}.py")  # it may be a module that the notebook writes
    value = beside.import_(w, node)
    if value is not None:
        w.bind(name, value)
        return
    if "python_random" in w.seeded and top not in sys.stdlib_module_names:
        _draw_while_importing(w)
    w.bind(name, frozenset({w.heap.lib(path if node.whole else top)}))


def _draw_while_importing(w: Run) -> None:
    """Some libraries draw from Python's generator while they are imported, scikit-learn among them."""
    draws = set(w.record.draws)
    w.draw("python_random")
    w.record.draws = draws  # repeating the import is no draw: it comes before the state is put back
    w.record.draws_on_import = True


def star_import(w: Run, path: str) -> None:
    """Do ``from path import *`` of an installed module."""
    is_described = w.knowledge.describes(path.partition(".")[0])
    found = origins(path)
    for name, origin in found.items():
        w.bind(name, frozenset({w.heap.lib(f"{path}.{name}" if is_described else origin)}))
    if not found and not w.believes("binds"):
        w.assume(Assumed("binds", item=path))
        w.note("sets", "names")  # to be repeated as a whole: any of several such imports may bind any of the names
        for name in sorted(w.missing):
            w.bind(name, frozenset({w.heap.lib(f"{path}.{name}")}))
    elif not found:
        w.opaque(f"`from {path} import *` binds names that cannot be known without importing {path}")


def _declare(w: Run, node: Declare) -> None:
    return


def _test(w: Run, node: Instruction) -> None:
    """Evaluate a condition: an object is asked whether it is true (``__bool__``, ``__len__``)."""
    implicit(w, w.evaluate(node))


def _leave(w: Run, node: Leave) -> None:
    if node.how == "raise":
        _raise(w, node.values)
    elif node.how == "return":
        _return(w, node.values)


def _raise(w: Run, values: Block) -> None:
    for part in values:
        for obj in w.evaluate(part):
            if obj.type == CLASS:
                w.raised |= calls.call_one(w, obj, NO_ARGUMENTS, part)
            elif obj.type != LIB:
                w.raised |= {obj}
    w.die()


def _return(w: Run, values: Block) -> None:
    value = w.evaluate(values[0]) if values else EMPTY
    scope: Scope | None = w.scope
    while scope is not None and scope.kind == "inline":
        scope = scope.parent
    if scope is not None:
        scope.result |= value


def _branch(w: Run, node: Branch) -> None:
    if w.scope.space and w.scope.kind == "module" and is_for_programs(node.tests[0]):
        if len(node.blocks) > len(node.tests):
            run_block(w, node.blocks[-1])
        return
    # tests are evaluated in order; the first certainly
    _test(w, node.tests[0])
    for test in node.tests[1:]:
        w.perhaps(partial(_test, w, test))
    forks = [w.fork(partial(run_block, w, block)) for block in node.blocks]
    if len(node.blocks) == len(node.tests):
        forks.append(w.unchanged())
    w.join(forks)


def _match(w: Run, node: Match) -> None:
    _cases(w, node.cases, w.evaluate(node.subject))


def _cases(w: Run, cases: tuple[Case, ...], value: Value) -> None:
    """Try cases in order; what a pattern that may not hold has bound may stay bound."""
    if not cases:
        return
    case, *rest = cases
    for use in case.uses:
        implicit(w, w.evaluate(use) | value)
    if case.is_certain:
        _run_case(w, case, value)
        return

    def unmatched() -> None:
        if case.guard is not None:
            w.perhaps(partial(_matches, w, case, value))
        _cases(w, tuple(rest), value)

    w.join([w.fork(partial(_run_case, w, case, value)), w.fork(unmatched)])


def _matches(w: Run, case: Case, value: Value) -> None:
    for name, depth, kind in case.binds:
        part = value
        for _ in range(depth):
            any_name = frozenset({w.heap.atom("builtins.str")})
            args = passing(part, any_name)
            part = w.call_library("builtins.getattr", args, case)
        if kind:
            made = w.heap.make((*w.site(case), name), f"builtins.{kind}")
            w.heap.hold(made, ANY, part)
            part = frozenset({made})
        w.bind(name, part)
    if case.guard is not None:
        _test(w, case.guard)


def _run_case(w: Run, case: Case, value: Value) -> None:
    _matches(w, case, value)
    run_block(w, case.body)


def _loop(w: Run, node: Loop) -> None:
    if node.over is not None and node.target is not None:
        _for(w, node.target, node.over, node.body)
    elif node.test is not None:
        _while(w, node.test, node.body)
    if node.orelse:
        w.perhaps(partial(run_block, w, node.orelse))


def _while(w: Run, test: Instruction, body: Block) -> None:
    _test(w, test)

    def once() -> None:
        run_block(w, body)
        _test(w, test)

    w.loop(once)


def _for(w: Run, target: Instruction, over: Instruction, body: Block) -> None:
    value = w.evaluate(over)
    iterate(w, value)

    def once() -> None:
        assign(w, target, w.elements(value, over))
        run_block(w, body)

    w.loop(once)


def _try(w: Run, node: Try) -> None:
    def whole() -> None:
        run_block(w, node.body)
        run_block(w, node.orelse)

    if node.handlers:
        done, between = w.fork_with_trail(whole)
        # an exception may come at any point: handlers see what holds before and after any binding
        forks = [done]
        w.uncertain += 1
        start = [w.unchanged(), between]
        for handler in node.handlers:
            forks.append(w.fork(partial(_handler, w, handler, start)))
        w.uncertain -= 1
        w.join(forks)
    else:
        whole()
    run_block(w, node.final)


def _handler(w: Run, node: Handler, start: list[list[State]]) -> None:
    w.module.state.names.update(_joined(start, 0))
    if w.scope is not w.module:
        w.scope.state.names.update(_joined(start, 1))
    if node.type is not None:
        w.evaluate(node.type)
    if node.name is not None:
        caught = w.heap.make(w.site(node), "builtins.Exception")
        w.heap.hold(caught, ANY, contents(w.raised))
        w.bind(node.name, w.raised | {caught})
    run_block(w, node.body)
    if node.name is not None:
        w.bind(node.name, frozenset({UNBOUND}))


def _with(w: Run, node: With) -> None:
    suppresses = False
    managers = EMPTY
    for manager, target in node.managers:
        value = w.evaluate(manager)
        implicit(w, value)
        entered = EMPTY.union(*(kind_of(obj.type).enter(w, obj, manager) for obj in value))
        managers |= value
        suppresses = suppresses or any(
            not (w.has(o, "keeps_exceptions") or o.type.startswith(_KEEPS_EXCEPTIONS)) for o in value
        )
        if target is not None:
            assign(w, target, entered)
    if suppresses:
        done, between = w.fork_with_trail(lambda: run_block(w, node.body))
        w.join([done, between, w.unchanged()])
    else:
        run_block(w, node.body)
    for obj in managers:
        kind_of(obj.type).leave(w, obj)


def run_text(w: Run, text: str, name: str) -> None:
    """Walk code that a statement runs in the notebook's namespace; what is not Python defeats the analysis."""
    try:
        tops = read_statements(text)
    except (SyntaxError, ValueError, RecursionError):
        w.opaque("it runs code that cannot be read")
        return
    reason = w.heap.reason
    w.heap.reason = enter(name, reason)
    for top in tops:
        w.places.add(top, Place(None, "its text" if name == "exec" else name))
        for node in top.block:
            run_statement(w, node)
    w.heap.reason = reason


def run_script(w: Run, line: str) -> None:
    """Walk the script of ``%run script.py``."""
    words = [word for word in line.split() if not word.startswith("-")]
    text = script_text(w, words[0]) if words else None
    if w.plotted and w.section not in w.plotted and are_drawn_after_scripts(w):
        w.opaque("%run draws pyplot's figure again if any cell before has plotted")
    if text is None:
        w.opaque(f"%run {line.strip()} runs a script that cannot be read")
    else:
        w.note("unknown_calls", "%run")
        w.note("files_read", "*")
        w.note("files_written", "*")
        run_text(w, text, words[0])


def script_text(w: Run, name: str) -> str | None:
    """Return the text of a script: what the notebook wrote above, else what stands in its file."""
    path = posixpath.normpath(name)
    path = path if path.endswith((".py", ".ipy")) else f"{path}.py"
    if path in w.scripts:
        return w.scripts[path]
    try:
        return w.read_file(name)
    except TooLarge:
        return None


def _joined(branches: list[list[State]], which: int) -> dict[str, Binding]:
    names = {name for branch in branches for name in branch[which].names}
    return {name: merge(branch[which].get(name) for branch in branches) for name in names}


_STATEMENTS: dict[type[Instruction], Callable[[Any, Any], Any]] = {
    Bind: _bind,
    Annotate: _annotate,
    OperateInPlace: _operate_in_place,
    Unbind: _unbind,
    Import: _import,
    Declare: _declare,
    Test: lambda w, node: _test(w, node.value),
    Leave: _leave,
    Branch: _branch,
    Match: _match,
    Loop: _loop,
    Try: _try,
    With: _with,
}
