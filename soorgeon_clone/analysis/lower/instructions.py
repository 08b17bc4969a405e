"""What code can do to names and objects: Python's large syntax comes down to these few instructions.

An expression is an instruction that gives values; its operands are instructions, evaluated in the order in which they
stand here. A statement is one that gives none. Each keeps its row in the cell. Two instructions are never equal: one
is the place in the code (the site) where objects are made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, eq=False)
class Instruction:
    """``row`` is 1-based."""

    row: int


Block = tuple[Instruction, ...]

# -- values ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Constant(Instruction):
    """``type``: the name of a builtin type. ``value``: the text, small integer or truth value; None: any other."""

    type: str
    value: str | int | bool | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Text(Instruction):
    """An f-string: texts and values; ``is_plain``: the values stand in it as they are."""

    pieces: tuple[str | Instruction, ...]
    is_plain: bool


@dataclass(frozen=True, slots=True, eq=False)
class Read(Instruction):
    """Read a name."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Attribute(Instruction):
    """A part of an object, by its name; stored or deleted where it stands as a target."""

    of: Instruction
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Item(Instruction):
    """A part of an object, by a key; stored or deleted where it stands as a target."""

    of: Instruction
    key: Instruction


@dataclass(frozen=True, slots=True, eq=False)
class Keys(Instruction):
    """The key of ``x[a, b]`` and ``x[a:b]``; ``kind`` is tuple or slice."""

    kind: str
    parts: Block


@dataclass(frozen=True, slots=True, eq=False)
class Elements(Instruction):
    """``*x`` in a display: what iterating gives."""

    of: Instruction


@dataclass(frozen=True, slots=True, eq=False)
class Make(Instruction):
    """Make a list, tuple or set."""

    kind: str
    items: Block


