"""A folder with .gitignore files -> the files that git would leave out (gitignore(5)).

git itself is not asked: a repository may name programs that git then runs. Patterns are hostile, too: each part of one
becomes a regular expression of `fnmatch`, which does not go back, so that stars cannot make it slow. (In those of the
library pathspec 1.1 each star tries every place: six of them take a quarter of a minute for one long name.)
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.files import regular

_NEVER = frozenset((".git", "__pycache__", "node_modules"))
# What nobody writes: larger files (bytes), more patterns in one, longer patterns (characters).
_LARGEST = 1_000_000
_MOST_PATTERNS = 5_000
_LONGEST = 1_000
_HINT = "That is more than is looked at: write it with fewer or shorter patterns."
_BRACKETS = re.compile(r"\[[!^]?\]?[^\]]*\]")
_SIGNS = re.compile(rf"\\.|{_BRACKETS.pattern}")
_Part = re.Pattern[str] | None  # None: any number of folders


@dataclass(frozen=True)
class Rule:
    """One line of a .gitignore file. ``folder`` are the names of the folders down to that file, ``text`` are the parts
    between its slashes, ``**`` among them; a rule of one name that is not ``anchored`` holds at every depth."""

    folder: tuple[str, ...]
    text: tuple[str, ...]
    anchored: bool
    negated: bool = False
    only_folders: bool = False
    parts: tuple[_Part, ...] = field(default=(), compare=False)

    def means(self, path: tuple[str, ...], *, is_folder: bool) -> bool:
        """Return whether the rule is about this file or folder itself."""
        if (self.only_folders and not is_folder) or path[: len(self.folder)] != self.folder:
            return False
        names = path[len(self.folder) :]
        if not names:
            return False
        if not self.anchored:
            only = self.parts[0]
            return only is None or only.match(names[-1]) is not None
        return _matches(self.parts, names)

    def loosened(self) -> Rule:
        """Return a rule that means the same and perhaps more, and needs no more than ``*``, ``?`` and ``**``."""
        text = tuple(_SIGNS.sub(lambda sign: sign[0] if sign[0][0] == "\\" else "?", part) for part in self.text)
        return replace(self, text=text, only_folders=False, parts=tuple(map(_part, text)))


@dataclass
class Ignores:
    """The rules for a folder, in the order in which they stand; ``entered`` are folders whose rules are in."""

    root: Path
    rules: list[Rule] = field(default_factory=list)
    entered: set[tuple[str, ...]] = field(default_factory=set)

    def enter(self, folder: tuple[str, ...]) -> None:
        """Take in the .gitignore file of a folder below the root. Raises UserError for one that nobody writes."""
        if folder not in self.entered:
            self.entered.add(folder)
            self.rules += _rules(self.root.joinpath(*folder, ".gitignore"), folder)

    def leaves_out(self, path: tuple[str, ...], *, is_folder: bool) -> bool:
        """Return what the last rule that means ``path`` says (the folders that it is in are not looked at)."""
        for rule in reversed(self.rules):
            if rule.means(path, is_folder=is_folder):
                return not rule.negated
        return False

    def leaves_out_below(self, path: tuple[str, ...]) -> bool:
        """Return whether a file is left out, or a folder that it is in."""
        whole = len(path)
        return any(self.leaves_out(path[:depth], is_folder=depth < whole) for depth in range(1, whole + 1))


def ignores_of(root: Path) -> Ignores:
    """Return the rules of the repository around a folder, as far as they are about what is in it.

    Where the repository ignores the folder as a whole, its rules say nothing about the files in it. Raises UserError.
    """
    root = root.absolute()
    chain = [root, *root.parents]
    top = next((one for one in chain if (one / ".git").exists()), root)
    above = Ignores(top)
    above.rules += _rules(top / ".git" / "info" / "exclude", ())
    below = root.relative_to(top).parts
    for depth in range(len(below)):
        above.enter(below[:depth])
        if above.leaves_out(below[: depth + 1], is_folder=True):
            return Ignores(root)
    kept = [lowered for rule in above.rules if (lowered := _lowered(rule, below)) is not None]
    return Ignores(root, kept)


def kept_files(root: Path, ignores: Ignores | None = None) -> Iterator[str]:
    """Yield the files below a folder that git would not leave out, tracked or not: relative, with forward slashes.

    Links are not followed, and not named. Environments of Python (``pyvenv.cfg``), git's own folder and what programs
    make anew are left out.
    ``ignores`` are the rules for the folder, which also get those of the folders below it.
    """
    ignores = ignores or ignores_of(root)
    yield from _kept(ignores, str(ignores.root), ())


def _kept(ignores: Ignores, folder: str, path: tuple[str, ...]) -> Iterator[str]:
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        return
    if any(entry.name == "pyvenv.cfg" for entry in entries):
        return
    ignores.enter(path)
    for entry in entries:
        here = (*path, entry.name)
        is_folder = entry.is_dir(follow_symlinks=False)
        if entry.name in _NEVER or not (is_folder or entry.is_file(follow_symlinks=False)):
            continue
        if ignores.leaves_out(here, is_folder=is_folder):
            continue
        if is_folder:
            yield from _kept(ignores, entry.path, here)
        else:
            yield "/".join(here)


def _rules(file: Path, folder: tuple[str, ...]) -> list[Rule]:
    try:
        text = regular.read_bytes(file, limit=_LARGEST).decode("utf-8", "replace")
    except regular.TooLarge as error:
        raise UserError(f"{file}: {error.strerror}", hint=_HINT, exit_code=2) from None
    except OSError:
        return []
    rules = []
    for row, line in enumerate(text.split("\n"), start=1):
        if len(line) > _LONGEST:
            raise UserError(f"{file}, line {row}: a pattern with {len(line):,} characters", hint=_HINT, exit_code=2)
        rule = _rule(line.removesuffix("\r"), folder)
        rules += [rule] if rule is not None else []
        if len(rules) > _MOST_PATTERNS:
            raise UserError(f"{file} has more than {_MOST_PATTERNS:,} patterns", hint=_HINT, exit_code=2)
    return rules


def _rule(line: str, folder: tuple[str, ...]) -> Rule | None:
    stripped = line.rstrip(" \t")
    pattern = stripped + " " if stripped.endswith("\\") and stripped != line else stripped
    if not pattern or pattern.startswith("#"):
        return None
    negated = pattern.startswith("!")
    pattern = pattern[negated:]
    only_folders = pattern.endswith("/")
    pattern = pattern.rstrip("/")
    anchored = "/" in pattern
    text = tuple(part for part in pattern.split("/") if part)
    if not text:
        return None
    return Rule(folder, text, anchored, negated, only_folders, tuple(map(_part, text)))


def _part(text: str) -> _Part:
    if text == "**":
        return None
    glob, position = "", 0
    while position < len(text):
        sign = text[position]
        if sign == "\\" and position + 1 < len(text):
            position += 1
            glob += f"[{text[position]}]" if text[position] in "*?[" else text[position]
        elif bracket := _BRACKETS.match(text, position):
            glob += "[!" + bracket[0][2:] if bracket[0].startswith("[^") else bracket[0]
            position = bracket.end() - 1
        else:
            glob += "[[]" if sign == "[" else sign
        position += 1
    try:
        return re.compile(fnmatch.translate(glob))
    except re.error:  # [z-a]
        return re.compile(r"(?!)")


def _matches(parts: tuple[_Part, ...], names: tuple[str, ...]) -> bool:
    """Whether the parts match all the names; by the set of places that can be reached, so that no pattern is slow."""
    reached = {0}
    for number, part in enumerate(parts):
        if part is None:
            first = min(reached, default=len(names) + 1)
            # at the end it means all that is in the folder, not the folder
            reached = set(range(first + (number == len(parts) - 1), len(names) + 1))
        else:
            reached = {place + 1 for place in reached if place < len(names) and part.match(names[place])}
    return len(names) in reached


def _lowered(rule: Rule, below: tuple[str, ...]) -> Rule | None:
    """A rule of a folder above, as seen from the folder ``below``; None where it is about something else."""
    if not rule.anchored:
        return replace(rule, folder=())
    rest = below[len(rule.folder) :]
    text = rule.text
    while rest and text and text[0] != "**":
        part = _part(text[0])
        if part is None or not part.match(rest[0]):
            return None
        rest, text = rest[1:], text[1:]
    if not text:
        return None
    if rest or text[0] == "**":  # the folder is among those that ** stands for
        text = text if text[0] == "**" else ("**", *text)
    return replace(rule, folder=(), text=text, parts=tuple(map(_part, text)))
