"""`Script` -> which names of the notebook each statement binds and uses, in order of execution, and all of its nodes.

pyflakes knows what is undefined; this knows where a name is bound, by what kind of statement, which uses happen at
once and which when a function is called, and which statements run for certain. The tree is walked once, for all rules.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeVar

from soorgeon_clone.lint.script import Script

Kind = Literal["import", "function", "class", "variable"]
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Node = TypeVar("Node", bound=ast.AST)


# nodes that know where they stand
Located = ast.expr | ast.stmt | ast.alias | ast.arg | ast.keyword | ast.excepthandler | ast.pattern


class Bound(NamedTuple):
    """A binding of a notebook variable. ``order`` is the statement's number; ``deferred``: by ``global`` in a
    function, when that is called. ``augments``: ``x += 1`` and the like, which reads the name as well. ``origin`` is
    the dotted path that an import binds."""

    name: str
    kind: Kind
    node: Located
    cell: int
    order: int
    certain: bool
    deferred: bool = False
    augments: bool = False
    origin: str = ""


class Used(NamedTuple):
    """A use of a notebook variable. ``function`` is the outermost function whose call makes it (None: at once),
    ``loop`` the rows of the outermost loop around it, ``called`` whether it is called."""

    name: str
    node: ast.Name
    cell: int
    order: int
    certain: bool
    function: ast.AST | None = None
    loop: tuple[int, int] | None = None
    called: bool = False


@dataclass(frozen=True)
class Names:
    """``cell`` in bindings and uses is the position in ``script.cells``; ``nodes`` are those of each kind."""

    bound: tuple[Bound, ...]
    used: tuple[Used, ...]
    nodes: Mapping[type[ast.AST], Sequence[Any]]

    def of_kind(self, kind: type[Node]) -> Sequence[Node]:
        """Return the nodes of a kind."""
        return self.nodes.get(kind, ())

    @property
    def functions(self) -> Iterator[FunctionNode]:
        """All functions with a name, methods included."""
        yield from self.of_kind(ast.FunctionDef)
        yield from self.of_kind(ast.AsyncFunctionDef)

    @cached_property
    def bindings(self) -> Mapping[str, Sequence[Bound]]:
        found: dict[str, list[Bound]] = {}
        for binding in self.bound:
            found.setdefault(binding.name, []).append(binding)
        return found

    @cached_property
    def uses(self) -> Mapping[str, Sequence[Used]]:
        found: dict[str, list[Used]] = {}
        for use in self.used:
            found.setdefault(use.name, []).append(use)
        return found

    @cached_property
    def use_at(self) -> Mapping[tuple[int, int], Used]:
        """The uses by their row of the module and the byte offset in it."""
        return {(use.node.lineno, use.node.col_offset): use for use in reversed(self.used)}

    @cached_property
    def uses_by_function(self) -> Mapping[ast.AST, Sequence[Used]]:
        found: dict[ast.AST, list[Used]] = {}
        for use in self.used:
            if use.function is not None:
                found.setdefault(use.function, []).append(use)
        return found

    @cached_property
    def deferred_by_statement(self) -> Mapping[int, Sequence[str]]:
        """The names that functions in a statement (by its number) use when they are called."""
        found: dict[int, list[str]] = {}
        for use in self.used:
            if use.function is not None:
                found.setdefault(use.order, []).append(use.name)
        return found


def names_of(script: Script) -> Names:
    """Return all bindings and uses of the notebook's variables."""
    walk = _Walk()
    order = 0
    for position, cell in enumerate(script.cells):
        for statement in cell.body:
            walk.begin(position, order, maybe=cell.maybe)
            order += 1
            walk.visit(statement)
    return Names(tuple(walk.bound), tuple(walk.used), walk.nodes)


_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_TRIES: tuple[type[ast.AST], ...] = (ast.Try, *([ast.TryStar] if hasattr(ast, "TryStar") else []))
_BRANCHES = (ast.If, *_LOOPS, *_TRIES, ast.Match, ast.IfExp)


class _Scope:
    __slots__ = ("kind", "module_names", "names")

    def __init__(self, kind: str, names: set[str], module_names: set[str] | None = None) -> None:
        self.kind = kind
        self.names = names
        self.module_names = module_names or set()


