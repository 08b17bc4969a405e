"""This process -> its settings, as plain values by name: what one section can set and a later one can notice."""

from __future__ import annotations

import builtins
import decimal
import locale
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from soorgeon_clone.pipeline.assumptions.differences.words import words

Settings = dict[str, dict[str, object]]
"""Whose (``matplotlib``, ``environ``) -> which -> something that is equal as long as the setting is as it was."""

# Variables that libraries set for themselves while they are imported, and nobody else reads. (PYTHONHASHSEED is read
# when a Python starts; what seeds generators sets it by custom.)
_OF_LIBRARIES = (
    *("KMP_", "OMP_", "OPENBLAS_", "MKL_", "NUMEXPR_", "VECLIB_", "TF_", "TF2_", "CUDA_", "TORCH", "PYTORCH_"),
    *("JOBLIB_", "LOKY_", "RAY_", "XLA_", "TOKENIZERS_", "QT_", "SKLEARN_", "NCCL_", "GRPC_", "PYDEVD_"),
    *("_RJEM_", "__DASK_", "PYOMO_AMPLFUNC", "RDBASE", "PROJ_CURL_", "GDAL_CURL_"),
    *("PYTHONHASHSEED", "CUBLAS_", "TPU_ML_", "HDF5_PLUGIN_PATH", "ENABLE_RUNTIME_UPTIME_TELEMETRY"),
)
_OF_SHELLS = frozenset("_ __debug__ display exit get_ipython quit".split())
_NOTHING = object()


class _Text(str):
    """The text that stands for a value that could be changed."""

    __slots__ = ()


