"""Modules beside the notebook -> which of their functions, classes and variables have to do with state.

A task imports them anew, so what one task leaves in them is not there in another. Something is without state only if
its code, and all code that it may call, proves that: it binds no variable of a module, changes or hands out none that
can change, and keeps nothing in defaults, class attributes, closures or caches. All of this is read from the syntax
trees; nothing is imported or run.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from soorgeon_clone.analysis.effects import Knowledge
from soorgeon_clone.analysis.feared import Feared, builtin, feared
from soorgeon_clone.analysis.names import Bound, code_of, imported, target_names
from soorgeon_clone.analysis.star import is_installed
from soorgeon_clone.analysis.syntax import Node, top_statements

Read = Callable[[str], "str | None"]
Name = tuple[str, str]
"""A module and a name in it; the name is "" for the module itself."""

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
_HOOKS = frozenset({"__init_subclass__", "__del__", "__set_name__", "__class_getitem__"})
_LOOKED_UP = frozenset("get items keys values index count copy".split())
_LOOK = frozenset("len sorted list set tuple dict enumerate min max sum any all zip frozenset str repr print".split())
_DEFINED = ("decorated", "funcdef", "classdef", "async_stmt", "async_funcdef")
_DEFINITIONS = ("funcdef", "lambdef", "classdef")
_OPENING_BRACKETS = ("[", "{")


@dataclass
class Module:
    """A module: what its names are bound to, and what runs when it is imported.

    A binding is a definition, the expression of a value, None (a value of which nothing is known), or an imported path.
    """

    path: str
    names: dict[str, list[Node | str | None]] = field(default_factory=dict)
    running: list[Node] = field(default_factory=list)
    is_package: bool = False
    is_readable: bool = True
    stars: list[str] = field(default_factory=list)
    kept: object = None  # the trees
    declared: dict[str, list[Node | None]] = field(default_factory=dict)  # what functions bind with ``global``

    def bind(self, name: str, what: Node | str | None) -> None:
        self.names.setdefault(name, []).append(what)


class Modules:
    """The modules beside one notebook, each read when it is asked for.

    ``read`` gives the text of a file by its path without ``.py``, ``written`` whether the notebook writes it.
    """

    def __init__(self, read: Read, knowledge: Knowledge, written: Callable[[str], bool]) -> None:
        self.read = read
        self.knowledge = knowledge
        self.written = written
        self.folders: list[str] = [""]
        self._modules: dict[str, Module | None] = {}
        self._stateful: dict[Name, bool] = {}
        self._feared: dict[Name, Feared] = {}

    def look_in(self, folder: str) -> None:
        """Look for modules in another folder as well, by its path from the notebook's."""
        self.folders.append(f"{folder.rstrip('/')}/")
        self._modules = {path: module for path, module in self._modules.items() if module is not None}

    def find(self, path: str) -> Module | None:
        """Return the module of a dotted path, None if it is no module beside the notebook."""
        if path not in self._modules:
            self._modules[path] = self._load(path)
        return self._modules[path]

    def split(self, path: str) -> Name | None:
        """Return the module beside the notebook that ``path`` begins with, and the name in it; None for others."""
        parts = path.split(".")
        found = None
        for count in range(1, len(parts) + 1):
            if self.find(".".join(parts[:count])) is not None:
                found = count
            elif count > 1:
                break
        if found is None:
            return self._in_folder(parts)
        return ".".join(parts[:found]), parts[found] if found < len(parts) else ""

    def _in_folder(self, parts: list[str]) -> Name | None:
        """A folder without ``__init__.py`` is no file: what is in it may be a module."""
        for count in range(2, len(parts) + 1):
            if self.find(".".join(parts[:count])) is not None:
                return ".".join(parts[:count]), parts[count] if count < len(parts) else ""
        return None

    def origin(self, path: str) -> str:
        """Return the path under which something is defined that modules beside the notebook import from elsewhere."""
        for _ in range(len(self._modules) + 10):
            place = self.split(path)
            module = self.find(place[0]) if place is not None and place[1] else None
            if module is None or place is None:
                return path
            bindings = [what for what in self._bindings(module, place[1]) if not _is_none(what)]
            if not bindings or not isinstance(bindings[0], str) or any(what != bindings[0] for what in bindings):
                return path
            path = bindings[0] + path[len(f"{place[0]}.{place[1]}") :]
        return path

    def has_state(self, path: str) -> bool:
        """Whether something in a module beside the notebook is not proved to be without state."""
        place = self.split(self.origin(path))
        return place is not None and self._is_stateful(place)

    def is_module(self, path: str) -> bool:
        """Whether ``path`` is that of a module beside the notebook."""
        place = self.split(path)
        return place is not None and place[1] == ""

    def exported(self, path: str) -> tuple[str, ...] | None:
        """Return the public names of a module beside the notebook; None if they are not known, or if it is no such."""
        module = self.find(path)
        if module is None or not module.is_readable or "__all__" in module.names:
            return None
        names = {name for name in module.names if not name.startswith("_")}
        for star in module.stars:
            more = self.exported(star)
            if more is None:
                return None
            names |= set(more)
        return tuple(sorted(names))

    def may_do(self, path: str) -> Feared:
        """Return what calling something in a module beside the notebook may do besides changing objects."""
        place = self.split(path)
        found = Feared()
        if place is not None:
            for each in self._reached({place}):
                found.add(self._feared_of(each))
        return found

    def importing(self, path: str) -> tuple[Feared, bool]:
        """Return what importing a module does besides making it, and whether it changes other modules."""
        found = Feared()
        changes = False
        for name in self._imports({path}):
            module = self._modules[name]
            if module is None:
                continue
            if not module.is_readable:
                changes = True
                continue
            found.add(feared(self.knowledge, module.running, lambda text, m=module: self._library(m, text)))  # type: ignore[misc]
            mentioned = {place for node in module.running for _, place in self._mentions(module, node)}
            for each in self._reached(mentioned):
                found.add(self._feared_of(each))
            others = {place for place in mentioned if place[0] != module.path}
            changes = changes or any(self._is_stateful(place) for place in others)
        return found, changes

    # -- reading -----------------------------------------------------------------------------------------------

    def _load(self, path: str) -> Module | None:
        file = path.replace(".", "/")
        for folder in self.folders:
            for name, is_package in ((file, False), (f"{file}/__init__", True)):
                text = self.read(f"{folder}{name}")
                if text is not None:
                    return self._parsed(path, text, is_package=is_package)
        if "." not in path and self.written(f"{file}.py") and not self._is_library(path):
            return Module(path, is_readable=False)
        return None

    def _is_library(self, top: str) -> bool:
        return top in sys.stdlib_module_names or self.knowledge.describes(top) or is_installed(top)

    def _parsed(self, path: str, text: str, *, is_package: bool) -> Module:
        module = Module(path, is_package=is_package)
        try:
            tops = top_statements(text)
        except (SyntaxError, ValueError, RecursionError, AssertionError):
            module.is_readable = False
            return module
        module.kept = tops
        for top in tops:
            self._take(module, top.node)
        for definition in _definitions(module):
            for item in _inside(definition):
                for leaf in item.children[1::2] if item.type == "global_stmt" else ():
                    module.declared.setdefault(leaf.value, []).extend(_values_bound(item, leaf.value))
        return module

    def _take(self, module: Module, node: Node) -> None:
        """Note what a statement at the top of a module binds, and what of it runs."""
        kind = node.type
        if kind in ("simple_stmt", "suite"):
            for child in node.children:
                self._take(module, child)
        elif kind in ("async_stmt", "async_funcdef"):
            self._take(module, node.children[-1])
        elif kind == "decorated":
            definition = node.children[-1]
            module.bind((definition if definition.type in _DEFINITIONS else definition.children[-1]).children[1].value, node)
            module.running.append(node.children[0])
            module.running += _runs_at_once(definition)
        elif kind in ("funcdef", "classdef"):
            module.bind(node.children[1].value, node)
            module.running += _runs_at_once(node)
        elif kind in ("import_name", "import_from"):
            for name, path, whole in imported(node):
                target = self._absolute(module, path)
                if name == "*":
                    module.stars.append(target)
                else:
                    module.bind(name, target if whole else target.partition(".")[0])
        elif kind == "expr_stmt":
            module.running.append(node)
            self._assigned(module, node)
        elif kind == "if_stmt" and _is_for_programs(node.children[1]):
            return
        elif kind in ("if_stmt", "try_stmt", "with_stmt", "while_stmt", "for_stmt"):
            for name in _targets_of_blocks(node):
                module.bind(name, None)
            for child in node.children:
                if child.type in ("suite", "simple_stmt"):
                    self._take(module, child)
                elif child.type not in ("keyword", "operator"):
                    module.running.append(child)
                    self._walruses(module, child)
        elif kind not in ("newline", "string", "operator", "keyword"):
            module.running.append(node)
            self._walruses(module, node)

    def _assigned(self, module: Module, node: Node) -> None:
        children = node.children
        self._walruses(module, node)
        if children[1].type == "annassign":
            values = children[1].children
            for leaf in target_names(children[0]):
                module.bind(leaf.value, values[3] if len(values) > 3 else None)
            return
        is_plain = all(child.value == "=" for child in children[1::2])
        for target in children[:-1:2]:
            for leaf in target_names(target):
                module.bind(leaf.value, children[-1] if is_plain and target.type == "name" else None)

    def _walruses(self, module: Module, node: Node) -> None:
        for item in _inside(node, into_definitions=False):
            if item.type == "namedexpr_test":
                module.bind(item.children[0].value, None)

    def _absolute(self, module: Module, path: str) -> str:
        level = len(path) - len(path.lstrip("."))
        if not level:
            return path
        parts = module.path.split(".")
        keep = len(parts) - level + (1 if module.is_package else 0)
        return ".".join([*parts[: max(0, keep)], *([path[level:]] if path[level:] else [])])

    # -- names -------------------------------------------------------------------------------------------------

    def _bindings(self, module: Module, name: str) -> list[Node | str | None]:
        """Return what a name of a module may be, those that its functions bind with ``global`` included."""
        found = [*module.names.get(name, ()), *module.declared.get(name, ())]
        for star in module.stars if not found else ():
            other = self.find(star)
            if other is not None and self._bindings(other, name):
                return [f"{star}.{name}"]
        return found

    def _lookup(self, module: Module, name: str) -> list[Name]:
        """Return the places of modules beside the notebook that a name may stand for."""
        if name in module.names:
            found = []
            for what in module.names[name]:
                if not isinstance(what, str):
                    found.append((module.path, name))
                elif (place := self.split(what)) is not None:
                    found.append(place)
            return list(dict.fromkeys(found))
        for star in module.stars:
            other = self.find(star)
            if other is not None and (found := self._lookup(other, name)):
                return found
        return []

    def _library(self, module: Module, name: str) -> str | None:
        """Return the path of the library, or part of one, that a name of a module stands for."""
        if name in module.names:
            return next(
                (w for w in module.names[name] if isinstance(w, str) and self.split(w) is None),
                None,
            )
        for star in module.stars:
            other = self.find(star)
            if other is None:
                continue
            if name in other.names:
                return self._library(other, name)
        return builtin(name)

    def _mentions(self, module: Module, node: Node, *, decorators: bool = True) -> Iterator[tuple[Node, Name]]:
        """Yield what of modules beside the notebook code mentions, its own included, and the leaves that do."""
        own_imports: dict[str, str] = {}
        for item in _inside(node):
            if item.type in ("import_name", "import_from"):
                for name, path, whole in imported(item):
                    target = self._absolute(module, path)
                    own_imports[name] = target if whole else target.partition(".")[0]
                    if name == "*" and self.find(target) is not None:
                        yield item, (target, "")
        for leaf, is_local in _free_leaves(node, decorators=decorators):
            name = leaf.value
            if name in own_imports:
                place = self.split(self._dotted(own_imports[name], leaf))
                if place is not None:
                    yield leaf, place
            elif not is_local:
                for what in self._lookup(module, name):
                    yield leaf, (self.split(self._dotted(what[0], leaf)) or what) if what[1] == "" else what

    def _dotted(self, path: str, leaf: Node) -> str:
        """Return a path with the attributes that are asked for behind a name."""
        for trailer in _trailers(leaf):
            if trailer.children[0].value != ".":
                break
            path = f"{path}.{trailer.children[1].value}"
        return path

    def _reached(self, places: Iterable[Name], *, decorators: bool = True) -> set[Name]:
        """Return places with all that their code mentions, and so on; what decorates them only if it is asked for."""
        seen: set[Name] = set()
        stack = list(places)
        while stack:
            place = stack.pop()
            if place in seen:
                continue
            seen.add(place)
            module = self.find(place[0])
            if module is None or not module.is_readable:
                continue
            for what in self._bindings(module, place[1]):
                if isinstance(what, str):
                    inner = self.split(what)
                    stack += [inner] if inner is not None else []
                elif what is not None:
                    stack += [place for _, place in self._mentions(module, what, decorators=decorators)]
        return seen

    def _imports(self, paths: Iterable[str]) -> set[str]:
        """Return modules beside the notebook with all that importing them imports."""
        seen: set[str] = set()
        stack = list(paths)
        while stack:
            parts = stack.pop().split(".")
            for count in range(1, len(parts) + 1):
                path = ".".join(parts[:count])
                module = self.find(path)
                if module is None or path in seen:
                    continue
                seen.add(path)
                stack += module.stars
                stack += [what for bound in module.names.values() for what in bound if isinstance(what, str)]
        return seen

    def _feared_of(self, place: Name) -> Feared:
        if place not in self._feared:
            module = self.find(place[0])
            nodes = [w for w in (self._bindings(module, place[1]) if module else ()) if not isinstance(w, str) and w]
            self._feared[place] = (
                feared(self.knowledge, nodes, lambda text: self._library(module, text)) if module else Feared()
            )
        return self._feared[place]

    # -- state -------------------------------------------------------------------------------------------------

    def _is_stateful(self, place: Name) -> bool:
        """Whether something, or anything that its code mentions, has to do with state."""
        if place not in self._stateful:
            reached = (each for each in self._reached({place}) if each == place or self._is_definition(each))
            self._stateful[place] = any(self._touches(each) for each in reached) or any(
                self._makes_closures(each) for each in self._reached({place}, decorators=False)
            )
        return self._stateful[place]

    def _touches(self, place: Name) -> bool:
        """Whether what stands at a place has to do with state, what its code mentions left aside."""
        path, name = place
        module = self.find(path)
        if module is None:
            return False
        if not module.is_readable:
            return True
        if name == "":
            return False
        bindings = self._bindings(module, name)
        if not bindings:  # a submodule that nothing imports, or what a star import or another module puts there
            return bool(module.stars) or name not in ("__name__", "__file__", "__doc__", "__path__", "__version__")
        return any(self._binding_touches(module, name, what) for what in bindings)

    def _binding_touches(self, module: Module, name: str, what: Node | str | None) -> bool:
        if isinstance(what, str):
            return False
        if what is None:
            return True
        if what.type in _DEFINED:
            return self._definition_touches(module, what)
        return not self._is_constant(module, what)

    def _is_definition(self, place: Name) -> bool:
        """Whether a place is no variable: of a variable it is asked where it is mentioned what is done with it."""
        module = self.find(place[0])
        return module is None or all(
            what is None or isinstance(what, str) or what.type in _DEFINED for what in self._bindings(module, place[1])
        )

    def _makes_closures(self, place: Name) -> bool:
        module = self.find(place[0])
        definitions = [w for w in (self._bindings(module, place[1]) if module else ()) if w and not isinstance(w, str)]
        functions = (_undecorated(what)[1] for what in definitions)
        return any(function.type == "funcdef" and _hands_out_closures(function) for function in functions)

    def _definition_touches(self, module: Module, node: Node) -> bool:
        decorators, node = _undecorated(node)
        if any(not self._is_plain_decorator(module, decorator) for decorator in decorators):
            return True
        if node.type == "classdef":
            return self._class_touches(module, node)
        return self._function_touches(module, node)

    def _is_plain_decorator(self, module: Module, node: Node) -> bool:
        head, trailers = _chain(node)
        if head is None or head.type != "name":
            return False
        if trailers and trailers[-1].children[0].value == "." and trailers[-1].children[1].value in _PARTS_OF_PROPERTIES:
            return True
        path = self._library(module, head.value)
        if path is not None:
            return self._dotted(path, head) in _PLAIN_DECORATORS
        return all(
            place[1] != "" and not self._keeps_in_closures(*place) for place in self._lookup(module, head.value)
        ) and bool(self._lookup(module, head.value))

    def _keeps_in_closures(self, path: str, name: str) -> bool:
        """Whether a decorator of a module may keep something between calls of what it decorates."""
        module = self.find(path)
        for what in self._bindings(module, name) if module is not None else [None]:
            if what is None or isinstance(what, str):
                return True
            _, definition = _undecorated(what)
            if definition.type != "funcdef" or not _only_calls_what_it_gets(definition):
                return True
        return False

    def _class_touches(self, module: Module, node: Node) -> bool:
        arguments = node.get_super_arglist()
        for base in getattr(arguments, "children", [arguments]) if arguments is not None else ():
            if base.type == "argument" and not self._is_library_name(module, base.children[-1]):
                return True
        is_enum = any(leaf.value in ("Enum", "IntEnum", "Flag", "IntFlag", "StrEnum") for leaf in _names(arguments))
        for child in _body(node):
            if child.type == "simple_stmt":
                for small in child.children:
                    if small.type == "expr_stmt":
                        if not self._class_attribute(module, small):
                            return True
                    elif small.type not in ("newline", "operator", "string", "strings", "keyword", "pass_stmt", "name"):
                        return True
                continue
            decorators, definition = _undecorated(child)
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
            if _stores_in_class(definition) or (is_enum and _stores_attributes(definition)):
                return True
        return False

    def _class_attribute(self, module: Module, node: Node) -> bool:
        """Whether an attribute of a class holds nothing that can change."""
        children = node.children
        if children[1].type == "annassign":
            values = children[1].children
            return len(values) < 4 or self._is_constant(module, values[3]) or _is_field(values[3])
        return all(c.value == "=" for c in children[1::2]) and self._is_constant(module, children[-1])

    def _is_library_name(self, module: Module, node: Node) -> bool:
        head, _ = _chain(node)
        return head is not None and head.type == "name" and self._library(module, head.value) is not None

    def _function_touches(self, module: Module, node: Node) -> bool:
        code = code_of(node)
        for parameter in code.parameters:
            default = parameter.default
            if default is None or self._is_constant(module, default):
                continue
            if not _is_flat(default) or not _is_only_looked_up(code.body, parameter.name):
                return True
        for item in _inside(node):
            if item.type == "nonlocal_stmt":
                return True
            if item.type == "global_stmt" and any(_values_bound(item, c.value) for c in item.children[1::2]):
                return True
            if item.type == "name" and item.value in ("globals", "exec", "eval", "setattr", "delattr"):
                if item.value in ("setattr", "delattr") and _first_argument(item) in ("self", None):
                    if _first_argument(item) == "self":
                        continue
                return True
        return any(self._mention_touches(module, leaf, place) for leaf, place in self._mentions(module, node))

    def _mention_touches(self, module: Module, leaf: Node, place: Name) -> bool:
        """Whether a function changes, keeps or hands out what it mentions."""
        if leaf.type != "name" or place[1] == "":
            return True  # the module itself
        if _is_stored_into(leaf):
            return True
        owner = self.find(place[0])
        for what in self._bindings(owner, place[1]) if owner is not None else ():
            if what is None:
                return True
            if isinstance(what, str) or what.type in _DEFINED:
                continue
            if not self._is_constant(owner, what) and not (_is_flat(what) and _is_looked_up(leaf, place[1])):
                return True
        return False

    def _is_constant(self, module: Module, node: Node, *, depth: int = 20) -> bool:
        """Whether an expression gives something that nothing can change."""
        kind = node.type
        if depth == 0:
            return False
        if kind in ("number", "string", "strings", "fstring", "keyword", "operator", "lambdef", "comparison", "not_test"):
            return kind != "lambdef" or not self._function_touches(module, node)
        if kind in ("testlist_star_expr", "testlist_comp", "testlist", "exprlist"):
            return not _is_comprehension(node) and self._all_constant(module, node.children, depth)
        if kind == "atom":
            first = node.children[0]
            if first.value in _OPENING_BRACKETS or any(c.type == "yield_expr" for c in node.children):
                return False
            return self._all_constant(module, node.children[1:-1], depth)
        if kind in ("arith_expr", "term", "factor", "shift_expr", "expr", "and_expr", "or_test", "and_test", "ternary", "test"):
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
        if self._library(module, name) is not None:
            return True
        places = self._lookup(module, name)
        for path, inner in places:
            owner = self.find(path)
            for what in self._bindings(owner, inner) if owner is not None and inner else [None]:
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
        head, trailers = _chain(node)
        if head is None:
            return False
        if head.type in ("string", "strings"):
            return len(trailers) == 2 and trailers[0].children[1].value in ("join", "format", "strip", "upper", "lower")
        path = self._library(module, head.value) if head.type == "name" else None
        if path is None:
            return False
        for index, trailer in enumerate(trailers):
            sign = trailer.children[0].value
            effect = self.knowledge.module_attribute(path) if "." in path else None
            if effect is not None and effect.sets:
                kind = effect.returns[0] if effect.returns else ""
                return self._is_constant_part(kind, trailers[index:])
            if sign == ".":
                path = f"{path}.{trailer.children[1].value}"
            elif sign == "[":
                return path.startswith(("typing.", "builtins.", "collections.abc.")) and index == len(trailers) - 1
            else:
                return self._is_constant_call(path, trailers[index + 1 :])
        effect = self.knowledge.module_attribute(path)
        return effect is None or not effect.sets

    def _is_constant_call(self, path: str, rest: list[Node]) -> bool:
        if path in _MAKE_CONSTANTS:
            return not rest
        effect = self.knowledge.function(path, {})
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
                part = self.knowledge.method(kind, name, {}) if is_call else self.knowledge.attribute(kind, name)
                if part is None:
                    return False
                found += part.returns
            kinds, rest = found, rest[2 if is_call else 1 :]
        return all(self._is_constant_type(kind) for kind in kinds)

    def _is_constant_part(self, kind: str, trailers: list[Node]) -> bool:
        """Whether what is looked up in a setting (``os.environ.get("A")``) cannot change."""
        first = trailers[0]
        if first.children[0].value == "[":
            effect = self.knowledge.subscript(kind, "*")
        elif len(trailers) == 2 and first.children[0].value == "." and trailers[1].children[0].value == "(":
            effect = self.knowledge.method(kind, first.children[1].value, {})
        else:
            return False
        return effect is not None and not (effect.sets or effect.changes or effect.shares)

    def _is_constant_type(self, kind: str) -> bool:
        if kind in ("none", "builtins.scalar"):
            return True
        facts = self.knowledge.type(kind) if "." in kind and "(" not in kind else None
        return facts is not None and facts.immutable


