"""Statements -> what they bind, change and run, one function for each kind of the grammar."""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from soorgeon_clone.analysis import access, beside, calls, evaluate, instances, library
from soorgeon_clone.analysis.evidence import Place, enter
from soorgeon_clone.analysis.heap import (
    CLASS,
    EMPTY,
    FUNCTION,
    INSTANCE,
    LIB,
    UNBOUND,
    Obj,
    Value,
)
from soorgeon_clone.analysis.lineage import add_base
from soorgeon_clone.analysis.lower.cells import statements as read_statements
from soorgeon_clone.analysis.lower.instructions import (
    Annotate,
    Attribute,
    Bind,
    Block,
    Branch,
    Call,
    Case,
    Constant,
    Declare,
    Decorate,
    Handler,
    Import,
    Instruction,
    Leave,
    Loop,
    MakeClass,
    MakeFunction,
    Match,
    Name,
    OperateInPlace,
    Read,
    Rest,
    Test,
    Try,
    Unbind,
    Unpack,
    With,
)
from soorgeon_clone.analysis.lower.parts import inside
from soorgeon_clone.analysis.policy import Assumed
from soorgeon_clone.analysis.state import Binding, Scope, State, merge

if TYPE_CHECKING:
    from soorgeon_clone.analysis.walk import Walker

# context managers of these never swallow an exception; any other may
_NEVER_SUPPRESSING = tuple(
    """
    io. threading. sqlite3. numpy. pandas. polars. warnings. tempfile. matplotlib. zipfile. tarfile. decimal. torch.
    tensorflow. tqdm. requests. urllib. gzip. bz2. lzma. os. concurrent. multiprocessing. pathlib. seaborn. sklearn.
    IPython. contextlib.redirect contextlib.closing contextlib.nullcontext contextlib.chdir joblib. scipy. PIL. h5py.
    """.split()
)


def run_statement(w: Walker, node: Instruction) -> None:
    """Walk one statement, simple or compound."""
    handler = _STATEMENTS.get(type(node))
    reason = w.blame(node)
    if handler is not None:
        handler(w, node)
    else:
        evaluate.expression(w, node)
    w.heap.reason = reason


def run_block(w: Walker, block: Block) -> None:
    for node in block:
        if w.active and w.effort.is_exhausted:
            return  # what functions may do was taken for granted
        w.effort.walked += 1
        if isinstance(node, Call):
            w.dropped.add(node)
        run_statement(w, node)


def _die(w: Walker) -> None:
    if w.uncertain:
        w.module.state.dead = True
        w.scope.state.dead = True


def _bind(w: Walker, node: Bind) -> None:
    value = evaluate.expression(w, node.value)
    for target in node.targets:
        assign(w, target, value)


def _annotate(w: Walker, node: Annotate) -> None:
    target = node.target
    if w.scope is w.module:
        w.annotated.add(w.section)
    if w.scope.kind != "function":
        _annotation(w, node.annotation)
    owner = w.scope.self_class
    if owner is not None and isinstance(target, Name):
        owner.fields.setdefault(f"*field:{target.name}", EMPTY)
    if node.value is not None:
        value = evaluate.expression(w, node.value)
        assign(w, target, value)
        if w.scope.kind == "class" and isinstance(target, Name):
            access.note_dataclass_field(w, target.name, node.value)
    elif not isinstance(target, Name):
        evaluate.expression(w, target)


def _operate_in_place(w: Walker, node: OperateInPlace) -> None:
    target = node.target
    old = evaluate.expression(w, target)
    value = evaluate.expression(w, node.value)
    result = evaluate.operation(w, target, old, node.sign, value)
    mutable = frozenset(obj for obj in old if not obj.immutable)
    if mutable:
        access.implicit(w, mutable)
        in_place = frozenset(o for o in mutable if o.type not in (FUNCTION, CLASS))
        w.change(in_place)
        w.heap.derive_order(in_place, value)
        for obj in in_place:
            if obj.type.startswith(("numpy.", "pandas.")):
                held = access.held_by_table(value)  # it computes with the elements, it does not take them
            else:
                held = access.elements(w, value, target) | value
            w.heap.hold(obj, "*", held)
        result = result | in_place
    assign(w, target, result)


