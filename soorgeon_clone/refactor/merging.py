"""A generated file that a person changed, and what is to be generated now -> one with both, or where they clash.

What was generated before is known from the record; see `files.three_way`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from soorgeon_clone.files.generated import is_text
from soorgeon_clone.files.three_way import Conflict, merge

MINE, BETWEEN, THEIRS = "<<<<<<< yours", "=======", ">>>>>>> refactor"


@dataclass(frozen=True)
class MergedFile:
    """The text, None where none can be had, and the rows of the person's text where both changed the same lines.

    These lines stand twice, between marks as git sets them: no such file runs before a person has looked at it.
    """

    text: str | None
    rows: tuple[int, ...]


def merge_file(path: str, base: str | None, mine: str, theirs: str) -> MergedFile:
    """Merge; ``base`` is what was generated before, None where that is not known."""
    if base is None or not is_text(mine):
        return MergedFile(None, ())
    newline = "\r\n" if "\r\n" in mine else "\n"
    merged = merge(base, mine.replace("\r\n", "\n"), theirs, _marked)
    rows = tuple(conflict.row for conflict in merged.conflicts)
    if path.endswith(".ipynb") and (rows or not _is_json(merged.text)):
        return MergedFile(None, rows)  # with marks in it, Jupyter would not open it
    return MergedFile(merged.text.replace("\n", newline), rows)


def marked_rows(text: str) -> list[int]:
    """Return the 1-based rows at which a person still has to choose between two texts."""
    return [row for row, line in enumerate(text.splitlines(), 1) if line == MINE]


def _marked(conflict: Conflict) -> list[str]:
    parts = [[f"{MINE}\n"], conflict.mine, [f"{BETWEEN}\n"], conflict.theirs, [f"{THEIRS}\n"]]
    return [line if line.endswith("\n") else f"{line}\n" for part in parts for line in part]


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text)["cells"], list)
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