# -- trees -----------------------------------------------------------------------------------------------------


def _inside(node: Node, *, into_definitions: bool = True) -> Iterator[Node]:
    stack = [node]
    while stack:
        item = stack.pop()
        yield item
        if into_definitions or item is node or item.type not in _DEFINITIONS:
            stack.extend(getattr(item, "children", ()))


def _names(node: Node | None) -> Iterator[Node]:
    for item in _inside(node) if node is not None else ():
        if item.type == "name":
            yield item


def _definitions(module: Module) -> Iterator[Node]:
    for bindings in module.names.values():
        for what in bindings:
            if what is not None and not isinstance(what, str) and what.type in ("decorated", "funcdef", "classdef"):
                yield what


def _is_none(what: Node | str | None) -> bool:
    return what is not None and not isinstance(what, str) and what.type == "keyword" and what.value == "None"


def _undecorated(node: Node) -> tuple[list[Node], Node]:
    decorators: list[Node] = []
    if node.type == "decorated":
        head = node.children[0]
        decorators = [d.children[1] for d in (head.children if head.type == "decorators" else [head])]
        node = node.children[-1]
    while node.type in ("async_stmt", "async_funcdef"):
        node = node.children[-1]
    return decorators, node


def _body(node: Node) -> list[Node]:
    suite = node.children[-1]
    return list(suite.children) if suite.type == "suite" else [suite]


