"""The instructions of modules that nobody follows -> what they bind, store into, look up and hand out."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator

from soorgeon_clone.analysis.lower.instructions import (
    Annotate,
    Argument,
    Attribute,
    Bind,
    Block,
    Branch,
    Call,
    Choose,
    Clause,
    Code,
    Constant,
    Declare,
    Decorate,
    Either,
    Elements,
    Gather,
    Instruction,
    Item,
    Leave,
    Loop,
    Make,
    MakeClass,
    MakeFunction,
    MakeMapping,
    Match,
    Name,
    Operate,
    OperateAlone,
    OperateInPlace,
    Read,
    Rest,
    Text,
    Try,
    Unbind,
    Unpack,
    With,
    Yield,
)
from soorgeon_clone.analysis.lower.parts import Part, bound_by, chain_of, inside, names_of, parts

What = Instruction | str | None
"""What a name is bound to: a definition or the expression of a value, an imported path, None: nothing is known."""

_LOOKED_UP = frozenset("get items keys values index count copy".split())
_LOOK = frozenset("len sorted list set tuple dict enumerate min max sum any all zip frozenset str repr print".split())
_COMPARING = frozenset({"==", "!=", "<", "<=", ">", ">=", "is", "is not", "in", "not in"})


class Parents:
    """The instructions around those of a module."""

    def __init__(self) -> None:
        self._around: dict[Instruction, Instruction] = {}

    def add(self, block: Iterable[Instruction]) -> None:
        """Take in instructions, with all that they are made of."""
        stack = list(block)
        while stack:
            item = stack.pop()
            for part in parts(item):
                self._around[part] = item
                stack.append(part)

    def of(self, item: Instruction) -> Instruction | None:
        return self._around.get(item)

    def asked_of(self, leaf: Instruction) -> list[Part]:
        """Return what is asked of a name: the attributes, items and calls behind it."""
        found: list[Part] = []
        around = self.of(leaf)
        while isinstance(around, (Attribute, Item, Call)) and _inner(around) is leaf:
            found.append(around)
            leaf, around = around, self.of(around)
        return found

    def is_target(self, item: Instruction) -> bool:
        """Whether something is assigned to or deleted."""
        around = self.of(item)
        while isinstance(around, (Unpack, Rest)):
            item, around = around, self.of(around)
        if isinstance(around, Bind):
            return item in around.targets
        if isinstance(around, With):
            return any(item is target for _, target in around.managers)
        return isinstance(around, (Annotate, OperateInPlace, Unbind, Loop, Clause)) and around.target is item

    def is_stored_into(self, leaf: Instruction) -> bool:
        """Whether something behind a name is assigned to or deleted: ``Model.n += 1``, ``f.n = 0``, ``del xs[0]``."""
        asked = self.asked_of(leaf)
        return bool(asked) and self.is_target(asked[-1])

    def is_looked_up(self, leaf: Instruction, name: str) -> bool:
        """Whether a mention of a flat container neither changes it nor hands it out."""
        asked = self.asked_of(leaf)
        rest = asked
        while rest and isinstance(rest[0], Attribute) and rest[0].name == name:
            rest = rest[1:]
        if rest:
            first = rest[0]
            if self.is_stored_into(leaf):
                return False
            return isinstance(first, Item) or (
                isinstance(first, Attribute) and first.name in _LOOKED_UP and len(rest) > 1
            )
        if asked:
            return False
        node, around = self._handed_through(leaf)
        if isinstance(around, (Bind, OperateInPlace)):
            return self._is_name_of_looked_up(around, node)
        if isinstance(around, Operate):
            return around.rest[0][0] in {*_COMPARING, "+", "-"}
        if isinstance(around, (Text, Elements)):
            return True
        if isinstance(around, Item):
            return around.key is node  # df[COLUMNS]
        if isinstance(around, (Loop, Clause)):
            return around.over is node
        if isinstance(around, Argument):
            return around.sign in ("*", "**") or (not around.sign and self._is_asked_by_builtin(around))
        return False

    def _handed_through(self, node: Instruction) -> tuple[Instruction, Instruction | None]:
        """Return the widest expression that may be the very object that ``node`` is, and what is around it."""
        around = self.of(node)
        while isinstance(around, (Either, Choose)):  # `cols or COLS`
            node, around = around, self.of(around)
        return node, around

    def _is_asked_by_builtin(self, argument: Argument) -> bool:
        call = self.of(argument)
        function = call.function if isinstance(call, Call) else None
        return isinstance(function, Read) and function.name in _LOOK and hasattr(builtins, function.name)

    def _is_name_of_looked_up(self, statement: Bind | OperateInPlace, value: Instruction) -> bool:
        """Whether an assignment gives a value just another name in its function, which is only looked up as well."""
        function = self.function_around(statement)
        if function is None or not isinstance(statement, Bind) or value is not statement.value:
            return False
        names = {target.name for target in statement.targets if isinstance(target, Name)}
        code = function.code
        if len(names) != len(statement.targets) or not names <= code.locals:
            return False
        if any(names & inner.code.free for inner in functions_in(code.body)):
            return False
        for leaf in variables(code.body):
            if leaf.name not in names or self._is_bound_anew(leaf):
                continue
            given = self._named_again(leaf)
            if given is None and not self.is_looked_up(leaf, ""):
                return False
            if given is not None and not given <= names:  # a third name is not followed
                return False
        return True

    def _is_bound_anew(self, leaf: Read | Name) -> bool:
        """Whether a name is given something else: ``x = 1``, not ``x += [1]``, which may change what it was."""
        return isinstance(leaf, Name) and not isinstance(self.of(leaf), OperateInPlace)

    def _named_again(self, leaf: Instruction) -> set[str] | None:
        """Return the names that an assignment gives to what a name denotes; None where it stands in none as it is."""
        node, statement = self._handed_through(leaf)
        if isinstance(statement, OperateInPlace) and node is statement.value:
            targets: Block = (statement.target,)
        elif isinstance(statement, Bind) and node is statement.value:
            targets = statement.targets
        else:
            return None
        return {target.name if isinstance(target, Name) else "?" for target in targets}

    def call_given(self, leaf: Instruction) -> tuple[Call, Argument] | None:
        """Return the call ``a.b(...)`` that a name is an argument of, if nothing is asked for behind it."""
        argument = self.of(leaf)
        if not isinstance(argument, Argument) or argument.sign not in ("", "="):
            return None
        call = self.of(argument)
        return (call, argument) if isinstance(call, Call) and not self.asked_of(call) else None

    def is_only_looked_up(self, body: Block, name: str) -> bool:
        return all(
            self.is_looked_up(leaf, "") and not isinstance(leaf, Name) for leaf in variables(body) if leaf.name == name
        )

    def is_of_self(self, leaf: Read | Attribute) -> bool:
        """Whether ``setattr(self, ...)``, ``self.__dict__``, ``super().__setattr__`` is of the object of a method."""
        if isinstance(leaf, Read):
            return self.first_argument(leaf) == "self"
        head, _ = chain_of(leaf)
        if isinstance(head, Read) and head.name in ("self", "super"):
            return True
        return self.first_argument(leaf) == "self"

    def first_argument(self, leaf: Instruction) -> str | None:
        asked = self.asked_of(leaf)
        if not asked or not isinstance(asked[0], Call) or not asked[0].arguments:
            return None
        first = asked[0].arguments[0]
        return first.value.name if not first.sign and isinstance(first.value, Read) else None

    def stored_into(self, block: Iterable[Instruction]) -> set[str]:
        """Return the names behind which attributes are assigned to: x of ``x.n += 1`` and ``setattr(x, name, 1)``."""
        found: set[str] = set()
        for item in within(block):
            if isinstance(item, Attribute):
                head, _ = chain_of(item)
                if isinstance(head, Read) and self.is_target(item):
                    found.add(head.name)
                if item.name in ("setattr", "delattr", "__setattr__"):
                    found.add("?")
            elif isinstance(item, Read) and item.name in ("setattr", "delattr", "__setattr__"):
                found.add(self.first_argument(item) or "?")
        return found

    def targets_in(self, block: Iterable[Instruction]) -> Iterator[Part]:
        """Yield the attributes and items that are assigned to or deleted."""
        for item in within(block):
            if isinstance(item, (Attribute, Item)) and self.is_target(item):
                yield item

    def stores_in_class(self, code: Code) -> bool:
        """Whether a method gives attributes to its class: through ``cls``, ``type(self)`` or ``__class__``."""
        first = code.parameters[0].name if code.parameters else ""
        is_of_class = code.name in ("__new__", "__init_subclass__") or any(
            "classmethod" in name.split(".") for name in code.decorators
        )
        asks_class = not {"type", "__class__", "cls", "mro", "__mro__"}.isdisjoint(words_in(code.body))
        for item in self.targets_in(code.body):
            head, _ = chain_of(item)
            name = head.name if isinstance(head, Read) else ""
            if name == first and is_of_class:
                return True
            if asks_class and (name != first or "__class__" in words_in((item,))):
                return True
        return False

    def stores_attributes(self, code: Code) -> bool:
        return code.name not in ("__init__", "__new__") and any(True for _ in self.targets_in(code.body))

    def hands_out_closures(self, code: Code) -> bool:
        """Whether a function returns functions or classes that it makes: what they hold no file can take."""
        inner = {
            target.name
            for statement in code.body
            for item in inside(statement, into_functions=False)
            if isinstance(item, Bind) and is_definition(item.value)
            for target in item.targets
            if isinstance(target, Name)
        }
        for item in within(code.body):
            if isinstance(item, Yield) or (isinstance(item, Leave) and item.how == "return"):
                for leaf in inside(item):
                    if isinstance(leaf, MakeFunction) and leaf.code.is_lambda:
                        return True
                    if isinstance(leaf, Read) and leaf.name in inner and not self.asked_of(leaf):
                        return True
        return False

    def only_calls_what_it_gets(self, code: Code) -> bool:
        """Whether the functions that a decorator makes keep nothing: they know its parameters and themselves only."""
        nested = functions_in(code.body)
        if any(isinstance(item, Declare) and item.kind == "nonlocal" for item in within(code.body)):
            return False
        own = code.locals - {p.name for p in code.parameters}
        names = {item.code.name for item in nested}
        for item in nested:
            if (item.code.free & own) - names:
                return False
            if any(p.default is not None for p in item.code.parameters):
                return False
            if any(True for _ in self.targets_in(item.code.body)):
                return False
        return True

    def function_around(self, item: Instruction) -> MakeFunction | None:
        around = self.of(item)
        while around is not None and not isinstance(around, MakeFunction):
            around = self.of(around)
        return around


def _inner(part: Part) -> Instruction:
    return part.function if isinstance(part, Call) else part.of


def within(block: Iterable[Instruction]) -> Iterator[Instruction]:
    for statement in block:
        yield from inside(statement)


def at_once(node: Instruction) -> Iterator[Instruction]:
    """Yield an instruction and what it is made of, without what is in definitions."""
    stack = [node]
    while stack:
        item = stack.pop()
        yield item
        if item is node or not isinstance(item, (MakeFunction, MakeClass)):
            stack.extend(parts(item))


def words_in(block: Iterable[Instruction]) -> set[str]:
    """Return all names in code, those of attributes included."""
    return {item.name for item in within(block) if isinstance(item, (Read, Name, Attribute))}


def is_definition(what: What) -> bool:
    """Whether what a name is bound to is a function or class of the module."""
    return isinstance(what, (MakeClass, Decorate)) or (isinstance(what, MakeFunction) and not what.code.is_lambda)


def is_none(what: What) -> bool:
    return isinstance(what, Constant) and what.type == "NoneType"


def undecorated(node: Instruction) -> tuple[list[Decorate], Instruction]:
    """Return the decorators of a definition, and what they stand before."""
    decorators: list[Decorate] = []
    while isinstance(node, Decorate):
        decorators.append(node)
        node = node.value
    return decorators, node


def defaults_of(code: Code) -> list[Instruction]:
    return [p.default for p in code.parameters if p.default is not None]


def runs_at_once(node: Instruction) -> list[Instruction]:
    """Return what of a definition runs where it stands: defaults, bases, the body of a class but not its methods."""
    _, node = undecorated(node)
    if isinstance(node, MakeFunction):
        return defaults_of(node.code)
    if not isinstance(node, MakeClass):
        return []
    found: list[Instruction] = [*node.bases]
    for child in node.body:
        if isinstance(child, Bind) and is_definition(child.value):
            found += [each.decorator for each in undecorated(child.value)[0]]
            found += runs_at_once(child.value)
        else:
            found.append(child)
    return found


def is_for_programs(test: Instruction) -> bool:
    """Whether a condition is ``__name__ == "__main__"`` or TYPE_CHECKING."""
    if isinstance(test, Operate):
        (sign, right), *more = test.rest
        is_name = isinstance(test.first, Read) and test.first.name == "__name__"
        return is_name and sign == "==" and not more and isinstance(right, Constant) and right.value == "__main__"
    if isinstance(test, Attribute) and isinstance(test.of, Read) and test.of.name == "typing":
        return test.name == "TYPE_CHECKING"
    return isinstance(test, Read) and test.name == "TYPE_CHECKING"


def blocks_of(item: Instruction) -> tuple[list[Block], list[Instruction]] | None:
    """Return the blocks of a compound statement and the instructions in its heads; None for others."""
    if isinstance(item, Branch):
        return list(item.blocks), list(item.tests)
    if isinstance(item, Loop):
        heads = [part for part in (item.target, item.over, item.test) if part is not None]
        return [item.body, item.orelse], heads
    if isinstance(item, With):
        return [item.body], [part for pair in item.managers for part in pair if part is not None]
    if isinstance(item, Match):
        heads = [item.subject]
        for case in item.cases:
            heads += [*case.uses, *([case.guard] if case.guard is not None else [])]
        return [case.body for case in item.cases], heads
    if isinstance(item, Try):
        caught = [handler.type for handler in item.handlers if handler.type is not None]
        return [item.body, *(handler.body for handler in item.handlers), item.orelse, item.final], caught
    return None


def names_of_blocks(item: Instruction) -> list[str]:
    """Return the names that the heads of a compound statement bind."""
    inner: list[Instruction] = [*getattr(item, "handlers", ()), *getattr(item, "cases", ())]
    return [name for each in (item, *inner) for name in bound_by(each)]


def values_bound(code: Code, name: str) -> list[Instruction | None]:
    """Return the values that a function which declares a name global gives to it (None: not known)."""
    found: list[Instruction | None] = []
    is_bound = False
    for item in within(code.body):
        if name not in bound_by(item):
            continue
        is_bound = True
        if isinstance(item, Bind) and not is_definition(item.value):
            found += [plain_value(item.value, t) for t in item.targets if name in names_of(t)]
        elif isinstance(item, OperateInPlace):
            found.append(item.value if isinstance(item.value, Constant) else None)
        elif isinstance(item, Annotate):
            found.append(None)
    return found or ([None] if is_bound else [])


def plain_value(value: Instruction, target: Instruction) -> Instruction | None:
    """Return what an assignment gives to a name, if that alone says what it is: no variable of the function's."""
    if not isinstance(target, Name) or any(isinstance(part, (Read, Name)) for part in inside(value)):
        return None
    return value


