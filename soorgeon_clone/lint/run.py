"""Files -> results: side by side on all cores, from the cache where nothing changed, in the order they were given."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from soorgeon_clone.files import regular
from soorgeon_clone.lint import cache
from soorgeon_clone.lint.check import check_bytes, confirmed
from soorgeon_clone.lint.config import Settings
from soorgeon_clone.lint.model import FileResult

_WORTH_A_PROCESS = 24  # files, below which starting processes takes longer than linting


@dataclass(frozen=True)
class Request:
    """One file to lint, or bytes from standard input."""

    path: Path | None
    settings: Settings
    data: bytes | None = None
    merges: tuple[tuple[tuple[str, ...], str], ...] = ()


def run(requests: Sequence[Request], *, jobs: int | None = None, use_cache: bool = True) -> list[FileResult]:
    """Return a result for each request, in their order."""
    results: dict[int, FileResult] = {}
    fresh: list[tuple[int, Request]] = []
    for number, request in enumerate(requests):
        kept = _recalled(request) if use_cache else None
        if kept is None:
            fresh.append((number, request))
        else:
            results[number] = kept
    workers = min(jobs or os.cpu_count() or 1, max(1, len(fresh) // _WORTH_A_PROCESS + 1))
    done = _in_processes(fresh, workers, use_cache) if workers > 1 else [lint(one, use_cache) for _, one in fresh]
    for (number, _), result in zip(fresh, done, strict=True):
        results[number] = result
    return [confirmed(results[number], request.path) for number, request in enumerate(requests)]


def _in_processes(fresh: Sequence[tuple[int, Request]], workers: int, use_cache: bool) -> list[FileResult]:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from functools import partial

    method = "fork" if sys.platform.startswith("linux") else None
    work: Callable[[Request], FileResult] = partial(lint, use_cache=use_cache)
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context(method)) as pool:
        return list(pool.map(work, [one for _, one in fresh], chunksize=4))


def _recalled(request: Request) -> FileResult | None:
    data = _data(request)
    if isinstance(data, FileResult):
        return data
    if request.merges:
        return None
    codes = request.settings.codes_for(request.path)
    return cache.recall(cache.key(data, request.path, request.settings, codes), _name(request))


def lint(request: Request, use_cache: bool = True) -> FileResult:
    """Return the result of one request, and keep it."""
    data = _data(request)
    if isinstance(data, FileResult):
        return data
    codes = request.settings.codes_for(request.path)
    result = check_bytes(data, request.path, request.settings, codes, request.merges)
    if use_cache and not request.merges:
        cache.remember(cache.key(data, request.path, request.settings, codes), result)
    return replace(result, file=_name(request))


def _name(request: Request) -> str:
    from soorgeon_clone.lint.check import STDIN

    return str(request.path) if request.path is not None else STDIN


def _data(request: Request) -> bytes | FileResult:
    if request.data is not None:
        return request.data
    assert request.path is not None
    try:
        return regular.read_bytes(request.path)
    except FileNotFoundError:
        problem = "no such file"
    except IsADirectoryError:
        problem = "is a folder"
    except PermissionError:
        problem = "no permission to read it"
    except (OSError, ValueError) as error:
        problem = f"cannot be read: {getattr(error, 'strerror', None) or error}"
    return FileResult(str(request.path), trouble=f"{request.path}: {problem}")