def _runs_at_once(node: Node) -> list[Node]:
    """Return what of a definition runs where it stands: defaults, bases, the body of a class but not its methods."""
    _, node = _undecorated(node)
    if node.type == "funcdef":
        return [p.default for p in code_of(node).parameters if p.default is not None]
    if node.type != "classdef":
        return []
    arguments = node.get_super_arglist()
    found = [arguments] if arguments is not None else []
    for child in _body(node):
        decorators, definition = _undecorated(child)
        found += decorators
        found += _runs_at_once(definition) if definition.type in ("funcdef", "classdef") else [child]
    return found


def _is_for_programs(test: Node) -> bool:
    """Whether a condition is ``__name__ == "__main__"`` or TYPE_CHECKING."""
    text = test.get_code(include_prefix=False).replace("'", '"').replace(" ", "")
    return text in ('__name__=="__main__"', "TYPE_CHECKING", "typing.TYPE_CHECKING")


def _targets_of_blocks(node: Node) -> Iterator[str]:
    targets = [node.children[1]] if node.type == "for_stmt" else []
    for child in node.children:
        if child.type == "with_item":
            targets.append(child.children[2])
        elif child.type == "except_clause" and len(child.children) == 4:
            targets.append(child.children[3])
    for target in targets:
        for leaf in target_names(target):
            yield leaf.value


