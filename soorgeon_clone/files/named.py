"""A place that a person named on the command line -> what is written there: a file as a whole, or a stream.

Who names a file chooses its folder. A link of that name is another matter: a repository may have brought it, so it may
not lead out of that folder.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TextIO

from soorgeon_clone.errors import UserError
from soorgeon_clone.files import atomic, confine
from soorgeon_clone.files.problems import told

# endings of what people write, in which no command puts what it has to tell
_SOURCES = frozenset(".ipynb .py .r .md .rmd .qmd .sql .sh .yaml .yml .toml .cfg .csv .parquet .pkl".split())
_STREAMS = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/self/fd/")


def write_named(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write a file that a person named, as a whole, with its folder; ``/dev/stdout`` and the like as they are.

    Raises UserError: `confine.Outside` for a link that leads elsewhere, and where the system refuses.
    """
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    if Path(path).name in ("", ".."):  # ".", "/", "..": what is written has no name there
        raise UserError(
            f"{path or repr(path)} is a folder, and no name of a file", hint="Name a file in it.", exit_code=2
        )
    with told(path):
        if _is_stream(path):
            with open(path, "wb") as stream:  # noqa: PTH123
                stream.write(data)
        else:
            atomic.write_bytes(Path(path).parent, Path(path).name, data)


def write_made(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write a page or a table that can be made again, but never in the place of something that cannot.

    Raises UserError as `write_named` does, and where a notebook or another source has that name.
    """
    if Path(path).suffix.lower() in _SOURCES and os.path.lexists(path):
        raise UserError(
            f"{path} would be overwritten, and it is no file of this kind", hint="Name another file.", exit_code=2
        )
    write_named(path, content)


def open_log(path: str | os.PathLike[str]) -> TextIO:
    """Open a log that a person named, to go on at its end. Raises UserError."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    with told(path):
        if _is_stream(path):
            descriptor = os.open(path, flags)
        else:
            place = confine.written(Path(path).parent, Path(path).name)
            descriptor = os.open(place, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)
        return os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace")


def _is_stream(path: str | os.PathLike[str]) -> bool:
    """Tell whether the name itself, not a link of that name, says that it is a stream of the system."""
    name = os.path.abspath(path)  # noqa: PTH100
    if name.startswith(_STREAMS):
        return True
    try:
        return name.startswith("/dev/") and stat.S_ISCHR(os.lstat(name).st_mode)
    except (OSError, ValueError):
        return False
