"""The syntax trees of modules that nobody follows -> what they bind, store into, look up and hand out."""

from __future__ import annotations

import builtins
from collections.abc import Iterator

from soorgeon_clone.analysis.names import Bound, code_of, target_names
from soorgeon_clone.analysis.syntax import Node

DEFINITIONS = ("funcdef", "lambdef", "classdef")
DEFINED = ("decorated", "funcdef", "classdef", "async_stmt", "async_funcdef")
OPENING_BRACKETS = ("[", "{")
_LOOKED_UP = frozenset("get items keys values index count copy".split())
_LOOK = frozenset("len sorted list set tuple dict enumerate min max sum any all zip frozenset str repr print".split())


def inside(node: Node, *, into_definitions: bool = True) -> Iterator[Node]:
    stack = [node]
    while stack:
        item = stack.pop()
        yield item
        if into_definitions or item is node or item.type not in DEFINITIONS:
            stack.extend(getattr(item, "children", ()))


def name_leaves(node: Node | None) -> Iterator[Node]:
    for item in inside(node) if node is not None else ():
        if item.type == "name":
            yield item


def is_definition(what: Node | str | None) -> bool:
    """Whether what a name is bound to is a function or class of the module."""
    return what is not None and not isinstance(what, str) and what.type in DEFINED


def is_none(what: Node | str | None) -> bool:
    return what is not None and not isinstance(what, str) and what.type == "keyword" and what.value == "None"


def undecorated(node: Node) -> tuple[list[Node], Node]:
    decorators: list[Node] = []
    if node.type == "decorated":
        head = node.children[0]
        decorators = [d.children[1] for d in (head.children if head.type == "decorators" else [head])]
        node = node.children[-1]
    while node.type in ("async_stmt", "async_funcdef"):
        node = node.children[-1]
    return decorators, node


def body_of(node: Node) -> list[Node]:
    suite = node.children[-1]
    return list(suite.children) if suite.type == "suite" else [suite]


def runs_at_once(node: Node) -> list[Node]:
    """Return what of a definition runs where it stands: defaults, bases, the body of a class but not its methods."""
    _, node = undecorated(node)
    if node.type == "funcdef":
        return [p.default for p in code_of(node).parameters if p.default is not None]
    if node.type != "classdef":
        return []
    arguments = node.get_super_arglist()
    found = [arguments] if arguments is not None else []
    for child in body_of(node):
        decorators, definition = undecorated(child)
        found += decorators
        found += runs_at_once(definition) if definition.type in ("funcdef", "classdef") else [child]
    return found


def is_for_programs(test: Node) -> bool:
    """Whether a condition is ``__name__ == "__main__"`` or TYPE_CHECKING."""
    text = test.get_code(include_prefix=False).replace("'", '"').replace(" ", "")
    return text in ('__name__=="__main__"', "TYPE_CHECKING", "typing.TYPE_CHECKING")


def targets_of_blocks(node: Node) -> Iterator[str]:
    targets = [node.children[1]] if node.type == "for_stmt" else []
    for child in node.children:
        if child.type == "with_item":
            targets.append(child.children[2])
        elif child.type == "except_clause" and len(child.children) == 4:
            targets.append(child.children[3])
    for target in targets:
        for leaf in target_names(target):
            yield leaf.value


def values_bound(declaration: Node, name: str) -> list[Node | None]:
    """Return the values that the function around a ``global`` statement gives to a name (None: not known)."""
    function = declaration
    while function is not None and function.type != "funcdef":
        function = function.parent
    found: list[Node | None] = []
    for item in inside(function.children[-1]) if function is not None else ():
        if item.type == "expr_stmt":
            for target in item.children[:-1:2]:
                if any(leaf.value == name for leaf in target_names(target)):
                    found.append(plain_value(item, target))
    if function is not None and not found:
        bound = Bound()
        bound.visit(function.children[-1])
        if name in bound.bound:
            found.append(None)
    return found


def plain_value(statement: Node, target: Node) -> Node | None:
    """Return what an assignment gives to a name, if that alone says what it is: no variable of the function's."""
    children = statement.children
    if target.type != "name" or children[1].type != "operator":
        return None
    if children[1].value != "=" and children[-1].type not in ("number", "string"):
        return None
    return children[-1] if not any(True for _ in name_leaves(children[-1])) else None


