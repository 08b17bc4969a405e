"""Something in a module beside the notebook -> whether it has to do with state, and what else calling it may do.

A task imports modules anew, so what one task leaves in them is not there in another. Something is without state only
if its code, and all code that it may call, proves that: it binds no variable of a module, changes or hands out none
that can change, and keeps nothing in defaults, class attributes, closures or caches.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from soorgeon_clone.analysis.knowledge.feared import Feared, feared
from soorgeon_clone.analysis.lower.instructions import (
    Annotate,
    Argument,
    Attribute,
    Bind,
    Call,
    Choose,
    Code,
    Constant,
    Declare,
    Either,
    Instruction,
    Item,
    Make,
    MakeClass,
    MakeFunction,
    Name,
    Operate,
    OperateAlone,
    OperateInPlace,
    Read,
    Text,
)
from soorgeon_clone.analysis.lower.parts import Part, chain_of, inside
from soorgeon_clone.analysis.module_trees import (
    What,
    is_comparison,
    is_definition,
    is_field,
    is_flat,
    undecorated,
    values_bound,
    words_in,
)
from soorgeon_clone.analysis.modules import Module, Modules, Place

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
_ENUMERATIONS = frozenset({"Enum", "IntEnum", "Flag", "IntFlag", "StrEnum"})
_OF_TEXTS = ("join", "format", "strip", "upper", "lower")
_HOOKS = frozenset({"__init_subclass__", "__del__", "__set_name__", "__class_getitem__"})


class States:
    """Answers for the modules beside one notebook."""

    def __init__(self, modules: Modules) -> None:
        self.modules = modules
        self._answers: dict[str, bool] = {}
        self._stateful: dict[Place, bool] = {}
        self._feared: dict[Place, Feared] = {}

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
            if module is not None and module.parents.stored_into(self._nodes(module, each[1])) - {"self"}:
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
            found.add(feared(self.modules.knowledge, [tuple(module.running)], partial(self.modules.library, module)))
            mentioned = {place for node in module.running for _, place in self.modules.mentions(module, node)}
            for each in self.modules.reached(mentioned):
                found.add(self._feared_of(each))
            others = {place for place in mentioned if place[0] != module.path}
            changes = changes or any(self._is_stateful(place) for place in others)
        return found, changes

    def _feared_of(self, place: Place) -> Feared:
        if place not in self._feared:
            module = self.modules.find(place[0])
            assert module is not None, place
            nodes = tuple(self._nodes(module, place[1]))
            found = feared(self.modules.knowledge, [nodes], partial(self.modules.library, module))
            found.name_places(place[1], f"{place[0].replace('.', '/')}.py")
            self._feared[place] = found
        return self._feared[place]

    def _nodes(self, module: Module, name: str) -> list[Instruction]:
        """Return the code to which a name is bound."""
        return [what for what in self.modules.bindings(module, name) if what is not None and not isinstance(what, str)]

    def _is_stateful(self, place: Place) -> bool:
        """Whether something, or anything that its code mentions, has to do with state."""
        if place not in self._stateful:
            self._stateful[place] = self._definitions_touch(place) or any(
                self._makes_closures(each) for each in self.modules.reached({place}, decorators=False)
            )
        return self._stateful[place]

    def _definitions_touch(self, place: Place) -> bool:
        """Whether what stands at a place, or any function or class that its code mentions, has to do with state."""
        reached = (each for each in self.modules.reached({place}) if each == place or self._is_definition(each))
        return any(self._touches(each) for each in reached)

    def _touches(self, place: Place) -> bool:
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

    def _binding_touches(self, module: Module, name: str, what: What) -> bool:
        if isinstance(what, str):
            return False
        if what is None:
            return True
        if is_definition(what):
            return self._definition_touches(module, what)
        return not self._is_constant(module, what)

    def _is_definition(self, place: Place) -> bool:
        """Whether a place is no variable: of a variable it is asked where it is mentioned what is done with it."""
        module = self.modules.find(place[0])
        return module is None or all(
            what is None or isinstance(what, str) or is_definition(what)
            for what in self.modules.bindings(module, place[1])
        )

    def _makes_closures(self, place: Place) -> bool:
        module = self.modules.find(place[0])
        functions = [undecorated(what)[1] for what in self._nodes(module, place[1])] if module is not None else []
        return module is not None and any(
            isinstance(function, MakeFunction)
            and not function.code.is_lambda
            and module.parents.hands_out_closures(function.code)
            for function in functions
        )

    def _definition_touches(self, module: Module, node: Instruction) -> bool:
        decorators, node = undecorated(node)
        if any(not self._is_plain_decorator(module, each.decorator) for each in decorators):
            return True
        if isinstance(node, MakeClass):
            return self._class_touches(module, node)
        return isinstance(node, MakeFunction) and self._function_touches(module, node)

    def _is_plain_decorator(self, module: Module, node: Instruction) -> bool:
        head, asked = chain_of(node)
        if not isinstance(head, Read):
            return False
        if asked and isinstance(asked[-1], Attribute) and asked[-1].name in _PARTS_OF_PROPERTIES:
            return True
        path = self.modules.library(module, head.name)
        if path is not None:
            return self.modules.dotted(module, path, head) in _PLAIN_DECORATORS
        places = self.modules.lookup(module, head.name)
        return bool(places) and all(place[1] != "" and not self._keeps_in_closures(*place) for place in places)

    def _keeps_in_closures(self, path: str, name: str) -> bool:
        """Whether a decorator of a module may keep something between calls of what it decorates."""
        module = self.modules.find(path)
        for what in self.modules.bindings(module, name) if module is not None else [None]:
            if what is None or isinstance(what, str):
                return True
            _, definition = undecorated(what)
            if not isinstance(definition, MakeFunction) or definition.code.is_lambda:
                return True
            if module is None or not module.parents.only_calls_what_it_gets(definition.code):
                return True
        return False

    def _class_touches(self, module: Module, node: MakeClass) -> bool:
        if any(base.sign and not self._is_library_name(module, base.value) for base in node.bases):
            return True
        is_enum = not _ENUMERATIONS.isdisjoint(words_in(node.bases))
        if any(self._member_touches(module, child, is_enum=is_enum) for child in node.body):
            return True
        return any(self._mention_touches(module, leaf, place) for leaf, place in self.modules.mentions(module, node))

    def _member_touches(self, module: Module, child: Instruction, *, is_enum: bool) -> bool:
        """Whether a statement in the body of a class makes something that can change."""
        if not isinstance(child, Bind) or not is_definition(child.value):
            if isinstance(child, (Bind, Annotate, OperateInPlace)):
                return not self._class_attribute(module, child)
            return not isinstance(child, (Constant, Read))
        decorators, definition = undecorated(child.value)
        if any(not self._is_plain_decorator(module, each.decorator) for each in decorators):
            return True
        if isinstance(definition, MakeClass):
            return self._class_touches(module, definition)
        if not isinstance(definition, MakeFunction):
            return True
        code = definition.code
        if code.name in _HOOKS or self._function_touches(module, definition):
            return True
        return module.parents.stores_in_class(code) or (is_enum and module.parents.stores_attributes(code))

    def _class_attribute(self, module: Module, node: Bind | Annotate | OperateInPlace) -> bool:
        """Whether an attribute of a class holds nothing that can change."""
        if isinstance(node, Annotate):
            return node.value is None or self._is_constant(module, node.value) or is_field(node.value)
        return isinstance(node, Bind) and self._is_constant(module, node.value)

    def _is_library_name(self, module: Module, node: Instruction) -> bool:
        head, _ = chain_of(node)
        return isinstance(head, Read) and self.modules.library(module, head.name) is not None

    def _function_touches(self, module: Module, node: MakeFunction) -> bool:
        code = node.code
        if self._defaults_touch(module, code):
            return True
        for item in inside(node):
            if isinstance(item, Declare) and item.kind == "nonlocal":
                return True
            if isinstance(item, MakeFunction) and any(values_bound(item.code, name) for name in item.code.globals):
                return True
            if isinstance(item, (Read, Attribute)) and item.name in _REACH_ANYTHING:  # noqa: SIM102
                if not module.parents.is_of_self(item):
                    return True
        return any(self._mention_touches(module, leaf, place) for leaf, place in self.modules.mentions(module, node))

    def _defaults_touch(self, module: Module, code: Code) -> bool:
        for parameter in code.parameters:
            default = parameter.default
            if default is None:
                continue
            if self._is_constant(module, default):
                if self._names_definition(module, default) and parameter.name in module.parents.stored_into(code.body):
                    return True
            elif not is_flat(default) or not module.parents.is_only_looked_up(code.body, parameter.name):
                return True
        return False

    def _names_definition(self, module: Module, node: Instruction) -> bool:
        return isinstance(node, Read) and bool(self.modules.lookup(module, node.name))

    def _mention_touches(self, module: Module, leaf: Instruction, place: Place) -> bool:
        """Whether a function changes, keeps or hands out what it mentions."""
        if not isinstance(leaf, (Read, Name)) or place[1] == "":
            return True  # the module itself
        if module.parents.is_stored_into(leaf):
            return True
        owner = self.modules.find(place[0]) or module
        for what in self.modules.bindings(owner, place[1]):
            if what is None:
                return True
            if isinstance(what, str) or is_definition(what) or self._is_constant(owner, what):
                continue
            is_looked_up = module.parents.is_looked_up(leaf, place[1])
            if not is_flat(what) or not (is_looked_up or self._is_only_read_by_library(module, leaf)):
                return True
        return False

    def _is_only_read_by_library(self, module: Module, leaf: Instruction) -> bool:
        """Whether a flat container is given to a function of a library whose table says that it neither changes nor
        keeps what it is given, nor gives it back: ``pd.DataFrame(rows, columns=COLUMNS)``."""
        given = module.parents.call_given(leaf)
        if given is None:
            return False
        call, argument = given
        head, asked = chain_of(call)
        path = self.modules.library(module, head.name) if isinstance(head, Read) else None
        if path is None or not all(isinstance(part, Attribute) for part in asked[:-1]):
            return False
        effect = self.modules.knowledge.function(self.modules.dotted(module, path, head), {})
        if effect is None or effect.opaque:
            return False
        keyword = argument.name
        touched = {*effect.changes, *effect.keeps, *effect.views, *effect.calls}
        if keyword in touched or "args" in touched or (keyword is None and touched):
            return False
        # what is inside a flat container cannot change
        if not all(text.startswith("element:") for text in effect.shares):
            return False
        return not any(word in kind for kind in effect.returns for word in ("arg:", "call:"))

    def _is_constant(self, module: Module, node: Instruction, *, depth: int = 20) -> bool:
        """Whether an expression gives something that nothing can change."""
        if depth == 0:
            return False
        if isinstance(node, (Constant, Text)) or is_comparison(node):
            return True
        if isinstance(node, MakeFunction):
            return not self._function_touches(module, node)
        if isinstance(node, Make):
            return node.kind == "tuple" and self._all_constant(module, node.items, depth)
        if isinstance(node, OperateAlone):
            return node.sign == "not" or self._is_constant(module, node.value, depth=depth - 1)
        if isinstance(node, Operate):
            return self._all_constant(module, [node.first, *(right for _, right in node.rest)], depth)
        if isinstance(node, Either):
            return self._all_constant(module, node.values, depth)
        if isinstance(node, Choose):
            return self._all_constant(module, (node.test, node.then, node.otherwise), depth)
        if isinstance(node, Read):
            return self._is_constant_name(module, node.name, depth)
        return isinstance(node, (Attribute, Item, Call)) and self._is_constant_chain(module, node)

    def _all_constant(self, module: Module, nodes: Iterable[Instruction], depth: int) -> bool:
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
                if is_definition(what):
                    continue  # a definition by another name: it is reached as that
                if not self._is_constant(owner, what, depth=depth - 1):
                    return False
        return bool(places)

    def _is_constant_chain(self, module: Module, node: Instruction) -> bool:
        head, asked = chain_of(node)
        if isinstance(head, (Constant, Text)):
            return len(asked) == 2 and isinstance(asked[0], Attribute) and asked[0].name in _OF_TEXTS
        path = self.modules.library(module, head.name) if isinstance(head, Read) else None
        if path is None:
            return False
        for index, part in enumerate(asked):
            effect = self.modules.knowledge.module_attribute(path) if "." in path else None
            if effect is not None and effect.sets:
                kind = effect.returns[0] if effect.returns else ""
                return self._is_constant_part(kind, asked[index:])
            if isinstance(part, Attribute):
                path = f"{path}.{part.name}"
            elif isinstance(part, Item):
                return path.startswith(("typing.", "builtins.", "collections.abc.")) and index == len(asked) - 1
            else:
                is_constant = self._is_constant_call(path, asked[index + 1 :])
                return is_constant and self._has_constant_defaults(module, part)
        effect = self.modules.knowledge.module_attribute(path)
        return effect is None or not effect.sets

    def _has_constant_defaults(self, module: Module, call: Call) -> bool:
        """Whether a class that a call makes gets no defaults that can change (``defaults=[[]]``)."""
        found = [item for argument in call.arguments for item in inside(argument)]
        values = [item.value for item in found if isinstance(item, Argument) and item.name == "defaults"]
        return all(is_flat(value) or self._is_constant(module, value) for value in values)

    def _is_constant_call(self, path: str, rest: list[Part]) -> bool:
        if path in _MAKE_CONSTANTS:
            return not rest
        effect = self.modules.knowledge.function(path, {})
        if effect is None or effect.changes or not effect.returns:
            return False
        kinds: Iterable[str] = effect.returns
        while rest:
            first = rest[0]
            if not isinstance(first, Attribute):
                return False
            name = first.name
            is_call = len(rest) > 1 and isinstance(rest[1], Call)
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

    def _is_constant_part(self, kind: str, asked: list[Part]) -> bool:
        """Whether what is looked up in a setting (``os.environ.get("A")``) cannot change."""
        first = asked[0]
        if isinstance(first, Item):
            effect = self.modules.knowledge.subscript(kind, "*")
        elif len(asked) == 2 and isinstance(first, Attribute) and isinstance(asked[1], Call):
            effect = self.modules.knowledge.method(kind, first.name, {})
        else:
            return False
        return effect is not None and not (effect.sets or effect.changes or effect.shares)

    def _is_constant_type(self, kind: str) -> bool:
        if kind in ("none", "builtins.scalar"):
            return True
        facts = self.modules.knowledge.type(kind) if "." in kind and "(" not in kind else None
        return facts is not None and facts.immutable