def _values_bound(declaration: Node, name: str) -> list[Node | None]:
    """Return the values that the function around a ``global`` statement gives to a name (None: not known)."""
    function = declaration
    while function is not None and function.type != "funcdef":
        function = function.parent
    found: list[Node | None] = []
    for item in _inside(function.children[-1]) if function is not None else ():
        if item.type == "expr_stmt":
            for target in item.children[:-1:2]:
                if any(leaf.value == name for leaf in target_names(target)):
                    found.append(_plain_value(item, target))
    if function is not None and not found:
        bound = Bound()
        bound.visit(function.children[-1])
        if name in bound.bound:
            found.append(None)
    return found


def _plain_value(statement: Node, target: Node) -> Node | None:
    """Return what an assignment gives to a name, if that alone says what it is: no variable of the function's."""
    children = statement.children
    if target.type != "name" or children[1].type != "operator":
        return None
    if children[1].value != "=" and children[-1].type not in ("number", "string"):
        return None
    return children[-1] if not any(True for _ in _names(children[-1])) else None


def _free_leaves(node: Node, *, decorators: bool) -> Iterator[tuple[Node, bool]]:
    """Yield the leaves of names that are read or stored into, and whether a function inside ``node`` binds them."""
    around, definition = _undecorated(node)
    for decorator in around if decorators else ():
        yield from ((leaf, False) for leaf in _variables(decorator))
    yield from _leaves_of(definition, frozenset())


