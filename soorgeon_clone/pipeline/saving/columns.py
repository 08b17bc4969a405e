"""A frame and a column that was taken from it -> a file in which what is written into the column comes to the frame.

Before pandas 3, a column knows its frame, and the frame the columns that it gave: what is written into one is put into
the frame also where they share no memory (``y[0] = 1.5`` in a column of whole numbers, or after the frame got another
column of that name). pickle leaves that out. Columns whose frame is in the same file are told of it again; who loads
the file needs pandas alone.
"""

from __future__ import annotations

import operator
import pickle
import sys
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from soorgeon_clone.pipeline.saving.remade import with_subclasses

Reduced = Callable[[Any], Any]


class Columns:
    """The frames that one file takes, and their columns."""

    def __init__(self) -> None:
        self._frames: dict[int, Any] = {}  # by address; they are kept, or another object could get their place
        self._columns: list[Any] = []
        self._is_known = False

    def hooks(self) -> Iterator[tuple[type, Reduced]]:
        """Yield the kinds of frames and columns, and what is to reduce them: see `copyreg`."""
        pandas = sys.modules.get("pandas")
        series: Any = getattr(pandas, "Series", None)
        if not hasattr(series, "_set_as_cached"):  # pandas 3 has no such columns
            return
        for base, reduce in ((getattr(pandas, "DataFrame", None), self._reduced_frame), (series, self._reduced_column)):
            yield from ((kind, reduce) for kind in with_subclasses(base) if _is_pickled_as(kind, base))

    def settle(self) -> bool:
        """Return whether the file must be written again, since some columns of frames in it are."""
        self._is_known = True
        return any(self._frame_of(column) is not None for column in self._columns)

    def _reduced_frame(self, frame: Any) -> Any:
        self._frames[id(frame)] = frame
        return frame.__reduce_ex__(pickle.HIGHEST_PROTOCOL)

    def _reduced_column(self, column: Any) -> Any:
        reduced = column.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
        if not self._is_known:
            self._columns.append(column)
        elif (frame := self._frame_of(column)) is not None:
            make, arguments, state, *others = reduced
            label = column._cacher[0]
            state = {**state, "_cacher": (label, _Reference(frame))}
            if frame._item_cache.get(label) is column:
                state["_item_cache"] = _Given(frame, label, column)  # of a column itself, this is empty when it is made
            return make, arguments, state, *others
        return reduced

    def _frame_of(self, column: Any) -> Any:
        """Return the frame that a column was taken from, if the file takes it."""
        _, reference = getattr(column, "_cacher", None) or (None, lambda: None)
        return self._frames.get(id(reference()))


def _is_pickled_as(kind: type, base: type) -> bool:
    names = ("__reduce__", "__reduce_ex__", "__getstate__", "__setstate__")
    return all(getattr(kind, name, None) is getattr(base, name, None) for name in names)


class _Reference:
    """A weak reference to a frame."""

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    def __reduce__(self) -> Any:
        return weakref.ref, (self._frame,)


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
