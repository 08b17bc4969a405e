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
from soorgeon_clone.analysis.names import Code, code_of, imported, target_names, texts_in
from soorgeon_clone.analysis.state import Binding, Scope, State, merge
from soorgeon_clone.analysis.syntax import Node, top_statements

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


def run_statement(w: Walker, node: Node) -> None:
    """Walk one statement, simple or compound."""
    handler = _STATEMENTS.get(node.type)
    reason = w.blame(node)
    if handler is not None:
        handler(w, node)
    else:
        evaluate.expression(w, node)
    w.heap.reason = reason


def run_suite(w: Walker, node: Node) -> None:
    if node.type == "suite":
        for child in node.children:
            if w.active and w.effort.is_exhausted:
                return  # what functions may do was taken for granted
            if child.type != "newline":
                w.effort.walked += 1
                run_statement(w, child)
    else:
        run_statement(w, node)


def _simple(w: Walker, node: Node) -> None:
    for child in node.children:
        if child.type not in ("newline", "operator"):
            run_statement(w, child)


def _keyword(w: Walker, node: Node) -> None:
    if node.value == "raise":
        _die(w)


def _die(w: Walker) -> None:
    if w.uncertain:
        w.module.state.dead = True
        w.scope.state.dead = True


def _assign(w: Walker, node: Node) -> None:
    children = node.children
    second = children[1]
    if second.type == "annassign":
        _annotated(w, children[0], second.children)
    elif second.type == "operator" and second.value == "=":
        value = evaluate.expression(w, children[-1])
        for target in children[:-1:2]:
            assign(w, target, value)
    else:
        _augmented(w, children[0], second, children[-1])


def _annotated(w: Walker, target: Node, annotation: list[Node]) -> None:
    if w.scope is w.module:
        w.annotated.add(w.section)
    if w.scope.kind != "function":
        _annotation(w, annotation[1])
    owner = w.scope.self_class
    if owner is not None and target.type == "name":
        owner.fields.setdefault(f"*field:{target.value}", EMPTY)
    if len(annotation) == 4:
        value = evaluate.expression(w, annotation[3])
        assign(w, target, value)
        if w.scope.kind == "class" and target.type == "name":
            access.note_dataclass_field(w, target.value, annotation[3])
    elif target.type != "name":
        evaluate.expression(w, target)


def _augmented(w: Walker, target: Node, operator: Node, right: Node) -> None:
    sign = operator.value[:-1]
    old = evaluate.expression(w, target)
    value = evaluate.expression(w, right)
    result = evaluate.operation(w, target, old, sign, value)
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
    assign(w, target, result, augmented=True)


def assign(w: Walker, target: Node, value: Value, *, augmented: bool = False) -> None:
    """Bind or store ``value`` where ``target`` says."""
    kind = target.type
    if kind == "name":
        w.bind(target.value, value)
    elif kind in ("atom_expr", "power"):
        access.store(w, target, value)
    elif kind == "star_expr":
        made = w.heap.make(w.site(target), "builtins.list")
        w.heap.hold(made, "*", value)
        assign(w, target.children[1], frozenset({made}))
    elif kind == "atom":
        if len(target.children) == 3:
            inner = target.children[1]
            if target.children[0].value == "(" and inner.type not in ("testlist_comp",):
                assign(w, inner, value)
            else:
                _unpack(w, inner.children if inner.type == "testlist_comp" else [inner], value, target)
    elif kind in ("testlist_star_expr", "testlist", "exprlist", "testlist_comp"):
        _unpack(w, target.children, value, target)
    else:
        for leaf in target_names(target):
            w.bind(leaf.value, value)


def _unpack(w: Walker, children: list[Node], value: Value, node: Node) -> None:
    targets = [child for child in children if not (child.type == "operator" and child.value == ",")]
    starred = any(t.type == "star_expr" for t in targets)
    for index, target in enumerate(targets):
        key = None if starred else index
        assign(w, target, access.element_at(w, value, key, node))


def _delete(w: Walker, node: Node) -> None:
    _delete_target(w, node.children[1])


