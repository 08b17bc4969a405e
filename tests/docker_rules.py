"""Docker's reading of .dockerignore, as far as our files need it."""

from __future__ import annotations

import re


def ignored(path: str, patterns: list[str]) -> bool:
    """Whether .dockerignore leaves a file out: the last pattern that matches it or a folder that it is in decides."""
    signs = {"**/": "(.*/)?", "*": "[^/]*", "?": "[^/]"}
    out = False
    for pattern in patterns:
        tokens = re.findall(r"\\.|\*\*/|.", pattern.removeprefix("!"))
        regex = "".join(signs.get(token) or re.escape(token[-1]) for token in tokens)
        if re.fullmatch(f"{regex}(/.*)?", path):
            out = not pattern.startswith("!")
    return out
