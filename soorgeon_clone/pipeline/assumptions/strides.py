"""An array with gaps or turned axes -> a pickle that brings it back as it lay in memory.

pickle packs what it takes: the column of a table comes back without what stood between its numbers. Libraries add and
multiply numbers in another order where they lie otherwise, and another order gives another last digit.

The array is made anew on a buffer, by functions of numpy alone, so that whoever loads it needs nothing else.
"""

from __future__ import annotations

import copyreg
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_SMALL = 1 << 16  # bytes
_WIDEST = 2  # times what the array itself holds


@contextmanager
def keeping_strides() -> Iterator[None]:
    """Have every pickler of this process keep how arrays lie. What the notebook itself pickles is left as it is."""
    hooks = {kind: hook for kind, hook in _hooks() if kind not in copyreg.dispatch_table}
    copyreg.dispatch_table.update(hooks)
    try:
        yield
    finally:
        for kind in hooks:
            del copyreg.dispatch_table[kind]


def _hooks() -> Iterator[tuple[type, Callable[[Any], Any]]]:
    """Yield what is to reduce arrays, and the blocks of pandas, which pack their arrays before pickle has seen them."""
    array = getattr(sys.modules.get("numpy"), "ndarray", None)
    if array is not None:
        yield array, _reduced
    block = getattr(sys.modules.get("pandas._libs.internals"), "Block", None)
    kinds = [block] if block is not None else []
    for kind in kinds:
        kinds += kind.__subclasses__()
        yield kind, _reduced_block


def _reduced_block(block: Any) -> Any:
    return block.__reduce__() if type(block.values) is sys.modules["numpy"].ndarray else block.__reduce_ex__(5)


def _reduced(array: Any) -> Any:
    """Return what `__reduce_ex__` does, or how to lay an array out as this one is, and what is then put into it."""
    flags = array.flags
    strides = None if flags.c_contiguous or flags.f_contiguous or array.dtype.hasobject else _strides(array)
    if strides is None:
        return array.__reduce_ex__(5)
    laid = _Laid(array, strides)
    return laid.__reduce__() if flags.writeable else (sys.modules["numpy"].broadcast_to, (laid, array.shape))


class _Laid:
    """An array, which is laid out by ``strides`` when it is loaded; it may be written then."""

    def __init__(self, array: Any, strides: tuple[int, ...]) -> None:
        self._array, self._strides = array, strides

    def __reduce__(self) -> Any:
        numpy, array, strides = sys.modules["numpy"], self._array, self._strides
        start = sum((n - 1) * -stride for n, stride in zip(array.shape, strides, strict=True) if stride < 0)
        arguments = (array.shape, array.dtype, _Room(_span(array, strides)), start, strides)
        return numpy.ndarray, arguments, array.copy(), None, None, numpy.copyto


class _Room:
    """So many bytes, which come to be when it is loaded."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __reduce__(self) -> Any:
        return sys.modules["numpy"].zeros, (self._size, "u1")


def _span(array: Any, strides: tuple[int, ...]) -> int:
    return int(array.itemsize + sum((n - 1) * abs(s) for n, s in zip(array.shape, strides, strict=True)))


def _strides(array: Any) -> tuple[int, ...] | None:
    """Return the strides to give it: its own where that takes little room, else with gaps as narrow as they can be.

    Libraries ask whether numbers stand side by side, and in which order the axes run, not how far apart. None: elements
    are seen twice, or do not stand at multiples of their size.
    """
    size = array.itemsize
    if not size or any(n > 1 and (not s or s % size) for n, s in zip(array.shape, array.strides, strict=True)):
        return None
    narrow = [size] * array.ndim
    inner, packed = size, size  # bytes that the axes so far take from the first to the last, and with a step more
    new_inner, new_packed = size, size
    for axis in sorted(range(array.ndim), key=lambda axis: abs(array.strides[axis])):
        n, stride = array.shape[axis], abs(array.strides[axis])
        if n == 1:
            continue
        if stride < inner:
            return None
        gap = 0 if stride == packed else size if stride > packed else new_inner - new_packed
        step = new_packed + gap
        narrow[axis] = step if array.strides[axis] > 0 else -step
        inner, packed = (n - 1) * stride + inner, n * stride
        new_inner, new_packed = (n - 1) * step + new_inner, n * step
    own = _span(array, array.strides)
    return tuple(array.strides) if own <= max(_SMALL, _WIDEST * array.nbytes) else tuple(narrow)
