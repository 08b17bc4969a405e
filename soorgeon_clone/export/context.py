"""A project's folder and .dockerignore -> the files that Docker would send, as far as can be seen without Docker."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

_TOKEN = re.compile(r"\\.|\*\*/|\*\*|\[[^\]]+\]|.", re.DOTALL)
_SIGNS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def held_files(root: Path, rules: str) -> Iterator[str]:
    """Yield the files below a folder that the rules do not leave out: relative, with forward slashes."""
    patterns = [_compiled(line) for line in rules.splitlines() if line.strip() and not line.startswith("#")]
    for current, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in (".git", ".venv", "__pycache__", "node_modules"))
        for name in sorted(names):
            path = (Path(current) / name).relative_to(root).as_posix()
            if not _left_out(path, patterns):
                yield path


def _compiled(line: str) -> tuple[re.Pattern[str], bool]:
    taken_back = line.startswith("!")
    text = "".join(_part(token) for token in _TOKEN.findall(line.removeprefix("!").strip("/")))
    return re.compile(f"{text}(/.*)?", re.DOTALL), taken_back


def _part(token: str) -> str:
    if token in _SIGNS:
        return _SIGNS[token]
    return token if token[0] == "[" and len(token) > 1 else re.escape(token[-1])


def _left_out(path: str, patterns: Iterable[tuple[re.Pattern[str], bool]]) -> bool:
    """The last pattern that means a file, or a folder that it is in, decides."""
    out = False
    for pattern, taken_back in patterns:
        if out == taken_back and pattern.fullmatch(path):
            out = not taken_back
    return out
