"""The text of frames.py: saves a pandas DataFrame as parquet or csv, and beside it, exactly, what that would change.

A module of the project and not of ours, since tasks run without this package. What a value is shows only in the run.
The table is always one, for other programs; tasks read it too where it gives back the very frame, which is tried
right after it was written. Else they read the file beside it, a pickle, which is empty where it is not needed. Parquet
is read back some columns at a time: a frame that fills the memory must not have to be there twice.

What a table lost is a warning of the category `NotKept`, which builds show (pipeline/building/not_kept.py).
"""

from __future__ import annotations

from soorgeon_clone.refactor.layout import FrameFormat
from soorgeon_clone.refactor.model import Serializer

_TEXT = '''\
"""Save and load what tasks hand on: a DataFrame as FORMAT, and beside it as a pickle what FORMAT does not give back."""

import os
import PICKLE
import warnings

import pandas as pd


class NotKept(UserWarning):
    """A table that is not all of the frame."""


def save_frame(value, path, exact):
    """Write a DataFrame to ``path`` as FORMAT, and to ``exact`` what would come back different, else nothing."""
    if type(value) is not pd.DataFrame:
        problem = _write_note(path, exact, f"it is a {type(value).__name__}, no DataFrame")
    else:
        problem = SAVE
    with open(exact, "wb") as file:
        if problem:
            PICKLE.dump(value, file, protocol=5)


def load_frame(path, exact):
    """Return what `save_frame` wrote."""
    if os.path.getsize(exact):
        with open(exact, "rb") as file:
            return PICKLE.load(file)
    return _read(path)


def _save_table(frame, path, exact):
    """Return in which part of the frame the table is different, if it is."""
    try:
        WRITE
    except Exception as error:
        problem = _write_note(path, exact, f"FORMAT cannot hold it: {error}")
        _warn(f"is no table of the frame: {problem}", path, exact)
        return problem
    try:
        problem = _differences(frame, path)
    except Exception as error:
        problem = f"what cannot be read back: {error}"
    if problem:
        _warn(f"does not keep {problem}", path, exact)
    return problem


def _warn(what, path, exact):
    message = f"{os.path.basename(path)} {what}; tasks load the frame from {os.path.basename(exact)}"
    with warnings.catch_warnings():
        warnings.simplefilter("always")  # whatever the notebook wants to see of its own
        warnings.warn(message, NotKept, stacklevel=4)


def _write_note(path, exact, why):
    """Make a table that says where the value is."""
    frame = pd.DataFrame({"saved in": [os.path.basename(exact)], "because": [why]})
    NOTE
    return why


READ


def _difference(frame, copy):
    """Say in which part of a DataFrame its copy is different, if it is."""
    if not _same_index(frame.index, copy.index):
        return "the index"
    if not _same_index(frame.columns, copy.columns):
        return "the column names"
    for number, column in enumerate(frame.columns):
        if not _same_dtype(frame.dtypes.iloc[number], copy.dtypes.iloc[number]):
            return f"the dtype of column {column!r}"
        if not _same_values(frame.iloc[:, number], copy.iloc[:, number]):
            return f"values of column {column!r}"
    if frame.attrs != copy.attrs or frame.flags != copy.flags:
        return "its attributes"
    return None


def _same_index(one, other):
    if type(one) is not type(other) or one.nlevels != other.nlevels or list(one.names) != list(other.names):
        return False
    if isinstance(one, pd.MultiIndex):
        levels = range(one.nlevels)
        return all(_same_index(one.get_level_values(i), other.get_level_values(i)) for i in levels)
    same_frequency = getattr(one, "freq", None) == getattr(other, "freq", None)
    return same_frequency and _same_dtype(one.dtype, other.dtype) and _same_values(one, other)


def _same_dtype(one, other):
    categories = list(getattr(one, "categories", ()))
    return one == other and categories == list(getattr(other, "categories", ()))


def _same_values(one, other):
    if one.dtype != object:
        return one.equals(other)
    return len(one) == len(other) and all(
        type(a) is type(b) and (a is b or isinstance(a, float | int | str) and (a == b or a != a and b != b))
        for a, b in zip(one, other)
    )
'''

_WRITE = {
    "parquet": 'frame.to_parquet(path, compression="zstd")',
    "csv": "frame.to_csv(path, index=not _is_count(frame.index))",
}
_NOTE = {"parquet": "frame.to_parquet(path)", "csv": "frame.to_csv(path, index=False)"}
_READ = {
    "parquet": '''\
def _read(path, columns=None):
    return pd.read_parquet(path, columns=columns)


def _differences(frame, path):
    """Say in which part of a DataFrame what was written is different, if it is."""
    columns, at_once = list(frame.columns), _columns_at_once(frame)
    parts = [columns[start : start + at_once] for start in range(0, len(columns), at_once)] or [[]]
    found = (_difference(frame[part] if columns else frame, _read(path, part)) for part in parts)
    return next(filter(None, found), None)


def _columns_at_once(frame):
    each = frame.memory_usage(index=False, deep=False).max() if len(frame.columns) else 1
    return max(1, int(256_000_000 // max(each, 1)))''',
    "csv": '''\
def _read(path):
    return pd.read_csv(path, **_EXACT)


def _differences(frame, path):
    """Say in which part of a DataFrame what was written is different, if it is."""
    return _difference(frame, _read(path))


def _is_count(index):
    """Tell whether an index is that of a frame to which nobody gave one."""
    return type(index) is pd.RangeIndex and index.equals(pd.RangeIndex(len(index))) and index.name is None''',
}
_LARGE = '''


def _size(frame):
    """Bytes in memory, about: texts are counted in the first rows."""
    head = frame.iloc[:1000]
    return head.memory_usage(deep=True).sum() / max(len(head), 1) * len(frame)
'''
# Before pandas 3, read_csv gets the last digit of some floats wrong unless told; since then telling is frowned at.
_EXACT = """

_EXACT = {"float_precision": "round_trip"} if pd.__version__ < "3" else {}
"""


def frames_module(df_format: FrameFormat, serializer: Serializer, above: int = 0) -> str:
    """Return the module's text. Frames of fewer bytes than ``above`` are pickled."""
    save = "_save_table(value, path, exact)"
    if above:
        save += f' if _size(value) >= {above:_} else _write_note(path, exact, "it is small")'
    text = _TEXT.replace("SAVE", save).replace("WRITE", _WRITE[df_format]).replace("NOTE", _NOTE[df_format])
    text = text.replace("FORMAT", df_format).replace("PICKLE", serializer).replace("READ", _READ[df_format])
    if above:
        text = text.rstrip("\n") + _LARGE
    return text.replace("import pandas as pd\n", f"import pandas as pd\n{_EXACT}", 1) if df_format == "csv" else text
