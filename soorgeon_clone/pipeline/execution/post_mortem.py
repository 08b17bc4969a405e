"""An exception -> a file; that file, later or elsewhere -> a debugger where the exception was raised.

The file holds each frame's place, its source and its variables, those that can be pickled as they were, the others as
text. Frames are made anew by code of the same name and file that raises in the same row, as Jinja does it for
templates: debuggers get real ones.
"""

from __future__ import annotations

import io
import linecache
import sys
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

_LONGEST = 1000  # characters of the text of a value that cannot be pickled
# Whose frames stand before those of the task.
_OURS = ("IPython", "soorgeon_clone", "ipykernel")


@dataclass(frozen=True)
class Frame:
    """``variables`` and ``globals`` map names to pickles, or to a text for what cannot be pickled (see `Unknown`)."""

    file: str
    name: str
    row: int
    source: tuple[str, ...]
    variables: Mapping[str, bytes | str]
    globals: Mapping[str, bytes | str]


@dataclass(frozen=True)
class Dump:
    """What was raised, in words, and the frames from the outermost in."""

    error: str
    frames: tuple[Frame, ...]


class Unknown:
    """Stands for a value that could not be written; its ``repr`` is that value's."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def from_the_task(traceback: TracebackType | None) -> TracebackType | None:
    """Return the traceback from the first frame that is the task's, the whole one where none is."""
    ours = traceback
    while ours is not None and _is_ours(ours.tb_frame):
        ours = ours.tb_next
    return ours or traceback


def write_dump(path: Path, error: BaseException) -> None:
    """Write the exception with its frames."""
    import cloudpickle

    frames: list[Frame] = []
    traceback = from_the_task(error.__traceback__)
    while traceback is not None:
        frames.append(_frame(traceback.tb_frame, traceback.tb_lineno))
        traceback = traceback.tb_next
    dump = Dump(f"{type(error).__name__}: {error}", tuple(frames))
    path.write_bytes(cloudpickle.dumps(dump))


def read_dump(path: Path) -> Dump:
    """Return what was written. Raises ValueError for another file. What the file says is run: it holds pickles."""
    import pickle

    try:
        dump = pickle.loads(path.read_bytes())
    except Exception as problem:
        raise ValueError(f"{type(problem).__name__}: {problem}") from None
    if not isinstance(dump, Dump):
        raise ValueError(f"it holds a {type(dump).__name__}")
    return dump


def open_debugger(dump: Dump) -> None:
    """Open pdb in the innermost frame."""
    import pdb

    debugger = pdb.Pdb()
    traceback = traceback_of(dump)
    check, linecache.checkcache = linecache.checkcache, lambda filename=None: None  # sources as they were
    try:
        debugger.reset()
        debugger.interaction(None, traceback)
    finally:
        linecache.checkcache = check


def traceback_of(dump: Dump) -> types.TracebackType | None:
    """Return a traceback whose frames have the names, rows and variables of those that were written."""
    known: dict[bytes, Any] = {}
    traceback = None
    for frame in reversed(dump.frames):
        linecache.cache[frame.file] = (sum(map(len, frame.source)), None, list(frame.source), frame.file)
        made = _raised(frame, known)
        traceback = types.TracebackType(traceback, made.tb_frame, made.tb_lasti, frame.row)
    return traceback


def _raised(frame: Frame, known: dict[bytes, Any]) -> types.TracebackType:
    code = compile("\n" * (frame.row - 1) + "raise ZeroDivisionError", frame.file, "exec")
    names = {"__name__": "__main__", **_values(frame.globals, known)}
    variables = {**_values(frame.variables, known)} if frame.name != "<module>" else names
    if variables is names:
        names.update(_values(frame.variables, known))
    try:
        exec(code.replace(co_name=frame.name), names, variables)
    except ZeroDivisionError as error:
        assert error.__traceback__ is not None and error.__traceback__.tb_next is not None
        return error.__traceback__.tb_next
    raise AssertionError(frame)


def _values(packed: Mapping[str, bytes | str], known: dict[bytes, Any]) -> dict[str, Any]:
    """Return the values; what was one object in several frames is one again."""
    import pickle

    found: dict[str, Any] = {}
    for name, one in packed.items():
        if isinstance(one, str):
            found[name] = Unknown(one)
            continue
        if one not in known:
            try:
                known[one] = pickle.loads(one)
            except Exception as problem:  # a module that is not here, another version
                known[one] = Unknown(f"<cannot be loaded: {type(problem).__name__}: {problem}>")
        found[name] = known[one]
    return found


def _frame(frame: types.FrameType, row: int) -> Frame:
    code = frame.f_code
    is_module = frame.f_locals is frame.f_globals
    used = () if is_module else code.co_names
    source = tuple(linecache.getlines(code.co_filename, frame.f_globals))
    own = {name: value for name, value in frame.f_locals.items() if not (is_module and _is_shells(name))}
    theirs = {name: frame.f_globals[name] for name in used if name in frame.f_globals}
    name = "<module>" if is_module else code.co_name
    return Frame(code.co_filename, name, row, source, _packed(own.items()), _packed(theirs.items()))


def _is_shells(name: str) -> bool:
    """Tell whether a name of a notebook is one that IPython has put there."""
    return name in ("In", "Out", "exit", "quit", "get_ipython", "open") or name.startswith("_")


def _packed(values: Iterable[tuple[str, Any]]) -> dict[str, bytes | str]:
    return {name: _pack(value) for name, value in values}


def _pack(value: Any) -> bytes | str:
    import cloudpickle

    file = io.BytesIO()
    try:
        cloudpickle.dump(value, file)
    except Exception:
        try:
            return repr(value)[:_LONGEST]
        except Exception as problem:
            return f"<{type(value).__name__}, whose repr raises {type(problem).__name__}>"
    return file.getvalue()


def _is_ours(frame: types.FrameType) -> bool:
    module = str(frame.f_globals.get("__name__", ""))
    return module.partition(".")[0] in _OURS and frame.f_globals is not getattr(
        sys.modules.get("__main__"), "__dict__", 0
    )
