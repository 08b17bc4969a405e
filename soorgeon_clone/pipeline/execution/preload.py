"""Module names -> imported in the warm parent, with an eye on what would make its forks differ from a fresh process."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import random
import sys
import warnings
from collections.abc import Collection, Iterable
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

# They start threads, contexts of a GPU or a JVM, or keep locks that a forked process never sees opened.
NOT_FOR_FORKS = {
    *("bigframes", "cudf", "cuml", "cupy", "dask_cuda", "deepspeed", "grpc", "horovod", "jax", "jaxlib", "jpype"),
    *("keras", "mpi4py", "numba_cuda", "paddle", "polars", "pycuda", "pyspark", "ray", "rmm", "tensorflow"),
    *("tensorflow_probability", "tf_keras", "tpu_info", "triton", "vllm"),
}

_FORK_AWARE_THREADS = {"jemalloc_bg_thd"}  # pyarrow's allocator; it begins anew in a fork by itself


def survives_fork(module: str) -> bool:
    """Whether a process that has imported ``module`` may be forked."""
    top = top_level(module)
    if top in ("torch", "torchvision", "torchaudio", "lightning", "pytorch_lightning", "fastai", "transformers"):
        return not _torch_has_gpu()
    return top not in NOT_FOR_FORKS


def _torch_has_gpu() -> bool:
    return Path("/dev/nvidia0").exists() or Path("/dev/kfd").exists()


class Preloader:
    """Imports modules one by one and remembers what must be undone in a fork that does not import them itself."""

    def __init__(self, modules: Iterable[str], cwd: Path, avoid: Collection[str]) -> None:
        fit = (name for name in dict.fromkeys(modules) if survives_fork(name) and not _is_local(name, cwd))
        self.waiting = [name for name in fit if top_level(name) not in avoid]
        self.spoiled_by: str | None = None  # the package whose import made forks of this process unsafe
        self.draws = False  # whether an import took numbers from Python's generator (scikit-learn's does)
        self._known = {top_level(name) for name in self.waiting}
        self._tried: set[str] = set()
        self._filters: dict[str, list[Any]] = {}  # top-level module -> warning filters that its import added

    def missing(self, modules: Iterable[str]) -> list[str]:
        """Those of ``modules`` that belong to the known libraries and were not tried yet."""
        return [name for name in dict.fromkeys(modules) if top_level(name) in self._known and name not in self._tried]

    def load(self, name: str, heard: list[str]) -> None:
        """Imports ``name``; ``heard`` is a list that grows when something is written to the standard streams."""
        self._tried.add(name)
        if name in self.waiting:
            self.waiting.remove(name)
        if name in sys.modules or _is_no_module(name):
            return
        modules, filters, length, drawn = set(sys.modules), list(warnings.filters), len(heard), random.getstate()
        with warnings.catch_warnings(record=True) as caught:
            with contextlib.suppress(Exception, SystemExit):  # the task that imports it will tell
                importlib.import_module(name)
            added = [each for each in warnings.filters if each not in filters]
        self._filters.setdefault(top_level(name), []).extend(added)
        warnings.filters = [*added, *warnings.filters]
        if len(heard) > length or _to_be_shown(caught):
            self._forget(set(sys.modules) - modules, top_level(name))
            del heard[length:]
        self.draws = self.draws or random.getstate() != drawn
        if self.spoiled_by is None and _has_threads():
            self.spoiled_by = top_level(name)

    def fit(self, modules: Iterable[str]) -> None:
        """In a fork: drops the warning filters of libraries that the task does not import."""
        used = set(map(top_level, modules))
        if used:
            dropped = [each for top, filters in self._filters.items() if top not in used for each in filters]
            warnings.filters = [each for each in warnings.filters if each not in dropped]
        if hasattr(warnings, "_filters_mutated"):
            warnings._filters_mutated()
        _seed_anew()

    def _forget(self, modules: set[str], top: str) -> None:
        """Makes each task import a package by itself whose import says something that belongs into the notebook."""
        own = [name for name in modules if top_level(name) == top]
        if not any(str(getattr(sys.modules[name], "__file__", "")).endswith(tuple(EXTENSION_SUFFIXES)) for name in own):
            for name in own:
                del sys.modules[name]


def top_level(module: str) -> str:
    return module.partition(".")[0]


def _is_local(module: str, cwd: Path) -> bool:
    return (cwd / f"{top_level(module)}.py").exists() or (cwd / top_level(module)).is_dir()


def _is_no_module(name: str) -> bool:
    """Whether ``a.b`` is something else in ``a`` than a module (``from a import b``).

    ``hasattr`` would ask the module's ``__getattr__``, which imports submodules that are wanted (scikit-learn's does).
    """
    parent, _, last = name.rpartition(".")
    return parent in sys.modules and last in vars(sys.modules[parent])


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
    if "sympy.core.symbol" in sys.modules:  # or a dummy variable of this task would be equal to one of another task
        dummy = sys.modules["sympy.core.symbol"].Dummy
        dummy._base_dummy_index = random.SystemRandom().randint(10**6, 9 * 10**6)
