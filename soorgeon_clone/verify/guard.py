"""Keeps code that runs in a copy of a folder from writing outside of it.

Runs inside the processes of notebook and tasks. An audit hook sees what Python opens, makes, renames and removes; what
a library does in C, or another program, it does not see. Folders for temporary files and caches are open to everyone.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from typing import Any

# where libraries keep data that they download, in the home folder
_DATA = ("scikit_learn_data", "nltk_data", "seaborn-data", "statsmodels_data", "tensorflow_datasets", "gensim-data")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# event -> which of its arguments are paths that it changes
_CHANGED = {
    "os.mkdir": (0,),
    "os.rmdir": (0,),
    "os.remove": (0,),
    "os.unlink": (0,),
    "os.rename": (0, 1),
    "os.truncate": (0,),
    "os.link": (1,),
    "os.symlink": (1,),
    "os.chmod": (0,),
    "os.utime": (0,),
    "shutil.rmtree": (0,),
    "shutil.move": (0, 1),
}


class OutsideWrite(PermissionError):
    """The notebook writes where it would do harm."""


def install(folder: str, original: str, record: str) -> None:
    """Refuse, from now on, to write outside ``folder``, which is a copy of ``original``.

    ``record`` is a file that notes each attempt.
    """
    inside, protected = os.path.realpath(folder), os.path.realpath(original)
    allowed = _open_to_all()

    def refuse(path: Any) -> None:
        if isinstance(path, int) or path is None:
            return
        text = os.fsdecode(path)
        full = os.path.realpath(text)
        if _is_in(full, inside) or "__pycache__" in full:
            return
        if not _is_in(full, protected):
            if any(_is_in(full, place) for place in allowed):
                return
            if f"{os.sep}." in full:
                return  # caches and settings of libraries: ~/.cache, ~/.config, ~/.keras
        descriptor = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(descriptor, os.fsencode(text) + b"\n")
        os.close(descriptor)
        raise OutsideWrite(f"{text} is outside the notebook's folder")

    def hook(event: str, arguments: Sequence[Any]) -> None:
        if event == "open":
            path, mode, flags = arguments
            if path != record and ((flags or 0) & _WRITING or (isinstance(mode, str) and set(mode) & set("wax+"))):
                refuse(path)
        elif event in _CHANGED:
            for number in _CHANGED[event]:
                refuse(arguments[number])

    sys.addaudithook(hook)


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + os.sep)


def _open_to_all() -> tuple[str, ...]:
    scheme = {sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib")}
    home = os.path.expanduser("~")  # noqa: PTH111
    data = (f"{home}{os.sep}{name}" for name in _DATA)
    places = {*data, tempfile.gettempdir(), "/dev", "/proc", *(path for path in scheme if path)}
    return tuple(sorted(os.path.realpath(place) for place in places))