def free_leaves(node: Node, *, decorators: bool) -> Iterator[tuple[Node, bool]]:
    """Yield the leaves of names that are read or stored into, and whether a function inside ``node`` binds them."""
    around, definition = undecorated(node)
    for decorator in around if decorators else ():
        yield from ((leaf, False) for leaf in variables(decorator))
    yield from leaves_of(definition, frozenset())


def leaves_of(node: Node, bound: frozenset[str]) -> Iterator[tuple[Node, bool]]:
    if node.type in ("funcdef", "lambdef"):
        code = code_of(node)
        for parameter in code.parameters:
            for part in (parameter.default,):
                if part is not None:
                    yield from leaves_of(part, bound)
        bound = (bound | code.locals) - code.globals
        yield from leaves_of(code.body, bound)
        return
    if node.type == "classdef":
        arguments = node.get_super_arglist()
        if arguments is not None:
            yield from leaves_of(arguments, bound)
        yield from leaves_of(node.children[-1], bound)
        return
    children = getattr(node, "children", None)
    if children is None:
        if node.type == "name":
            yield node, node.value in bound
        return
    if node.type in ("import_name", "import_from", "global_stmt", "nonlocal_stmt"):
        return
    if node.type == "trailer" and children[0].value == ".":
        return
    if children[-1].type in ("comp_for", "sync_comp_for"):
        bound = bound | comprehended(children[-1])
    if node.type == "argument" and children[1].type == "operator" and children[1].value == "=":
        children = [children[2]]
    if node.type == "tfpdef" or node.type == "annassign":
        children = children[3:]
    for child in children:
        yield from leaves_of(child, bound)


def comprehended(clause: Node) -> frozenset[str]:
    found: set[str] = set()
    for item in inside(clause, into_definitions=False):
        if item.type == "sync_comp_for":
            found |= {leaf.value for leaf in target_names(item.children[1])}
    return frozenset(found)


def variables(node: Node) -> Iterator[Node]:
    for leaf, _ in leaves_of(node, frozenset()):
        yield leaf


def chain_of(node: Node) -> tuple[Node | None, list[Node]]:
    """Return the head and the trailers of ``a.b(c)[d]``; a name has none."""
    if node.type in ("atom_expr", "power"):
        trailers = node.children[1:]
        return (node.children[0], list(trailers)) if all(t.type == "trailer" for t in trailers) else (None, [])
    return node, []


def trailers_of(leaf: Node) -> list[Node]:
    parent = leaf.parent
    if parent is None or parent.type not in ("atom_expr", "power") or parent.children[0] is not leaf:
        return []
    return [child for child in parent.children[1:] if child.type == "trailer"]


def is_stored_into(leaf: Node) -> bool:
    """Whether something behind a name is assigned to or deleted: ``Model.made += 1``, ``f.n = 0``, ``del xs[0]``."""
    if not trailers_of(leaf):
        return False
    return is_target(leaf.parent)


def is_target(node: Node) -> bool:
    while node.parent is not None:
        parent = node.parent
        if parent.type == "expr_stmt":
            if parent.children[1].type == "annassign":
                return node is parent.children[0]
            return node is not parent.children[-1]
        if parent.type in ("del_stmt", "with_item"):
            return node is parent.children[-1]
        if parent.type in ("for_stmt", "sync_comp_for"):
            return node is parent.children[1]
        if parent.type not in ("testlist_star_expr", "exprlist", "testlist_comp", "atom", "testlist", "star_expr"):
            return False
        node = parent
    return False


def is_looked_up(leaf: Node, name: str) -> bool:
    """Whether a mention of a flat container neither changes it nor hands it out."""
    node = leaf
    trailers = trailers_of(leaf)
    while trailers and trailers[0].children[0].value == "." and trailers[0].children[1].value == name:
        trailers = trailers[1:]
    if trailers:
        first = trailers[0]
        if is_stored_into(leaf):
            return False
        return first.children[0].value == "[" or (
            first.children[0].value == "." and first.children[1].value in _LOOKED_UP and len(trailers) > 1
        )
    parent = node.parent
    while parent is not None and _hands_through(parent):  # `cols or COLS`
        node, parent = parent, parent.parent
    if parent is None:
        return False
    if parent.type == "expr_stmt":
        return _is_name_of_looked_up(parent, node)
    if parent.type in ("comparison", "arith_expr", "fstring_expr", "star_expr"):
        return True
    if parent.type == "argument" and parent.children[0].type == "operator":
        return True  # f(*names)
    if parent.type == "trailer" and parent.children[0].value == "[":
        return True  # df[COLUMNS]
    if parent.type in ("for_stmt", "sync_comp_for"):
        return parent.children[3] is node
    if parent.type == "arglist":
        parent = parent.parent
    if parent is not None and parent.type == "trailer" and parent.children[0].value == "(":
        call = parent.parent
        return (
            call.children.index(parent) == 1
            and call.children[0].type == "name"
            and call.children[0].value in _LOOK
            and hasattr(builtins, call.children[0].value)
        )
    return False