def _leaves_of(node: Node, bound: frozenset[str]) -> Iterator[tuple[Node, bool]]:
    if node.type in ("funcdef", "lambdef"):
        code = code_of(node)
        for parameter in code.parameters:
            for part in (parameter.default,):
                if part is not None:
                    yield from _leaves_of(part, bound)
        bound = (bound | code.locals) - code.globals
        yield from _leaves_of(code.body, bound)
        return
    if node.type == "classdef":
        arguments = node.get_super_arglist()
        if arguments is not None:
            yield from _leaves_of(arguments, bound)
        yield from _leaves_of(node.children[-1], bound)
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
        bound = bound | _comprehended(children[-1])
    if node.type == "argument" and children[1].type == "operator" and children[1].value == "=":
        children = [children[2]]
    if node.type == "tfpdef" or node.type == "annassign":
        children = children[3:]
    for child in children:
        yield from _leaves_of(child, bound)


def _comprehended(clause: Node) -> frozenset[str]:
    found: set[str] = set()
    for item in _inside(clause, into_definitions=False):
        if item.type == "sync_comp_for":
            found |= {leaf.value for leaf in target_names(item.children[1])}
    return frozenset(found)


def _variables(node: Node) -> Iterator[Node]:
    for leaf, _ in _leaves_of(node, frozenset()):
        yield leaf


