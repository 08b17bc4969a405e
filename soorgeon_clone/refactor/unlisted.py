"""Layout -> the text of unlisted.py: who lists the notebook's folder does not see what the pipeline is made of.

A module of the project and not of ours, since tasks run without this package. Python lists folders by two functions of
`os`; glob, pathlib, shutil and `os.walk` ask these. What a command lists (``!ls``) is not theirs to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from soorgeon_clone.refactor.crossing import quoted
from soorgeon_clone.refactor.shared import MARKS

_TEXT = '''\
"""The folder as the notebook knows it: what lists it leaves out what the pipeline is made of."""

import glob
import os
import pathlib

_OURS = {ours}
# ours as long as nobody else wrote anything into them: how they begin and end
_SHARED = {shared}
_FOLDER = os.path.realpath(os.getcwd())


def _is_ours(name):
    name = os.fsdecode(name)
    if name not in _SHARED:
        return name in _OURS
    begin, end = _SHARED[name]
    try:
        with open(os.path.join(_FOLDER, name), encoding="utf-8") as file:
            text = file.read()
    except (OSError, ValueError):
        return False
    return text == begin if begin == end else text.startswith(begin) and text.endswith(end)


def _is_folder(path):
    """Whether it is the folder in which the notebook would run."""
    try:
        return not isinstance(path, int) and os.path.realpath(os.fsdecode(path)) == _FOLDER
    except (TypeError, ValueError):
        return False


class _Entries:
    """The entries of a folder, as `os.scandir` gives them."""

    def __init__(self, entries):
        self._entries = entries

    def __iter__(self):
        return self

    def __next__(self):
        entry = next(self._entries)
        while _is_ours(entry.name):
            entry = next(self._entries)
        return entry

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        self._entries.close()


def _leaving_out(listdir, scandir):
    def leave_out(path=None):
        found = listdir(path)
        return [name for name in found if not _is_ours(name)] if _is_folder(path or ".") else found

    def leave_out_entries(path=None):
        return _Entries(scandir(path)) if _is_folder(path or ".") else scandir(path)

    leave_out.__name__ = leave_out.__qualname__ = "listdir"
    leave_out_entries.__name__ = leave_out_entries.__qualname__ = "scandir"
    leave_out.__module__ = leave_out_entries.__module__ = "os"  # pickle finds them there
    return {{"listdir": (listdir, leave_out), "scandir": (scandir, leave_out_entries)}}


# some versions of Python keep the functions in classes as well
_KEEPERS = [getattr(module, name, None) for module in (pathlib, glob) for name in ("_NormalAccessor", "_Globber")]
for _name, (_old, _new) in _leaving_out(os.listdir, os.scandir).items():
    setattr(os, _name, _new)
    for _keeper in [*_KEEPERS, getattr(glob, "_StringGlobber", None)]:
        if _keeper is not None and getattr(_keeper, _name, None) is _old:
            setattr(_keeper, _name, staticmethod(_new))
'''


def unlisted_module(notebook: str, files: Iterable[str], ignored: Iterable[str]) -> str:
    """Return the module. ``files`` are the project's, ``ignored`` the lines of its .gitignore."""
    lines = "".join(f"{line}\n" for line in ignored)
    readme, requirements = MARKS["README.md"], MARKS["requirements.txt"]
    shared = {
        "README.md": (f"# {notebook}\n\n{readme[0]}\n", f"\n{readme[1]}\n"),
        "requirements.txt": (f"{requirements[0]}\n", f"{requirements[1]}\n"),
        **({".gitignore": (lines, lines)} if lines else {}),
    }
    ours = sorted({path.split("/")[0] for path in files} | {".soorgeon-clone"})
    return _TEXT.format(ours=_display(map(quoted, ours), "{}"), shared=_display(_pairs(shared), "{}"))


def _pairs(shared: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    for name, (begin, end) in shared.items():
        yield f"{quoted(name)}: ({quoted(begin)}, {quoted(end)})"


def _display(items: Iterable[str], brackets: str) -> str:
    return "\n".join([brackets[0], *(f"    {item}," for item in items), brackets[1]])
