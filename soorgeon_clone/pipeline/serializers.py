"""``@serializer(defaults=[".csv"], fallback="joblib")`` on a function -> one that writes each product by its ending.

from soorgeon_clone import serializer, unserializer


@serializer({".npy": save_array}, defaults=[".csv", ".json"], fallback="cloudpickle")
def save(obj, product):
    ...  # what no ending says, with fallback=False

Named in pipeline.yaml: ``serializer: module.save``. As in Ploomber (``ploomber.io``).
"""

from __future__ import annotations

import functools
import importlib
import json
import pickle
import shutil
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError

Save = Callable[[Any, Any], object]
Load = Callable[[Any], Any]
Fallback = bool | str


def serializer(
    extension_mapping: Mapping[str, Save] | None = None,
    *,
    fallback: Fallback = False,
    defaults: Collection[str] | None = None,
    unpack: bool = False,
) -> Callable[[Save], Save]:
    """Return a decorator for a function of an object and a path.

    ``extension_mapping`` maps endings (``".npy"``) to functions, ``defaults`` are endings that are known here (.txt,
    .json, .csv, .parquet), ``fallback`` (True, "pickle", "joblib" or "cloudpickle") is for all others instead of the
    decorated function. A task with several products returns a mapping with their keys. ``unpack``: a mapping of objects
    goes to a folder, a file for each key. Raises UserError.
    """

    def decorate(function: Save) -> Save:
        table = _table(function, extension_mapping, defaults, _SAVE)
        other = _saver(fallback) or function

        @functools.wraps(function)
        def save(obj: Any, product: Any) -> None:
            if isinstance(product, Mapping):
                if not isinstance(obj, Mapping) or set(obj) != set(product):
                    raise TypeError(
                        f"a task with several products must return a mapping with the keys {sorted(product)}"
                    )
                for key, path in product.items():
                    save(obj[key], path)
            elif unpack and isinstance(obj, Mapping):
                folder = Path(product)
                if folder.is_dir():
                    shutil.rmtree(folder)
                folder.mkdir(parents=True)
                for name, part in obj.items():
                    table.get(Path(name).suffix, other)(part, folder / _plain_name(name))
            else:
                table.get(Path(product).suffix, other)(obj, product)

        return save

    return decorate


def unserializer(
    extension_mapping: Mapping[str, Load] | None = None,
    *,
    fallback: Fallback = False,
    defaults: Collection[str] | None = None,
    unpack: bool = False,
) -> Callable[[Load], Load]:
    """Return a decorator for a function of a path that gives the object; the arguments are those of `serializer`."""

    def decorate(function: Load) -> Load:
        table = _table(function, extension_mapping, defaults, _LOAD)
        other = _loader(fallback) or function

        @functools.wraps(function)
        def load(product: Any) -> Any:
            if isinstance(product, Mapping):
                return {key: load(path) for key, path in product.items()}
            if unpack and Path(product).is_dir():
                return {path.name: table.get(path.suffix, other)(path) for path in sorted(Path(product).iterdir())}
            return table.get(Path(product).suffix, other)(product)

        return load

    return decorate


def save_by_ending(obj: Any, path: Path) -> None:
    """Write what a function returned: as its product's ending says, and as a pickle where that says nothing."""
    if path.suffix == ".csv" and hasattr(obj, "to_csv"):
        obj.to_csv(path, index=not _is_count(obj.index))  # so that it comes back as it was
    elif path.suffix in _SAVE:
        _SAVE[path.suffix](obj, path)
    else:
        with path.open("wb") as file:
            pickle.dump(obj, file)


def load_by_ending(path: Path) -> Any:
    """Read what `save_by_ending` wrote; a file of another kind, which the function wrote itself, is its path."""
    if path.suffix in _LOAD:
        return _LOAD[path.suffix](path)
    with path.open("rb") as file:
        if file.read(1) != b"\x80":  # how a pickle begins
            return path
        file.seek(0)
        return pickle.load(file)


def _is_count(index: Any) -> bool:
    """Whether nobody gave a frame an index."""
    return getattr(index, "start", None) == 0 and getattr(index, "step", None) == 1 and index.name is None


def _plain_name(name: Any) -> str:
    """A key, if it can be the name of a file in a folder."""
    if not isinstance(name, str) or Path(name).name != name:
        raise TypeError(f"with unpack=True, keys are names of files, and {name!r} is none")
    return name


def _table(
    function: Any, own: Mapping[str, Any] | None, defaults: Collection[str] | None, known: Mapping[str, Any]
) -> dict[str, Any]:
    name = getattr(function, "__name__", "the function")
    wrong = [ending for ending in own or () if not ending.startswith(".")]
    wrong += [ending for ending in defaults or () if ending not in known]
    if wrong:
        raise UserError(
            f"{name}: {', '.join(map(repr, wrong))} is no ending that is known",
            hint=f"Endings begin with a dot; 'defaults' may be {', '.join(known)}.",
            exit_code=2,
        )
    both = sorted(set(own or ()) & set(defaults or ()))
    if both:
        raise UserError(f"{name}: {', '.join(both)} stands in the mapping and in 'defaults'", exit_code=2)
    return {**{ending: known[ending] for ending in defaults or ()}, **(own or {})}


def _module(fallback: Fallback) -> Any:
    name = "pickle" if fallback is True else fallback
    if name not in ("pickle", "joblib", "cloudpickle"):
        raise UserError(
            f"fallback={fallback!r} is nothing that is known", hint="pickle, joblib or cloudpickle.", exit_code=2
        )
    return importlib.import_module(str(name))


def _saver(fallback: Fallback) -> Save | None:
    if fallback is False:
        return None
    module = _module(fallback)
    if fallback == "joblib":
        return lambda obj, path: module.dump(obj, path)

    def save(obj: Any, path: Any) -> None:
        with Path(path).open("wb") as file:
            module.dump(obj, file)

    return save


def _loader(fallback: Fallback) -> Load | None:
    if fallback is False:
        return None
    module = _module(fallback)
    if fallback == "joblib":
        return lambda path: module.load(path)

    def load(path: Any) -> Any:
        with Path(path).open("rb") as file:
            return module.load(file)

    return load


def _save_text(obj: Any, path: Any) -> None:
    if not isinstance(obj, str):
        raise TypeError(f"{path} takes a text, not {type(obj).__name__}")
    Path(path).write_text(obj, encoding="utf-8")


def _save_json(obj: Any, path: Any) -> None:
    Path(path).write_text(json.dumps(obj), encoding="utf-8")


def _load_json(path: Any) -> Any:
    return json.loads(Path(path).read_text(encoding="utf-8"))


def _frame(method: str) -> Save:
    def save(obj: Any, path: Any) -> None:
        if not hasattr(obj, method):
            raise TypeError(f"{path} takes a data frame, not {type(obj).__name__}")
        getattr(obj, method)(path)

    return save


def _read(function: str) -> Load:
    return lambda path: getattr(importlib.import_module("pandas"), function)(path)


_SAVE: Mapping[str, Save] = {
    ".txt": _save_text,
    ".json": _save_json,
    ".csv": _frame("to_csv"),
    ".parquet": _frame("to_parquet"),
}
_LOAD: Mapping[str, Load] = {
    ".txt": lambda path: Path(path).read_text(encoding="utf-8"),
    ".json": _load_json,
    ".csv": _read("read_csv"),
    ".parquet": _read("read_parquet"),
}