def _delete_target(w: Walker, target: Node) -> None:
    kind = target.type
    if kind == "name":
        w.read(target)
        w.bind(target.value, frozenset({UNBOUND}))
    elif kind in ("exprlist", "testlist_comp", "atom", "testlist", "testlist_star_expr"):
        for child in target.children:
            if child.type != "operator":
                _delete_target(w, child)
    else:
        access.delete(w, target)


def _import(w: Walker, node: Node) -> None:
    for name, path, whole in imported(node):
        top = path.lstrip(".").split(".")[0]
        if path.startswith("__future__"):
            w.note("sets", "future")
            w.lazy_annotations = w.lazy_annotations or name == "annotations"
            continue
        if path.startswith("."):
            path = top or "."
        if top == library.MAIN and (name == "*" or "." in path):
            w.opaque("it reads and writes variables by name")
        if name == "*":
            _star_import(w, path)
            continue
        if top not in sys.stdlib_module_names and not w.knowledge.describes(top):
            w.note("files_read", f"{top}.py")  # it may be a module that the notebook writes
        path = beside.import_(w, path)
        if "python_random" in w.seeded and top not in sys.stdlib_module_names:
            _draw_while_importing(w)
        w.bind(name, frozenset({w.heap.lib(path if whole else top)}))


def _draw_while_importing(w: Walker) -> None:
    """Some libraries draw from Python's generator while they are imported, scikit-learn among them."""
    draws = set(w.record.draws)
    w.draw("python_random")
    w.record.draws = draws  # repeating the import is no draw: it comes before the state is put back
    w.record.draws_on_import = True


def _star_import(w: Walker, path: str) -> None:
    beside.import_(w, path)
    own = w.modules.exported(path)
    for name in own if own is not None else star_names(path):
        w.bind(name, frozenset({w.heap.lib(w.modules.origin(f"{path}.{name}"))}))
    if own is None and not star_names(path):
        w.opaque(f"`from {path} import *` binds names that cannot be known without importing {path}")


def _global(w: Walker, node: Node) -> None:
    return


def _assert(w: Walker, node: Node) -> None:
    for child in node.children[1::2]:
        _test(w, child)


def _raise(w: Walker, node: Node) -> None:
    for child in node.children[1::2]:
        for obj in evaluate.expression(w, child):
            if obj.type == CLASS:
                w.raised |= calls.call_one(w, obj, calls.NO_ARGUMENTS, child)
            elif obj.type != LIB:
                w.raised |= {obj}
    _die(w)


def _return(w: Walker, node: Node) -> None:
    value = evaluate.expression(w, node.children[1]) if len(node.children) > 1 else EMPTY
    scope: Scope | None = w.scope
    while scope is not None and scope.kind == "inline":
        scope = scope.parent
    if scope is not None:
        scope.result |= value


def _if(w: Walker, node: Node) -> None:
    children = node.children
    runs: list[Callable[[], object]] = []
    has_else = False
    index = 0
    # tests are evaluated in order; the first certainly
    tests: list[Node] = []
    while index < len(children):
        word = children[index].value
        if word in ("if", "elif"):
            tests.append(children[index + 1])
            runs.append(partial(run_suite, w, children[index + 3]))
            index += 4
        else:
            has_else = True
            runs.append(partial(run_suite, w, children[index + 2]))
            index += 3
    _test(w, tests[0])
    for test in tests[1:]:
        w.perhaps(partial(_test, w, test))
    forks = [w.fork(run) for run in runs]
    if not has_else:
        forks.append(w.unchanged())
    w.join(forks)


def _test(w: Walker, node: Node) -> None:
    """Evaluate a condition: an object is asked whether it is true (``__bool__``, ``__len__``)."""
    access.implicit(w, evaluate.expression(w, node))


def _while(w: Walker, node: Node) -> None:
    test, body = node.children[1], node.children[3]
    _test(w, test)

    def once() -> None:
        run_suite(w, body)
        _test(w, test)

    w.loop(once)
    _loop_else(w, node)


def _for(w: Walker, node: Node) -> None:
    children = node.children
    target, iterable, body = children[1], children[3], children[5]
    value = evaluate.expression(w, iterable)
    access.iterate(w, value)

    def once() -> None:
        assign(w, target, access.elements(w, value, iterable))
        run_suite(w, body)

    w.loop(once)
    _loop_else(w, node)


