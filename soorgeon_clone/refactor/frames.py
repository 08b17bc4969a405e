"""The text of frames.py: saves a pandas DataFrame as parquet or csv, anything else (or what would change) as pickle.

A module of the project and not of ours, since tasks run without this package. What a value is shows only in the run,
so the file says itself what it holds. A frame is read back right after it was written: a format that would give
back something else is not used for it, and a warning says so. Parquet is read back some columns at a time: a frame that
fills the memory must not have to be there twice.
"""

from __future__ import annotations

from soorgeon_clone.refactor.layout import FrameFormat
from soorgeon_clone.refactor.model import Serializer

_TEXT = '''\
"""Save and load what tasks hand on: a DataFrame as FORMAT, anything else as a pickle."""

import PICKLE
import warnings

import pandas as pd


def save_frame(value, path):
    """Write a DataFrame as FORMAT. What FORMAT cannot give back as it was becomes a pickle, with a warning."""
    if type(value) is pd.DataFrameLARGE:
        try:
            WRITE
            changed = _differences(value, path)
            problem = changed and f"FORMAT would lose or change {changed}"
        except Exception as error:
            problem = f"FORMAT cannot hold it ({error})"
        if not problem:
            return
        warnings.warn(f"{path} is saved as a pickle: {problem}", stacklevel=2)
    with open(path, "wb") as file:
        PICKLE.dump(value, file, protocol=5)


def load_frame(path):
    """Return what `save_frame` wrote."""
    with open(path, "rb") as file:
        if file.read(1) == b"\\x80":  # how a pickle begins
            file.seek(0)
            return PICKLE.load(file)
    return _read(path)


READ


def _difference(frame, copy):
    """Say in which part of a DataFrame its copy is different, if it is."""
    if not _same_index(frame.columns, copy.columns):
        return "the column names"
    if not _same_index(frame.index, copy.index):
        return "the index"
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
    "parquet": 'value.to_parquet(path, compression="zstd")',
    "csv": "value.to_csv(path, index=False)",
}
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
    return _difference(frame, _read(path))''',
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
    text = _TEXT.replace("FORMAT", df_format).replace("PICKLE", serializer)
    text = text.replace("WRITE", _WRITE[df_format]).replace("READ", _READ[df_format])
    text = text.replace("LARGE", f" and _size(value) >= {above:_}" if above else "")
    if above:
        text = text.rstrip("\n") + _LARGE
    return text.replace("import pandas as pd\n", f"import pandas as pd\n{_EXACT}", 1) if df_format == "csv" else text
