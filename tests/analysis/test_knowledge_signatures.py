"""The tables against the signatures of the installed libraries: what could draw or change an argument is described."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import sys
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import pytest

from soorgeon_clone.analysis.knowledge.effects import knowledge, table_of

SEEDS = {"random_state", "seed", "rng"}
LIBRARIES = ["numpy", "pandas", "sklearn", "scipy", "seaborn", "networkx", "imblearn"]
PRIVATE = {"tests", "test", "testing", "conftest", "externals", "f2py", "distutils", "compat", "typing", "utils"}
# they make a generator of their own, draw only when they shuffle, or their objects draw later
FRESH = {
    *("seaborn.lineplot", "seaborn.pointplot", "seaborn.barplot", "seaborn.lmplot", "seaborn.regplot"),
    *("sklearn.metrics.silhouette_score", "sklearn.datasets.fetch_covtype", "sklearn.datasets.fetch_kddcup99"),
    *("sklearn.datasets.fetch_rcv1", "imblearn.datasets.fetch_datasets", "scipy.cluster.vq.check_random_state"),
    *("numpy.random.default_rng", "numpy.random.seed"),
}
FROZEN = ("scipy.stats.",)  # stats.wishart(seed=...) makes a distribution


def public_functions(library: str) -> Iterator[tuple[str, Any]]:
    """Yield every public function of a library once, by the first path that leads to it."""
    seen: set[int] = set()
    for path, module in _modules(library, depth=2):
        for name, value in list(vars(module).items()):
            own = (getattr(value, "__module__", None) or "").startswith(library) or type(value).__name__ == "ufunc"
            if name.startswith("_") or not callable(value) or not own or inspect.isclass(value) or id(value) in seen:
                continue
            seen.add(id(value))
            yield f"{path}.{name}", value


def _modules(path: str, depth: int) -> Iterator[tuple[str, ModuleType]]:
    module = importlib.import_module(path)
    yield path, module
    if depth and hasattr(module, "__path__"):
        for found in pkgutil.iter_modules(module.__path__):
            if not found.name.startswith("_") and found.name not in PRIVATE:
                try:
                    yield from _modules(f"{path}.{found.name}", depth - 1)
                except Exception:  # a part of the library that needs something else
                    continue


def parameters(function: Any) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):
        return []


@pytest.mark.parametrize("library", LIBRARIES)
def test_what_takes_a_seed_draws_without_one(library: str) -> None:
    if find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    missing = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path, function in public_functions(library):
            named = [p.name for p in parameters(function) if p.name in SEEDS and p.default is None]
            effect = knowledge().function(path, {})
            if named and path not in FRESH and not path.startswith(FROZEN) and (effect is None or not effect.draws):
                missing.append(path)
    assert missing == []


def test_positional_out_is_named() -> None:
    pytest.importorskip("numpy")
    missing = []
    for path, function in public_functions("numpy"):
        takes_out = any(p.name == "out" and p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters(function))
        common = not path.startswith(("numpy.ma.", "numpy.char.", "numpy.strings."))
        if takes_out and common and "out" not in (knowledge().parameters(path) or ()):
            missing.append(path)
    assert missing == []


def described(library: str) -> Iterator[tuple[str, tuple[str, ...], set[str]]]:
    """Yield (path, positional parameters, those of them that the effect speaks of) for the calls of a table."""
    table = table_of(library)
    assert table is not None
    entries = [(name, entry) for name, entry in table.functions.exact.items()]
    for owner, kind in table.types.items():
        entries += [(f"{owner}.{name}", entry) for name, entry in kind.methods.exact.items() if "__" not in name]
    for path, entry in entries:
        if entry.parameters:
            yield f"{library}.{path}", entry.parameters, set(re.findall(r"\w+", str(entry.raw)))


# names that differ between versions, or that C functions do not tell
OTHER_NAMES = {
    *("numpy.divmod", "numpy.modf", "numpy.frexp", "numpy.rollaxis", "numpy.ndarray.dot", "pandas.read_sql_table"),
    *("pandas.Series.map", "sklearn.preprocessing.label_binarize", "numpy.random.Generator.permuted"),
}


@pytest.mark.parametrize("library", ["numpy", "pandas", "sklearn", "matplotlib", "seaborn", "scipy", "networkx"])
def test_parameters_are_called_as_in_the_library(library: str) -> None:
    if find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    wrong = []
    for path, named, used in described(library):
        function = _load(path)
        if path in OTHER_NAMES or function is None or inspect.isclass(function):
            continue
        positional = [p.name for p in parameters(function) if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        positional = positional[1:] if positional[:1] == ["self"] else positional
        generic = any(p.kind is p.VAR_POSITIONAL for p in parameters(function)) or "fit" in path or "transform" in path
        pairs = zip(named, positional, strict=False)
        if not generic and any(ours != theirs for ours, theirs in pairs if ours in used or theirs in used):
            wrong.append((path, named, positional[: len(named)]))
    assert wrong == []


def _load(path: str) -> Any:
    parts = path.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        name = ".".join(parts[:cut])
        if name in sys.modules or find_spec(parts[0]):
            try:
                found: Any = importlib.import_module(name)
            except ImportError:
                continue
            for part in parts[cut:]:
                found = getattr(found, part, None)
            return found
    return None