def _loop_else(w: Walker, node: Node) -> None:
    for index, child in enumerate(node.children):
        if child.type == "keyword" and child.value == "else":
            suite = node.children[index + 2]
            w.perhaps(partial(run_suite, w, suite))


def _try(w: Walker, node: Node) -> None:
    children = node.children
    body = children[2]
    handlers: list[tuple[Node, Node]] = []
    orelse: Node | None = None
    final: Node | None = None
    for index in range(3, len(children), 3):
        head, suite = children[index], children[index + 2]
        if head.type == "except_clause" or (head.type == "keyword" and head.value == "except"):
            handlers.append((head, suite))
        elif head.value == "else":
            orelse = suite
        else:
            final = suite

    def whole() -> None:
        run_suite(w, body)
        if orelse is not None:
            run_suite(w, orelse)

    if handlers:
        done, between = w.fork_with_trail(whole)
        # an exception may come at any point: handlers see what holds before and after any binding
        forks = [done]
        w.uncertain += 1
        start = [w.unchanged(), between]
        for head, suite in handlers:
            forks.append(w.fork(partial(_handler, w, head, suite, start)))
        w.uncertain -= 1
        w.join(forks)
    else:
        whole()
    if final is not None:
        run_suite(w, final)


def _handler(w: Walker, head: Node, suite: Node, start: list[list[State]]) -> None:
    w.module.state.names.update(_joined(start, 0))
    if w.scope is not w.module:
        w.scope.state.names.update(_joined(start, 1))
    name = None
    if head.type == "except_clause":
        evaluate.expression(w, head.children[1])
        if len(head.children) == 4:
            name = head.children[3].value
            caught = w.heap.make(w.site(head), "builtins.Exception")
            w.heap.hold(caught, "*", access.contents(w.raised))
            w.bind(name, w.raised | {caught})
    run_suite(w, suite)
    if name is not None:
        w.bind(name, frozenset({UNBOUND}))


def _with(w: Walker, node: Node) -> None:
    suppresses = False
    managers = EMPTY
    for item in node.children[1:-2]:
        if item.type == "operator":
            continue
        manager = item.children[0] if item.type == "with_item" else item
        value = evaluate.expression(w, manager)
        access.implicit(w, value)
        entered = access.enter(w, value, manager)
        managers |= value
        suppresses = suppresses or any(not o.type.startswith(_NEVER_SUPPRESSING) for o in value)
        if item.type == "with_item":
            assign(w, item.children[2], entered)
    if suppresses:
        done, between = w.fork_with_trail(lambda: run_suite(w, node.children[-1]))
        w.join([done, between, w.unchanged()])
    else:
        run_suite(w, node.children[-1])
    access.leave(w, managers)


def _funcdef(w: Walker, node: Node) -> None:
    w.bind(node.children[1].value, frozenset({make_function(w, node)}))


def make_function(w: Walker, node: Node) -> Obj:
    """Return the object of a ``funcdef`` or ``lambdef``; defaults, and annotations of a def, are evaluated."""
    code = code_at(w, node)
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
    if not code.is_lambda and node.annotation is not None:
        _annotation(w, node.annotation)
    return obj


_NAME = re.compile(r"[^\W\d]\w*")


def _annotation(w: Walker, node: Node) -> None:
    """Read what an annotation names. One that is a text is evaluated later, if at all, by dataclasses and others."""
    if not w.lazy_annotations:
        evaluate.expression(w, node)
    texts = [node.get_code(include_prefix=False)] if w.lazy_annotations else texts_in(node)
    for name in {name for text in texts for name in _NAME.findall(text)}:
        if w.module.state.get(name) is not None:
            w.read_global(name)


def code_at(w: Walker, node: Node) -> Code:
    found = w.codes.get(id(node))
    if found is None:
        found = w.codes[id(node)] = code_of(node)
    return found


def _classdef(w: Walker, node: Node) -> None:
    w.bind(node.children[1].value, frozenset({make_class(w, node)}))


