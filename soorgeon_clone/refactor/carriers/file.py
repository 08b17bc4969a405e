"""`df.to_csv("x.csv")`, then `pd.read_csv("x.csv")`: the file crosses by itself, its reader waits for its writer."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from glob import has_magic

from soorgeon_clone.analysis.model import StatementFacts
from soorgeon_clone.refactor.carriers.carrier import Taken, Want
from soorgeon_clone.refactor.carriers.ledger import FileUse, Ledger

HOW = "file"
READ = "file "  # begins the name of a file that a task reads: "file x.csv"
WRITTEN = "written file "  # begins the name of one that it writes
_ANY = "*"
_HERE = "."  # the folder in which the code runs


def take(want: Want, ledger: Ledger) -> Taken | None:
    for mark in (READ, WRITTEN):
        if want.name.startswith(mark):
            path = want.name.removeprefix(mark)
            found = ((use.at, _user(use, path, writes=mark == WRITTEN)) for use in ledger.files if use.at < want.at)
            return Taken(HOW, after=tuple((at, number) for at, number in found if number is not None))
    return None


def part(name: str, border: int, ledger: Ledger) -> None:
    """The notebook's own code reads and writes it."""


def use_of(at: int, own: Iterable[StatementFacts], repeated: Iterable[StatementFacts], moved: bool) -> FileUse:
    """Return what a task does to files; ``moved`` says that the working directory may have changed before it ends."""
    reads: dict[str, int] = {}
    writes: dict[str, int] = {}
    own = tuple(own)
    for statement in (*own, *repeated):
        for path in statement.files_read:
            reads.setdefault(_where(path, moved), statement.index)
    for statement in own:
        for path in statement.files_written:
            writes.setdefault(_where(path, moved), statement.index)
    return FileUse(at, reads, writes)


def _where(path: str, moved: bool) -> str:
    """Return the path, or that it may be any where the working directory may have changed before."""
    return path if not moved or path.startswith("/") else _ANY


def _user(use: FileUse, path: str, *, writes: bool) -> int | None:
    """Return the first statement of a task that writes a file, or reads it if it is to be written."""
    for files in (use.writes, use.reads) if writes else (use.writes,):
        if path in files:
            return files[path]
        for other, number in files.items():
            if may_meet(path, other):
                return number
    return None


def may_meet(path: str, other: str) -> bool:
    """Whether two paths, as they are given to what reads and writes, may be about the same file: ``*`` is any."""
    if path == other or _ANY in (path, other) or _is_within(path, other) or _is_within(other, path):
        return True
    patterns = [one for one in (path, other) if has_magic(one)]
    return len(patterns) == 2 or any(fnmatchcase(path, one) or fnmatchcase(other, one) for one in patterns)


def _is_within(path: str, other: str) -> bool:
    """Whether a path is in a folder, or is a name with the suffix that it gets: np.save("x") writes x.npy."""
    if other == _HERE:
        return not path.startswith(("/", "../"))
    return path.startswith((other + "/", other + "."))
