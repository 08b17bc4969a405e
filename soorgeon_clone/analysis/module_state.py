"""Something in a module beside the notebook -> whether it has to do with state, and what else calling it may do.

A task imports modules anew, so what one task leaves in them is not there in another. Something is without state only
if its code, and all code that it may call, proves that: it binds no variable of a module, changes or hands out none
that can change, and keeps nothing in defaults, class attributes, closures or caches.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from soorgeon_clone.analysis.feared import Feared, feared
from soorgeon_clone.analysis.module_trees import (
    DEFINED,
    OPENING_BRACKETS,
    body_of,
    call_given,
    chain_of,
    hands_out_closures,
    inside,
    is_comprehension,
    is_field,
    is_flat,
    is_looked_up,
    is_of_self,
    is_only_looked_up,
    is_stored_into,
    name_leaves,
    only_calls_what_it_gets,
    stored_into,
    stores_attributes,
    stores_in_class,
    undecorated,
    values_bound,
)
from soorgeon_clone.analysis.modules import Module, Modules, Name
from soorgeon_clone.analysis.names import code_of
from soorgeon_clone.analysis.syntax import Node

# what makes values without state although their types have no table that says so
_MAKE_CONSTANTS = frozenset(
    """
    typing.TypeVar typing.ParamSpec typing.NewType typing.NamedTuple collections.namedtuple logging.getLogger enum.auto
    builtins.frozenset builtins.object builtins.property builtins.range
    """.split()
)
# decorators that keep nothing of the calls
_PLAIN_DECORATORS = frozenset(
    """
    builtins.property builtins.staticmethod builtins.classmethod abc.abstractmethod functools.wraps typing.overload
    functools.total_ordering functools.cached_property dataclasses.dataclass contextlib.contextmanager typing.final
    typing.override typing.runtime_checkable enum.unique numba.njit numba.jit attr.s attr.define attrs.define
    """.split()
)
_PARTS_OF_PROPERTIES = frozenset({"setter", "getter", "deleter"})
_REACH_ANYTHING = frozenset(
    "globals exec eval setattr delattr __setattr__ __delattr__ __dict__ __globals__ vars".split()
)
_HOOKS = frozenset({"__init_subclass__", "__del__", "__set_name__", "__class_getitem__"})


class States:
    """Answers for the modules beside one notebook."""

    def __init__(self, modules: Modules) -> None:
        self.modules = modules
        self._answers: dict[str, bool] = {}
        self._stateful: dict[Name, bool] = {}
        self._feared: dict[Name, Feared] = {}

    def has_state(self, path: str) -> bool:
        """Whether something in a module beside the notebook is not proved to be without state."""
        if path not in self._answers:
            place = self.modules.split(self.modules.origin(path))
            self._answers[path] = place is not None and self._is_stateful(place)
        return self._answers[path]

    def stores_into_arguments(self, path: str) -> bool:
        """Whether something in a module beside the notebook may give attributes to what it is given."""
        place = self.modules.split(path)
        for each in self.modules.reached({place}) if place is not None else ():
            module = self.modules.find(each[0])
            for node in self._nodes(module, each[1]) if module is not None else ():
                if stored_into(node) - {"self"}:
                    return True
        return False

    def decorates_plainly(self, path: str) -> bool:
        """Whether a decorator of a module beside the notebook keeps nothing; those of libraries are taken not to."""
        place = self.modules.split(self.modules.origin(path))
        if place is None:
            return True
        return not self._definitions_touch(place) and not self._keeps_in_closures(*place)

    def computes_attributes(self, path: str) -> bool:
        """Whether a module has a ``__getattr__`` that has to do with state."""
        return self.modules.is_bound(path, "__getattr__") and self.has_state(f"{path}.__getattr__")

    def may_do(self, path: str) -> Feared:
        """Return what calling something in a module beside the notebook may do besides changing objects."""
        place = self.modules.split(path)
        found = Feared()
        if place is not None:
            for each in self.modules.reached({place}):
                found.add(self._feared_of(each))
        return found

    def importing(self, path: str) -> tuple[Feared, bool]:
        """Return what importing a module does besides making it, and whether it changes other modules."""
        found = Feared()
        changes = False
        for name in self.modules.imports({path}):
            module = self.modules.find(name)
            if module is None:
                continue
            if not module.is_readable:
                changes = True
                continue
            found.add(feared(self.modules.knowledge, module.running, partial(self.modules.library, module)))
            mentioned = {place for node in module.running for _, place in self.modules.mentions(module, node)}
            for each in self.modules.reached(mentioned):
                found.add(self._feared_of(each))
            others = {place for place in mentioned if place[0] != module.path}
            changes = changes or any(self._is_stateful(place) for place in others)
        return found, changes

    def _feared_of(self, place: Name) -> Feared:
        if place not in self._feared:
            module = self.modules.find(place[0])
            assert module is not None, place
            nodes = self._nodes(module, place[1])
            found = feared(self.modules.knowledge, nodes, partial(self.modules.library, module))
            found.name_places(place[1], f"{place[0].replace('.', '/')}.py")
            self._feared[place] = found
        return self._feared[place]

    def _nodes(self, module: Module, name: str) -> list[Node]:
        """Return the code to which a name is bound."""
        return [what for what in self.modules.bindings(module, name) if what is not None and not isinstance(what, str)]

    def _is_stateful(self, place: Name) -> bool:
        """Whether something, or anything that its code mentions, has to do with state."""
        if place not in self._stateful:
            self._stateful[place] = self._definitions_touch(place) or any(
                self._makes_closures(each) for each in self.modules.reached({place}, decorators=False)
            )
        return self._stateful[place]

    def _definitions_touch(self, place: Name) -> bool:
        """Whether what stands at a place, or any function or class that its code mentions, has to do with state."""
        reached = (each for each in self.modules.reached({place}) if each == place or self._is_definition(each))
        return any(self._touches(each) for each in reached)

    def _touches(self, place: Name) -> bool:
        """Whether what stands at a place has to do with state, what its code mentions left aside."""
        path, name = place
        module = self.modules.find(path)
        if module is None:
            return False
        if not module.is_readable:
            return True
        if name == "":
            return False
        bindings = self.modules.bindings(module, name)
        if not bindings:  # a submodule that nothing imports, or what a star import or another module puts there
            return bool(module.stars) or name not in ("__name__", "__file__", "__doc__", "__path__", "__version__")
        return any(self._binding_touches(module, name, what) for what in bindings)

    def _binding_touches(self, module: Module, name: str, what: Node | str | None) -> bool:
        if isinstance(what, str):
            return False
        if what is None:
            return True
        if what.type in DEFINED:
            return self._definition_touches(module, what)
        return not self._is_constant(module, what)

    def _is_definition(self, place: Name) -> bool:
        """Whether a place is no variable: of a variable it is asked where it is mentioned what is done with it."""
        module = self.modules.find(place[0])
        return module is None or all(
            what is None or isinstance(what, str) or what.type in DEFINED
            for what in self.modules.bindings(module, place[1])
        )

    def _makes_closures(self, place: Name) -> bool:
        module = self.modules.find(place[0])
        functions = [undecorated(what)[1] for what in self._nodes(module, place[1])] if module is not None else []
        return any(function.type == "funcdef" and hands_out_closures(function) for function in functions)

    def _definition_touches(self, module: Module, node: Node) -> bool:
        decorators, node = undecorated(node)
        if any(not self._is_plain_decorator(module, decorator) for decorator in decorators):
            return True
        if node.type == "classdef":
            return self._class_touches(module, node)
        return self._function_touches(module, node)

    def _is_plain_decorator(self, module: Module, node: Node) -> bool:
        head, trailers = chain_of(node)
        if head is None or head.type != "name":
            return False
        if (
            trailers
            and trailers[-1].children[0].value == "."
            and trailers[-1].children[1].value in _PARTS_OF_PROPERTIES
        ):
            return True
        path = self.modules.library(module, head.value)
        if path is not None:
            return self.modules.dotted(path, head) in _PLAIN_DECORATORS
        return all(
            place[1] != "" and not self._keeps_in_closures(*place) for place in self.modules.lookup(module, head.value)
        ) and bool(self.modules.lookup(module, head.value))

    def _keeps_in_closures(self, path: str, name: str) -> bool:
        """Whether a decorator of a module may keep something between calls of what it decorates."""
        module = self.modules.find(path)
        for what in self.modules.bindings(module, name) if module is not None else [None]:
            if what is None or isinstance(what, str):
                return True
            _, definition = undecorated(what)
            if definition.type != "funcdef" or not only_calls_what_it_gets(definition):
                return True
        return False

    def _class_touches(self, module: Module, node: Node) -> bool:
        arguments = node.get_super_arglist()
        for base in getattr(arguments, "children", [arguments]) if arguments is not None else ():
            if base.type == "argument" and not self._is_library_name(module, base.children[-1]):
                return True
        is_enum = any(
            leaf.value in ("Enum", "IntEnum", "Flag", "IntFlag", "StrEnum") for leaf in name_leaves(arguments)
        )
        for child in body_of(node):
            if child.type == "simple_stmt":
                for small in child.children:
                    if small.type == "expr_stmt":
                        if not self._class_attribute(module, small):
                            return True
                    elif small.type not in ("newline", "operator", "string", "strings", "keyword", "pass_stmt", "name"):
                        return True
                continue
            decorators, definition = undecorated(child)
            if definition.type not in ("funcdef", "classdef"):
                if child.type != "newline" and child.type != "operator":
                    return True
                continue
            if any(not self._is_plain_decorator(module, decorator) for decorator in decorators):
                return True
            if definition.type == "classdef":
                if self._class_touches(module, definition):
                    return True
                continue
            if definition.children[1].value in _HOOKS or self._function_touches(module, definition):
                return True
            if stores_in_class(definition) or (is_enum and stores_attributes(definition)):
                return True
        return any(self._mention_touches(module, leaf, place) for leaf, place in self.modules.mentions(module, node))

    def _class_attribute(self, module: Module, node: Node) -> bool:
        """Whether an attribute of a class holds nothing that can change."""
        children = node.children
        if children[1].type == "annassign":
            values = children[1].children
            return len(values) < 4 or self._is_constant(module, values[3]) or is_field(values[3])
        return all(c.value == "=" for c in children[1::2]) and self._is_constant(module, children[-1])

    def _is_library_name(self, module: Module, node: Node) -> bool:
        head, _ = chain_of(node)
        return head is not None and head.type == "name" and self.modules.library(module, head.value) is not None

    def _function_touches(self, module: Module, node: Node) -> bool:
        code = code_of(node)
        for parameter in code.parameters:
            default = parameter.default
            if default is None:
                continue
            if self._is_constant(module, default):
                if self._names_definition(module, default) and parameter.name in stored_into(code.body):
                    return True
                continue
            if not is_flat(default) or not is_only_looked_up(code.body, parameter.name):
                return True
        for item in inside(node):
            if item.type == "nonlocal_stmt":
                return True
            if item.type == "global_stmt" and any(values_bound(item, c.value) for c in item.children[1::2]):
                return True
            if item.type == "name" and item.value in _REACH_ANYTHING and not is_of_self(item):
                return True
        return any(self._mention_touches(module, leaf, place) for leaf, place in self.modules.mentions(module, node))

    def _names_definition(self, module: Module, node: Node) -> bool:
        return node.type == "name" and bool(self.modules.lookup(module, node.value))

    def _mention_touches(self, module: Module, leaf: Node, place: Name) -> bool:
        """Whether a function changes, keeps or hands out what it mentions."""
        if leaf.type != "name" or place[1] == "":
            return True  # the module itself
        if is_stored_into(leaf):
            return True
        owner = self.modules.find(place[0]) or module
        for what in self.modules.bindings(owner, place[1]):
            if what is None:
                return True
            if isinstance(what, str) or what.type in DEFINED:
                continue
            if self._is_constant(owner, what):
                continue
            if not is_flat(what) or not (is_looked_up(leaf, place[1]) or self._is_only_read_by_library(module, leaf)):
                return True
        return False

    def _is_only_read_by_library(self, module: Module, leaf: Node) -> bool:
        """Whether a flat container is given to a function of a library whose table says that it neither changes nor
        keeps what it is given, nor gives it back: ``pd.DataFrame(rows, columns=COLUMNS)``."""
        call = call_given(leaf)
        head = call.children[0] if call is not None else None
        if call is None or head is None or head.type != "name":
            return False
        path = self.modules.library(module, head.value)
        names = [trailer for trailer in call.children[1:-1] if trailer.children[0].value == "."]
        if path is None or len(names) != len(call.children) - 2:
            return False
        effect = self.modules.knowledge.function(self.modules.dotted(path, head), {})
        if effect is None or effect.opaque:
            return False
        keyword = leaf.parent.children[0].value if leaf.parent.type == "argument" else None
        touched = {*effect.changes, *effect.keeps, *effect.views, *effect.calls}
        if keyword in touched or "args" in touched or (keyword is None and touched):
            return False
        # what is inside a flat container cannot change
        if not all(text.startswith("element:") for text in effect.shares):
            return False
        return not any(word in kind for kind in effect.returns for word in ("arg:", "call:"))

    def _is_constant(self, module: Module, node: Node, *, depth: int = 20) -> bool:
        """Whether an expression gives something that nothing can change."""
        kind = node.type
        if depth == 0:
            return False
        if kind in (
            "number",
            "string",
            "strings",
            "fstring",
            "keyword",
            "operator",
            "lambdef",
            "comparison",
            "not_test",
        ):
            return kind != "lambdef" or not self._function_touches(module, node)
        if kind in ("testlist_star_expr", "testlist_comp", "testlist", "exprlist"):
            return not is_comprehension(node) and self._all_constant(module, node.children, depth)
        if kind == "atom":
            first = node.children[0]
            if first.value in OPENING_BRACKETS or any(c.type == "yield_expr" for c in node.children):
                return False
            return self._all_constant(module, node.children[1:-1], depth)
        if kind in (
            "arith_expr",
            "term",
            "factor",
            "shift_expr",
            "expr",
            "and_expr",
            "or_test",
            "and_test",
            "ternary",
            "test",
        ):
            return self._all_constant(module, node.children, depth)
        if kind == "power" and node.children[1].type == "operator":
            return self._all_constant(module, node.children, depth)
        if kind == "name":
            return self._is_constant_name(module, node.value, depth)
        if kind in ("atom_expr", "power"):
            return self._is_constant_chain(module, node)
        return False

    def _all_constant(self, module: Module, nodes: Iterable[Node], depth: int) -> bool:
        return all(self._is_constant(module, node, depth=depth - 1) for node in nodes)

    def _is_constant_name(self, module: Module, name: str, depth: int) -> bool:
        if self.modules.library(module, name) is not None:
            return True
        places = self.modules.lookup(module, name)
        for path, inner in places:
            owner = self.modules.find(path) or module
            for what in self.modules.bindings(owner, inner) if inner else [None]:
                if isinstance(what, str):
                    continue
                if what is None:
                    return False
                if what.type in ("decorated", "funcdef", "classdef"):
                    continue  # a definition by another name: it is reached as that
                if not self._is_constant(owner, what, depth=depth - 1):
                    return False
        return bool(places)

    def _is_constant_chain(self, module: Module, node: Node) -> bool:
        head, trailers = chain_of(node)
        if head is None:
            return False
        if head.type in ("string", "strings"):
            return len(trailers) == 2 and trailers[0].children[1].value in ("join", "format", "strip", "upper", "lower")
        path = self.modules.library(module, head.value) if head.type == "name" else None
        if path is None:
            return False
        for index, trailer in enumerate(trailers):
            sign = trailer.children[0].value
            effect = self.modules.knowledge.module_attribute(path) if "." in path else None
            if effect is not None and effect.sets:
                kind = effect.returns[0] if effect.returns else ""
                return self._is_constant_part(kind, trailers[index:])
            if sign == ".":
                path = f"{path}.{trailer.children[1].value}"
            elif sign == "[":
                return path.startswith(("typing.", "builtins.", "collections.abc.")) and index == len(trailers) - 1
            else:
                is_constant = self._is_constant_call(path, trailers[index + 1 :])
                return is_constant and self._has_constant_defaults(module, trailer)
        effect = self.modules.knowledge.module_attribute(path)
        return effect is None or not effect.sets

    def _has_constant_defaults(self, module: Module, call: Node) -> bool:
        """Whether a class that a call makes gets no defaults that can change (``defaults=[[]]``)."""
        values = [i.children[2] for i in inside(call) if i.type == "argument" and i.children[0].value == "defaults"]
        return all(is_flat(value) or self._is_constant(module, value) for value in values)

    def _is_constant_call(self, path: str, rest: list[Node]) -> bool:
        if path in _MAKE_CONSTANTS:
            return not rest
        effect = self.modules.knowledge.function(path, {})
        if effect is None or effect.changes or not effect.returns:
            return False
        kinds: Iterable[str] = effect.returns
        while rest:
            if rest[0].children[0].value != ".":
                return False
            name = rest[0].children[1].value
            is_call = len(rest) > 1 and rest[1].children[0].value == "("
            found: list[str] = []
            for kind in kinds:
                part = (
                    self.modules.knowledge.method(kind, name, {})
                    if is_call
                    else self.modules.knowledge.attribute(kind, name)
                )
                if part is None:
                    return False
                found += part.returns
            kinds, rest = found, rest[2 if is_call else 1 :]
        return all(self._is_constant_type(kind) for kind in kinds)

    def _is_constant_part(self, kind: str, trailers: list[Node]) -> bool:
        """Whether what is looked up in a setting (``os.environ.get("A")``) cannot change."""
        first = trailers[0]
        if first.children[0].value == "[":
            effect = self.modules.knowledge.subscript(kind, "*")
        elif len(trailers) == 2 and first.children[0].value == "." and trailers[1].children[0].value == "(":
            effect = self.modules.knowledge.method(kind, first.children[1].value, {})
        else:
            return False
        return effect is not None and not (effect.sets or effect.changes or effect.shares)

    def _is_constant_type(self, kind: str) -> bool:
        if kind in ("none", "builtins.scalar"):
            return True
        facts = self.modules.knowledge.type(kind) if "." in kind and "(" not in kind else None
        return facts is not None and facts.immutable
