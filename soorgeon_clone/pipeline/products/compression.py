"""A file <-> the same with fewer bytes, as it travels to a store and back: block by block, whatever its size.

What is compressed says so in its first line. Names stay those of what is inside, so nobody has to know how another
machine sent it, and equal content is one object.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.regular import open_regular
from soorgeon_clone.files.scratch import new_file

Compression = Literal["off", "gzip", "zstd"]
COMPRESSIONS: tuple[Compression, ...] = get_args(Compression)
_HEADS: dict[str, bytes] = {name: f"soorgeon-clone {name}\n".encode() for name in COMPRESSIONS[1:]}
_BLOCK = 1 << 20
# Below this, requests cost more than bytes; of what is larger, so much is tried first.
_SMALLEST = 64_000
_SAMPLE = 4 << 20
_WORTH = 0.9
# Nothing grows more than this when it is unpacked: a few bytes of somebody else's must not fill the disk.
_MOST_GROWTH = 1_000
_ALLOWANCE = 64 << 20


def pack(source: Path, target: Path, how: Compression) -> bool:
    """Write ``source`` with fewer bytes to a new file; tell whether that was worth it, else there is none.

    Raises OSError, and UserError where a library is missing.
    """
    size = source.stat().st_size
    if how == "off" or size < _SMALLEST:
        return False
    with open_regular(source) as old:
        sample = old.read(min(_SAMPLE, size))
    compress, finish = _compressor(how)
    if len(compress(sample) + finish()) > _WORTH * len(sample):
        return False
    compress, finish = _compressor(how)
    with open_regular(source) as old, new_file(target) as new:
        new.write(_HEADS[how])
        while block := old.read(_BLOCK):
            new.write(compress(block))
        new.write(finish())
    packed = target.stat().st_size
    if packed > _WORTH * size or size > _most(packed):
        target.unlink()
        return False
    return True


def unpack(source: Path, target: Path) -> bool:
    """Write what is inside of ``source`` to a new file; False for what is not compressed, or is damaged.

    Raises OSError, and UserError where a library is missing.
    """
    with open_regular(source) as old:
        how = next((name for name, head in _HEADS.items() if old.read(len(head)) == head or old.seek(0)), None)
        if how is None:
            return False
        left = _most(source.stat().st_size)
        with new_file(target) as new:
            try:
                for block in _unpacked(how, old):
                    left -= len(block)
                    if left < 0:
                        return False
                    new.write(block)
            except _Damaged:
                return False
    return True


def _most(packed: int) -> int:
    return packed * _MOST_GROWTH + _ALLOWANCE


class _Damaged(Exception):
    """What was read is not what any compressor writes."""


def _compressor(how: str) -> tuple[Callable[[bytes], bytes], Callable[[], bytes]]:
    if how == "gzip":
        plain = zlib.compressobj(level=1, wbits=31)
        return plain.compress, plain.flush
    strong = _zstandard().ZstdCompressor(level=3).compressobj()
    return strong.compress, strong.flush


def _unpacked(how: str, file: BinaryIO) -> Iterator[bytes]:
    """What is inside, in blocks of a bounded size."""
    if how == "gzip":
        plain = zlib.decompressobj(wbits=31)
        try:
            while (rest := plain.unconsumed_tail or file.read(_BLOCK)) and not plain.eof:
                yield plain.decompress(rest, _BLOCK)
            yield plain.flush()
        except zlib.error as error:
            raise _Damaged from error
        return
    library = _zstandard()
    try:
        with library.ZstdDecompressor(max_window_size=1 << 27).stream_reader(file) as reader:
            while block := reader.read(_BLOCK):
                yield block
    except library.ZstdError as error:
        raise _Damaged from error


def _zstandard() -> Any:
    try:
        import zstandard
    except ImportError:
        raise UserError(
            "products in the store are compressed with zstd, and the library for it is not installed",
            hint="Run: pip install 'soorgeon-clone[zstd]', here and wherever the store is used.",
            exit_code=2,
        ) from None
    return zstandard
