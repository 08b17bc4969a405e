"""The text of one library's table -> its entries by name: what a path of that library means, before conditions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from soorgeon_clone.analysis.knowledge.effect_rules import Major, Rule, TypeFacts, as_bool, as_tuple, compile_rules

TABLE_KEYS = {
    *("library", "source", "aliases", "everywhere", "function", "constructor", "method"),
    *("functions", "attributes", "types", "states", "traits", "distribution", "pickler"),
}
_FLAGS_OF_TYPES = ("immutable", "container", "picklable", "advancing")
_WORDS_OF_TYPES = ("serializer", "reason", "bound_to", "drawn_on")
TYPE_KEYS = {
    *("bases", "element", "rank", *_FLAGS_OF_TYPES, *_WORDS_OF_TYPES),
    *("new", "methods", "method", "attributes", "attribute", "operators", "subscripts", "stores"),
}

TRAITS = {
    "artists": "what draws: it holds and calls what it is given when it is drawn",
    "caches": "what keeps what a function or class gave, and gives that the next time",
    "calls_held": "functions of it may call what containers that they are given hold, at once",
    "calls_methods": "functions of it call methods, by their names, of objects that they are given",
    "calls_nothing_held": "functions of it do not call what containers that they are given hold, not at once",
    "data": "what an object of a library is given to work on: it does not change with it",
    "equal_only_themselves": "its objects are equal to themselves and to nothing else",
    "dresses": "its objects call the functions that they hold, with what they are given when they are called",
    "figures": "its objects may hold figures",
    "forgets_subclasses": "classes whose pickles load as the class itself, whatever class is derived from it",
    "freezes": "what compiles functions: what they read is read once, and stays in them",
    "formulas": "names in the texts that it is given are read again when its objects are loaded",
    "keeps_accessors": "its objects keep what they make when an accessor is asked for that the notebook registered",
    "keeps_exceptions": "context managers never swallow an exception",
    "labelled": "its objects have an index, which is renamed wherever it is",
    "learns": "its objects give the data that they hold to functions that they hold",
    "learnt_from": "that data",
    "memory": "objects with memory that others may share",
    "no_code": "objects hold no code of the notebook that is called",
    "not_unique": "numbers of which a file gives a copy",
    "of_functions": "objects that hold nothing but functions",
    "of_numpy_random": "functions that belong to the generator of that name, as pickle does not know",
    "of_python_random": "the same",
    "own_pickling": "classes whose way of being pickled forgets what a subclass adds",
    "generator": "it draws from one generator of its own, the state that is called after it",
    "generator_stays": "it draws from a generator whose state no file takes: what seeds it stays with what draws",
    "items_are_attributes": "items of an object are its attributes",
    "operands_held": "what an operator gives holds the operands",
    "pickles": "calls that pickle what they are given, also if it goes to no file",
    "plain_classes": "classes that take an attribute as it is",
    "plans": "objects that read files once something asks for what they hold",
    "pools": "what calls functions with what those are given, never with itself",
    "plots": "it draws on pyplot's figures",
    "registers_classes": "classes whose library can name those that are derived from them",
    "restores": "what they set is as it was when the with statement that they open is left",
    "seeded_by_number": "attributes that make a generator of random numbers of the number that they get",
    "shows_copies": "its text says whether it came out of a file",
    "steady": "gives the same for the same, whenever and wherever it is asked (of the whole library)",
    "unpickles": "calls that give such things back",
    "views_apart": "what its calls give as a view of something is not that thing, or holds it",
    "views": "what objects give may share their memory",
    "volatile": "gives something else at each call, or in another process",
    "of_directory": "what it gives depends on the working directory",
    "of_environ": "what it gives depends on the environment",
}
"""What may be said of a library, or of things in it by the globs of their names, beside what calls do."""

_CALL = re.compile(r"([\w.*?]+)?(?:\{([^}]*)\}([\w.*?]*))?(?:\(([^)]*)\))?")
_WORD = re.compile(
    r"(?:arg|as|element|cell|like|call|single|taken|with|library):[\w.]+|[A-Za-z_]\w*(?:\.\w+)*(?:\.\*)?"
)
_KEPT = frozenset(("self", "none"))
_NESTS = frozenset(("tuple", "list", "dict", "set", "iterator"))
BUILTIN_TYPES = {
    *("bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "memoryview", "object"),
    *("range", "set", "slice", "str", "tuple", "type", "function", "method", "module", "code", "generator", "iterator"),
    *("enumerate", "zip", "map", "filter", "reversed", "ellipsis", "scalar"),
}


@dataclass(frozen=True)
class Entry:
    """A call as the table has it: how its positional arguments are called, and its effect as written."""

    name: str
    parameters: tuple[str, ...]
    raw: Any


def split_calls(key: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield (name, parameters) for each call that a key names: ``a.{b,c}_, d(x, y)`` -> a.b_, a.c_, d."""
    for prefix, braces, suffix, signature in _CALL.findall(key):
        if not prefix and not braces:
            continue
        parameters = tuple(word.strip() for word in signature.split(",")) if signature else ()
        for name in braces.split(",") if braces else ("",):
            yield f"{prefix}{name.strip()}{suffix}", parameters


