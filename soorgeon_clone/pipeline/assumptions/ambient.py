"""This process -> its settings, as plain values by name: what one section can set and a later one can notice."""

from __future__ import annotations

import decimal
import locale
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Settings = dict[str, str]

# Variables that libraries set for themselves while they are imported, and nobody else reads.
_OF_LIBRARIES = (
    *("KMP_", "OMP_", "OPENBLAS_", "MKL_", "NUMEXPR_", "VECLIB_", "TF_", "TF2_", "CUDA_", "TORCH", "PYTORCH_"),
    *("JOBLIB_", "LOKY_", "RAY_", "XLA_", "TOKENIZERS_", "QT_", "SKLEARN_", "NCCL_", "GRPC_", "PYDEVD_"),
    *("_RJEM_", "__DASK_", "PYOMO_AMPLFUNC", "RDBASE", "PROJ_CURL_", "GDAL_CURL_"),
)


def settings_now() -> Settings:
    """Return the settings of this process. Libraries that are not imported have none."""
    found: Settings = {}
    for read in _READERS:
        try:
            found.update(read())
        except Exception:  # a library of another version has its settings elsewhere
            continue
    return found


def settings_at_first() -> Settings:
    """Return the settings with which libraries begin, as far as they keep them: those of what was imported later."""
    found: Settings = {}
    for read in (_matplotlib_at_first, _pandas_at_first, _numpy_at_first):
        try:
            found.update(read())
        except Exception:
            continue
    return found


def _matplotlib_at_first() -> Mapping[str, str]:
    return _params(getattr(sys.modules.get("matplotlib"), "rcParamsOrig", None))


def _pandas_at_first() -> Mapping[str, str]:
    config = sys.modules.get("pandas._config.config")
    options = {} if config is None else config._registered_options
    return {f"pandas {key}": repr(option.defval) for key, option in options.items()}


def _numpy_at_first() -> Mapping[str, str]:
    if "numpy" not in sys.modules:
        return {}
    errors = {"divide": "warn", "invalid": "warn", "over": "warn", "under": "ignore"}
    found = {"numpy.seterr": repr(sorted(errors.items())), "numpy.seterrcall": repr(None)}
    options = sys.modules.get("numpy._core.printoptions")
    if options is not None:
        found["numpy.set_printoptions"] = _numpy_printing(options.default_printoptions_dict)
    return found


def changed_settings(before: Settings, after: Settings) -> list[str]:
    """Return what differs, in words, one line a setting. What libraries bring when they are imported is no change."""
    rooms = {name.partition(" ")[0] for name in before}
    found = []
    for name in sorted({*before, *after}):
        room, _, key = name.partition(" ")
        was, now = before.get(name), after.get(name)
        if was == now or (was is None and _is_new_by_itself(room, key, rooms)):
            continue
        found.append(
            f"{_NAMES.get(room, room)}{f'[{key!r}]' if key else ''}: {was or '(nothing)'} -> {now or '(nothing)'}"
        )
    return found


def _is_new_by_itself(room: str, key: str, rooms: set[str]) -> bool:
    if room in ("pandas", "logger", "matplotlib"):  # options and loggers come with the library that has them
        return True
    if room == "environ":
        return key.startswith(_OF_LIBRARIES)
    return room not in rooms  # the library itself is new


def _matplotlib() -> Mapping[str, str]:
    rc = getattr(sys.modules.get("matplotlib"), "rcParams", None)
    return _params(rc)


def _params(rc: Any) -> Mapping[str, str]:
    if rc is None:
        return {}
    # The backend is chosen when it is first needed, and says whether figures are shown at once.
    plain = {key: value for key, value in dict.items(rc) if key != "interactive" and not key.startswith("backend")}
    return {f"matplotlib {key}": repr(value) for key, value in plain.items()}


def _pandas() -> Mapping[str, str]:
    config = sys.modules.get("pandas._config.config")
    return {} if config is None else dict(_flat("pandas ", config._global_config))


def _flat(way: str, options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in options.items():
        if isinstance(value, dict):
            yield from _flat(f"{way}{key}.", value)
        else:
            yield f"{way}{key}", repr(value)


def _numpy() -> Mapping[str, str]:
    numpy = sys.modules.get("numpy")
    if numpy is None or not hasattr(numpy, "geterr"):
        return {}
    return {
        "numpy.seterr": repr(sorted(numpy.geterr().items())),
        "numpy.seterrcall": repr(numpy.geterrcall()),
        "numpy.set_printoptions": _numpy_printing(numpy.get_printoptions()),
    }


def _numpy_printing(options: Mapping[str, Any]) -> str:
    return repr(sorted((key, value) for key, value in options.items() if key not in ("override_repr", "legacy")))


def _torch() -> Mapping[str, str]:
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "get_default_dtype"):
        return {}
    return {
        "torch.set_default_dtype": str(torch.get_default_dtype()),
        "torch.set_grad_enabled": str(torch.is_grad_enabled()),
        "torch.set_num_threads": str(torch.get_num_threads()),
        "torch.use_deterministic_algorithms": str(torch.are_deterministic_algorithms_enabled()),
    }


def _sklearn() -> Mapping[str, str]:
    config = getattr(sys.modules.get("sklearn"), "get_config", None)
    return {} if config is None else {f"sklearn {key}": repr(value) for key, value in config().items()}


def _warnings() -> Mapping[str, str]:
    """Filters that hold for all code. Those for one module or message, or for a category of a library's own, come with
    imports."""
    found = []
    for action, message, category, module, line in warnings.filters:
        if module is None and message is None and getattr(category, "__module__", "") == "builtins":
            found.append((action, str(category), line))
    return {"warnings": repr(found), "warnings.showwarning": getattr(warnings.showwarning, "__qualname__", "")}


def _environment() -> Mapping[str, str]:
    return {f"environ {key}": repr(value) for key, value in os.environ.items()}


def _process() -> Mapping[str, str]:
    return {
        "os.chdir": os.getcwd(),  # noqa: PTH109
        "locale": locale.setlocale(locale.LC_ALL),
        "decimal": repr(decimal.getcontext()).partition(", flags=")[0],
        "sys.setrecursionlimit": str(sys.getrecursionlimit()),
        "sys.path": repr([entry for entry in sys.path if isinstance(entry, str)]),
    }


def _logging() -> Mapping[str, str]:
    found = {"logging.disable": str(logging.root.manager.disable)}
    for name, logger in [("root", logging.root), *list(logging.root.manager.loggerDict.items())]:
        if isinstance(logger, logging.Logger):
            handlers = [type(one).__name__ for one in logger.handlers if not isinstance(one, logging.NullHandler)]
            found[f"logger {name}"] = f"{logger.level} {logger.propagate} {logger.disabled} {handlers}"
    return found


_READERS: tuple[Callable[[], Mapping[str, str]], ...] = (
    *(_matplotlib, _pandas, _numpy, _torch, _sklearn, _warnings, _environment, _process, _logging),
)
_NAMES = {"matplotlib": "matplotlib.rcParams", "pandas": "pandas.options", "environ": "os.environ"}
