"""The path of a call -> what it does: loads the effect tables in knowledge/*.yaml, one library at a time, when asked.

A table describes one library (one top-level module; those of the standard library are in knowledge/stdlib). Its keys:

``library``      the first part of all paths in it
``source``       the address of the documentation; ``{path}`` stands for the call's path, ``{name}`` for its last part
``aliases``      other paths of the same things, as prefixes: ``core.frame.DataFrame: pandas.DataFrame``
``everywhere``   rules that hold for every call of the library (``{given: out, changes: out}``)
``function``     the effect of functions that are not named; ``constructor`` the same for classes
``functions``    call -> effect. A key names several calls with commas, ``a.{b,c}`` is ``a.b, a.c``, ``*`` is a glob;
                 ``name(x, y)`` says how positional arguments are called, as far as a rule needs to know
``attributes``   attributes of modules -> effect
``method``       the effect of methods that are not named
``states``       setting (what ``sets`` names, without ``other:``) -> how all of it is saved and put back, each key as
                 `soorgeon_clone.refactor.carriers.states.State` says; it is the library's by its first word
``pickler``      a module with ``dump`` and ``load`` as pickle has them, for types whose ``serializer`` is this library
``traits``       what else is so of the library: a trait (see `TRAITS`) -> globs of the names that have it
``distribution`` its name where packages are installed, if it is another
``types``        type -> its facts (see TypeFacts), ``new``, ``methods``, ``method`` (all others), ``attributes``,
                 ``attribute`` (all others), ``operators``, ``subscripts``, ``stores`` (what is stored into, where
                 that does not change all that shares its memory). ``"*"`` is any type that is not named

An effect is written as in `Effect`; a single item needs no list, and a text (or a list of texts) is its ``returns``.
Conditions:
``when: {inplace: "True"}`` (globs of a constant's value, ``"w*|a*"``), ``given: out`` (passed, and not None),
``passed: out``, ``unless_given: out``; a list of effects means: the first whose condition holds. A condition on an
argument that is not a constant may hold. ``made.copy`` is what the constructor of self was given.
``views_before_3: self`` holds for versions of the library before 3; from then on it ``lends``. Type names are relative
to the library; builtins need no prefix; ``object`` may be anything.

Users describe their own libraries in pyproject.toml (nearest one upward), in the same words:

    [tool.soorgeon-clone.effects]
    "mylib.clean" = { changes = [], returns = "pandas.DataFrame" }    # leaves its arguments alone
    "mylib.fill(df, value)" = { changes = "df", returns = "none" }    # changes its first argument
    "mylib.Model.fit" = { changes = "self", returns = "self" }
    "mylib.plots.*" = {}                                              # changes nothing, returns something new
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from soorgeon_clone.analysis.knowledge.effect_rules import (
    Effect,
    Given,
    TypeFacts,
    add,
    choose,
    compile_rules,
)
from soorgeon_clone.analysis.knowledge.effect_tables import Entries, Entry, Table, TypeEntry
from soorgeon_clone.errors import UserError
from soorgeon_clone.pyproject import nearest, read_section

FOLDER = Path(__file__).parent
SECTION = "tool.soorgeon-clone.effects"
HOMES = {"posixpath": "os.path", "ntpath": "os.path", "_io": "io", "pylab": "matplotlib.pylab", "_thread": "threading"}
_ANY_CONSTRUCTOR = {"shares": "args"}
USER = "pyproject.toml"  # the sources of effects that no table says
UNDESCRIBED = "code that nobody has described"


def read_table(library: str) -> Mapping[str, Any] | None:
    """Return the table of a library as it stands in its file; None if it has none. Every scalar is a text."""
    for path in (FOLDER / f"{library}.yaml", FOLDER / "stdlib" / f"{library}.yaml"):
        if path.is_file():
            import yaml

            loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
            table: Mapping[str, Any] = yaml.load(path.read_bytes(), loader)
            return table
    return None


@cache
def table_of(library: str) -> Table | None:
    """Return the table of a library; None if nobody has described it."""
    raw = read_table(library)
    return Table(library, raw, lambda: installed_major(library)) if raw is not None else None


@cache
def installed_major(library: str) -> int | None:
    """Return the major version of a library by the name of its folder: importlib.metadata would take 20 ms."""
    table = table_of(library)
    distribution = table.raw.get("distribution", library) if table is not None else library
    wanted = re.compile(rf"{distribution}-(\d+).*\.dist-info", re.IGNORECASE)
    for folder in sys.path:
        with suppress(OSError):
            for name in os.listdir(folder or "."):  # noqa: PTH208 - faster
                if found := wanted.fullmatch(name):
                    return int(found[1])
    return None


def pickler_of(library: str) -> str:
    """Return the text of the module that saves and loads the objects of a library, whose table has one."""
    table = table_of(library)
    assert table is not None
    text: str = table.raw["pickler"]
    return text


def _split(path: str) -> tuple[str, str]:
    library, _, rest = path.partition(".")
    return library, rest


# What a notebook asks few different questions of, many times
_REMEMBERED = (
    *("attribute", "canonical", "has", "is_at_large", "is_method", "module_attribute", "named_function"),
    *("names_method", "operator", "parameters", "store", "subscript", "type"),
)


class Knowledge:
    """Answers questions about calls, attributes and types; None means that nobody described it."""

    def __init__(self, user_entries: Mapping[str, Any] | None = None) -> None:
        self._user = Entries(user_entries)
        self._lineages: dict[str, tuple[TypeEntry, ...]] = {}
        self._answers: dict[tuple[Any, ...], Effect | None] = {}
        for name in _REMEMBERED:
            setattr(self, name, cache(getattr(self, name)))

    def function(self, path: str, given: Given) -> Effect | None:
        """Return what calling ``path`` does: a function, a class (its constructor), or a method without its object."""
        key = (path, *given.items())
        if key not in self._answers:
            self._answers[key] = self._drawing(self._function(self.canonical(path), given))
        return self._answers[key]

    def method(self, type_path: str, name: str, given: Given, made: Given | None = None) -> Effect | None:
        """Return what calling the method ``name`` of an object of ``type_path`` does.

        ``made`` is what the constructor that made the object was given; None: not known, so every condition on it
        may hold.
        """
        key = (type_path, name, *given.items(), None, *(made.items() if made is not None else ()), made is None)
        if key not in self._answers:
            known = {"made.**": None} if made is None else {f"made.{param}": text for param, text in made.items()}
            effect = self._method(self.canonical(type_path), name, {**given, **known})
            self._answers[key] = effect if self._drawn_on(type_path) else self._drawing(effect)
        return self._answers[key]

    def _drawing(self, effect: Effect | None) -> Effect | None:
        """A call that gives axes or the like has drawn on the current figure, unless it is a method of such a thing,

        or opens a figure of its own.
        """
        if effect is None or effect.seeds:
            return effect
        types = {path for spec in effect.returns for path in _TYPE_PATHS.findall(spec)}
        states = {state for path in types if (state := self._drawn_on(path)) is not None}
        return replace(effect, draws=(*effect.draws, *sorted(states))) if states else effect

    def _drawn_on(self, type_path: str) -> str | None:
        facts = self.type(type_path) if "." in type_path else None
        return facts.drawn_on if facts is not None else None

    def attribute(self, type_path: str, name: str) -> Effect | None:
        """Return what reading an attribute does; None: it is a part of the object."""
        lineage = self._lineage(self.canonical(type_path))
        for entry in lineage:
            if found := entry.attributes.find(name):
                return choose(entry.table.rules(found.raw), {})
        if any(name in entry.methods.exact for entry in lineage):
            return None  # a bound method
        for entry in lineage:
            if "attribute" in entry.raw:
                return choose(entry.table.rules(entry.raw["attribute"]), {})
        return None

    def names_method(self, type_path: str, name: str) -> bool:
        """Tell whether a table names a method of a type, not only says what holds for all others."""
        return any(entry.methods.find(name) for entry in self._lineage(self.canonical(type_path)))

    def module_attribute(self, path: str) -> Effect | None:
        """Return what reading an attribute of a module does, and what assigning to it would (``sets``)."""
        library, rest = _split(self.canonical(path))
        table = table_of(library)
        found = table.attributes.find(rest) if table else None
        return choose(table.rules(found.raw), {}) if table and found else None

    def describes(self, library: str) -> bool:
        """Tell whether there is a table for a library."""
        return table_of(library) is not None

    def has(self, path: str, trait: str) -> bool:
        """Tell whether a table says that something, or a type, has one of the `TRAITS`."""
        library, rest = _split(path)
        table = table_of(library)
        return table is not None and any(fnmatchcase(rest, name) for name in table.traits.get(trait, ()))

    def type(self, type_path: str) -> TypeFacts | None:
        """Return the facts of a type; of ``pandas.*``, those that hold for any object of the library."""
        facts = None
        for entry in reversed(self._lineage(self.canonical(type_path))):
            facts = entry.facts(facts)
        if facts is not None and facts.path.endswith(".*"):
            facts = replace(facts, path=type_path)
        return facts

    def canonical(self, path: str) -> str:
        """Return the path under which the tables know it: ``pandas.core.frame.DataFrame`` -> ``pandas.DataFrame``."""
        library, rest = _split(path)
        if library in HOMES:
            path = f"{HOMES[library]}.{rest}" if rest else HOMES[library]
            library, rest = _split(path)
        table = table_of(library) if rest else None
        if table is None or not table.aliases:
            return path
        prefix, tail = rest, ""
        while prefix:
            if prefix in table.aliases:
                return self.canonical(table.aliases[prefix] + tail)
            prefix, _, last = prefix.rpartition(".")
            tail = f".{last}{tail}"
        return path

    def parameters(self, path: str) -> tuple[str, ...] | None:
        """Return how positional arguments of a function, class or method (``pandas.DataFrame.drop``) are called.

        Parameters that no rule speaks of may be missing at the end. None: not known.
        """
        path = self.canonical(path)
        if found := self._user.find(path):
            return found.parameters
        library, rest = _split(path)
        table = table_of(library)
        if table and (named := table.functions.exact.get(rest)):
            return named.parameters
        if lineage := self._lineage(path, declared=True):
            return next((entry.new.parameters for entry in lineage if entry.new), None)
        owner, _, name = path.rpartition(".")
        if lineage := self._lineage(owner, declared=owner.count(".") > 0 and not owner.endswith("*")):
            for entry in lineage:
                if found := entry.methods.find(name):
                    return found.parameters
        found = table.functions.find(rest) if table else None
        return found.parameters if found else None

    def is_told(self, path: str) -> bool:
        """Tell whether the user has said what calling ``path`` does: that is believed, whatever its code looks like."""
        return self._user.find(path) is not None

    def is_method(self, path: str) -> bool:
        """Tell whether ``path`` is a method taken from its class (``str.upper``), whose first argument is self."""
        path = self.canonical(path)
        library, rest = _split(path)
        table = table_of(library)
        if table is None or rest in table.functions.exact:
            return False
        owner, _, name = path.rpartition(".")
        return self._has_method(owner, name)

    def is_at_large(self, path: str) -> bool:
        """Tell whether a table describes the library of ``path``, but neither this nor anything beside it."""
        library, rest = _split(self.canonical(path))
        table = table_of(library)
        owner = rest.rpartition(".")[0]
        if table is None or not owner or self._lineage(f"{library}.{owner}", declared=True):
            return False
        named = [*table.functions.exact, *(entry.name for entry in table.functions.globs)]
        return not any(name.startswith(f"{owner}.") for name in named)

    def operator(self, type_path: str, op: str, other: str) -> str | None:
        """Return the type of ``a <op> b`` for a of ``type_path`` and b of ``other``; a unary operator has other ""."""
        if op in ("in", "not in", "is", "is not", "not"):
            return "builtins.bool"
        if not other and not op.startswith("unary "):
            op = f"unary {op}"
        left, right = self.type(type_path), self.type(other) if other else None
        if right is not None and right.rank > (left.rank if left else 0):
            type_path, other = other, type_path
        return self._operator(type_path, op, other) or (self._operator(other, op, type_path) if other else None)

    def subscript(self, type_path: str, kind: str) -> Effect | None:
        """Return what ``x[...]`` does; kind: slice, constant str, constant int, list, array, tuple, other.

        ``list of texts`` is a kind of list, ``lists`` several of which one is a list or array.
        """
        lineage = self._lineage(self.canonical(type_path))
        for entry in lineage:
            for name in (kind, kind.removesuffix(" of texts"), "*"):
                if name in entry.subscripts:
                    return choose(entry.table.rules(entry.subscripts[name]), {})
        return None

    def store(self, type_path: str, kind: str) -> Effect | None:
        """Return what storing into an object does; kind as for `subscript`, ``labels`` or ``attribute``."""
        lineage = self._lineage(self.canonical(type_path))
        for entry in lineage:
            if kind in entry.stores:
                return choose(entry.table.rules(entry.stores[kind]), {})
        return None

    def named_function(self, path: str) -> Effect | None:
        """Return what a function does that the table of its library names, None if it does not."""
        library, rest = _split(self.canonical(path))
        table = table_of(library)
        named = table.functions.exact.get(rest) if table is not None else None
        return self._answer(table, named.raw, {}) if table is not None and named is not None else None

    def _function(self, path: str, given: Given) -> Effect | None:
        if found := self._user.find(path):
            return self._from_user(path, found, given)
        library, rest = _split(path)
        table = table_of(library)
        if table is None:
            return undescribed_function(library) if library in sys.stdlib_module_names else None
        if rest in table.functions.exact:
            return self._answer(table, table.functions.exact[rest].raw, given)
        if lineage := self._lineage(path, declared=True):
            return self._constructor(path, lineage, table, given)
        owner, _, name = path.rpartition(".")
        if self._has_method(owner, name):
            return self._method(owner, name, given)
        if found := table.functions.find(rest):
            return self._answer(table, found.raw, given)
        if name[:1].isupper() and "*" in table.types:
            return self._constructor(path, (table.types["*"],), table, given)
        effect = self._answer(table, table.raw["function"], given) if "function" in table.raw else None
        if effect is not None and not effect.sets and registers_by_name(path, library):
            return replace(effect, sets=("modules",))
        return effect

    def _constructor(self, path: str, lineage: tuple[TypeEntry, ...], table: Table, given: Given) -> Effect | None:
        for entry in lineage:
            if entry.new:
                return self._answer(table, entry.new.raw, given, fresh=path, rules_of=entry.table)
        raw = table.raw.get("constructor", _ANY_CONSTRUCTOR)
        return self._answer(table, raw, given, fresh=path)

    def _method(self, type_path: str, name: str, given: Given) -> Effect | None:
        if found := self._user.find(f"{type_path}.{name}"):
            return self._from_user(type_path, found, given)
        lineage = self._lineage(type_path)
        for entry in lineage:
            if found := entry.methods.find(name):
                return self._answer(entry.table, found.raw, given)
        for entry in lineage:
            if "method" in entry.raw:
                return self._answer(entry.table, entry.raw["method"], given)
        library, rest = _split(type_path)
        table = table_of(library)
        if table and (named := table.functions.exact.get(f"{rest}.{name}")):
            return self._answer(table, named.raw, given)
        if table and "method" in table.raw:
            return self._answer(table, table.raw["method"], given)
        if table is None and library in sys.stdlib_module_names:
            files = _files_of(library)
            return Effect(
                (f"{library}.*",),
                shares=("self", "args"),
                changes=("self",),
                keeps=("args",),
                reads=files,
                writes=files,
                source=UNDESCRIBED,
            )
        return None

    def _has_method(self, owner: str, name: str) -> bool:
        lineage = self._lineage(owner, declared=True)
        return any("method" in entry.raw or entry.methods.find(name) for entry in lineage)

    def _answer(
        self, table: Table, raw: Any, given: Given, fresh: str | None = None, rules_of: Table | None = None
    ) -> Effect | None:
        effect = choose((rules_of or table).rules(raw, fresh), given)
        if effect is None or not table.everywhere:
            return effect
        # an object whose constructor nobody saw was made with the defaults, as far as these rules go
        return add(effect, table.everywhere, {name: text for name, text in given.items() if name != "made.**"})

    def _from_user(self, path: str, found: Entry, given: Given) -> Effect | None:
        effect = choose(compile_rules(found.raw, _user_types(_split(path)[0])), given)
        return replace(effect, source=USER) if effect is not None else None

    def _lineage(self, type_path: str, *, declared: bool = False) -> tuple[TypeEntry, ...]:
        """Return the type's entry and those of its bases, nearest first; ``*`` stands for a type that is not named."""
        if type_path not in self._lineages:
            self._lineages[type_path] = tuple(dict.fromkeys(self._ancestors(type_path)))
        lineage = self._lineages[type_path]
        return lineage if not declared or (lineage and lineage[0].path == type_path) else ()

    def _ancestors(self, type_path: str) -> Iterator[TypeEntry]:
        library, rest = _split(type_path)
        table = table_of(library)
        entry = (table.types.get(rest) or table.types.get("*")) if table else None
        if entry is not None:
            yield entry
            for base in entry.bases:
                yield from self._ancestors(self.canonical(base))

    def _operator(self, type_path: str, op: str, other: str) -> str | None:
        kinds = [entry.path for entry in self._lineage(self.canonical(other))] if other else [""]
        for entry in self._lineage(self.canonical(type_path)):
            results = entry.operators.get(op, {})
            for pattern, result in results.items():
                if any(fnmatchcase(kind, pattern) for kind in kinds):
                    return type_path if result == "self" else result
            if "*" in results:
                return type_path if results["*"] == "self" else results["*"]
        return None


