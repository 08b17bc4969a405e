"""Module names -> imported in the warm parent, with an eye on what would make its forks differ from a fresh process."""

from __future__ import annotations

import builtins
import contextlib
import importlib
import importlib.util
import random
import sys
import warnings
from collections.abc import Iterable, Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

# They start threads, contexts of a GPU or a JVM, or keep locks that a forked process never sees opened.
NOT_FOR_FORKS = {
    *("bigframes", "cudf", "cuml", "cupy", "dask_cuda", "deepspeed", "grpc", "horovod", "jax", "jaxlib", "jpype"),
    *("keras", "mpi4py", "numba_cuda", "paddle", "pycuda", "pyspark", "ray", "rmm", "tensorflow"),
    *("tensorflow_probability", "tf_keras", "tpu_info", "triton", "vllm"),
}

_FORK_AWARE_THREADS = {"jemalloc_bg_thd"}  # pyarrow's allocator; it begins anew in a fork by itself


class _Notebook:
    """What libraries that ask for the shell while they are imported (pandas: is this a terminal?) find in a kernel."""

    kernel = object()


@contextlib.contextmanager
def _as_in_a_notebook() -> Iterator[None]:
    if hasattr(builtins, "get_ipython"):
        yield
        return
    builtins.get_ipython = _Notebook  # type: ignore[attr-defined]
    try:
        yield
    finally:
        del builtins.get_ipython  # type: ignore[attr-defined]


def survives_fork(module: str) -> bool:
    """Whether a process that has imported ``module`` may be forked."""
    top = _top(module)
    if top in ("torch", "torchvision", "torchaudio", "lightning", "pytorch_lightning", "fastai", "transformers"):
        return not _torch_has_gpu()
    return top not in NOT_FOR_FORKS


def _torch_has_gpu() -> bool:
    return Path("/dev/nvidia0").exists() or Path("/dev/kfd").exists()


class Preloader:
    """Imports modules one by one and remembers what must be undone in a fork that does not import them itself."""

    def __init__(self, modules: Iterable[str], cwd: Path) -> None:
        self.waiting = [name for name in dict.fromkeys(modules) if survives_fork(name) and not _is_local(name, cwd)]
        self.may_fork = True
        self._known = {_top(name) for name in self.waiting}
        self._tried: set[str] = set()
        self._filters: dict[str, list[Any]] = {}  # top-level module -> warning filters that its import added

    def missing(self, modules: Iterable[str]) -> list[str]:
        """Those of ``modules`` that belong to the known libraries and were not tried yet."""
        return [name for name in dict.fromkeys(modules) if _top(name) in self._known and name not in self._tried]

    def load(self, name: str, heard: list[str]) -> None:
        """Imports ``name``; ``heard`` is a list that grows when something is written to the standard streams."""
        self._tried.add(name)
        if name in self.waiting:
            self.waiting.remove(name)
        if name in sys.modules or _is_no_module(name):
            return
        modules, filters, length = set(sys.modules), list(warnings.filters), len(heard)
        with warnings.catch_warnings(record=True) as caught, _as_in_a_notebook():
            with contextlib.suppress(Exception, SystemExit):  # the task that imports it will tell
                importlib.import_module(name)
            added = [each for each in warnings.filters if each not in filters]
        self._filters.setdefault(_top(name), []).extend(added)
        warnings.filters = [*added, *warnings.filters]
        if len(heard) > length or _to_be_shown(caught):
            self._forget(set(sys.modules) - modules, _top(name))
            del heard[length:]
        if _has_threads():
            self.may_fork = False

    def fit(self, modules: Iterable[str]) -> None:
        """In a fork: drops the warning filters of libraries that the task does not import."""
        used = set(map(_top, modules))
        if used:
            dropped = [each for top, filters in self._filters.items() if top not in used for each in filters]
            warnings.filters = [each for each in warnings.filters if each not in dropped]
        if hasattr(warnings, "_filters_mutated"):
            warnings._filters_mutated()
        _seed_anew()

    def _forget(self, modules: set[str], top: str) -> None:
        """Makes each task import a package by itself whose import says something that belongs into the notebook."""
        own = [name for name in modules if _top(name) == top]
        if not any(str(getattr(sys.modules[name], "__file__", "")).endswith(tuple(EXTENSION_SUFFIXES)) for name in own):
            for name in own:
                del sys.modules[name]


def _top(module: str) -> str:
    return module.partition(".")[0]


def _is_local(module: str, cwd: Path) -> bool:
    return (cwd / f"{_top(module)}.py").exists() or (cwd / _top(module)).is_dir()


def _is_no_module(name: str) -> bool:
    """Whether ``a.b`` is something else in ``a`` than a module (``from a import b``)."""
    parent, _, last = name.rpartition(".")
    return parent in sys.modules and hasattr(sys.modules[parent], last)


def _to_be_shown(caught: list[warnings.WarningMessage]) -> bool:
    hidden = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
    return any(not issubclass(each.category, hidden) for each in caught)


def _has_threads() -> bool:
    """Whether this process has threads beside its main one that a fork would lose."""
    names = [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
    return len([name for name in names if name not in _FORK_AWARE_THREADS]) > 1


def _seed_anew() -> None:
    """Global random generators start from the system's entropy, as in a process of their own."""
    random.seed()
    if "numpy.random.mtrand" in sys.modules:
        sys.modules["numpy.random.mtrand"].seed()
    if "torch" in sys.modules:
        sys.modules["torch"].seed()
