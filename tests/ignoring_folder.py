"""A folder of files and .gitignore files, both at random."""

from __future__ import annotations

import random
from pathlib import Path

NAMES = ["a", "b", "ab", "x.csv", "y.log", "b c", "[z]", "data"]
PATTERNS = [
    *("a", "b/", "/a", "a/b", "*.csv", "!x.csv", "**/b", "a/**", "a/**/b", "!a/b", "*", "!*/", "[ab]", "[!a]", "[^a]b"),
    *("\\[z\\]", "b\\ c", "b c  ", "#x", "\\!x", "*.l?g", "/*/b", "data/", "!data/x.csv", "[z-a]", "[a", "a*b*", "**"),
    *("a**", "/**/x.csv", "**/", "a/*"),
]


def lay_out(top: Path, rng: random.Random) -> None:
    """Make files at random, and .gitignore files with patterns at random."""
    for _ in range(12):
        file = top.joinpath(*(rng.choice(NAMES) for _ in range(rng.randint(1, 4))))
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        except OSError:  # a file stands where a folder should
            continue
    for folder in (top, top / "a", top / "b", top / "data"):
        if folder.is_dir() and rng.random() < 0.5:
            (folder / ".gitignore").write_text("\n".join(rng.sample(PATTERNS, rng.randint(1, 4))) + "\n")