def _hands_through(node: Node) -> bool:
    """Whether an expression may be the very object that a part of it is."""
    return node.type in ("or_test", "and_test", "ternary", "test") or (
        node.type == "atom" and node.children[0].value == "(" and len(node.children) == 3
    )


def _is_name_of_looked_up(statement: Node, value: Node) -> bool:
    """Whether an assignment gives a value just another name in its function, which is only looked up as well."""
    function = function_around(statement)
    targets = statement.children[:-1:2]
    if function is None or value is not statement.children[-1] or any(target.type != "name" for target in targets):
        return False
    if any(sign.value != "=" for sign in statement.children[1::2]):
        return False
    code = code_of(function)
    names = {target.value for target in targets}
    if not names <= code.locals or any(names & code_of(inner).free for inner in _functions_in(code.body)):
        return False
    for leaf in variables(code.body):
        if leaf.value not in names or _is_bound_anew(leaf):
            continue
        given = _named_again(leaf)
        if given is None and not is_looked_up(leaf, ""):
            return False
        if given is not None and not given <= names:  # a third name is not followed
            return False
    return True


def _is_bound_anew(leaf: Node) -> bool:
    """Whether a name is given something else: ``x = 1``, not ``x += [1]``, which may change what it was."""
    statement = leaf.parent
    signs = statement.children[1::2] if statement is not None and statement.type == "expr_stmt" else []
    return is_target(leaf) and not trailers_of(leaf) and all(getattr(sign, "value", "=") == "=" for sign in signs)


def _functions_in(node: Node) -> list[Node]:
    return [item for item in inside(node) if item.type in ("funcdef", "lambdef")]


def _named_again(leaf: Node) -> set[str] | None:
    """Return the names that an assignment gives to what a name denotes; None where it stands in none as it is."""
    node = leaf
    while node.parent is not None and _hands_through(node.parent):
        node = node.parent
    statement = node.parent
    if trailers_of(leaf) or statement is None or statement.type != "expr_stmt" or node is not statement.children[-1]:
        return None
    return {target.get_code(include_prefix=False) for target in statement.children[:-1:2]}


def call_given(leaf: Node) -> Node | None:
    """Return the call ``a.b(...)`` that a name is an argument of, if nothing is asked for behind it."""
    node = leaf.parent
    if trailers_of(leaf) or node is None:
        return None
    if node.type == "argument" and node.children[1].type == "operator" and node.children[1].value == "=":
        node = node.parent
    if node is not None and node.type == "arglist":
        node = node.parent
    if node is None or node.type != "trailer" or node.children[0].value != "(":
        return None
    call: Node = node.parent
    return call if call.type in ("atom_expr", "power") and call.children[-1] is node else None


def is_only_looked_up(body: Node, name: str) -> bool:
    return all(is_looked_up(leaf, "") and not is_target(leaf) for leaf in variables(body) if leaf.value == name)


def is_flat(node: Node) -> bool:
    """Whether an expression is a list, set or dictionary of plain values."""
    if node.type != "atom" or node.children[0].value not in OPENING_BRACKETS:
        return False
    plain = (
        "number",
        "string",
        "strings",
        "fstring",
        "keyword",
        "operator",
        "factor",
        "testlist_comp",
        "dictorsetmaker",
    )
    return all(is_plain(child, plain) for child in node.children)


def is_plain(node: Node, kinds: tuple[str, ...]) -> bool:
    if node.type not in kinds or is_comprehension(node):
        return False
    return node.type == "fstring" or all(is_plain(child, kinds) for child in getattr(node, "children", ()))


def is_comprehension(node: Node) -> bool:
    children: list[Node] = getattr(node, "children", [])
    return bool(children) and children[-1].type in ("comp_for", "sync_comp_for")


def is_field(node: Node) -> bool:
    """Whether the value of a field of a dataclass makes something new for each object."""
    head, trailers = chain_of(node)
    text = node.get_code(include_prefix=False)
    return bool(trailers) and head is not None and head.value in ("field", "dataclasses") and "default=" not in text