def make_class(w: Walker, node: Node) -> Obj:
    obj = w.heap.make(w.site(node), CLASS)
    obj.path = node.children[1].value
    obj.is_local = w.scope.kind == "function"
    arguments = node.get_super_arglist()
    if arguments is not None:
        items = arguments.children if arguments.type == "arglist" else [arguments]
        for item in items:
            if item.type == "argument":
                value = evaluate.expression(w, item.children[-1])
                w.heap.hold(obj, "*keywords", value)
            elif item.type != "operator":
                value = evaluate.expression(w, item)
                add_base(w.heap, obj, value)
            else:
                continue
            w.change(beside.of_state(w, value))  # a base class may note its subclasses
    if w.asks_subclasses:
        w.change(base for base in obj.fields.get("*bases", EMPTY) if base.type == CLASS)
    scope = Scope("class", w.scope, State())
    scope.self_class = obj
    outer = w.scope
    w.scope = scope
    try:
        run_suite(w, node.children[-1])
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
    return obj


def _decorated(w: Walker, node: Node) -> None:
    head, definition = node.children[0], node.children[1]
    decorators = head.children if head.type == "decorators" else [head]
    values = [(_decorator(w, d.children[1]), d) for d in decorators]
    if definition.type in ("async_funcdef", "async_stmt"):
        definition = definition.children[1]
    if definition.type == "funcdef":
        obj = make_function(w, definition)
        obj.code.decorators = frozenset(_decorator_name(d) for d in decorators)
    else:
        obj = make_class(w, definition)
        if any(_GIVES_EQUALITY.search(_decorator_name(d)) for d in decorators):
            w.heap.hold(obj, "*equal", frozenset({w.heap.atom("builtins.str")}))
    value: Value = frozenset({obj})
    for decorator, decorator_node in reversed(values):
        value = instances.decorate(w, decorator, value, decorator_node)
    w.bind(definition.children[1].value, value)


_GIVES_EQUALITY = re.compile(r"(^|\.)(dataclass|attrs?|define|frozen|s)$")


def _decorator(w: Walker, node: Node) -> Value:
    children: list[Node] = getattr(node, "children", [])
    dotted = len(children) == 2 and children[-1].type == "trailer" and children[0].type == "name"
    if dotted and children[1].children[-1].value in instances.PROPERTY_PARTS:
        return w.read(children[0])
    return evaluate.expression(w, node)


def _async(w: Walker, node: Node) -> None:
    run_statement(w, node.children[1])


def run_text(w: Walker, text: str, name: str) -> None:
    """Walk code that a statement runs in the notebook's namespace; what is not Python defeats the analysis."""
    try:
        tops = top_statements(text)
    except (SyntaxError, ValueError, RecursionError):
        w.opaque("it runs code that cannot be read")
        return
    w.kept.append(tops)
    reason = w.heap.reason
    w.heap.reason = enter(name, reason)
    for top in tops:
        w.places.add(top.node, Place(None, "its text" if name == "exec" else name))
        run_statement(w, top.node)
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


def _decorator_name(node: Node) -> str:
    return "".join(node.children[1].get_code(include_prefix=False).split()).partition("(")[0]


def _joined(branches: list[list[State]], which: int) -> dict[str, Binding]:
    names = {name for branch in branches for name in branch[which].names}
    return {name: merge(branch[which].get(name) for branch in branches) for name in names}


def star_names(path: str) -> tuple[str, ...]:
    """Return the names that a star import of an installed or standard module binds, read from its source."""
    from soorgeon_clone.analysis.star import exported_names

    return exported_names(path)


_STATEMENTS: dict[str, Callable[[Any, Node], Any]] = {
    "simple_stmt": _simple,
    "expr_stmt": _assign,
    "keyword": _keyword,
    "del_stmt": _delete,
    "import_name": _import,
    "import_from": _import,
    "global_stmt": _global,
    "nonlocal_stmt": _global,
    "assert_stmt": _assert,
    "raise_stmt": _raise,
    "return_stmt": _return,
    "if_stmt": _if,
    "while_stmt": _while,
    "for_stmt": _for,
    "try_stmt": _try,
    "with_stmt": _with,
    "funcdef": _funcdef,
    "classdef": _classdef,
    "decorated": _decorated,
    "async_stmt": _async,
    "async_funcdef": _async,
    "suite": run_suite,
}