def assign(w: Walker, target: Instruction, value: Value) -> None:
    """Bind or store ``value`` where ``target`` says."""
    if isinstance(target, Name):
        w.bind(target.name, value)
    elif isinstance(target, Unpack):
        starred = any(isinstance(t, Rest) for t in target.targets)
        for index, part in enumerate(target.targets):
            assign(w, part, access.element_at(w, value, None if starred else index, target))
    elif isinstance(target, Rest):
        made = w.heap.make(w.site(target), "builtins.list")
        w.heap.hold(made, "*", value)
        assign(w, target.target, frozenset({made}))
    else:
        access.store(w, target, value)


def _unbind(w: Walker, node: Unbind) -> None:
    target = node.target
    if isinstance(target, Name):
        w.read(target)
        w.bind(target.name, frozenset({UNBOUND}))
    else:
        access.delete(w, target)


def _import(w: Walker, node: Import) -> None:
    name, path = node.name, node.path
    top = path.lstrip(".").split(".")[0]
    if path.startswith("__future__"):
        w.note("sets", "future")
        w.lazy_annotations = w.lazy_annotations or name == "annotations"
        return
    if path.startswith("."):
        path = top or "."
    if top == library.MAIN and (name == "*" or "." in path):
        w.opaque("it reads and writes variables by name")
    if name == "*":
        _star_import(w, path)
        return
    if top not in sys.stdlib_module_names and not w.knowledge.describes(top):
        w.note("files_read", f"{top}.py")  # it may be a module that the notebook writes
    path = beside.import_(w, path)
    if "python_random" in w.seeded and top not in sys.stdlib_module_names:
        _draw_while_importing(w)
    w.bind(name, frozenset({w.heap.lib(path if node.whole else top)}))


def _draw_while_importing(w: Walker) -> None:
    """Some libraries draw from Python's generator while they are imported, scikit-learn among them."""
    draws = set(w.record.draws)
    w.draw("python_random")
    w.record.draws = draws  # repeating the import is no draw: it comes before the state is put back
    w.record.draws_on_import = True


def _star_import(w: Walker, path: str) -> None:
    beside.import_(w, path)
    own = w.modules.exported(path)
    names = own if own is not None else star_names(path)
    if own is None and not names:
        if w.believes("binds"):
            w.opaque(f"`from {path} import *` binds names that cannot be known without importing {path}")
        else:
            w.assume(Assumed("binds", item=path))
            w.note("sets", "names")  # to be repeated as a whole: any of several such imports may bind any of the names
            names = tuple(sorted(w.missing))
    for name in names:
        w.bind(name, frozenset({w.heap.lib(w.modules.origin(f"{path}.{name}"))}))


def _declare(w: Walker, node: Declare) -> None:
    return


def _test(w: Walker, node: Instruction) -> None:
    """Evaluate a condition: an object is asked whether it is true (``__bool__``, ``__len__``)."""
    access.implicit(w, evaluate.expression(w, node))


def _leave(w: Walker, node: Leave) -> None:
    if node.how == "raise":
        _raise(w, node.values)
    elif node.how == "return":
        _return(w, node.values)


def _raise(w: Walker, values: Block) -> None:
    for part in values:
        for obj in evaluate.expression(w, part):
            if obj.type == CLASS:
                w.raised |= calls.call_one(w, obj, calls.NO_ARGUMENTS, part)
            elif obj.type != LIB:
                w.raised |= {obj}
    _die(w)


def _return(w: Walker, values: Block) -> None:
    value = evaluate.expression(w, values[0]) if values else EMPTY
    scope: Scope | None = w.scope
    while scope is not None and scope.kind == "inline":
        scope = scope.parent
    if scope is not None:
        scope.result |= value


def _branch(w: Walker, node: Branch) -> None:
    # tests are evaluated in order; the first certainly
    _test(w, node.tests[0])
    for test in node.tests[1:]:
        w.perhaps(partial(_test, w, test))
    forks = [w.fork(partial(run_block, w, block)) for block in node.blocks]
    if len(node.blocks) == len(node.tests):
        forks.append(w.unchanged())
    w.join(forks)


def _match(w: Walker, node: Match) -> None:
    _cases(w, node.cases, evaluate.expression(w, node.subject))


