"""A function's syntax -> its parameters, the names it binds, and the names it leaves free (no flow, no values)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from soorgeon_clone.analysis.heap import Obj
from soorgeon_clone.analysis.syntax import Node


@dataclass
class Parameter:
    """``kind`` is "", "*" or "**"."""

    name: str
    kind: str
    default: Node | None
    annotation: Node | None
    keyword_only: bool = False


@dataclass(eq=False)
class Code:
    """A function or lambda of the notebook."""

    node: Node
    name: str
    parameters: tuple[Parameter, ...]
    body: Node
    is_lambda: bool
    is_generator: bool
    bound: frozenset[str]
    globals: frozenset[str]
    nonlocals: frozenset[str]
    mentioned: frozenset[str]
    decorators: frozenset[str] = frozenset()
    owner: Obj | None = None
    is_nested: bool = False
    is_async: bool = False
    size: int = 1
    named: set[str] = field(default_factory=set)
    """Variables of the notebook that texts in it name where it was called: ``df.query("a > @limit")``."""

    @property
    def is_cached(self) -> bool:
        return any(d.rpartition(".")[2] in ("lru_cache", "cache", "memoize") for d in self.decorators)

    @property
    def locals(self) -> frozenset[str]:
        return self.bound - self.globals - self.nonlocals

    @property
    def free(self) -> frozenset[str]:
        """Names that come from outside, those of nested functions included."""
        return self.mentioned - self.locals | self.nonlocals


_SCOPES = {"funcdef", "lambdef", "classdef"}
_COMPREHENSIONS = {"comp_for", "sync_comp_for"}


def code_of(node: Node) -> Code:
    """Return the facts of a ``funcdef`` or ``lambdef`` node."""
    is_lambda = node.type == "lambdef"
    children = node.children
    body = children[-1]
    found = Bound()
    if is_lambda:
        found.visit(body)
        name = "<lambda>"
    else:
        found.visit(body)
        name = children[1].value
    parameters = _parameters(node)
    bound = found.bound | {p.name for p in parameters}
    return Code(
        node,
        name,
        parameters,
        body,
        is_lambda,
        found.is_generator,
        frozenset(bound),
        frozenset(found.globals),
        frozenset(found.nonlocals),
        frozenset(mentioned(body)),
        size=found.size,
        is_async=node.parent is not None and node.parent.type in ("async_stmt", "async_funcdef"),
    )


def _parameters(node: Node) -> tuple[Parameter, ...]:
    result = []
    keyword_only = False
    raw = node.children[2].children if node.type == "funcdef" else node.children
    for child in raw:
        if child.type == "operator" and child.value == "*":
            keyword_only = True
        if child.type != "param":
            continue
        kind = "*" * child.star_count
        result.append(Parameter(child.name.value, kind, child.default, child.annotation, keyword_only))
        if kind == "*":
            keyword_only = True
    return tuple(result)


_LEAVES = frozenset({"operator", "newline", "keyword", "number", "string", "fstring_string"})


def mentioned(node: Node) -> set[str]:
    """Return every name that stands in ``node`` as a variable (not as attribute or keyword argument)."""
    names: set[str] = set()
    stack = [node]
    while stack:
        item = stack.pop()
        kind = item.type
        if kind == "name":
            names.add(item.value)
        elif kind in _LEAVES or (kind == "trailer" and item.children[0].value == "."):
            pass
        elif kind == "argument" and item.children[1].type == "operator" and item.children[1].value == "=":
            stack.append(item.children[2])
        elif kind in ("import_name", "import_from"):
            names.update(bound_by_import(item))
        elif kind in ("global_stmt", "nonlocal_stmt"):
            names.update(child.value for child in item.children[1::2])
        else:
            stack.extend(getattr(item, "children", ()))
    return names


def bound_by_import(node: Node) -> list[str]:
    """Return the names that an import statement binds (``*`` for a star import)."""
    return [name for name, _, _ in imported(node)]


def imported(node: Node) -> list[tuple[str, str, bool]]:
    """Return (bound name, dotted path, whole) of each import; ``whole`` is false for ``import a.b``, which binds a."""
    if node.type == "import_name":
        result = []
        target = node.children[1]
        items = target.children[::2] if target.type == "dotted_as_names" else [target]
        for item in items:
            if item.type == "dotted_as_name":
                result.append((item.children[2].value, _dotted(item.children[0]), True))
            else:
                path = _dotted(item)
                result.append((path.split(".")[0], path, False))
        return result
    level = 0
    module = ""
    position = 1
    children = node.children
    while not (children[position].type == "keyword" and children[position].value == "import"):
        child = children[position]
        if child.type == "operator":
            level += len(child.value)
        else:
            module = _dotted(child)
        position += 1
    prefix = "." * level + module
    rest = children[position + 1 :]
    if rest[0].type == "operator" and rest[0].value == "*":
        return [("*", prefix, True)]
    target = rest[1] if rest[0].type == "operator" else rest[0]
    items = target.children[::2] if target.type == "import_as_names" else [target]
    result = []
    for item in items:
        if item.type == "import_as_name":
            result.append((item.children[2].value, f"{prefix}.{item.children[0].value}", True))
        elif item.type == "name":
            result.append((item.value, f"{prefix}.{item.value}", True))
    return result


def _dotted(node: Node) -> str:
    return "".join(node.get_code(include_prefix=False).split())


class Bound:
    """Collects what the body of a scope binds, without the bodies of inner scopes."""

    def __init__(self) -> None:
        self.bound: set[str] = set()
        self.globals: set[str] = set()
        self.nonlocals: set[str] = set()
        self.is_generator = False
        self.size = 0

    def visit(self, node: Node, *, inner: bool = False) -> None:
        stack: list[tuple[Any, bool]] = [(node, inner)]
        while stack:
            item, in_comprehension = stack.pop()
            kind = item.type
            children = getattr(item, "children", None)
            if children is None:
                if kind == "keyword" and item.value == "yield":
                    self.is_generator = True
                continue
            self.size += 1
            if kind in ("funcdef", "classdef"):
                self.bound.add(children[1].value)
                continue
            if kind == "lambdef":
                continue
            if kind == "expr_stmt":
                self._expr_stmt(item)
            elif kind in _COMPREHENSIONS:
                in_comprehension = True
            elif kind == "for_stmt":
                self.target(children[1])
            elif kind == "with_item":
                self.target(children[2])
            elif kind == "namedexpr_test":
                self.target(children[0])
            elif kind in ("import_name", "import_from"):
                self.bound.update(bound_by_import(item))
                continue
            elif kind == "global_stmt":
                self.globals.update(c.value for c in children[1::2])
                continue
            elif kind == "nonlocal_stmt":
                self.nonlocals.update(c.value for c in children[1::2])
                continue
            elif kind == "except_clause" and len(children) == 4:
                self.target(children[3])
            elif kind == "del_stmt":
                self.target(children[1])
            elif kind == "yield_expr":
                self.is_generator = True
            stack.extend((child, in_comprehension) for child in children)

    def _expr_stmt(self, node: Node) -> None:
        children = node.children
        if children[1].type == "annassign":
            self.target(children[0])
            return
        for index in range(1, len(children), 2):
            if children[index].type == "operator" and children[index].value.endswith("="):
                self.target(children[index - 1])

    def target(self, node: Node) -> None:
        for leaf in target_names(node):
            self.bound.add(leaf.value)


def target_names(node: Node) -> list[Node]:
    """Return the name leaves that an assignment target binds (not those of ``a.b`` or ``a[i]``)."""
    kind = node.type
    if kind == "name":
        return [node]
    if kind in ("atom", "testlist", "testlist_star_expr", "testlist_comp", "exprlist", "star_expr"):
        return [leaf for child in node.children for leaf in target_names(child)]
    return []


def free_names(node: Node) -> set[str]:
    """Return the names that a definition takes from outside: mentioned in a scope of it and bound in none around."""
    if node.type == "decorated":
        outside = set().union(*(mentioned(child) for child in node.children[:-1]))
        return outside | free_names(node.children[-1])
    if node.type in ("async_stmt", "async_funcdef"):
        return free_names(node.children[-1])
    if node.type == "classdef":
        heads: set[str] = set().union(*(mentioned(child) for child in node.children[2:-1]), set())
        inner, own = _scope_names(node.children[-1])
        # methods do not see the class's names; its body may read a name outside before it binds its own
        return heads | inner | own
    if node.type in ("funcdef", "lambdef"):
        code = code_of(node)
        heads = set()
        for parameter in code.parameters:
            for part in (parameter.default, parameter.annotation):
                if part is not None:
                    heads |= mentioned(part)
        if node.type == "funcdef" and node.annotation is not None:
            heads |= mentioned(node.annotation)
        inner, own = _scope_names(code.body)
        return heads | (inner | own) - code.locals
    return mentioned(node)


def _scope_names(body: Node) -> tuple[set[str], set[str]]:
    """Return (free names of scopes inside, names mentioned in this scope itself)."""
    inner: set[str] = set()
    own: set[str] = set()
    stack = [body]
    while stack:
        item = stack.pop()
        kind = item.type
        if kind == "decorated" or kind in _SCOPES:
            inner |= free_names(item)
            continue
        children = getattr(item, "children", None)
        if children and children[-1].type in _COMPREHENSIONS:
            inner |= _comprehension_names(item)
            continue
        if children is None:
            if kind == "name":
                own.add(item.value)
        elif kind in ("import_name", "import_from"):
            own.update(bound_by_import(item))
        elif kind == "trailer" and children[0].value == ".":
            continue
        elif kind == "argument" and children[1].type == "operator" and children[1].value == "=":
            stack.append(children[2])
        else:
            stack.extend(children)
    return inner, own


def _comprehension_names(node: Node) -> set[str]:
    bound: set[str] = set()
    clauses = [node.children[-1]]
    while clauses:
        clause = clauses.pop()
        if clause.type == "comp_for":
            clause = clause.children[-1]
        if clause.type == "sync_comp_for":
            bound |= {leaf.value for leaf in target_names(clause.children[1])}
        clauses.extend(c for c in getattr(clause, "children", ()) if c.type in ("comp_for", "sync_comp_for", "comp_if"))
    inner, own = set(), set()
    for child in node.children:
        more_inner, more_own = _scope_names(child)
        inner |= more_inner
        own |= more_own
    # the first iterable is evaluated outside
    first = node.children[-1].children[-1] if node.children[-1].type == "comp_for" else node.children[-1]
    return inner | (own - bound) | mentioned(first.children[3])


def named_by_definition(node: Node) -> tuple[set[str], set[str]]:
    """Return the names that a definition only names when it runs (bases, annotations) and those that it may ask."""
    named: set[str] = set()
    asked: set[str] = set()
    stack = [node]
    while stack:
        item = stack.pop()
        kind = item.type
        if kind == "classdef":
            arguments = item.get_super_arglist()
            for base in getattr(arguments, "children", [arguments]) if arguments is not None else ():
                (named if base.type == "name" else asked).update(mentioned(base))
            stack.append(item.children[-1])
        elif kind in ("funcdef", "lambdef"):
            code = code_of(item)
            stack += [p.default for p in code.parameters if p.default is not None]
            annotations = [p.annotation for p in code.parameters] + [item.annotation if kind == "funcdef" else None]
            for part in annotations:
                named |= mentioned(part) if part is not None else set()
        elif _has_definition(item):
            stack += item.children
        else:
            asked |= mentioned(item)
    return named, asked


def annotation_texts(node: Node) -> Iterator[str]:
    """Yield the texts in a definition's annotations, as in ``x: "Limit"``: dataclasses and others evaluate them."""
    stack = [node]
    while stack:
        item = stack.pop()
        if item.type == "annassign" or (item.type == "tfpdef"):
            yield from texts_in(item.children[1] if item.type == "annassign" else item.children[2])
        elif item.type == "funcdef" and item.annotation is not None:
            yield from texts_in(item.annotation)
        stack.extend(getattr(item, "children", ()))


def texts_in(node: Node) -> Iterator[str]:
    """Yield the texts that stand in an expression, with their quotes."""
    if node.type == "string":
        yield node.value
    for child in getattr(node, "children", ()):
        yield from texts_in(child)


def _has_definition(node: Node) -> bool:
    return node.type in _SCOPES or any(_has_definition(child) for child in getattr(node, "children", ()))


def has_class_inside(node: Node) -> bool:
    """Whether a function defines a class."""
    stack = list(getattr(node, "children", ()))
    while stack:
        item = stack.pop()
        if item.type == "classdef":
            return True
        stack.extend(getattr(item, "children", ()))
    return False
