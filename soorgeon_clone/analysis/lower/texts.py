"""Texts of cells and modules -> whether they may say something, found by their words: a hint for all code at once.

What is looked for may stand in any of them, also below, in a string or in a comment: to say yes costs precision only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# what may make `logging` write to a file, and what looks like it
_LOG_FILE = re.compile(r"filename|Handler\b|\blogging\.config\b|fileConfig|dictConfig|%run")
_NO_LOG_FILE = re.compile(r"\b(Stream|Null|Rich)Handler\b|\b(add|remove)Handler\b")
# what may lay a Python file beside the notebook: a name that ends like one, shells, archives, copied folders
_MAKES_MODULES = re.compile(
    r"\.py\b|(?m:^\s*!|=\s*!)|%(sx|system|writefile|file|save|bash|sh|script|notebook|run)\b"
    r"|\b(subprocess|system|popen|unpack\w*|extract\w*|copytree|rename|move|symlink\w*)\b\(?|\bpip\b"
)
_SET_BY_NAME = re.compile(r"\bsetattr\(")
_STORED = re.compile(r"\b(\w+)\.[^\W\d]\w*\s*[^\s\w]{0,2}=(?!=)")
_BY_NAME = re.compile(r"\b(?:get|set|has|del)attr\([^()]*\)")


def log_to_files(texts: Iterable[str]) -> bool:
    """Return whether ``logging`` may be told to write to a file."""
    return any(_LOG_FILE.search(_NO_LOG_FILE.sub("", text)) for text in texts)


def may_make_modules(texts: Iterable[str]) -> bool:
    """Return whether a file may be written that an import finds."""
    return any(_MAKES_MODULES.search(text) for text in texts)


def stored_into(texts: Iterable[str]) -> frozenset[str] | None:
    """Return the names of what may be given attributes (``f.calls = 0``); None: anything may."""
    if any(_SET_BY_NAME.search(text) for text in texts):
        return None
    return frozenset(name for text in texts for name in _STORED.findall(text))


def ask_for_attribute(texts: Iterable[str], name: str) -> bool:
    """Return whether ``.name`` is asked for, and no string says that there is a column of that name."""
    named = re.compile(rf"(?<![\w.])(?:['\"]){name}['\"]")
    if any(named.search(_BY_NAME.sub("", text)) for text in texts):
        return False
    asked = re.compile(rf"\.{name}\b(?!\s*=[^=])|\b(?:get|has)attr\([^()]*['\"]{name}['\"]")
    return any(asked.search(text) for text in texts)
