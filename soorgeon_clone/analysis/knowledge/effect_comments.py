"""A trailing comment -> what its author says about the calls in its statement that no table describes.

model = train(df, log)  # soorgeon-clone: changes log, writes log.txt
report = describe(df)   # soorgeon-clone: pure
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache

MARK = "soorgeon-clone:"
_COMMENT = re.compile(r"#\s*soorgeon-clone:(?!\s*noqa\b)\s*(.*?)\s*$", re.MULTILINE)
_LISTS = {"changes", "reads", "writes"}
_WORDS = {"pure", "fresh", "draws"}


@dataclass(frozen=True)
class Said:
    """What the calls of a statement do, and that they do nothing else.

    ``changes`` are variables whose values they change, with all that is in them; ``reads`` and ``writes`` are files.
    ``fresh``: what they give shares nothing with what they were given. ``draws``: they advance seeded generators.
    ``text`` is the comment.
    """

    changes: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    fresh: bool = False
    draws: bool = False
    text: str = field(default="", compare=False)


@lru_cache(maxsize=256)
def parse_said(text: str) -> Said:
    """Return what ``changes log, writes log.txt`` says. Raise ValueError for what says nothing."""
    found: dict[str, set[str]] = {}
    last = ""
    for clause in (part.split() for part in text.split(",")):
        if not clause:
            raise ValueError("a clause is empty")
        word, *rest = clause
        if word in _LISTS and rest:
            last = word
        elif word in _WORDS and not rest:
            found.setdefault(word, set())
            last = ""
            continue
        elif last:  # changes a, b
            rest = clause
        else:
            raise ValueError(f"`{' '.join(clause)}` means nothing")
        found.setdefault(last, set()).update(rest)
    names = [name for name in found.get("changes", ()) if not name.isidentifier()]
    if names:
        raise ValueError(f"`{names[0]}` is no variable")
    if "pure" in found and {"changes", "writes", "draws"} & found.keys():
        raise ValueError("what is pure changes nothing")
    lists = {word: frozenset(found.get(word, ())) for word in _LISTS}
    return Said(**lists, fresh="fresh" in found, draws="draws" in found, text=text.strip())


def comments_in(source: str) -> list[tuple[int, str]]:
    """Return (row, text) of each such comment in a cell."""
    return [(source.count("\n", 0, found.start()) + 1, found[1]) for found in _COMMENT.finditer(source)]


def said_in(source: str) -> dict[int, Said]:
    """Return what the comments in a cell say, by row; one that means nothing is left out: `refactor` says so."""
    found = {}
    for row, text in comments_in(source):
        with suppress(ValueError):
            found[row] = parse_said(text)
    return found