def _chain(node: Node) -> tuple[Node | None, list[Node]]:
    """Return the head and the trailers of ``a.b(c)[d]``; a name has none."""
    if node.type in ("atom_expr", "power"):
        trailers = node.children[1:]
        return (node.children[0], list(trailers)) if all(t.type == "trailer" for t in trailers) else (None, [])
    return node, []


def _trailers(leaf: Node) -> list[Node]:
    parent = leaf.parent
    if parent is None or parent.type not in ("atom_expr", "power") or parent.children[0] is not leaf:
        return []
    return [child for child in parent.children[1:] if child.type == "trailer"]


def _target_of(leaf: Node) -> Node:
    parent = leaf.parent
    return parent if parent is not None and _trailers(leaf) else leaf


def _is_stored_into(leaf: Node) -> bool:
    """Whether something behind a name is assigned to or deleted: ``Model.made += 1``, ``f.n = 0``, ``del xs[0]``."""
    if not _trailers(leaf):
        return False
    return _is_target(leaf.parent)


def _is_target(node: Node) -> bool:
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


def _is_looked_up(leaf: Node, name: str) -> bool:
    """Whether a mention of a flat container neither changes it nor hands it out."""
    node = leaf
    trailers = _trailers(leaf)
    while trailers and trailers[0].children[0].value == "." and trailers[0].children[1].value == name:
        trailers = trailers[1:]
    if trailers:
        first = trailers[0]
        if _is_stored_into(leaf):
            return False
        return first.children[0].value == "[" or (
            first.children[0].value == "." and first.children[1].value in _LOOKED_UP and len(trailers) > 1
        )
    parent = node.parent
    if parent is None:
        return False
    if parent.type == "comparison":
        return True
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