# `pandas.DataFrame` in `tuple(pandas.DataFrame, object)`, nothing in `arg:ax`
_TYPE_PATHS = re.compile(r"(?<![\w:.])[^\W\d]\w*(?:\.\w+)+")

# modules of the standard library that no table describes, and that leave files alone
_WITHOUT_FILES = frozenset(
    """
    array atexit binascii cmd code codeop colorsys copyreg dis email encodings errno faulthandler fnmatch getopt gettext
    graphlib hmac html ipaddress mimetypes modulefinder numbers opcode optparse pstats quopri reprlib resource sched
    select selectors shlex signal site stringprep symtable sysconfig termios this token tokenize tracemalloc tty
    zlib zoneinfo
    """.split()
)


def _files_of(library: str) -> tuple[str, ...]:
    return () if library in _WITHOUT_FILES else ("*",)


def undescribed_function(library: str) -> Effect:
    """Return what holds for the functions of the standard library at large."""
    files = _files_of(library)
    return Effect(returns=(f"{library}.*",), shares=("args",), reads=files, writes=files, source=UNDESCRIBED)


_SETS = re.compile(r"(un)?(register|install)|(re)?set(?!_index)|add_|(en|dis)able|patch|st(art|op)$")


def sets_by_name(name: str) -> bool:
    """Whether the name of a function that nobody described says that it sets something (``register_error``)."""
    return _SETS.match(name) is not None