@dataclass(frozen=True, slots=True, eq=False)
class MakeMapping(Instruction):
    """Make a dictionary of keys and values; the key None stands for ``**value``."""

    entries: tuple[tuple[Instruction | None, Instruction], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Clause(Instruction):
    """``for target in over if tests`` of a comprehension."""

    target: Instruction
    over: Instruction
    tests: Block


@dataclass(frozen=True, slots=True, eq=False)
class Gather(Instruction):
    """Make a list, set, dict or generator by loops in a scope of their own; ``key`` is that of a dictionary."""

    kind: str
    clauses: tuple[Clause, ...]
    key: Instruction | None
    value: Instruction


@dataclass(frozen=True, slots=True, eq=False)
class Operate(Instruction):
    """``first sign operand sign operand``, from left to right."""

    first: Instruction
    rest: tuple[tuple[str, Instruction], ...]


@dataclass(frozen=True, slots=True, eq=False)
class OperateAlone(Instruction):
    """``-x``, ``not x`` and the like."""

    sign: str
    value: Instruction


@dataclass(frozen=True, slots=True, eq=False)
class Either(Instruction):
    """``and``, ``or``: the first is evaluated, and perhaps those after it."""

    sign: str
    values: Block


@dataclass(frozen=True, slots=True, eq=False)
class Choose(Instruction):
    """``then if test else otherwise``."""

    test: Instruction
    then: Instruction
    otherwise: Instruction


@dataclass(frozen=True, slots=True, eq=False)
class Argument(Instruction):
    """``sign`` is "" or "*" for a positional argument, "=" or "**" for one by name."""

    sign: str
    name: str | None
    value: Instruction


@dataclass(frozen=True, slots=True, eq=False)
class Call(Instruction):
    """Call something."""

    function: Instruction
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """``kind`` is "", "*" or "**"."""

    name: str
    kind: str
    default: Instruction | None
    annotation: Instruction | None
    keyword_only: bool = False


@dataclass(eq=False)
class Code:
    """A function or lambda of the notebook.

    ``body``: of a lambda, the one instruction that gives its value. ``mentioned`` are the names that stand in the
    body, ``names`` those of the whole definition; ``free`` are the names that come from outside, those of nested
    functions included. ``size``: how much there is to follow in it.
    """

    row: int
    name: str
    parameters: tuple[Parameter, ...]
    returns: Instruction | None
    body: Block
    is_lambda: bool
    is_async: bool
    is_generator: bool
    locals: frozenset[str]
    globals: frozenset[str]
    nonlocals: frozenset[str]
    free: frozenset[str]
    mentioned: frozenset[str]
    names: frozenset[str]
    decorators: frozenset[str]
    has_class: bool
    size: int
    owner: Any = None
    is_nested: bool = False
    place: Any = None  # where it is made
    named: set[str] = field(default_factory=set)
    """Variables of the notebook that texts in it name where it was called: ``df.query("a > @limit")``."""

    dressed: set[str] = field(default_factory=set)
    """Decorators of libraries that it was given to, by their paths, or the types of objects that were decorators."""

    @property
    def is_cached(self) -> bool:
        return any(d.rpartition(".")[2] in ("lru_cache", "cache", "memoize") for d in self.decorators)


@dataclass(frozen=True, slots=True, eq=False)
class MakeFunction(Instruction):
    """Make a function; its defaults and annotations are evaluated where it stands."""

    code: Code


@dataclass(frozen=True, slots=True, eq=False)
class MakeClass(Instruction):
    """Make a class; ``bases`` and keywords in the order in which they stand."""

    name: str
    bases: tuple[Argument, ...]
    decorators: frozenset[str]
    body: Block


@dataclass(frozen=True, slots=True, eq=False)
class Decorate(Instruction):
    """Call a decorator, which is evaluated before ``value`` is made; ``name`` is its text up to a bracket."""

    decorator: Instruction
    name: str
    value: Instruction


@dataclass(frozen=True, slots=True, eq=False)
class Yield(Instruction):
    """Give a value out of a generator; ``each``: all elements of another (``yield from``)."""

    value: Instruction | None
    each: bool


@dataclass(frozen=True, slots=True, eq=False)
class Await(Instruction):
    """Wait for a coroutine."""

    value: Instruction


# -- names and parts -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Name(Instruction):
    """A name as a target."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Unpack(Instruction):
    """Targets that get one element each, `Rest` what is left."""

    targets: Block


@dataclass(frozen=True, slots=True, eq=False)
class Rest(Instruction):
    """``*target``: it gets a list."""

    target: Instruction


@dataclass(frozen=True, slots=True, eq=False)
class Bind(Instruction):
    """Give a value to targets, from left to right."""

    targets: Block
    value: Instruction


@dataclass(frozen=True, slots=True, eq=False)
class BindInside(Instruction):
    """Give a value to a name in an expression (``:=``), which has the value as well."""

    name: str
    value: Instruction


@dataclass(frozen=True, slots=True, eq=False)
class Annotate(Instruction):
    """``target: annotation = value``."""

    target: Instruction
    annotation: Instruction
    value: Instruction | None


@dataclass(frozen=True, slots=True, eq=False)
class OperateInPlace(Instruction):
    """``target sign= value``."""

    target: Instruction
    sign: str
    value: Instruction


@dataclass(frozen=True, slots=True, eq=False)
class Unbind(Instruction):
    """Delete a name or a part."""

    target: Instruction


@dataclass(frozen=True, slots=True, eq=False)
class Declare(Instruction):
    """``global`` or ``nonlocal``: which names are meant, is known of the scope."""

    kind: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Import(Instruction):
    """Bind ``name`` ("*": all) to what stands at ``path``, to its first part if not ``whole``: ``import a.b``.

    ``is_from`` tells how it is written.
    """

    name: str
    path: str
    whole: bool
    is_from: bool


# -- blocks ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Test(Instruction):
    """Ask whether a value is true."""

    value: Instruction


@dataclass(frozen=True, slots=True, eq=False)
class Branch(Instruction):
    """One of ``blocks``: the first whose test is true; a last one without a test if none is."""

    tests: Block
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Case(Instruction):
    """A case of `Match`: what its pattern evaluates, and what it binds.

    ``binds``: name, how many parts deep in the subject its value is, and the container that it is put in, if any.
    """

    uses: Block
    binds: tuple[tuple[str, int, str], ...]
    guard: Instruction | None
    is_certain: bool
    body: Block


@dataclass(frozen=True, slots=True, eq=False)
class Match(Instruction):
    """The first of ``cases`` whose pattern and guard hold."""

    subject: Instruction
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Loop(Instruction):
    """``for target in over`` or ``while test``; ``orelse`` if nothing leaves the loop."""

    target: Instruction | None
    over: Instruction | None
    test: Instruction | None
    body: Block
    orelse: Block


@dataclass(frozen=True, slots=True, eq=False)
class Handler(Instruction):
    """``except type as name``."""

    type: Instruction | None
    name: str | None
    body: Block


@dataclass(frozen=True, slots=True, eq=False)
class Try(Instruction):
    """A block that an exception may leave at any point."""

    body: Block
    handlers: tuple[Handler, ...]
    orelse: Block
    final: Block


@dataclass(frozen=True, slots=True, eq=False)
class With(Instruction):
    """Enter managers, each given to a target if there is one, and leave them after the block."""

    managers: tuple[tuple[Instruction, Instruction | None], ...]
    body: Block


@dataclass(frozen=True, slots=True, eq=False)
class Leave(Instruction):
    """``how``: return, raise, break or continue; ``values``: what is returned, or the exception and its cause."""

    how: str
    values: Block = field(default=())
