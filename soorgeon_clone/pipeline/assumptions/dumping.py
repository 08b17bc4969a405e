"""A value -> what pickle makes of it, as a stream that is compared or digested and never held."""

from __future__ import annotations

import hashlib
import pickle
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from soorgeon_clone.pipeline.saving.memory import Memory

_PIECE = 1 << 20  # bytes


class _Comparing:
    """A file to write to that compares instead."""

    def __init__(self, product: BinaryIO) -> None:
        self._product = product
        self.is_same = True

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        for start in range(0, len(view) if self.is_same else 0, _PIECE):
            piece = bytes(view[start : start + _PIECE])  # two bytes are compared at once, a view item by item
            self.is_same = self.is_same and self._product.read(len(piece)) == piece
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
        with product.open("rb") as file:
            protocol = _protocol_of(file)
            return any(_is_same(file, value, protocol, hooked) for hooked in Memory().passes())
    except Exception:  # what pickling a value may raise is up to its class
        return False


def _is_same(file: BinaryIO, value: Any, protocol: int, hooked: AbstractContextManager[None]) -> bool:
    """Tell whether a file holds what a pickler says; how arrays share memory is known when it has said all."""
    file.seek(0)
    comparing = _Comparing(file)
    with hooked:
        pickle.Pickler(comparing, protocol).dump(value)
    return comparing.is_same and not file.read(1)


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
