"""Chances -> a random notebook that (mostly) runs: sections of statements over variables whose kinds are known.

Statements are templates. ``{list}`` stands for an expression that is a list of numbers, ``{+list}`` for a name that
the statement binds to one (new, or taken from another variable), ``{=list}`` for a variable, ``{fresh}`` for a name
that nothing has, ``{*simple}`` for another simple statement. Kinds:

- int, str, list (of numbers), lists (of lists), dict (of numbers), dicts (of lists), set, deque, tuple (number, list)
- cls, obj (an instance), objs (a list of instances)
- fn (number -> number), lfn (list -> list), ofn (instance -> instance), make (-> fn), gen (yields numbers)
- arr, mat (arrays), rng (a numpy Generator), rnd (random.Random), df, ser (of pandas), file (a name), env (a name)

A notebook is made of a few kinds only, others each time: what is rare in a mixture of all is common in one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Protocol

from fuzz.templates import Templates, templates

_HOLE = re.compile(r"\{([+*=]?\w+)\}")
_THINGS = (
    "list",
    "lists",
    "dict",
    "dicts",
    "set",
    "deque",
    "obj",
    "objs",
    "arr",
    "mat",
    "rng",
    "rnd",
    "df",
    "box",
    "odd",
)  # whose identity can be told
_DISPLAYED = ("int", "str", "list", "lists", "dict", "dicts", "tuple", "deque", "arr", "mat", "df", "ser")
# names that the code of tasks wants for itself
_TAKEN = ["product", "upstream", "file", "values", "value", "pickle", "Path", "path", "exported"]
_KEYWORDS = ("a", "b", "c")


@cache
def _kinds(template: str) -> frozenset[str]:
    """Return the kinds that a template deals with."""
    named = (hole for hole in _HOLE.findall(template) if not hole.startswith(("fresh", "*")))
    return frozenset(hole.lstrip("+=").rstrip("0123456789") for hole in named)


@cache
def _holes(template: str) -> tuple[str, ...]:
    return tuple(_HOLE.findall(template))


class Chances(Protocol):
    """Where the choices come from: a random generator, or hypothesis."""

    def below(self, limit: int) -> int: ...


class Notebook:
    """A notebook as it is being written: the names that live, by kind."""

    def __init__(self, chances: Chances, words: Templates) -> None:
        self.chances = chances
        self.words = words
        self.kinds: dict[str, str] = {}
        self.later: list[str] = []
        self.count = 0
        self.depth = 0
        rare = [kind for kind, often in words.kinds.items() if chances.below(100) < often]
        self.allowed = {"int", "list", "str", "digit", "key", "gone", "thing", *rare}
        self.most = 3 + chances.below(10)
        self.tables = [
            [t for t in table if self._allows(t)]
            for table in (words.simple, words.functions, words.classes, words.compound, words.prints)
        ]

    def _allows(self, template: str) -> bool:
        return _kinds(template) <= self.allowed

    # -- choices -----------------------------------------------------------------------------------------------

    def chance(self, percent: int) -> bool:
        return self.chances.below(100) < percent

    def choose(self, options: list[str]) -> str:
        return options[self.chances.below(len(options))]

    def names(self, kind: str) -> list[str]:
        return [name for name, other in self.kinds.items() if other == kind]

    # -- statements --------------------------------------------------------------------------------------------

    def section(self, statements: int) -> str:
        lines: list[str] = []
        pending, self.later = self.later, []
        lines += pending
        for _ in range(statements):
            lines.append(self.statement())
            if self.chance(20):
                lines += [self._ending(), "..."]  # a cell ends here
        shown = [self.template(self.choose(self.tables[4])) for _ in range(self.chances.below(3))]
        shown += [self._shown(name) for name in self._some_names(4)]
        return "\n".join([*lines, *(line for line in shown if line)])

    def statement(self) -> str:
        dice = self.chances.below(100)
        table = self.tables[0 if dice < 55 else 1 if dice < 70 else 2 if dice < 78 else 3]
        return (self.template(self.choose(table)) if table else "") or self.simple()

    def simple(self) -> str:
        for _ in range(6):
            text = self.template(self.choose(self.tables[0]))
            if text:
                return text
        return "pass"

    def template(self, template: str) -> str:
        """Return the template filled in, or "" if it needs a kind that nothing has."""
        wanted = _holes(template)
        if not all(self._has(hole) for hole in wanted):
            return ""
        bound: list[tuple[str, str]] = []
        fixed: dict[str, str] = {}

        def fill(match: re.Match[str]) -> str:
            hole = match.group(1)
            if hole in fixed:
                return fixed[hole]
            if hole.startswith("+"):
                name = self._target(hole[1:])
                bound.append((name, hole[1:].rstrip("0123456789")))
                return name
            if hole.startswith("*"):
                return self._inner()
            if hole.startswith("="):
                return self.choose(self.names(hole[1:]))
            if hole.startswith("fresh"):
                fixed[hole] = self._fresh()
                return fixed[hole]
            kind = hole.rstrip("0123456789")
            text = self.expression(kind)
            if hole != kind:
                fixed[hole] = text
            return text

        main, _, after = template.partition("\n...\n")
        text = _fill(main, fill)
        if after:  # what a function needs may come a section later
            rest = _fill(after, fill)
            if self.chance(50):
                self.later.append(rest)
            else:
                text += "\n" + rest
        for name, kind in bound:
            if kind == "gone":
                self.kinds.pop(name, None)
            else:
                self.kinds[name] = kind
        return text

    def expression(self, kind: str) -> str:
        if kind == "key":
            return repr(self.choose(list(_KEYWORDS)))
        if kind == "digit":
            return str(self.chances.below(8))
        if kind == "any":
            return self.choose(list(self.kinds))
        if kind == "thing":
            return self.choose([n for n, k in self.kinds.items() if k in _THINGS])
        names = self.names(kind)
        self.depth += 1
        try:
            options = [
                e
                for e in self.words.expressions.get(kind, ())
                if self.depth < 4 and self._allows(e) and all(map(self._has, _holes(e)))
            ]
            if names and (not options or self.chance(65)):
                return self.choose(names)
            if not options:
                return "1" if kind == "int" else repr("x") if kind == "str" else self.choose(names)
            return self.template(self.choose(options))
        finally:
            self.depth -= 1

    def _has(self, hole: str) -> bool:
        if hole[0] in "+*" or hole.startswith("fresh"):
            return True
        kind = hole.lstrip("=").rstrip("0123456789")
        if hole in ("int", "str", "digit", "key"):
            return True
        if kind == "any":
            return bool(self.kinds)
        if kind == "thing":
            return any(k in _THINGS for k in self.kinds.values())
        return kind in self.kinds.values()

    def _inner(self) -> str:
        """Return a simple statement for a body; names that it binds are not counted on afterwards."""
        before = dict(self.kinds)
        text = self.simple()
        self.kinds = {name: kind for name, kind in before.items() if self.kinds.get(name) == kind}
        return text

    def _target(self, kind: str) -> str:
        kind = kind.rstrip("0123456789")
        if kind == "gone":
            names = [name for name in self.kinds if name not in _TAKEN]  # tasks have those in any case
            return self.choose(names) if names else "nothing"
        same = self.names(kind)
        if same and self.chance(35):
            return self.choose(same)
        if len(self.kinds) > self.most or (self.kinds and self.chance(4)):
            return self.choose(list(self.kinds))
        return self._fresh()

    def _fresh(self) -> str:
        if self.chance(2):
            return self.choose(_TAKEN)
        self.count += 1
        number = self.count - 1
        return "abdeghjkmnqrtuvwxyz"[number % 19] + (str(number // 19) if number >= 19 else "")

    def _ending(self) -> str:
        """Return the last row of a cell, which Jupyter displays if it is an expression."""
        names = [name for name, kind in self.kinds.items() if kind in _DISPLAYED]
        return self.choose(names) if names and self.chance(60) else "pass"

    # -- what is shown -----------------------------------------------------------------------------------------

    def _some_names(self, most: int) -> Iterable[str]:
        names = list(self.kinds)
        for _ in range(1 + self.chances.below(most)):
            if names:
                yield names.pop(self.chances.below(len(names)))

    def _shown(self, name: str) -> str:
        options = self.words.prints_of.get(self.kinds[name], ["print({name})"])
        return self.choose(options).replace("{name}", name)


def _fill(template: str, fill: object) -> str:
    """Fill the holes; a hole that stands alone in an indented row indents all that it becomes."""
    rows = []
    for row in template.split("\n"):
        indent = row[: len(row) - len(row.lstrip())]
        rows.append(_HOLE.sub(fill, row).replace("\n", "\n" + indent))  # type: ignore[arg-type]
    return "\n".join(rows)


def write_notebook(chances: Chances, *further: str) -> tuple[str, ...]:
    """Return the sections of a random notebook; ``further`` are files of templates besides the usual ones."""
    notebook = Notebook(chances, templates(*further))
    starts = [template for template in notebook.words.starts if notebook._allows(template)]
    lines = [notebook.template(notebook.choose(starts))] if starts and chances.below(100) < 70 else []
    sections = []
    for _ in range(2 + chances.below(4)):
        body = notebook.section(1 + chances.below(6))
        sections.append("\n".join([*lines, body]))
        lines = []
    if notebook.later:
        sections.append("\n".join([*notebook.later, *(notebook._shown(n) for n in list(notebook.kinds)[:5])]))
    sections[0] = "\n".join([*_seeds("\n".join(sections), chances), sections[0]])
    return tuple(_with_imports(sections, early=chances.below(2) == 0))


def _seeds(text: str, chances: Chances) -> Iterable[str]:
    """Yield what seeds the generators that are drawn from, or a notebook would not show the same twice."""
    if re.search(r"(?<!np\.)\b(random|r)\.(random|randrange|shuffle|getstate)\b|\bol\.draw\b", text):
        yield f"random.seed({chances.below(8)})"
    if re.search(r"\bnp\.random\.(rand|randint|shuffle)\b|\bol\.sample\b", text):
        yield f"np.random.seed({chances.below(8)})"


_IMPORTS = {
    r"\bnp\.": "import numpy as np",
    r"\brandom\.": "import random",
    r"\bcopy\.": "import copy",
    r"\bitertools\.": "import itertools",
    r"\bfunctools\.": "import functools",
    r"\bcollections\.": "import collections",
    r"\bcontextlib\.": "import contextlib",
    r"\boperator\.": "import operator",
    r"\bdataclasses\.": "import dataclasses",
    r"\benum\.": "import enum",
    r"\bheapq\.": "import heapq",
    r"\bbisect\.": "import bisect",
    r"\bos\.": "import os",
    r"\bpathlib\.": "import pathlib",
    r"\bdecimal\.": "import decimal",
    r"\bpd\.": "import pandas as pd",
    r"\btypes\.": "import types",
    r"\bre\.": "import re",
    r"\bio\.": "import io",
    r"\bweakref\.": "import weakref",
    r"\bthreading\.": "import threading",
    r"\bsqlite3\.": "import sqlite3",
    r"\bjson\.": "import json",
    r"\bpickle\.": "import pickle",
    r"\bstring\.": "import string",
    r"\btyping\.": "import typing",
    r"\babc\.": "import abc",
    r"\bol\.": "import outland as ol",
}


def _with_imports(sections: list[str], *, early: bool) -> Iterable[str]:
    """Put each import before its first use, or all of them at the top."""
    done: set[str] = set()
    whole = "\n".join(sections)
    for section in sections:
        text = whole if early else section
        needed = [line for pattern, line in _IMPORTS.items() if line not in done and re.search(pattern, text)]
        done.update(needed)
        yield "\n".join([*needed, section])