class _Walk:
    def __init__(self) -> None:
        self.bound: list[Bound] = []
        self.used: list[Used] = []
        self.nodes: dict[type[ast.AST], list[ast.AST]] = defaultdict(list)
        self.scopes: list[_Scope] = []
        self.function: ast.AST | None = None
        self.loop: tuple[int, int] | None = None
        self.maybe = 0
        self.cell = 0
        self.order = 0
        self.called: ast.AST | None = None
        self.lazy_annotations = False  # from __future__ import annotations holds for all cells below

    def begin(self, cell: int, order: int, *, maybe: bool) -> None:
        self.cell, self.order = cell, order
        self.maybe = int(maybe)
        self.loop = None

    # What is recorded

    def _use(self, node: ast.Name) -> None:
        name = node.id
        for position in range(len(self.scopes) - 1, -1, -1):
            scope = self.scopes[position]
            if name in scope.module_names:
                break
            if name in scope.names and (scope.kind != "class" or position == len(self.scopes) - 1):
                return
        called = node is self.called
        self.used.append(
            Used(name, node, self.cell, self.order, not self.maybe, self.function, self.loop, called=called)
        )

    def _bind(self, name: str, kind: Kind, node: Located, *, augments: bool = False, origin: str = "") -> None:
        scopes = self.scopes
        while scopes and scopes[-1].kind == "comprehension":  # a walrus binds outside
            scopes = scopes[:-1]
        if scopes and name not in scopes[-1].module_names:
            scopes[-1].names.add(name)
            return
        deferred = self.function is not None
        self.bound.append(Bound(name, kind, node, self.cell, self.order, not self.maybe, deferred, augments, origin))

    # Statements and expressions

    def visit(self, node: ast.AST) -> None:
        kind = node.__class__
        self.nodes[kind].append(node)
        method = _METHODS.get(kind)
        if method is not None:
            method(self, node)
        else:
            self._children(node)

    def _children(self, node: ast.AST) -> None:
        for name in _FIELDS[node.__class__]:
            value = getattr(node, name)
            if value.__class__ is list:
                for child in value:
                    if isinstance(child, ast.AST):
                        self.visit(child)
            elif isinstance(value, ast.AST):
                self.visit(value)

    def _all(self, nodes: Sequence[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def _Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._use(node)
        elif isinstance(node.ctx, ast.Store):
            self._bind(node.id, "variable", node)
        elif not self.scopes:
            self._use(node)

    def _Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name):
            self.called = node.func
        self._children(node)

    def _Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        self._all(node.targets)

    def _AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            self._use(node.target)
            self._bind(node.target.id, "variable", node.target, augments=True)
        else:
            self.visit(node.target)

    def _annotation(self, node: ast.expr) -> None:
        outer = self.function, self.maybe
        if self.lazy_annotations:  # read when somebody asks for it, if ever
            self.function, self.maybe = self.function or node, self.maybe + 1
        self.visit(node)
        self.function, self.maybe = outer

    def _AnnAssign(self, node: ast.AnnAssign) -> None:
        self._annotation(node.annotation)
        if node.value is not None:
            self.visit(node.value)
            self.visit(node.target)
        elif not isinstance(node.target, ast.Name):
            self.visit(node.target)

    def _NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self.visit(node.target)

    def _Import(self, node: ast.Import) -> None:
        for alias in node.names:
            origin = alias.name if alias.asname else alias.name.partition(".")[0]
            self._bind(alias.asname or origin, "import", alias, origin=origin)

    def _ImportFrom(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        if module == "__future__" and any(alias.name == "annotations" for alias in node.names):
            self.lazy_annotations = True
        for alias in node.names:
            if alias.name != "*":
                self._bind(alias.asname or alias.name, "import", alias, origin=f"{module}.{alias.name}")

    def _ClassDef(self, node: ast.ClassDef) -> None:
        self._all(node.decorator_list)
        self._all(node.bases)
        self._all(node.keywords)
        self.scopes.append(_Scope("class", set()))
        self._all(node.body)
        self.scopes.pop()
        self._bind(node.name, "class", node)

    def _FunctionDef(self, node: FunctionNode) -> None:
        self._all(node.decorator_list)
        arguments = node.args
        self._all([*arguments.defaults, *(d for d in arguments.kw_defaults if d is not None)])
        for argument in _arguments(arguments):
            if argument.annotation is not None:
                self._annotation(argument.annotation)
        if node.returns is not None:
            self._annotation(node.returns)
        self._bind(node.name, "function", node)
        self._body(node, node.body)

    _AsyncFunctionDef = _FunctionDef

    def _Lambda(self, node: ast.Lambda) -> None:
        self._all([*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)])
        self._body(node, [node.body])

    def _body(self, node: FunctionNode | ast.Lambda, body: Sequence[ast.AST]) -> None:
        outer = self.function, self.loop, self.maybe
        if self.function is None:
            self.function, self.loop, self.maybe = node, None, 0
        else:
            self.maybe += 1
        own = list(_own_nodes(body))
        module_names = {n for s in own if isinstance(s, ast.Global) for n in s.names}
        names = {argument.arg for argument in _arguments(node.args)} | set(_stored(own))
        self.scopes.append(_Scope("function", names - module_names, module_names))
        self._statements(body)
        self.scopes.pop()
        self.function, self.loop, self.maybe = outer

    def _statements(self, body: Sequence[ast.AST]) -> None:
        """Walk a function's statements; those below a ``return`` in a branch may not run."""
        before = self.maybe
        for statement in body:
            self.visit(statement)
            if isinstance(statement, (*_BRANCHES, ast.With)) and any(
                isinstance(inner, (ast.Return, ast.Raise)) for inner in ast.walk(statement)
            ):
                self.maybe = before + 1
        self.maybe = before

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        self.visit(node.generators[0].iter)
        names = {
            inner.id
            for generator in node.generators
            for inner in ast.walk(generator.target)
            if isinstance(inner, ast.Name)
        }
        self.scopes.append(_Scope("comprehension", names))
        self.maybe += 1
        for index, generator in enumerate(node.generators):
            if index:
                self.visit(generator.iter)
            self._all(generator.ifs)
        if isinstance(node, ast.DictComp):
            self.visit(node.key)
            self.visit(node.value)
        else:
            self.visit(node.elt)
        self.maybe -= 1
        self.scopes.pop()

    _ListComp = _SetComp = _GeneratorExp = _DictComp = _comprehension

    # Branches

    def _If(self, node: ast.If | ast.IfExp) -> None:
        self.visit(node.test)
        self.maybe += 1
        for part in (node.body, node.orelse):
            self._all(part if isinstance(part, list) else [part])
        self.maybe -= 1

    _IfExp = _If

    def _BoolOp(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])
        self.maybe += 1
        self._all(node.values[1:])
        self.maybe -= 1

    def _For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        outer = self.loop
        self.loop = outer or (node.lineno, node.end_lineno or node.lineno)
        self.maybe += 1
        self.visit(node.target)
        self._all(node.body)
        self._all(node.orelse)
        self.maybe -= 1
        self.loop = outer

    _AsyncFor = _For

    def _While(self, node: ast.While) -> None:
        outer = self.loop
        self.loop = outer or (node.lineno, node.end_lineno or node.lineno)
        self.visit(node.test)
        self.maybe += 1
        self._all(node.body)
        self._all(node.orelse)
        self.maybe -= 1
        self.loop = outer

    def _Try(self, node: ast.Try) -> None:
        self.maybe += 1
        self._children(node)
        self.maybe -= 1

    _TryStar = _Try

    def _ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.type is not None:
            self.visit(node.type)
        if node.name:
            self._bind(node.name, "variable", node)
        self._all(node.body)

    def _Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        self.maybe += 1
        self._all(node.cases)
        self.maybe -= 1

    def _MatchAs(self, node: ast.MatchAs | ast.MatchStar) -> None:
        self._children(node)
        if node.name:
            self._bind(node.name, "variable", node)

    _MatchStar = _MatchAs

    def _MatchMapping(self, node: ast.MatchMapping) -> None:
        self._children(node)
        if node.rest:
            self._bind(node.rest, "variable", node)


