"""A value -> what pickle makes of it, as a stream that is compared or digested and never held."""

from __future__ import annotations

import hashlib
import pickle
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from soorgeon_clone.pipeline.assumptions.strides import keeping_strides

_PIECE = 1 << 20  # bytes


class _Differs(Exception):
    """The stream is not that of the file."""


class _Comparing:
    """A file to write to that compares instead."""

    def __init__(self, product: BinaryIO) -> None:
        self._product = product

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        for start in range(0, len(view), _PIECE):
            piece = bytes(view[start : start + _PIECE])  # two bytes are compared at once, a view item by item
            if self._product.read(len(piece)) != piece:
                raise _Differs
        return len(view)


class _Digesting:
    """A file to write to that keeps a digest only."""

    def __init__(self) -> None:
        self.digest = hashlib.blake2b(digest_size=20)

    def write(self, data: Any) -> int:
        self.digest.update(data)
        return len(data)


def is_in(product: Path, value: Any) -> bool:
    """Tell whether a file holds exactly the pickle of a value; also not, where the value cannot be pickled."""
    try:
        with product.open("rb") as file, keeping_strides():
            pickle.Pickler(_Comparing(file), _protocol_of(file)).dump(value)
            return not file.read(1)
    except Exception:  # what pickling a value may raise is up to its class
        return False


def _protocol_of(file: BinaryIO) -> int:
    """Return the protocol with which a pickle was written: a person may have edited the cell that saves."""
    start = file.read(2)
    file.seek(0)
    return start[1] if start[:1] == pickle.PROTO else 0


def digest_of(value: Any) -> bytes | None:
    """Return a digest of the pickle of a value, None where there is none."""
    sink = _Digesting()
    try:
        pickle.Pickler(sink, 5).dump(value)
    except Exception:
        sink = _Digesting()
        try:
            import_module("cloudpickle").Pickler(sink, 5).dump(value)
        except Exception:
            return None
    return sink.digest.digest()


def dumped(value: Any) -> bytes | None:
    """Return the pickle of a value, None where there is none."""
    try:
        return pickle.dumps(value, 5)
    except Exception:
        try:
            data: bytes = import_module("cloudpickle").dumps(value, 5)
        except Exception:
            return None
        return data
