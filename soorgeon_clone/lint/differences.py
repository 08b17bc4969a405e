"""Two lists of lines -> where they differ, in time that grows with their length.

difflib takes the cube of it where many lines are equal. What is left between equal beginnings and ends counts as one
change where it is too long to be compared line by line.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

_MOST_PAIRS = 1_000_000
_CONTEXT = 3

Change = tuple[int, int, int, int]
"""Lines ``old[first:last]`` became ``new[start:stop]``: first, last, start, stop."""


def changes(old: Sequence[str], new: Sequence[str]) -> list[Change]:
    """Return the changes that make ``new`` of ``old``, in order."""
    shorter = min(len(old), len(new))
    before = next((n for n in range(shorter) if old[n] != new[n]), shorter)
    behind = next((n for n in range(shorter - before) if old[-1 - n] != new[-1 - n]), shorter - before)
    last, stop = len(old) - behind, len(new) - behind
    if (before, before) == (last, stop):
        return []
    if (last - before) * (stop - before) > _MOST_PAIRS:
        return [(before, last, before, stop)]
    matcher = difflib.SequenceMatcher(None, old[before:last], new[before:stop])
    return [
        (before + a, before + b, before + c, before + d)
        for kind, a, b, c, d in matcher.get_opcodes()
        if kind != "equal"
    ]


def unified(old: Sequence[str], new: Sequence[str], name: str) -> Iterator[str]:
    """Yield the lines of a unified diff of lines that keep their ends; nothing if there is no difference."""
    hunks: list[list[Change]] = []
    for change in changes(old, new):
        if hunks and change[0] - hunks[-1][-1][1] <= 2 * _CONTEXT:
            hunks[-1].append(change)
        else:
            hunks.append([change])
    if hunks:
        yield f"--- a/{name}\n"
        yield f"+++ b/{name}\n"
    for hunk in hunks:
        yield from _hunk(old, new, hunk)


def _hunk(old: Sequence[str], new: Sequence[str], hunk: Sequence[Change]) -> Iterator[str]:
    above = min(_CONTEXT, hunk[0][0])
    below = min(_CONTEXT, len(old) - hunk[-1][1])
    first, start = hunk[0][0] - above, hunk[0][2] - above
    last, stop = hunk[-1][1] + below, hunk[-1][3] + below
    yield f"@@ -{_range(first, last)} +{_range(start, stop)} @@\n"
    position = first
    for a, b, c, d in hunk:
        yield from (" " + line for line in old[position:a])
        yield from ("-" + line for line in old[a:b])
        yield from ("+" + line for line in new[c:d])
        position = b
    yield from (" " + line for line in old[position:last])


def _range(first: int, last: int) -> str:
    length = last - first
    return str(first + 1) if length == 1 else f"{first + (length > 0)},{length}"
