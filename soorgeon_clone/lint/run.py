"""Files -> results: side by side on all cores, from the cache where nothing changed, in the order they were given."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from soorgeon_clone.files import regular
from soorgeon_clone.lint.cache import Kept, Seen, digest_of, state_of
from soorgeon_clone.lint.config import Settings
from soorgeon_clone.lint.confirm import confirmed
from soorgeon_clone.lint.model import FileResult, Planned

_WORTH_A_PROCESS = 100  # files: a second of work, below which another process costs more than it saves


@dataclass(frozen=True)
class Request:
    """One file to lint, or bytes from standard input."""

    path: Path | None
    settings: Settings
    data: bytes | None = None
    planned: Planned | None = None


def run(requests: Sequence[Request], *, jobs: int | None = None, use_cache: bool = True) -> list[FileResult]:
    """Return a result for each request, in their order."""
    caches = _Caches(use_cache)
    recalled = [caches.recall(request) for request in requests]
    done = _linted([one for one, result in zip(requests, recalled, strict=True) if result is None], jobs)
    results = []
    for request, result in zip(requests, recalled, strict=True):
        if result is None:
            result, seen = next(done)
            caches.keep(request, seen, result)
        results.append(confirmed(result, request.path))
    caches.write()
    return results


class _Caches:
    """What is kept for the folders of a run; nothing for standard input, and where more than the notebook decides."""

    def __init__(self, use_cache: bool) -> None:
        self._use_cache = use_cache
        self._kept: dict[tuple[str, int], Kept | None] = {}

    def of(self, request: Request) -> Kept | None:
        """Return what is kept for the folder of a request."""
        if not self._use_cache or request.path is None or request.data is not None:
            return None
        place = os.path.dirname(request.path), id(request.settings)  # noqa: PTH120
        if place not in self._kept:
            self._kept[place] = None if request.settings.needs_analysis else Kept(place[0], request.settings)
        return self._kept[place]

    def recall(self, request: Request) -> FileResult | None:
        kept = self.of(request)
        return kept.recall(request.path) if kept is not None and request.path is not None else None

    def keep(self, request: Request, seen: Seen | None, result: FileResult) -> None:
        kept = self.of(request)
        if kept is not None and request.path is not None and seen is not None:
            kept.keep(request.path, seen, result)

    def write(self) -> None:
        for kept in self._kept.values():
            if kept is not None:
                kept.write()


def _linted(fresh: Sequence[Request], jobs: int | None) -> Iterator[tuple[FileResult, Seen | None]]:
    """Yield the result of each request; of many, from several processes."""
    workers = min(jobs or os.cpu_count() or 1, len(fresh) // _WORTH_A_PROCESS + 1)
    if workers < 2:
        yield from map(lint, fresh)
        return
    import multiprocessing

    yield lint(fresh[0])  # what it imports need not be imported by each process
    method = "fork" if sys.platform.startswith("linux") else None
    pool = multiprocessing.get_context(method).Pool(workers, _end_at_once)
    try:
        yield from pool.imap(lint, fresh[1:], chunksize=4)
        pool.close()  # its processes end by themselves: told to by a signal, one that has just begun may miss it
    except BaseException:
        pool.terminate()
        raise
    finally:
        pool.join()


def _end_at_once() -> None:
    """Let a process end when it is told to, whatever this one does then."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def lint(request: Request) -> tuple[FileResult, Seen | None]:
    """Return the result of one request, and what was read."""
    from soorgeon_clone.lint.check import STDIN, check_bytes

    name = str(request.path) if request.path is not None else STDIN
    state: tuple[int, ...] = ()
    data = request.data
    try:
        if data is None:
            assert request.path is not None
            state = state_of(request.path)
            data = regular.read_bytes(request.path)
    except (OSError, ValueError) as error:
        meant = (
            f"\n{regular.did_you_mean(request.path)}" if isinstance(error, FileNotFoundError) and request.path else ""
        )
        return FileResult(name, trouble=f"{name}: {_problem(error)}{meant}".rstrip()), None
    codes = request.settings.codes_for(request.path)
    result = check_bytes(data, request.path, request.settings, codes, request.planned)
    return replace(result, file=name), Seen(state, digest_of(data))


def _problem(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, IsADirectoryError):
        return "is a folder"
    if isinstance(error, PermissionError):
        return "no permission to read it"
    return f"cannot be read: {getattr(error, 'strerror', None) or error}"
