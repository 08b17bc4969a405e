"""Changes -> what they do to the files that are there, as a unified diff."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from soorgeon_clone.refactor.write import Changes


def differences(changes: Changes) -> Iterator[str]:
    """Yield the lines of the diff, without their ends. New files and those that go are named elsewhere."""
    for path in (*changes.replaced, *changes.merged):
        now, then = (text.replace("\r\n", "\n") for text in (changes.before[path] or "", changes.texts[path]))
        yield from difflib.unified_diff(now.splitlines(), then.splitlines(), path, path, lineterm="")