_REGISTERS = re.compile(r"(un|de)?register|set_|(en|dis)able")


def registers_by_name(path: str, library: str) -> bool:
    """Whether a function that a table does not name says by its name that its library keeps something from then on."""
    name = path.rpartition(".")[2]
    return sets_by_name(name) if library in sys.stdlib_module_names else _REGISTERS.match(name) is not None


def seeds_by_name(path: str) -> bool:
    """Whether a function that nobody described says by its name that it seeds generators of random numbers."""
    return "seed" in path.rpartition(".")[2].lower()


def may_set(effect: Effect, path: str) -> bool:
    """Whether the tables only say what holds for the standard library at large, and the name that something is set."""
    library, _, rest = path.partition(".")
    if library not in sys.stdlib_module_names or not sets_by_name(rest.rpartition(".")[2]):
        return False
    return effect == undescribed_function(library)


def _user_types(library: str) -> Any:
    table = Table(library, {})
    return table.resolve


@cache
def _plain() -> Knowledge:
    return Knowledge()


def knowledge(user_entries: Mapping[str, Any] | None = None) -> Knowledge:
    """Return the knowledge of all tables and of the user's entries; tables are loaded when a path asks for them."""
    return Knowledge(user_entries) if user_entries else _plain()


def read_user_effects(folder: Path) -> Mapping[str, Any]:
    """Return the entries of ``[tool.soorgeon-clone.effects]`` in the nearest pyproject.toml from ``folder`` upward.

    Raise UserError if the file cannot be read or an entry has keys or values that mean nothing.
    """
    path = nearest(folder)
    if path is None:
        return {}
    entries = read_section(path, SECTION)
    for name, raw in entries.items():
        try:
            compile_rules(raw, _user_types(_split(name)[0]))
        except (ValueError, TypeError) as error:
            raise UserError(
                f"{path}: [{SECTION}] {name!r}: {error}",
                hint='An entry looks like this: "mylib.clean(df)" = { changes = ["df"], returns = "none" }',
                exit_code=2,
            ) from error
    return entries
