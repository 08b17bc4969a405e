"""The products of a task while it runs: it writes to their places, and what was there waits aside, to come back if it
fails.

What a task is told of paths is so also tomorrow: it may keep them in a file or a log. Its former products are moved,
not copied, so that neither the task nor the cache, whose objects may be the same files, loses them; a task that may
look at them finds a copy in the place. A note says what is to be undone. It is written before anything is moved, and
its removal is the moment from which on the new products count: whoever finds a note after a kill puts all back.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Collection, Mapping
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.files import scratch
from soorgeon_clone.files.atomic import scratch_name
from soorgeon_clone.files.regular import is_regular, read_bytes
from soorgeon_clone.pipeline.building.lock import take
from soorgeon_clone.pipeline.state.content import stamp_now

# How names in a task's folder begin that are no products.
OWN = ".soorgeon-"
_NOTE = f"{OWN}undo.json"
_ASIDE = f"{OWN}former-"
_LIMIT = 10_000_000
_TRIES, _PAUSE = 50, 0.02


class Former:
    """What stood in the places of some products. ``folder`` is the task's own, in which they wait."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._asides: dict[str, str | None] = {}
        self.places: dict[str, Path] = {}
        self._copies: dict[str, str] = {}

    def put_aside(self, places: Mapping[str, Path], copied: Collection[str]) -> None:
        """Free the places of these products; in those of ``copied``, a copy of what was there stands.

        Raises OSError, which names the product.
        """
        for path, place in places.items():
            self._asides[path] = self._aside_of(len(self._asides), place)
            self.places[path] = place
        scratch.put_bytes(self.folder / _NOTE, json.dumps(self._asides).encode())
        for path, place in places.items():
            try:
                self._move(path, place, copied=path in copied)
            except OSError as error:
                raise OSError(error.errno, error.strerror, path) from error

    def _move(self, path: str, place: Path, *, copied: bool) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        aside = self._asides[path]
        if aside is None:
            return
        former = _where(self.folder, place, aside)
        place.replace(former)
        if copied and _copy(former, place):
            self._copies[path] = stamp_now(place)

    def written(self, path: str) -> bool:
        """Whether the run made a product: something is there, and it is not the copy. A folder is taken as it is."""
        place = self.places[path]
        if not os.path.lexists(place):
            return False
        return path not in self._copies or place.is_dir() or stamp_now(place) != self._copies[path]

    def forget(self) -> None:
        """From here on, the new products count."""
        (self.folder / _NOTE).unlink(missing_ok=True)
        for path, aside in self._asides.items():
            if aside is not None:
                scratch.remove(_where(self.folder, self.places[path], aside))
        self._clear()

    def put_back(self) -> None:
        """Have everything as it was before the run, as far as that can be done."""
        put_back(self.folder, self.places)
        self._clear()

    def _clear(self) -> None:
        self._asides.clear()
        self.places.clear()
        self._copies.clear()

    def _aside_of(self, number: int, place: Path) -> str | None:
        """The name under which what is at a place waits; one that begins with a dot is beside it."""
        if not os.path.lexists(place):
            return None
        if place.parent.stat().st_dev == self.folder.stat().st_dev:
            return f"{_ASIDE}{number}"
        return scratch_name(place).name


def put_back(folder: Path, places: Mapping[str, Path]) -> None:
    """Undo what a note in a task's folder tells of, for these products and their places, and remove the note.

    The note decides nothing but which of them were there before: others may have written it.
    """
    for path, aside in _note(folder).items():
        place = places.get(path)
        if place is None:
            continue
        if aside is None:
            scratch.remove(place)
            continue
        former = _where(folder, place, aside)
        if os.path.lexists(former):  # else it was not moved yet
            with contextlib.suppress(OSError):
                if scratch.is_own_folder(place) or scratch.is_own_folder(former):
                    scratch.remove(place)
                former.replace(place)
    with contextlib.suppress(OSError):
        (folder / _NOTE).unlink(missing_ok=True)


def put_back_after(folder: Path, places: Mapping[str, Path]) -> None:
    """Do what `put_back` does after the build that ran the task was killed, unless somebody else sees to it."""
    with contextlib.suppress(OSError, UserError):
        for _ in range(_TRIES):  # a process that ends loses its locks one after the other
            lock = take(folder.with_name(f"{folder.name}.lock"), wait=False)
            if lock is not None:
                put_back(folder, places)
                scratch.remove(folder)
                lock.release()
                return
            time.sleep(_PAUSE)


def _note(folder: Path) -> dict[str, str | None]:
    try:
        if not scratch.is_own_folder(folder) or not is_regular(folder / _NOTE):
            return {}
        data = json.loads(read_bytes(folder / _NOTE, limit=_LIMIT))
        return {str(path): aside if aside is None else str(aside) for path, aside in data.items()}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}


def _where(folder: Path, place: Path, aside: str) -> Path:
    """Where a former product waits: in the task's folder, or beside its place under a name that we make."""
    if aside.startswith(f".{place.name[:40]}.") and "/" not in aside and aside.endswith(".part"):
        return place.with_name(aside)
    number = aside.removeprefix(_ASIDE)
    return folder / f"{_ASIDE}{number if number.isdecimal() else 0}"


def _copy(former: Path, place: Path) -> bool:
    """Have a copy of a former product, of the same age, in its place. Raises OSError."""
    if former.is_dir():
        shutil.copytree(former, place, symlinks=True)
    elif former.is_file():
        shutil.copy2(former, place)
    else:  # a link to nothing, a pipe: whatever it was, no task reads it
        return False
    return True