_METHODS: dict[type[ast.AST], Callable[[_Walk, Any], None]] = {
    getattr(ast, name[1:]): method for name, method in vars(_Walk).items() if hasattr(ast, name[1:])
}
# The fields that may hold nodes.
_NO_NODES = frozenset(("ctx", "op", "ops", "id", "attr", "kind", "type_comment", "conversion", "simple"))
_FIELDS: dict[type[ast.AST], tuple[str, ...]] = {
    kind: tuple(name for name in kind._fields if name not in _NO_NODES)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST) and kind is not ast.Constant
} | {ast.Constant: ()}


def _arguments(arguments: ast.arguments) -> list[ast.arg]:
    found = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return found + [one for one in (arguments.vararg, arguments.kwarg) if one is not None]


def _own_nodes(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes of a function's own scope."""
    stack = list(body)
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, (*_SCOPES, ast.ClassDef)):
            stack.extend(getattr(node, "decorator_list", ()))
            continue
        for name in _FIELDS[node.__class__]:
            value = getattr(node, name)
            if value.__class__ is list:
                stack.extend(child for child in value if isinstance(child, ast.AST))
            elif isinstance(value, ast.AST):
                stack.append(value)


def _stored(own: Sequence[ast.AST]) -> Iterator[str]:
    """Yield the names that a function's own nodes bind (those of its comprehensions too, which does no harm)."""
    for node in own:
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                yield node.id
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0]
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            yield node.name
        elif isinstance(node, ast.MatchMapping) and node.rest:
            yield node.rest
