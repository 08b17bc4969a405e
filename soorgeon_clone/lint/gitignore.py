"""``.gitignore`` files -> which paths they leave out (gitignore(5): the last pattern that matches decides)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class _Pattern:
    folder: str  # of the .gitignore file, with a slash at its end
    regex: re.Pattern[str]
    negated: bool
    only_folders: bool


@dataclass
class Ignores:
    """The patterns of all .gitignore files from the repository's root down to the folders that were entered."""

    patterns: list[_Pattern] = field(default_factory=list)
    entered: set[str] = field(default_factory=set)

    @classmethod
    def above(cls, folder: Path) -> Ignores:
        """Return the patterns that hold for ``folder``, if it is in a git repository."""
        ignores = cls()
        folder = folder.absolute()
        chain = [folder, *folder.parents]
        root = next((number for number, one in enumerate(chain) if (one / ".git").exists()), None)
        if root is None:
            return ignores
        exclude = chain[root] / ".git" / "info" / "exclude"
        ignores._add(exclude, chain[root])
        for one in reversed(chain[1 : root + 1]):
            ignores.enter(one)
        return ignores

    def enter(self, folder: Path) -> None:
        """Take in the .gitignore file of a folder."""
        key = _posix(folder)
        if key not in self.entered:
            self.entered.add(key)
            self._add(folder / ".gitignore", folder)

    def _add(self, file: Path, folder: Path) -> None:
        try:
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return
        base = _posix(folder).rstrip("/") + "/"
        for line in lines:
            pattern = line.rstrip() if not line.endswith("\\ ") else line
            if not pattern or pattern.startswith("#"):
                continue
            negated = pattern.startswith("!")
            pattern = pattern[1:] if negated else pattern.removeprefix("\\")
            only_folders = pattern.endswith("/")
            pattern = pattern.rstrip("/")
            anchored = "/" in pattern
            regex = _regex(pattern.removeprefix("/"))
            full = regex if anchored else f"(?:.*/)?{regex}"
            self.patterns.append(_Pattern(base, re.compile(full), negated, only_folders))

    def ignored(self, path: Path, *, is_folder: bool) -> bool:
        """Tell whether the last pattern that means ``path`` leaves it out (its folders are not looked at)."""
        if not self.patterns:
            return False
        posix = _posix(path)
        for pattern in reversed(self.patterns):
            if (pattern.only_folders and not is_folder) or not posix.startswith(pattern.folder):
                continue
            if pattern.regex.fullmatch(posix[len(pattern.folder) :]):
                return not pattern.negated
        return False


def _posix(path: Path) -> str:
    return path.absolute().as_posix()


@cache
def _regex(pattern: str) -> str:
    """Return a gitignore pattern as a regular expression."""
    result = ""
    position = 0
    while position < len(pattern):
        rest = pattern[position:]
        if rest.startswith("**/"):
            result, position = result + "(?:.*/)?", position + 3
        elif rest == "**":
            result, position = result + ".*", position + 2
        elif rest[0] == "*":
            result, position = result + "[^/]*", position + 1
        elif rest[0] == "?":
            result, position = result + "[^/]", position + 1
        elif rest[0] == "[" and (end := pattern.find("]", position + 2)) > 0:
            inside = pattern[position + 1 : end].replace("\\", "\\\\")
            inside = "^" + inside[1:] if inside[0] in "!^" else inside
            result, position = f"{result}[{inside}]", end + 1
        elif rest[0] == "\\" and len(rest) > 1:
            result, position = result + re.escape(rest[1]), position + 2
        else:
            result, position = result + re.escape(rest[0]), position + 1
    return result
