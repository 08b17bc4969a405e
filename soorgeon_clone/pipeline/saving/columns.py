"""What pandas before 3 knows of frames and what was taken from them -> files in which it still knows it.

A column knows its frame, and a frame the columns that it gave: what is written into one is put into the frame also
where they share no memory (``y[0] = 1.5`` in a column of whole numbers, or after the frame got another column of that
name). And rows know of what they are a copy: pandas warns who writes into them. pickle leaves that out. What has its
frame in the same file is told of it again, else that there was one; who loads the file needs pandas alone.
"""

from __future__ import annotations

import operator
import pickle
import sys
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from soorgeon_clone.pipeline.saving.remade import with_subclasses

_WARNING = """
A value is trying to be set on a copy of a slice from a DataFrame.
Try using .loc[row_indexer,col_indexer] = value instead

See the caveats in the documentation: \
https://pandas.pydata.org/pandas-docs/stable/user_guide/indexing.html#returning-a-view-versus-a-copy"""


class Columns:
    """The frames that one file takes, their columns and copies."""

    def __init__(self) -> None:
        # by address; they are kept, or another object could get their place
        self._taken: dict[int, Any] = {}
        self._arrays: dict[int, Any] = {}  # of columns

    def hooks(self) -> Iterator[tuple[type, Callable[[Any], Any]]]:
        """Yield the kinds of frames and columns, and what is to reduce them: see `copyreg`."""
        pandas = sys.modules.get("pandas")
        bases: list[Any] = [getattr(pandas, name, None) for name in ("DataFrame", "Series")]
        for base in bases:
            if hasattr(base, "_reset_cacher"):  # pandas 3 has no such columns
                yield from ((kind, self._reduced) for kind in with_subclasses(base) if _is_pickled_as(kind, base))

    def settle(self) -> bool:
        """Return whether the file must be written again, since what was taken from frames in it is in it as well."""
        frames = ((_frame_of(one), one._is_copy) for one in self._taken.values())
        return any(id(one) in self._taken for frame, origin in frames for one in (frame, _referent(origin)))

    def has_memory(self, array: Any) -> bool:
        """Tell whether an array is that of a column which has its own memory: pandas asks columns for that."""
        return array.base is None and id(array) in self._arrays

    def _reduced(self, table: Any) -> Any:
        self._taken[id(table)] = table
        make, arguments, state, *others = table.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
        return make, arguments, {**state, **self._known(table)}, *others

    def _known(self, table: Any) -> dict[str, Any]:
        """Return what pandas knows of a table besides what it holds."""
        known: dict[str, Any] = {}
        if (label := _label_of(table)) is not None:
            frame = self._taken.get(id(_frame_of(table)))
            known["_cacher"] = (label, _Reference(frame))
            self._arrays[id(table._values)] = table._values
            if frame is not None and frame._item_cache.get(label) is table:
                known["_item_cache"] = _Given(frame, label, table)  # of a column itself, this is empty when it is made
        origin = _referent(table._is_copy)
        if id(origin) in self._taken:
            known["_is_copy"] = _Reference(origin)
        elif isinstance(table._is_copy, str) or (origin is not None and origin.shape != table.shape):
            known["_is_copy"] = _WARNING
        return known


def _label_of(table: Any) -> Any:
    """Return under which label a column was taken from a frame; None for what was not."""
    cacher = getattr(table, "_cacher", None)
    return cacher[0] if cacher is not None else None


def _frame_of(table: Any) -> Any:
    """Return the frame that a column was taken from, if it is still there."""
    cacher = getattr(table, "_cacher", None)
    return cacher[1]() if cacher is not None else None


def _referent(origin: Any) -> Any:
    """Return what a table is a copy of, if it is one and that is still there."""
    return origin() if isinstance(origin, weakref.ReferenceType) else None


def _is_pickled_as(kind: type, base: type) -> bool:
    names = ("__reduce__", "__reduce_ex__", "__getstate__", "__setstate__")
    return all(getattr(kind, name, None) is getattr(base, name, None) for name in names)


class _Reference:
    """A weak reference to a frame; without one, to what is no more when it is loaded."""

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    def __reduce__(self) -> Any:
        return weakref.ref, (self._frame if self._frame is not None else set(),)


class _Given:
    """That a frame gives this column when it is asked for its label."""

    def __init__(self, frame: Any, label: Any, column: Any) -> None:
        self._frame, self._label, self._column = frame, label, column

    def __reduce__(self) -> Any:
        return operator.setitem, (_Cache(self._frame), self._label, self._column)


class _Cache:
    """The columns that a frame gave."""

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    def __reduce__(self) -> Any:
        return getattr, (self._frame, "_item_cache")