class Entries:
    """Calls by name: exact names first, then globs, the longest first."""

    def __init__(self, raw: Mapping[str, Any] | None) -> None:
        self.exact: dict[str, Entry] = {}
        self.globs: list[Entry] = []
        for key, value in (raw or {}).items():
            for name, parameters in split_calls(key):
                entry = Entry(name, parameters, value)
                if "*" in name or "?" in name:
                    self.globs.append(entry)
                else:
                    self.exact[name] = entry
        self.globs.sort(key=lambda entry: -len(entry.name))

    def find(self, name: str) -> Entry | None:
        return self.exact.get(name) or next((e for e in self.globs if fnmatchcase(name, e.name)), None)


@dataclass(eq=False)
class TypeEntry:
    """A type as the table has it; its parts are read when first asked for."""

    path: str
    table: Table
    raw: Mapping[str, Any]

    @cached_property
    def methods(self) -> Entries:
        return Entries(self.raw.get("methods"))

    @cached_property
    def attributes(self) -> Entries:
        return Entries(self.raw.get("attributes"))

    @cached_property
    def bases(self) -> tuple[str, ...]:
        return tuple(self.table.resolve(base) for base in as_tuple(self.raw.get("bases")))

    @cached_property
    def new(self) -> Entry | None:
        for key, value in self.raw.items():
            if key == "new" or key.startswith("new("):
                return Entry(self.path, next(split_calls(key))[1], value)
        return None

    @cached_property
    def subscripts(self) -> dict[str, Any]:
        return self._by_kind("subscripts")

    @cached_property
    def stores(self) -> dict[str, Any]:
        return self._by_kind("stores")

    def _by_kind(self, part: str) -> dict[str, Any]:
        kinds = (self.raw.get(part) or {}).items()
        return {kind.strip(): value for key, value in kinds for kind in key.split(",")}

    @cached_property
    def operators(self) -> dict[str, dict[str, str]]:
        """Operator -> type of the other operand (a glob) -> type of the result."""
        found: dict[str, dict[str, str]] = {}
        for key, value in (self.raw.get("operators") or {}).items():
            results = {"*": value} if isinstance(value, str) else value
            resolved = {self._operand(other): self.table.resolve(result) for other, result in results.items()}
            found.update(dict.fromkeys(key.split(", "), resolved))
        return found

    def _operand(self, other: str) -> str:
        return other if other == "*" else self.table.resolve(other)

    def facts(self, inherited: TypeFacts | None) -> TypeFacts:
        """Return the type's facts: what the entry says, else what its first base says."""
        raw = self.raw
        said: dict[str, Any] = {name: raw[name] for name in _WORDS_OF_TYPES if name in raw}
        said |= {name: as_bool(raw[name]) for name in _FLAGS_OF_TYPES if name in raw}
        said |= {"element": self.table.resolve(raw["element"])} if "element" in raw else {}
        said |= {"rank": int(raw["rank"])} if "rank" in raw else {}
        return replace(inherited or TypeFacts(self.path), path=self.path, bases=self.bases, **said)


@dataclass(eq=False)
class Table:
    """The table of one library. ``major`` tells the installed major version, None if it is not installed."""

    library: str
    raw: Mapping[str, Any]
    major: Major = lambda: None
    types: dict[str, TypeEntry] = field(init=False)
    _rules: dict[tuple[int, str | None], tuple[Any, tuple[Rule, ...]]] = field(init=False)

    def __post_init__(self) -> None:
        self.types, self._rules = {}, {}
        for key, raw in (self.raw.get("types") or {}).items():
            for name, _ in split_calls(key):
                self.types[name] = TypeEntry(f"{self.library}.{name}", self, raw or {})

    @cached_property
    def functions(self) -> Entries:
        return Entries(self.raw.get("functions"))

    @cached_property
    def attributes(self) -> Entries:
        return Entries(self.raw.get("attributes"))

    @cached_property
    def everywhere(self) -> tuple[Rule, ...]:
        return self.rules(self.raw.get("everywhere") or [])

    @cached_property
    def traits(self) -> dict[str, tuple[str, ...]]:
        return {trait: as_tuple(names) for trait, names in (self.raw.get("traits") or {}).items()}

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        return self.raw.get("aliases") or {}

    def rules(self, raw: Any, fresh: str | None = None) -> tuple[Rule, ...]:
        key = (id(raw), fresh)
        if key not in self._rules:  # beside what they were made of, so that its id stays its own
            self._rules[key] = (raw, compile_rules(raw, lambda text: self.resolve(text, fresh), self.major))
        return self._rules[key][1]

    def resolve(self, text: str, fresh: str | None = None) -> str:
        """Return ``text`` with full type paths: ``list(DataFrame)`` -> ``list(pandas.DataFrame)``."""

        def full(match: re.Match[str]) -> str:
            word = match[0]
            if (
                ":" in word
                or text[: match.start()].endswith(":")
                or word in _KEPT
                or (word in _NESTS and text[match.end() :].startswith("("))
            ):
                return word
            if word == "fresh":
                return fresh or f"{self.library}.*"
            if word in self.types:
                return f"{self.library}.{word}"
            if word in BUILTIN_TYPES:
                return f"builtins.{word}"
            if "." in word:
                return word
            raise ValueError(f"{self.library}: no type {word!r} is declared (in {text!r})")

        return _WORD.sub(full, text)


def check_keys(raw: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the keys of a table."""
    yield from (f"unknown key {key}" for key in raw.keys() - TABLE_KEYS)
    yield from (f"unknown trait {trait}" for trait in (raw.get("traits") or {}).keys() - TRAITS.keys())
    for name, entry in (raw.get("types") or {}).items():
        unknown = {key.partition("(")[0] for key in entry or {}} - TYPE_KEYS
        yield from (f"type {name}: unknown key {key}" for key in unknown)