def free_leaves(node: Instruction, *, decorators: bool) -> Iterator[tuple[Read | Name, bool]]:
    """Yield the names that are read or stored into, and whether a function inside ``node`` binds them."""
    around, definition = undecorated(node)
    for each in around if decorators else ():
        yield from ((leaf, False) for leaf, _ in leaves_of(each.decorator, frozenset()))
    yield from leaves_of(definition, frozenset())


def leaves_of(node: Instruction, bound: frozenset[str]) -> Iterator[tuple[Read | Name, bool]]:
    if isinstance(node, (Read, Name)):
        yield node, node.name in bound
        return
    if isinstance(node, MakeFunction):
        code = node.code
        for default in defaults_of(code):
            yield from leaves_of(default, bound)
        bound = (bound | code.locals) - code.globals
        children: Iterable[Instruction] = code.body
    elif isinstance(node, Gather):
        bound = bound.union(*(names_of(clause.target) for clause in node.clauses))
        children = parts(node)
    elif isinstance(node, Annotate):
        children = [node.target, *([node.value] if node.value is not None else [])]
    elif isinstance(node, Bind) and is_definition(node.value):
        children = [node.value]
    else:
        children = parts(node)
    for child in children:
        yield from leaves_of(child, bound)


def variables(block: Iterable[Instruction]) -> Iterator[Read | Name]:
    for statement in block:
        for leaf, _ in leaves_of(statement, frozenset()):
            yield leaf


def functions_in(block: Iterable[Instruction]) -> list[MakeFunction]:
    return [item for item in within(block) if isinstance(item, MakeFunction)]


def is_flat(node: Instruction) -> bool:
    """Whether an expression is a list, set or dictionary of plain values."""
    if isinstance(node, MakeMapping):
        return all(key is not None and _is_plain(key) and _is_plain(value) for key, value in node.entries)
    return isinstance(node, Make) and node.kind != "tuple" and all(map(_is_plain, node.items))


def _is_plain(node: Instruction) -> bool:
    if isinstance(node, OperateAlone):
        return node.sign != "not" and _is_plain(node.value)
    return isinstance(node, (Constant, Text))


def is_comparison(node: Instruction) -> bool:
    return isinstance(node, Operate) and node.rest[0][0] in _COMPARING


def is_field(node: Instruction) -> bool:
    """Whether the value of a field of a dataclass makes something new for each object."""
    head, asked = chain_of(node)
    is_made = bool(asked) and isinstance(head, Read) and head.name in ("field", "dataclasses")
    return is_made and not any(isinstance(i, Argument) and i.name == "default" for i in inside(node))