def first_argument(leaf: Node) -> str | None:
    trailers = trailers_of(leaf)
    if not trailers or len(trailers[0].children) < 3:
        return None
    inner = trailers[0].children[1]
    first = inner.children[0] if inner.type == "arglist" else inner
    return first.value if first.type == "name" else None


def is_of_self(leaf: Node) -> bool:
    """Whether ``setattr(self, ...)``, ``self.__dict__`` or ``super().__setattr__`` is about the object of a method."""
    owner = leaf.parent
    if owner is None or owner.type != "trailer":
        return first_argument(leaf) == "self"
    chain = owner.parent
    head = chain.children[0]
    if head.type == "name" and head.value in ("self", "super"):
        return True
    place = chain.children.index(owner)
    call = chain.children[place + 1] if place + 1 < len(chain.children) else None
    if call is None or call.type != "trailer" or call.children[0].value != "(" or len(call.children) < 3:
        return False
    inner = call.children[1]
    first = inner.children[0] if inner.type == "arglist" else inner
    return bool(first.type == "name" and first.value == "self")


def stored_into(node: Node) -> set[str]:
    """Return the names behind which attributes are assigned to: x of ``x.n += 1`` and ``setattr(x, name, 1)``."""
    found: set[str] = set()
    for item in inside(node):
        if item.type in ("atom_expr", "power") and item.children[0].type == "name":
            if item.children[-1].type == "trailer" and item.children[-1].children[0].value == "." and is_target(item):
                found.add(item.children[0].value)
        elif item.type == "name" and item.value in ("setattr", "delattr", "__setattr__"):
            found.add(first_argument(item) or "?")
    return found


def stores_in_class(function: Node) -> bool:
    """Whether a method gives attributes to its class: through ``cls``, ``type(self)`` or ``__class__``."""
    decorators = (
        undecorated(function.parent)[0] if function.parent is not None and function.parent.type == "decorated" else []
    )
    code = code_of(function)
    first = code.parameters[0].name if code.parameters else ""
    is_of_class = code.name in ("__new__", "__init_subclass__") or any(
        leaf.value == "classmethod" for d in decorators for leaf in name_leaves(d)
    )
    asks_class = any(leaf.value in ("type", "__class__", "cls", "mro", "__mro__") for leaf in name_leaves(code.body))
    for item in inside(code.body):
        if item.type in ("atom_expr", "power") and is_target(item):
            head = item.children[0]
            name = head.value if head.type == "name" else ""
            if name == first and is_of_class:
                return True
            if asks_class and (name != first or any(leaf.value == "__class__" for leaf in name_leaves(item))):
                return True
    return False


def stores_attributes(function: Node) -> bool:
    code = code_of(function)
    return code.name not in ("__init__", "__new__") and any(
        item.type in ("atom_expr", "power") and is_target(item) for item in inside(code.body)
    )


def hands_out_closures(function: Node) -> bool:
    """Whether a function returns functions or classes that it makes: what they hold no file can take."""
    body = function.children[-1]
    inner = {
        item.children[1].value
        for item in inside(body)
        if item.type in ("funcdef", "classdef") and function_around(item) is function
    }
    for item in inside(body):
        if item.type in ("return_stmt", "yield_expr") and any(
            leaf.type == "lambdef" or (leaf.type == "name" and leaf.value in inner and not trailers_of(leaf))
            for leaf in inside(item)
        ):
            return True
    return False


def function_around(node: Node) -> Node | None:
    node = node.parent
    while node is not None and node.type not in ("funcdef", "lambdef"):
        node = node.parent
    return node


def only_calls_what_it_gets(decorator: Node) -> bool:
    """Whether the functions that a decorator makes keep nothing: they know its parameters and themselves only."""
    code = code_of(decorator)
    nested = [item for item in inside(code.body) if item.type in ("funcdef", "lambdef")]
    if any(item.type == "nonlocal_stmt" for item in inside(code.body)):
        return False
    own = code.locals - {p.name for p in code.parameters}
    names = {item.children[1].value for item in nested if item.type == "funcdef"}
    for item in nested:
        inner = code_of(item)
        if (inner.free & own) - names:
            return False
        if any(p.default is not None for p in inner.parameters):
            return False
        if any(i.type in ("atom_expr", "power") and is_target(i) for i in inside(inner.body)):
            return False
    return True