def _cases(w: Walker, cases: tuple[Case, ...], value: Value) -> None:
    """Try cases in order; what a pattern that may not hold has bound may stay bound."""
    if not cases:
        return
    case, *rest = cases
    for use in case.uses:
        access.implicit(w, evaluate.expression(w, use) | value)
    if case.is_certain:
        _run_case(w, case, value)
        return

    def unmatched() -> None:
        if case.guard is not None:
            w.perhaps(partial(_matches, w, case, value))
        _cases(w, tuple(rest), value)

    w.join([w.fork(partial(_run_case, w, case, value)), w.fork(unmatched)])


def _matches(w: Walker, case: Case, value: Value) -> None:
    for name, depth, kind in case.binds:
        part = value
        for _ in range(depth):
            any_name = frozenset({w.heap.atom("builtins.str")})
            args = calls.Arguments(((part, False), (any_name, False)))
            part = calls.call_library(w, "builtins.getattr", args, case)
        if kind:
            made = w.heap.make((*w.site(case), name), f"builtins.{kind}")
            w.heap.hold(made, "*", part)
            part = frozenset({made})
        w.bind(name, part)
    if case.guard is not None:
        _test(w, case.guard)


def _run_case(w: Walker, case: Case, value: Value) -> None:
    _matches(w, case, value)
    run_block(w, case.body)


def _loop(w: Walker, node: Loop) -> None:
    if node.over is not None and node.target is not None:
        _for(w, node.target, node.over, node.body)
    elif node.test is not None:
        _while(w, node.test, node.body)
    if node.orelse:
        w.perhaps(partial(run_block, w, node.orelse))


def _while(w: Walker, test: Instruction, body: Block) -> None:
    _test(w, test)

    def once() -> None:
        run_block(w, body)
        _test(w, test)

    w.loop(once)


def _for(w: Walker, target: Instruction, over: Instruction, body: Block) -> None:
    value = evaluate.expression(w, over)
    access.iterate(w, value)

    def once() -> None:
        assign(w, target, access.elements(w, value, over))
        run_block(w, body)

    w.loop(once)


def _try(w: Walker, node: Try) -> None:
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


def _handler(w: Walker, node: Handler, start: list[list[State]]) -> None:
    w.module.state.names.update(_joined(start, 0))
    if w.scope is not w.module:
        w.scope.state.names.update(_joined(start, 1))
    if node.type is not None:
        evaluate.expression(w, node.type)
    if node.name is not None:
        caught = w.heap.make(w.site(node), "builtins.Exception")
        w.heap.hold(caught, "*", access.contents(w.raised))
        w.bind(node.name, w.raised | {caught})
    run_block(w, node.body)
    if node.name is not None:
        w.bind(node.name, frozenset({UNBOUND}))


def _with(w: Walker, node: With) -> None:
    suppresses = False
    managers = EMPTY
    for manager, target in node.managers:
        value = evaluate.expression(w, manager)
        access.implicit(w, value)
        entered = access.enter(w, value, manager)
        managers |= value
        suppresses = suppresses or any(not o.type.startswith(_NEVER_SUPPRESSING) for o in value)
        if target is not None:
            assign(w, target, entered)
    if suppresses:
        done, between = w.fork_with_trail(lambda: run_block(w, node.body))
        w.join([done, between, w.unchanged()])
    else:
        run_block(w, node.body)
    access.leave(w, managers)


def make_function(w: Walker, node: MakeFunction) -> Obj:
    """Return the object of a function or lambda; defaults, and annotations of a def, are evaluated."""
    code = node.code
    code.place = node
    obj = w.heap.make(w.site(node), FUNCTION)
    obj.code = code
    obj.path = code.name
    scope: Scope | None = w.scope
    while scope is not None and scope.kind == "inline":
        scope = scope.parent
    obj.scope = scope if scope is not None and scope.kind != "module" else None
    if obj.scope is not None:
        code.is_nested = scope is not None and scope.kind == "function"
        obj.scope.ever["@made"] = obj.scope.ever.get("@made", EMPTY) | {obj}
        if obj.scope.kind == "function":
            w.heap.hold(obj, "cell", frozenset({w._cell(obj.scope)}))
        obj.scope.ever.setdefault("@", EMPTY)
        # a comprehension's variables are seen by lambdas in it
        inline: Scope | None = w.scope
        while inline is not None and inline.kind == "inline":
            for name, binding in inline.state.names.items():
                w.heap.hold(obj, f"free:{name}", binding.value)
            inline = inline.parent
    for parameter in code.parameters:
        if parameter.default is not None:
            w.heap.hold(obj, f"default:{parameter.name}", evaluate.expression(w, parameter.default))
        if parameter.annotation is not None and not code.is_lambda:
            _annotation(w, parameter.annotation)
    if code.returns is not None:
        _annotation(w, code.returns)
    return obj


