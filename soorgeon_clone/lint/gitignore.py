"""``.gitignore`` files -> which paths they leave out, the last pattern that matches decides (only door to pathspec).

pathspec knows what a pattern means, as a regular expression. A file that comes with a repository may be made to take
for ever: each star in a name is made to try every place once, and what cannot be bounded is refused.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.files import regular

# What nobody writes: larger files, more patterns in one, longer patterns, more ** in one.
_MOST_BYTES = 1_000_000
_MOST_PATTERNS = 5_000
_MOST_CHARACTERS = 1_000
_MOST_DOUBLE_STARS = 3

# In pathspec's expression: a star, what stands between it and the next (no slash, no group), the next.
_STAR = r"\[\^/\]\*"
_STAR_AND_TEXT = re.compile(rf"{_STAR}((?:\\.|\[\^/\](?!\*)|\[\^?\]?[^\]/]*\]|[^\\/()\[])*?)(?={_STAR})", re.DOTALL)


@dataclass(frozen=True)
class _Pattern:
    folder: str  # of the .gitignore file, with a slash at its end
    regex: re.Pattern[str]
    ignores: bool


@dataclass
class Ignores:
    """The patterns of all .gitignore files from the repository's root down to the folders that were entered."""

    patterns: list[_Pattern] = field(default_factory=list)
    entered: set[str] = field(default_factory=set)

    @classmethod
    def above(cls, folder: Path) -> Ignores:
        """Return the patterns that hold for ``folder``, if it is in a git repository. Raises UserError."""
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
        """Take in the .gitignore file of a folder. Raises UserError if it has more than can be looked at."""
        key = _posix(folder)
        if key not in self.entered:
            self.entered.add(key)
            self._add(folder / ".gitignore", folder)

    def _add(self, file: Path, folder: Path) -> None:
        try:
            text = regular.read_bytes(file, limit=_MOST_BYTES).decode("utf-8", "replace")
        except regular.TooLarge as error:
            raise UserError(f"{file}: {error.strerror}", hint=_HINT, exit_code=2) from None
        except OSError:
            return
        base = _posix(folder).rstrip("/") + "/"
        lines = [(row, line) for row, line in enumerate(text.splitlines(), 1) if line.strip() and line[0] != "#"]
        if len(lines) > _MOST_PATTERNS:
            raise UserError(f"{file} has more than {_MOST_PATTERNS:,} patterns", hint=_HINT, exit_code=2)
        for row, line in lines:
            if len(line) > _MOST_CHARACTERS or line.count("**") > _MOST_DOUBLE_STARS:
                what = (
                    f"more than {_MOST_DOUBLE_STARS} **"
                    if len(line) <= _MOST_CHARACTERS
                    else f"{len(line):,} characters"
                )
                raise UserError(f"{file}, line {row}: a pattern with {what}", hint=_HINT, exit_code=2)
            compiled = _compiled(line)
            if compiled is not None:
                self.patterns.append(_Pattern(base, *compiled))

    def ignored(self, path: Path, *, is_folder: bool) -> bool:
        """Tell whether the last pattern that means ``path`` leaves it out (its folders are not looked at)."""
        if not self.patterns:
            return False
        posix = _posix(path) + ("/" if is_folder else "")
        for pattern in reversed(self.patterns):
            if posix.startswith(pattern.folder) and pattern.regex.search(posix[len(pattern.folder) :]):
                return pattern.ignores
        return False


_HINT = "That is more than is looked at: write it with fewer, or name the notebooks instead of their folder."


def _posix(path: Path) -> str:
    return path.absolute().as_posix()


@cache
def _compiled(line: str) -> tuple[re.Pattern[str], bool] | None:
    """Return the expression of a pattern, and whether it leaves out what it matches; None if git forgets it."""
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # [[:alpha:]]
        try:
            regex, ignores = GitIgnoreSpecPattern.pattern_to_regex(line)
            return None if regex is None else (re.compile(_without_trying_twice(regex), re.DOTALL), bool(ignores))
        except (ValueError, re.error, RecursionError):  # [z-a], a backslash at the end
            return None


def _without_trying_twice(regex: str) -> str:
    """Return the expression with each star that another follows in a name bound to the first place where it fits.

    The next star takes what a longer match of this one would have taken, so the same paths match, in linear time.
    """
    numbers = count()

    def bound(found: re.Match[str]) -> str:
        group = f"star{next(numbers)}"  # (?>...), which Python 3.10 does not have
        return f"(?=(?P<{group}>[^/]*?{found[1]}))(?P={group})"

    return _STAR_AND_TEXT.sub(bound, regex)