def _is_only_looked_up(body: Node, name: str) -> bool:
    return all(_is_looked_up(leaf, "") and not _is_target(leaf) for leaf in _variables(body) if leaf.value == name)


def _is_flat(node: Node) -> bool:
    """Whether an expression is a list, set or dictionary of plain values."""
    if node.type != "atom" or node.children[0].value not in _OPENING_BRACKETS:
        return False
    plain = ("number", "string", "strings", "fstring", "keyword", "operator", "factor", "testlist_comp", "dictorsetmaker")
    return all(_is_plain(child, plain) for child in node.children)


def _is_plain(node: Node, kinds: tuple[str, ...]) -> bool:
    if node.type not in kinds or _is_comprehension(node):
        return False
    return node.type == "fstring" or all(_is_plain(child, kinds) for child in getattr(node, "children", ()))


def _is_comprehension(node: Node) -> bool:
    children = getattr(node, "children", None)
    return bool(children) and children[-1].type in ("comp_for", "sync_comp_for")


def _is_field(node: Node) -> bool:
    """Whether the value of a field of a dataclass makes something new for each object."""
    head, trailers = _chain(node)
    text = node.get_code(include_prefix=False)
    return bool(trailers) and head is not None and head.value in ("field", "dataclasses") and "default=" not in text