_NAME = re.compile(r"[^\W\d]\w*")


def _annotation(w: Walker, node: Instruction) -> None:
    """Read what an annotation names. One that is a text is evaluated later, if at all, by dataclasses and others."""
    if not w.lazy_annotations:
        evaluate.expression(w, node)
    names: set[str] = set()
    for part in inside(node):
        if isinstance(part, Constant) and part.type == "str" and part.value is not None:
            names.update(_NAME.findall(str(part.value)))
        elif isinstance(part, Read) and w.lazy_annotations:
            names.add(part.name)
    for name in names:
        if w.module.state.get(name) is not None:
            w.read_global(name)


def make_class(w: Walker, node: MakeClass) -> Obj:
    obj = w.heap.make(w.site(node), CLASS)
    obj.path = node.name
    obj.is_local = w.scope.kind == "function"
    for base in node.bases:
        value = evaluate.expression(w, base.value)
        if base.sign:
            w.heap.hold(obj, "*keywords", value)
        else:
            add_base(w.heap, obj, value)
        w.change(beside.of_state(w, value))  # a base class may note its subclasses
    if w.asks_subclasses:
        w.change(base for base in obj.fields.get("*bases", EMPTY) if base.type == CLASS)
    scope = Scope("class", w.scope, State())
    scope.self_class = obj
    outer = w.scope
    w.scope = scope
    try:
        run_block(w, node.body)
    finally:
        w.scope = outer
    for name, binding in scope.state.names.items():
        w.heap.hold(obj, name, binding.value - {UNBOUND})
        for method in binding.value:
            if method.type == FUNCTION and method.code.owner is None and method.scope is scope:
                method.code.owner = obj  # defined in the class, not only given to it
            elif method.type == INSTANCE:
                words = frozenset({w.heap.atom("builtins.str", name)})
                instances.run_descriptor(w, method, "__set_name__", (frozenset({obj}), words), node)
    instances.subclass_hooks(w, obj, node)
    if any(_GIVES_EQUALITY.search(name) for name in node.decorators):
        w.heap.hold(obj, "*equal", frozenset({w.heap.atom("builtins.str")}))
    return obj


_GIVES_EQUALITY = re.compile(r"(^|\.)(dataclass|attrs?|define|frozen|s)$")


def decorate(w: Walker, node: Decorate) -> Value:
    """Return what a decorator, which is evaluated first, makes of what it stands before."""
    decorator = node.decorator
    if not isinstance(decorator, Attribute) or decorator.name not in instances.PROPERTY_PARTS:
        value = evaluate.expression(w, decorator)
        return instances.decorate(w, value, evaluate.expression(w, node.value), node)
    # one property, several functions
    value = w.read(decorator.of) if isinstance(decorator.of, Read) else evaluate.expression(w, decorator)
    return value | evaluate.expression(w, node.value)


def run_text(w: Walker, text: str, name: str) -> None:
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


def run_script(w: Walker, line: str) -> None:
    """Walk the script of ``%run script.py``."""
    words = [word for word in line.split() if not word.startswith("-")]
    text = script_text(w, words[0]) if words else None
    if text is None:
        w.opaque(f"%run {line.strip()} runs a script that cannot be read")
    else:
        w.note("unknown_calls", "%run")
        w.note("files_read", "*")
        w.note("files_written", "*")
        run_text(w, text, words[0])


def script_text(w: Walker, name: str) -> str | None:
    """Return the text of a script: what the notebook wrote above, else what stands in its file."""
    path = posixpath.normpath(name)
    path = path if path.endswith((".py", ".ipy")) else f"{path}.py"
    if path in w.scripts:
        return w.scripts[path]
    return w.read_file(name)


def _joined(branches: list[list[State]], which: int) -> dict[str, Binding]:
    names = {name for branch in branches for name in branch[which].names}
    return {name: merge(branch[which].get(name) for branch in branches) for name in names}


def star_names(path: str) -> tuple[str, ...]:
    """Return the names that a star import of an installed or standard module binds, read from its source."""
    from soorgeon_clone.analysis.star import exported_names

    return exported_names(path)


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
