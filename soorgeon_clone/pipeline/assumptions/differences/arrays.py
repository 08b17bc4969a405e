"""Two arrays of numpy, or sparse matrices, or tensors -> which elements differ."""

from __future__ import annotations

import sys
from typing import Any

from soorgeon_clone.pipeline.assumptions.differences.model import Difference, Found, Pair, Where
from soorgeon_clone.pipeline.assumptions.differences.objects import attributes, generic, held_by
from soorgeon_clone.pipeline.assumptions.differences.plain import same_scalar
from soorgeon_clone.pipeline.assumptions.differences.words import SCALARS, words

_AT_ONCE = 1 << 20  # elements


def array(was: Any, now: Any, where: Where) -> Found:
    """Arrays: dtype, shape, elements, whether they may be written; of a subclass also its attributes."""
    numpy = sys.modules["numpy"]
    if (found := frame_of(was, now, where)) is not None:
        yield found
        return
    if was.flags.writeable != now.flags.writeable:
        yield Difference((where, ".flags.writeable"), str(was.flags.writeable), str(now.flags.writeable))
    if type(was) is not numpy.ndarray:
        if isinstance(was, numpy.ma.MaskedArray):
            yield Pair(numpy.ma.getmaskarray(was), numpy.ma.getmaskarray(now), (where, ".mask"))
            was, now = was.filled(0), now.filled(0)
        else:
            yield from attributes(type(was), held_by(was), held_by(now), where)
        was, now = was.view(numpy.ndarray), now.view(numpy.ndarray)
    yield from elements(was, now, where)


def frame_of(was: Any, now: Any, where: Where) -> Difference | None:
    """Return how the dtypes or shapes of two arrays differ."""
    if was.dtype != now.dtype:
        return Difference((where, ".dtype"), str(was.dtype), str(now.dtype))
    if was.shape != now.shape:
        return Difference((where, ".shape"), str(tuple(was.shape)), str(tuple(now.shape)))
    return None


def elements(was: Any, now: Any, where: Where) -> Found:
    """The elements of two arrays of one dtype and shape."""
    if was.dtype.hasobject:
        yield from _objects(was, now, where)
        return
    count, first = differing(was, now)
    if count:
        numpy = sys.modules["numpy"]
        place = numpy.unravel_index(first, was.shape) if was.ndim else ()
        step = f"[{', '.join(str(int(number)) for number in place)}]" if was.ndim else ""
        extent = f"{count:,} of {was.size:,} values" if was.size > 1 else ""
        index = tuple(int(number) for number in place)
        yield Difference((where, step), words(was[index]), words(now[index]), extent)


def differing(was: Any, now: Any) -> tuple[int, int]:
    """Return how many elements differ, and the flat index of the first; they are compared piece by piece."""
    count, first = 0, -1
    size = int(was.size)
    for start in range(0, size, _AT_ONCE):
        one, other = (_flat(side, start, min(size, start + _AT_ONCE)) for side in (was, now))
        if one.tobytes() == other.tobytes():
            continue
        wrong = _unequal(one, other).nonzero()[0]
        if len(wrong):
            first = start + int(wrong[0]) if first < 0 else first
            count += len(wrong)
    return count, first


def _flat(side: Any, start: int, stop: int) -> Any:
    """Return some elements in order; without a copy of all where the memory has that order."""
    return side.reshape(-1)[start:stop] if side.flags.c_contiguous else side.flat[start:stop]


def _unequal(one: Any, other: Any) -> Any:
    numpy = sys.modules["numpy"]
    if one.dtype.names:
        found = numpy.zeros(len(one), bool)
        for name in one.dtype.names:
            parts = _unequal(*(numpy.ascontiguousarray(side[name]) for side in (one, other)))
            found |= parts.reshape(len(one), -1).any(axis=1) if parts.ndim > 1 else parts
        return found
    if one.dtype.kind == "V":
        return numpy.array([a.tobytes() != b.tobytes() for a, b in zip(one, other, strict=True)])
    if one.dtype.kind in "mM":
        one, other = one.view("i8"), other.view("i8")
    with numpy.errstate(all="ignore"):
        found = one != other
        if one.dtype.kind in "fc":
            found &= ~((one != one) & (other != other))
            zeros = (one == 0) & (other == 0)
            if one.dtype.kind == "f" and zeros.any():
                found |= zeros & (numpy.signbit(one) != numpy.signbit(other))
    return found


def _objects(was: Any, now: Any, where: Where) -> Found:
    if was.dtype.names:
        for name in was.dtype.names:
            yield Pair(was[name], now[name], (where, f'["{name}"]'))
        return
    for number, (one, other) in enumerate(zip(was.flat, now.flat, strict=True)):
        if one is other or (type(one) is type(other) and type(one) in SCALARS and same_scalar(one, other)):
            continue
        place = sys.modules["numpy"].unravel_index(number, was.shape) if was.ndim else ()
        yield Pair(one, other, (where, f"[{', '.join(str(int(each)) for each in place)}]"))


def sparse(was: Any, now: Any, where: Where) -> Found:
    """Sparse matrices: the order in which entries are held does not count."""
    if (found := frame_of(was, now, where)) is not None:
        yield found
        return
    sides = [side.tocsr(copy=True) if side.ndim == 2 else side.tocoo(copy=True) for side in (was, now)]
    for side in sides:
        side.sum_duplicates()
    for name in ("indptr", "indices", "data") if was.ndim == 2 else ("coords", "data"):
        yield Pair(getattr(sides[0], name), getattr(sides[1], name), (where, f".{name}"))


def tensor(was: Any, now: Any, where: Where) -> Found:
    """Tensors of torch."""
    if (found := frame_of(was, now, where)) is not None:
        yield found
        return
    if was.requires_grad != now.requires_grad:
        yield Difference((where, ".requires_grad"), str(was.requires_grad), str(now.requires_grad))
    try:
        sides = [_as_array(side.detach().cpu()) for side in (was, now)]
    except Exception:  # of a library that stands on torch
        yield from generic(was, now, where)
        return
    yield from elements(sides[0], sides[1], where)
    if was.is_leaf and was.grad is not now.grad:
        yield Pair(was.grad, now.grad, (where, ".grad"))


def _as_array(tensor: Any) -> Any:
    """Return the elements as numpy has them: of a sparse tensor all, of a dtype that numpy does not have as numbers."""
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    elif tensor.layout != sys.modules["torch"].strided:
        tensor = tensor.to_dense()
    try:
        return tensor.resolve_conj().resolve_neg().numpy()
    except TypeError:
        return tensor.double().numpy()