class _Object:
    """Something that counts by what it is, whatever it holds."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Object) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)

    def __repr__(self) -> str:
        name = getattr(self.value, "__qualname__", "")
        return f"{getattr(self.value, '__module__', '')}.{name}".lstrip(".") if name else words(self.value)


_PLAIN = frozenset({str, int, float, bool, type(None), _Text, _Object})


def settings_now() -> Settings:
    """Return the settings of this process. Libraries that are not imported have none."""
    return _read(_READERS)


def settings_at_first() -> Settings:
    """Return the settings with which libraries begin, as far as they keep them: those of what was imported later."""
    return _read(_AT_FIRST)


def _read(readers: Mapping[str, Callable[[], Mapping[str, object] | None]]) -> Settings:
    found: Settings = {}
    for room, read in readers.items():
        try:
            settings = read()
        except Exception:  # a library of another version has its settings elsewhere
            continue
        if settings is not None:
            found[room] = {key: one if type(one) in _PLAIN else _Text(repr(one)) for key, one in settings.items()}
    return found


def changed_settings(before: Settings, after: Settings) -> list[str]:
    """Return what differs, in words, one line a setting. What libraries bring when they are imported is no change."""
    late = [room for room in after if room not in before]
    first = settings_at_first() if late or any(len(after[room]) > len(before[room]) for room in after) else {}
    found = []
    for room in sorted({*before, *after}):
        was, now = before.get(room, {}), after.get(room, {})
        if was == now:
            continue
        initial = first.get(room, {})
        for key in sorted({*was, *now}):
            old, new = was.get(key, initial.get(key, _NOTHING)), now.get(key, _NOTHING)
            if old == new or (old is _NOTHING and (room in late or _comes_with_imports(room, key))):
                continue
            found.append(f"{_name(room, key)}: {_words(old)} -> {_words(new)}")
    return found


def _comes_with_imports(room: str, key: str) -> bool:
    return room in ("pandas", "logger", "matplotlib") or (room == "environ" and key.startswith(_OF_LIBRARIES))


def _name(room: str, key: str) -> str:
    if room in _NAMES:
        return f"{_NAMES[room]}[{key!r}]"
    return f"{room}.{key}" if room else key


def _words(value: object) -> str:
    if value is _NOTHING:
        return "(nothing)"
    return value if isinstance(value, _Text) else repr(value)


# -- whose settings they are -----------------------------------------------------------------------------------------


def _matplotlib() -> Mapping[str, object] | None:
    return _params(getattr(sys.modules.get("matplotlib"), "rcParams", None))


def _matplotlib_at_first() -> Mapping[str, object] | None:
    return _params(getattr(sys.modules.get("matplotlib"), "rcParamsOrig", None))


def _params(rc: Any) -> Mapping[str, object] | None:
    if rc is None:
        return None
    # The backend is chosen when it is first needed, and says whether figures are shown at once.
    return {key: value for key, value in dict.items(rc) if key != "interactive" and not key.startswith("backend")}


def _pandas() -> Mapping[str, object] | None:
    config = sys.modules.get("pandas._config.config")
    return None if config is None else dict(_flat("", config._global_config))


def _flat(way: str, options: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for key, value in options.items():
        if isinstance(value, dict):
            yield from _flat(f"{way}{key}.", value)
        else:
            yield f"{way}{key}", value


def _pandas_at_first() -> Mapping[str, object] | None:
    config = sys.modules.get("pandas._config.config")
    return None if config is None else {key: option.defval for key, option in config._registered_options.items()}


def _numpy() -> Mapping[str, object] | None:
    numpy = sys.modules.get("numpy")
    if numpy is None or not hasattr(numpy, "geterr"):
        return None
    return {
        "seterr": sorted(numpy.geterr().items()),
        "seterrcall": numpy.geterrcall(),
        "set_printoptions": _printing(numpy.get_printoptions()),
    }


def _numpy_at_first() -> Mapping[str, object] | None:
    if "numpy" not in sys.modules:
        return None
    errors = {"divide": "warn", "invalid": "warn", "over": "warn", "under": "ignore"}
    found: dict[str, object] = {"seterr": sorted(errors.items()), "seterrcall": None}
    options = sys.modules.get("numpy._core.printoptions")
    if options is not None:
        found["set_printoptions"] = _printing(options.default_printoptions_dict)
    return found


def _printing(options: Mapping[str, Any]) -> object:
    return sorted((key, value) for key, value in options.items() if key not in ("override_repr", "legacy"))


def _torch() -> Mapping[str, object] | None:
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "get_default_dtype"):
        return None
    return {
        "set_default_dtype": str(torch.get_default_dtype()),
        "set_default_device": str(torch.get_default_device()),
        "set_grad_enabled": torch.is_grad_enabled(),
        "set_num_threads": torch.get_num_threads(),
        "use_deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
        "set_printoptions": vars(torch._tensor_str.PRINT_OPTS),
        "backends.cudnn": _of_cudnn(torch),
    }


def _of_cudnn(torch: Any) -> object:
    """Return what is set of a library that nothing uses where there is no such device."""
    cudnn = torch.backends.cudnn
    return (cudnn.benchmark, cudnn.deterministic) if torch.cuda.is_available() else (False, False)


def _torch_at_first() -> Mapping[str, object] | None:
    if "torch" not in sys.modules:
        return None
    return {
        "set_default_dtype": "torch.float32",
        "set_default_device": "cpu",
        "set_grad_enabled": True,
        "use_deterministic_algorithms": False,
        "backends.cudnn": (False, False),
    }


def _tensorflow() -> Mapping[str, object] | None:
    """The seed of all operations: a later process would draw without it, and nobody could see that."""
    eager = sys.modules.get("tensorflow.python.eager.context")
    return None if eager is None else {"set_seed": eager.global_seed()}


def _tensorflow_at_first() -> Mapping[str, object] | None:
    return {"set_seed": None} if "tensorflow.python.eager.context" in sys.modules else None


def _sklearn() -> Mapping[str, object] | None:
    config = getattr(sys.modules.get("sklearn"), "get_config", None)
    return None if config is None else config()


def _warnings() -> Mapping[str, object]:
    """Filters that hold for all code. Those for one module or message, or for a category of a library's own, come with
    imports."""
    found = []
    for action, message, category, module, line in warnings.filters:
        if module is None and message is None and getattr(category, "__module__", "") == "builtins":
            found.append((action, str(category), line))
    return {"filters": found, "showwarning": getattr(warnings.showwarning, "__qualname__", "")}


def _process() -> Mapping[str, object]:
    return {
        "os.chdir": os.getcwd(),  # noqa: PTH109
        "locale": locale.setlocale(locale.LC_ALL),
        "decimal": _Text(repr(decimal.getcontext()).partition(", flags=")[0]),
        "sys.setrecursionlimit": sys.getrecursionlimit(),
        "sys.path": [entry for entry in sys.path if isinstance(entry, str)],
        "socket.setdefaulttimeout": _asked("socket", "getdefaulttimeout"),
        "csv.field_size_limit": _asked("csv", "field_size_limit", 131_072),
        "calendar.setfirstweekday": _asked("calendar", "firstweekday", 0),
    }


def _asked(module: str, name: str, at_first: object = None) -> object:
    """Return what a function says; what it says before the module is imported, where it is not."""
    loaded = sys.modules.get(module)
    return at_first if loaded is None else getattr(loaded, name)()


def _builtins() -> Mapping[str, object]:
    """Python's own functions by where they are: code can replace them. Compiled libraries keep notes among them."""
    return {
        name: _Object(value)
        for name, value in vars(builtins).items()
        if name.isidentifier() and name not in _OF_SHELLS and not name.startswith("__pybind11_")
    }


def _logging() -> Mapping[str, object]:
    found: dict[str, object] = {}
    loggers = logging.root.manager.loggerDict
    for name, logger in [("root", logging.root), *list(loggers.items())]:
        if isinstance(logger, logging.Logger):
            handlers = [type(one).__name__ for one in logger.handlers if not isinstance(one, logging.NullHandler)]
            found[name] = _Text(f"{logger.level} {logger.propagate} {logger.disabled} {handlers}")
    return found


_READERS: Mapping[str, Callable[[], Mapping[str, object] | None]] = {
    "matplotlib": _matplotlib,
    "pandas": _pandas,
    "numpy": _numpy,
    "torch": _torch,
    "tensorflow": _tensorflow,
    "sklearn": _sklearn,
    "warnings": _warnings,
    "environ": lambda: os.environ,
    "": _process,
    "builtins": _builtins,
    "logging": lambda: {"disable": logging.root.manager.disable},
    "logger": _logging,
}
_AT_FIRST: Mapping[str, Callable[[], Mapping[str, object] | None]] = {
    "matplotlib": _matplotlib_at_first,
    "pandas": _pandas_at_first,
    "numpy": _numpy_at_first,
    "torch": _torch_at_first,
    "tensorflow": _tensorflow_at_first,
}
_NAMES = {"matplotlib": "matplotlib.rcParams", "pandas": "pandas.options", "environ": "os.environ", "logger": "logger"}
