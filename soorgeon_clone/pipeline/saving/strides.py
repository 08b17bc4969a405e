"""How arrays lie in memory -> reductions that have pickle bring them back so.

pickle packs what it takes: the column of a table comes back without what stood between its numbers. Libraries add and
multiply numbers in another order where they lie otherwise, and another order gives another last digit. And an array
that has its memory comes back as one that has not, which cannot be resized.

An array is made anew by functions of numpy alone, so that whoever loads it needs nothing else.
"""

from __future__ import annotations

import operator
import sys
from typing import Any

_SMALL = 1 << 16  # bytes
_WIDEST = 3  # times what the array itself holds
_WRITEABLE = 0x400  # NPY_ARRAY_WRITEABLE


def is_writeable(array: Any) -> bool:
    """Return whether an array can be written; numpy warns who asks ``flags.writeable`` of one that was broadcast."""
    return bool(array.flags.num & _WRITEABLE)


def in_its_own_memory(array: Any, *, is_hidden: bool) -> Any:
    """Return what `__reduce_ex__` does for an array that shares memory with none of its file.

    ``is_hidden``: nobody can tell whether it has its memory, as those in blocks of frames.
    """
    numpy, flags = sys.modules["numpy"], array.flags
    if flags.c_contiguous or flags.f_contiguous:
        is_plain = array.dtype.hasobject or not flags.owndata or is_hidden
        if is_plain and (is_writeable(array) or not array.dtype.hasobject):
            return array.__reduce_ex__(5)
        if not is_writeable(array):
            return numpy.broadcast_to, (_Packed(array), array.shape)
        if array.nbytes <= _SMALL and flags.c_contiguous and array.dtype.isnative:  # numpy would turn its bytes
            return array.__reduce__()
        order = "C" if flags.c_contiguous else "F"
        return numpy.ndarray, (array.shape, array.dtype, None, 0, None, order), _Packed(array), None, None, numpy.copyto
    strides = None if array.dtype.hasobject else _strides(array)
    if strides is None:
        return array.__reduce_ex__(5) if is_writeable(array) else (numpy.broadcast_to, (_Packed(array), array.shape))
    start = sum((n - 1) * -stride for n, stride in zip(array.shape, strides, strict=True) if stride < 0)
    return Laid(array, Buffer(_span(array, strides)), start, strides).__reduce__()


class Laid:
    """An array on the memory of ``base``, ``start`` bytes from its first; what it holds comes with it, or with that."""

    def __init__(self, array: Any, base: Buffer | Elements, start: int, strides: tuple[int, ...] | None = None) -> None:
        self._array, self._base, self._start = array, base, start
        self._strides = array.strides if strides is None else strides

    def __reduce__(self) -> Any:
        if not is_writeable(self._array):
            return sys.modules["numpy"].broadcast_to, (_Writable(self), self._array.shape)
        return self.reduced()

    def reduced(self) -> Any:
        """Return how to make an array that can be written."""
        numpy, array, base = sys.modules["numpy"], self._array, self._base
        lay: Any = numpy.ndarray
        arguments: tuple[Any, ...] = (array.shape, array.dtype, base, self._start, self._strides)
        if isinstance(base, Elements):
            lay, arguments = numpy.lib.stride_tricks.as_strided, (base.since(self._start), array.shape, self._strides)
        if base.array is not None:
            return lay, arguments
        return lay, arguments, _Packed(array.copy()), None, None, numpy.copyto


class _Writable:
    """An array before it is protected."""

    def __init__(self, laid: Laid) -> None:
        self._laid = laid

    def __reduce__(self) -> Any:
        return self._laid.reduced()


class _Packed:
    """What an array holds."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def __reduce__(self) -> Any:
        reduced: Any = self._array.__reduce_ex__(5)
        return reduced


class Buffer:
    """So many bytes, which come to be when it is loaded, or those of an array."""

    def __init__(self, size: int, array: Any = None) -> None:
        self._size, self.array = size, array

    @classmethod
    def of(cls, array: Any) -> Buffer:
        return cls(array.nbytes, array)

    def __reduce__(self) -> Any:
        numpy, array = sys.modules["numpy"], self.array
        if array is None:
            return numpy.zeros, (self._size, "u1")
        return numpy.ndarray.view, (array if array.flags.c_contiguous else _Turned(array), "u1")


class _Turned:
    """An array by columns as one by rows."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def __reduce__(self) -> Any:
        return sys.modules["numpy"].transpose, (self._array,)


class Elements:
    """Room for so many objects, or the array that has them."""

    def __init__(self, size: int, array: Any = None) -> None:
        self._size = size
        self.array = array
        self._since: dict[int, _Since] = {}

    @classmethod
    def of(cls, array: Any) -> Elements:
        return cls(array.size, array)

    def __reduce__(self) -> Any:
        numpy = sys.modules["numpy"]
        return (numpy.empty, (self._size, "O")) if self.array is None else (numpy.reshape, (self.array, -1))

    def since(self, start: int) -> _Since:
        """Return the room from so many bytes on: the same object each time, so that a file has it once."""
        return self._since.setdefault(start, _Since(self, start))


class _Since:
    def __init__(self, room: Elements, start: int) -> None:
        self._room, self._start = room, start

    def __reduce__(self) -> Any:
        step = sys.modules["numpy"].dtype("O").itemsize
        return operator.getitem, (self._room, slice(self._start // step, None))


def _span(array: Any, strides: tuple[int, ...]) -> int:
    return int(array.itemsize + sum((n - 1) * abs(s) for n, s in zip(array.shape, strides, strict=True)))


def _strides(array: Any) -> tuple[int, ...] | None:
    """Return the strides to give it: its own where that takes little room, else with gaps as narrow as they can be.

    Libraries ask whether numbers stand side by side, and in which order the axes run, not how far apart. None: nothing
    is in it, or elements are seen twice, or do not stand at multiples of their size, and it would take much room.
    """
    if not array.nbytes:
        return None
    if _span(array, array.strides) <= max(_SMALL, _WIDEST * array.nbytes):
        return tuple(array.strides)
    size = array.itemsize
    if any(n > 1 and (not s or s % size) for n, s in zip(array.shape, array.strides, strict=True)):
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
    return tuple(narrow)
