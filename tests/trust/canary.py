"""What a command does while it is watched: files it opens for writing, programs it starts, code of a folder it runs."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Events of paths that are made, changed or removed: which of their arguments are paths.
_CHANGING = {
    "os.remove": 1, "os.rename": 2, "os.rmdir": 1, "os.mkdir": 1, "os.link": 2, "os.symlink": 2, "os.truncate": 1,
    "os.chmod": 1, "shutil.rmtree": 1,
}  # fmt: skip
_STARTING = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "pty.spawn")
# Git is shown nothing that names a program (pipeline/declared/repository.py); jupytext asks pandoc for its version.
_HARMLESS = ("git", "pandoc")


@dataclass
class Seen:
    """What happened: paths outside of ``root`` that were written, programs, files of ``root`` whose code ran."""

    root: str
    allowed: tuple[str, ...]
    written: list[str] = field(default_factory=list)
    started: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        return [
            *(f"wrote {path}" for path in self.written),
            *(f"started {program}" for program in self.started),
            *(f"ran {path}" for path in self.ran),
        ]


_WATCHED: list[Seen] = []
_HOOKED: list[bool] = []


@contextlib.contextmanager
def watch(root: Path, *allowed: Path) -> Iterator[Seen]:
    """Watch what this process does. It may write below ``root`` and below what is ``allowed``."""
    if not _HOOKED:
        _HOOKED.append(True)
        sys.addaudithook(_hook)  # there is no way to remove one
    seen = Seen(os.path.realpath(root), tuple(map(os.path.realpath, allowed)))
    _WATCHED.append(seen)
    try:
        yield seen
    finally:
        _WATCHED.remove(seen)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _WATCHED:
        return
    seen = _WATCHED[-1]
    if event == "open":
        path, _, flags = arguments
        if isinstance(flags, int) and flags & _WRITING:
            _written(seen, path)
    elif event in _CHANGING:
        for path in arguments[: _CHANGING[event]]:
            _written(seen, path)
    elif event in _STARTING:
        program = str(arguments[0])
        if Path(program).name not in _HARMLESS:
            seen.started.append(program)
    elif event == "exec":
        name = getattr(arguments[0], "co_filename", "")
        if isinstance(name, str) and not name.startswith("<") and os.path.realpath(name).startswith(seen.root + os.sep):
            seen.ran.append(name)


def _written(seen: Seen, path: Any) -> None:
    if not isinstance(path, (str, bytes, os.PathLike)):
        return
    real = os.path.realpath(os.fsdecode(path))
    inside = any(real == one or real.startswith(one + os.sep) for one in (seen.root, *seen.allowed, "/dev/null"))
    if not inside and not real.endswith(".pyc") and "__pycache__" not in real:
        seen.written.append(real)