def _first_argument(leaf: Node) -> str | None:
    trailers = _trailers(leaf)
    if not trailers or len(trailers[0].children) < 3:
        return None
    inner = trailers[0].children[1]
    first = inner.children[0] if inner.type == "arglist" else inner
    return first.value if first.type == "name" else None


def _stores_in_class(function: Node) -> bool:
    """Whether a method gives attributes to its class: through ``cls``, ``type(self)`` or ``__class__``."""
    decorators = _undecorated(function.parent)[0] if function.parent is not None and function.parent.type == "decorated" else []
    code = code_of(function)
    first = code.parameters[0].name if code.parameters else ""
    is_of_class = code.name in ("__new__", "__init_subclass__") or any(
        leaf.value == "classmethod" for d in decorators for leaf in _names(d)
    )
    asks_class = any(leaf.value in ("type", "__class__", "cls", "mro", "__mro__") for leaf in _names(code.body))
    for item in _inside(code.body):
        if item.type in ("atom_expr", "power") and _is_target(item):
            head = item.children[0]
            name = head.value if head.type == "name" else ""
            if name == first and is_of_class:
                return True
            if asks_class and (name != first or any(leaf.value == "__class__" for leaf in _names(item))):
                return True
    return False


def _stores_attributes(function: Node) -> bool:
    code = code_of(function)
    return code.name not in ("__init__", "__new__") and any(
        item.type in ("atom_expr", "power") and _is_target(item) for item in _inside(code.body)
    )


def _hands_out_closures(function: Node) -> bool:
    """Whether a function returns functions or classes that it makes: what they hold no file can take."""
    body = function.children[-1]
    inner = {
        item.children[1].value
        for item in _inside(body)
        if item.type in ("funcdef", "classdef") and _function_around(item) is function
    }
    for item in _inside(body):
        if item.type in ("return_stmt", "yield_expr") and any(
            leaf.type == "lambdef" or (leaf.type == "name" and leaf.value in inner and not _trailers(leaf))
            for leaf in _inside(item)
        ):
            return True
    return False


def _function_around(node: Node) -> Node | None:
    node = node.parent
    while node is not None and node.type not in ("funcdef", "lambdef"):
        node = node.parent
    return node


def _only_calls_what_it_gets(decorator: Node) -> bool:
    """Whether the functions that a decorator makes keep nothing: they know its parameters and themselves only."""
    code = code_of(decorator)
    nested = [item for item in _inside(code.body) if item.type in ("funcdef", "lambdef")]
    if any(item.type == "nonlocal_stmt" for item in _inside(code.body)):
        return False
    own = code.locals - {p.name for p in code.parameters}
    names = {item.children[1].value for item in nested if item.type == "funcdef"}
    for item in nested:
        inner = code_of(item)
        if (inner.free & own) - names:
            return False
        if any(p.default is not None for p in inner.parameters):
            return False
        if any(i.type in ("atom_expr", "power") and _is_target(i) for i in _inside(inner.body)):
            return False
    return True
