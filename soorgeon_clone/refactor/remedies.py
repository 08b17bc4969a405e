"""A because -> what a person can do about it, in one line: how to tell what code does that nobody has described."""

from __future__ import annotations

import re

from soorgeon_clone.analysis.because import Because
from soorgeon_clone.analysis.evidence import INSIDE
from soorgeon_clone.analysis.knowledge.effect_comments import MARK
from soorgeon_clone.analysis.knowledge.effects import SECTION, UNDESCRIBED

_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")
_METHOD = re.compile(r"((?:[^\W\d]\w*\.)+([^\W\d]\w*))\(\)\.([^\W\d]\w*)")


def remedy(because: Because) -> str:
    """Return what to write if a feared fact is none; "" if it is known, or nothing helps."""
    if not because.feared or not because.rule.startswith(UNDESCRIBED):
        return ""
    called = because.rule.removeprefix(f"{UNDESCRIBED}: ")
    if called.startswith(INSIDE):  # it is no call of its own that does it
        return ""
    comment = f"`# {MARK} pure` behind the call"
    entries = _entries(called)
    if not entries:
        return f"if it does not, write {comment}"
    return f"if `{called}` does not, write {comment}, or in pyproject.toml under [{SECTION}] {entries}"


def _entries(called: str) -> str:
    """Return the entries of pyproject.toml that say that a call changes nothing; "" if it has no path."""
    if method := _METHOD.fullmatch(called):
        maker, _, name = method.groups()
        return f'"{maker}" = {{ returns = "{maker}" }} and "{maker}.{name}" = {{ changes = [] }}'
    return f'"{called}" = {{ changes = [] }}' if _PATH.fullmatch(called) else ""
