"""A folder that libraries read as one table or array -> its files: parts in Parquet, ORC or Arrow, some in folders that
are called ``key=value``; the chunks of a Zarr."""

from __future__ import annotations

import functools
import os

SUFFIXES = (".parquet", ".parq", ".pq", ".orc", ".arrow", ".feather", ".ipc")
_ARRAYS = ".zarr"


def parts(folder: str) -> list[str]:
    """The files of such a folder, with paths relative to it and forward slashes; none for any other folder."""
    if folder.lower().endswith(_ARRAYS):
        return [
            os.path.relpath(os.path.join(place, name), folder).replace(os.sep, "/")  # noqa: PTH118
            for place, _, names in os.walk(folder)
            for name in names
        ]
    try:
        changed = os.stat(folder).st_mtime_ns  # noqa: PTH116
    except OSError:
        return []
    files, partitions = _listed(folder, changed)
    return [*files, *(f"{name}/{file}" for name in partitions for file in parts(f"{folder}/{name}"))]


def may_be_part(path: str) -> bool:
    """Whether `parts` of a folder above would name this file, by its name."""
    return path.lower().endswith(SUFFIXES) or any(name.lower().endswith(_ARRAYS) for name in path.split("/")[:-1])


@functools.lru_cache(maxsize=10_000)
def _listed(folder: str, changed: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The parts and the partitions right in a folder that ``changed`` then: in it are many files of others, perhaps."""
    files, partitions = [], []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.lower().endswith(SUFFIXES) and entry.is_file():
                    files.append(entry.name)
                elif "=" in entry.name and entry.is_dir():
                    partitions.append(entry.name)
    except OSError:
        return (), ()
    return tuple(files), tuple(partitions)
