"""The text of a module beside the notebook -> its functions and classes that deal with variables of the module."""

from __future__ import annotations

import re

_DEFINITION = re.compile(r"^(?:async\s+def|def|class)\s+(\w+)", re.MULTILINE)
_VARIABLE = re.compile(
    r"^(\w+)\s*(?::[^=\n]+)?=\s*(?:[\[{]|(?:\w+\.)?(?:dict|list|set|defaultdict|Counter|deque|OrderedDict)\()",
    re.MULTILINE,
)
_WORD = re.compile(r"[^\W\d]\w*")


def stateful(text: str) -> frozenset[str]:
    """Return the definitions that mention a variable which can change in place, or rebind one; also through others."""
    starts = list(_DEFINITION.finditer(text))
    stops = [*(start.start() for start in starts[1:]), len(text)]
    words = {start[1]: set(_WORD.findall(text[start.end() : stop])) for start, stop in zip(starts, stops, strict=True)}
    found = {"global", *_VARIABLE.findall(text)}
    while more := {name for name, used in words.items() if name not in found and used & found}:
        found |= more
    return frozenset(found & words.keys())
