"""What a task takes for granted <-> the comments in its script that say so: the only place that knows their grammar.

raw = pickle.load(file)  # soorgeon-clone: unchanged
# soorgeon-clone: unchanged raw, y (cell 14, line 3: mylib.balance(raw, y))
# soorgeon-clone: apart X, y (cell 9: X, y = mylib.split(raw))
# soorgeon-clone: draws nothing (cell 9: mylib.split(raw))
# soorgeon-clone: apart in memory a, b (cell 9: b = a[1:])
# soorgeon-clone: sets nothing in mylib (cell 9: mylib.split(raw))
# soorgeon-clone: sets nothing beside (cell 8, line 2: mylib.theme = "dark")
from mylib import *  # soorgeon-clone: binds nothing else, so not raw, y
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, replace

from soorgeon_clone.pipeline.assumptions.model import IN_MEMORY, KINDS, Assumption, Cause
from soorgeon_clone.pipeline.assumptions.statements import normalized

MARK = "soorgeon-clone:"
_WORDS = "|".join(KINDS)
_COMMENT = re.compile(rf"#\s*{MARK}\s*(?P<kind>{_WORDS})\b(?P<names>(?:,? so not)?[^()]*)(?:\((?P<cause>.*)\))?\s*$")
_WHERE = (("in",), ("outside",), ("beside",))
_CAUSE = re.compile(r"(?:cell (?P<cell>\d+))?(?:(?:^|, )line (?P<row>\d+))?(?:: |^)(?P<statement>.*)")


@dataclass(frozen=True)
class Placed:
    """An assumption and the row of the text, counted from 1, in which the comment stands."""

    row: int
    assumption: Assumption


def text_of(assumption: Assumption) -> str:
    """Return the comment that says it, for a line of its own."""
    between = ", so not " if assumption.kind == "binds nothing else" else " "
    names = between + ", ".join(assumption.names) if assumption.names else ""
    if assumption.where == IN_MEMORY:
        names = f" {IN_MEMORY[0]}{names}"
    elif assumption.where:
        names = f" {assumption.where[0]} {', '.join(assumption.where[1:])}".rstrip()
    return f"# {MARK} {assumption.kind}{names}{_cause_text(assumption.cause)}"


def _cause_text(cause: Cause | None) -> str:
    if cause is None:
        return ""
    statement = normalized(cause.statement)
    return f" ({cause.place}: {statement})" if cause.place else f" ({statement})"


def behind(line: str, assumption: Assumption) -> str:
    """Return a line of code with the comment behind it, which need not repeat the one name that the line loads."""
    if assumption.kind == "unchanged" and assumption.names == _bound(line):
        assumption = replace(assumption, names=())
    return f"{line}  {text_of(assumption)}"


def assumptions_in(source: str) -> list[Assumption]:
    """Return what the comments in a task's script, or in one of its cells, say, in their order."""
    return [placed.assumption for placed in placed_in(source)]


def placed_in(source: str) -> list[Placed]:
    """Return what the comments say, and where. A comment that says nothing of this kind is none of ours."""
    if MARK not in source:
        return []
    return [Placed(row, one) for row, code, comment in _comments(source) if (one := _parsed(code, comment)) is not None]


def is_assumption(comment: str) -> bool:
    """Tell whether a comment is of this grammar: those who read other comments of ours leave it alone."""
    return _COMMENT.match(comment.strip()) is not None


def _parsed(code: str, comment: str) -> Assumption | None:
    found = _COMMENT.match(comment)
    if found is None:
        return None
    kind = next(kind for kind in KINDS if kind == found["kind"])
    names = tuple(re.findall(r"[^\W\d]\w*", re.sub(r"^,? so not\b", "", found["names"])))
    if kind == "unchanged" and not names:
        names = _bound(code)
    if kind == "sets nothing":
        return Assumption(kind, (), _parsed_cause(found["cause"]), names if names[:1] in _WHERE else ())
    where = IN_MEMORY if kind == "apart" and names[:2] == ("in", "memory") else ()
    return Assumption(kind, names[2 * len(where) :], _parsed_cause(found["cause"]), where)


def _parsed_cause(text: str | None) -> Cause | None:
    found = _CAUSE.fullmatch(text.strip()) if text else None
    return Cause(found["statement"], int(found["cell"] or 0), int(found["row"] or 0)) if found else None


def _bound(line: str) -> tuple[str, ...]:
    """Return the one variable that a line binds: ``raw = pickle.load(file)`` -> raw."""
    try:
        statements = ast.parse(line.strip()).body
    except (SyntaxError, ValueError):
        return ()
    targets = [target for node in statements if isinstance(node, ast.Assign) for target in node.targets]
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    return tuple(names) if len(names) == len(targets) == 1 else ()


def _comments(source: str) -> Iterator[tuple[int, str, str]]:
    """Yield the row, the code before it in its line, and the text of each comment; no text in a string is one."""
    lines = source.splitlines()
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT and MARK in token.string:
                row, column = token.start
                yield row, lines[row - 1][:column], token.string
    except (tokenize.TokenError, SyntaxError, ValueError):  # a magic, a line of a shell
        for row, line in enumerate(lines, 1):
            if (column := line.find(f"# {MARK}")) >= 0:
                yield row, line[:column], line[column:]
