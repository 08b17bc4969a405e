"""Threads of numerical libraries: none while the warm parent imports them, as many as wanted in each task.

OpenBLAS starts its threads when it is loaded, and a process with threads must not be forked. So the warm parent
loads it with one thread, which starts none, and each task sets its number anew (in microseconds).
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path

VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
_AT_LOAD = ("OPENBLAS_NUM_THREADS", "NUMEXPR_MAX_THREADS")
_SETTERS = (  # part of a file name, functions of one int
    ("openblas", ("openblas_set_num_threads", "openblas_set_num_threads64_", "scipy_openblas_set_num_threads",
                  "scipy_openblas_set_num_threads64_")),
    ("libgomp", ("omp_set_num_threads",)),
    ("libomp", ("omp_set_num_threads",)),
    ("libiomp", ("omp_set_num_threads",)),
    ("mkl_rt", ("MKL_Set_Num_Threads",)),
    ("libblis", ("bli_thread_set_num_threads",)),
)  # fmt: skip
Setter = Callable[[int], object]


def allot(environment: MutableMapping[str, str], threads: int | None) -> None:
    """Tells libraries that are loaded later how many threads to use, where the user does not say so."""
    if threads is not None:
        for variable in VARIABLES:
            environment.setdefault(variable, str(threads))


def without_threads_at_load(environment: MutableMapping[str, str]) -> None:
    for variable in _AT_LOAD:
        environment[variable] = "1"


def loaded_setters() -> list[tuple[str, Setter]]:
    """The functions that set the number of threads in the libraries of this process (Linux)."""
    found: list[tuple[str, Setter]] = []
    for path in _libraries():
        for part, names in _SETTERS:
            if part in Path(path).name:
                library = ctypes.CDLL(path)
                found += [(part, getattr(library, name)) for name in names if hasattr(library, name)]
    return found


def set_threads(setters: list[tuple[str, Setter]], environment: MutableMapping[str, str]) -> None:
    """Gives each loaded library the number it would have taken from ``environment``, had it been loaded now."""
    cores = len(os.sched_getaffinity(0))
    for part, setter in setters:
        if part == "openblas":
            wanted = _number(environment, "OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS")
            setter(min(wanted or cores, cores))
        else:
            number = _number(environment, "MKL_NUM_THREADS" if part == "mkl_rt" else "OMP_NUM_THREADS")
            if number:
                setter(number)


def _number(environment: MutableMapping[str, str], *variables: str) -> int | None:
    for variable in variables:
        value = environment.get(variable, "")
        if value.isdecimal() and int(value) > 0:
            return int(value)
    return None


def _libraries() -> Iterator[str]:
    with Path("/proc/self/maps").open() as maps:
        yield from sorted({line.split(maxsplit=5)[5].strip() for line in maps if ".so" in line})
