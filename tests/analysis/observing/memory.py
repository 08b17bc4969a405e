"""What shares what in pandas, seen from outside: each way to make one object from another x each way to change one.

    cd tests/analysis; PYTHONPATH=../.. python -m observing.memory            # says where memory.yaml is wrong here
    cd tests/analysis; PYTHONPATH=../.. python -m observing.memory --every 4  # the same for each fourth row
    cd tests/analysis; PYTHONPATH=../.. python -m observing.memory --write    # writes what was seen for this version

A row of ``made`` is an expression of ``df`` (or ``s``, one of its columns); what is seen of a change of the one in the
other is one of these words:

``cells``    a value is written into the one (``x.iloc[0, 0] = 7``, ``a[0] = 7``)
``upward``   a column that is replaced inside of the one (``x.replace(..., inplace=True)`` on a series)
``index``    the index is renamed in place (``x.index.name = "n"``); ``columns`` the same for the columns
``arrays``   an array out of the one, which is gone then, shows what is written into the other
``name``     a series is given a name; ``attrs`` and ``flags``: these are set
``same``     it is the same object

A row of ``changes`` is a statement about ``x``; ``seen`` are those of the objects of `RELATED` in which it is seen.
Only pandas with copy-on-write has no more than what stands under its own version.
"""

from __future__ import annotations

import contextlib
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

TABLE = Path(__file__).parents[1] / "memory.yaml"
Space = dict[str, Any]


def mixed() -> pd.DataFrame:
    """Return a frame whose blocks hold several columns, with texts and numbers."""
    index = pd.Index([10, 11, 12, 13])
    numbers = {"a": [3.0, 1.0, 2.0, 4.0], "b": [1.5, 2.5, 3.5, 4.5], "k": [1, 2, 1, 2]}
    return pd.DataFrame({**numbers, "t": list("wxyz")}, index=index)


def floats() -> pd.DataFrame:
    """Return a frame that is one block."""
    return pd.DataFrame({"a": [3.0, 1.0, 2.0, 4.0], "b": [1.5, 2.5, 3.5, 4.5], "k": [1.0, 2.0, 1.0, 2.0]})


def columnwise() -> pd.DataFrame:
    """Return a frame with a block for each column."""
    df = mixed()
    for column in ("b", "k", "a"):
        df[column] = list(df[column])
    return df


def daily() -> pd.DataFrame:
    """Return a frame by days."""
    return floats().set_axis(pd.date_range("2020-01-01", periods=4, name="day"), axis=0)


def leveled() -> pd.DataFrame:
    """Return a frame whose index has two levels."""
    return floats().set_axis(pd.MultiIndex.from_product([[1, 2], ["u", "v"]]), axis=0)


FRAMES = (mixed, floats, columnwise)
SPECIAL = (daily, leveled)  # for what does not run with the others

# objects that are made from a frame `x`, in which a change of `x` may be seen
RELATED = {
    "column": 'x["a"]',
    "slice": "x[:]",
    "columns": 'x.loc[:, "a":"b"]',
    "shallow": "x.copy(deep=False)",
    "values": "x.values",
    "column's values": 'x["a"].values',
}
OF_SERIES = {"slice": "x[:]", "shallow": "x.copy(deep=False)", "values": "x.values", "frame": "x.to_frame()"}


def run(every: int = 1) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return, for each row of the table or one of so many, what is seen with the installed pandas."""
    table = yaml.load(TABLE.read_bytes(), yaml.CSafeLoader)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = {code: seen for code in list(table["made"])[::every] if (seen := _shared(code)) is not None}
        changed = {code: seen for code in list(table["changes"])[::every] if (seen := _changed(code)) is not None}
    return made, changed


def version() -> str:
    """Return the version of pandas that is installed, and whether it copies on write where that is a choice."""
    major_minor = ".".join(pd.__version__.split(".")[:2])
    copies = pd.__version__ < "3" and pd.options.mode.copy_on_write is True
    return f"{major_minor} copy-on-write" if copies else major_minor


def _space(make: Callable[[], pd.DataFrame]) -> Space:
    df = make()
    return {"df": df, "np": np, "pd": pd}


def _is_special(code: str) -> bool:
    return re.search(r"level|tz_|to_period|asfreq|_time|resample|to_timestamp", code) is not None


def is_of_column(code: str) -> bool:
    """Whether an expression is one of the column ``s``."""
    return re.search(r"(?<![\w.\"'])s(?=[.\[,)])", code) is not None


def _made(code: str, space: Space) -> Any:
    if is_of_column(code):
        space["s"] = space["df"]["a"]
    return eval(code, space)


def _shared(code: str) -> list[str] | None:
    """Return what the result of ``code`` shares with what it was made of; None if it does not run."""
    found: set[str] = set()
    has_run = False
    for make in FRAMES if not _is_special(code) else SPECIAL:
        for word, change in WRITES.items():
            for direction in range(3 if is_of_column(code) else 2):
                space = _space(make)
                try:
                    result = _made(code, space)
                except Exception:
                    continue
                has_run = True
                sources = [space[name] for name in ("s", "df") if name in space]
                if any(result is source for source in sources):
                    return ["same"]
                pairs = [(result, sources), *((source, [result]) for source in sources)]
                one, others = pairs[min(direction, len(sources))]
                if _is_seen(lambda one=one, change=change: change(one), others):
                    found.add(word)
        if _is_seen_in_arrays(code, make):
            found.add("arrays")
    return sorted(found) if has_run else None


def _is_seen_in_arrays(code: str, make: Callable[[], pd.DataFrame]) -> bool:
    """Whether arrays out of a result that is gone show what is written into what it was made of."""
    space = _space(make)
    with contextlib.suppress(Exception):
        result = _made(code, space)
        columns = [result.iloc[:, i] for i in range(result.shape[1])] if isinstance(result, pd.DataFrame) else [result]
        arrays = [part.to_numpy() for part in (result, *columns) if isinstance(part, (pd.DataFrame, pd.Series))]
        del columns, result
        others = [array for array in arrays if isinstance(array, np.ndarray)]
        return any(
            _is_seen(lambda name=name: _write_cells(space[name]), others) for name in ("s", "df") if name in space
        )
    return False


def _changed(code: str) -> list[str] | None:
    """Return in which of the related objects of a frame (or series) ``x`` a change of it is seen."""
    found: set[str] = set()
    has_run = False
    on_series = code.startswith("# series; ")
    for make in FRAMES:
        for word, related in (OF_SERIES if on_series else RELATED).items():
            space = _space(make)
            space["x"] = space["df"]["a"].copy() if on_series else space["df"]
            if "BEFORE" in code:
                space["x"].iloc[(1, 0) if not on_series else 1] = np.nan
            other = eval(related, space)
            with contextlib.suppress(Exception):
                before = _look(space["x"])
                if _is_seen(
                    lambda space=space: exec(code.removeprefix("# series; ").removeprefix("BEFORE; "), space), [other]
                ):
                    found.add(word)
                has_run = has_run or before != _look(space["x"])
    return sorted(found) if has_run or found else None


def _is_seen(change: Callable[[], object], others: list[Any]) -> bool:
    before = [_look(other) for other in others]
    with contextlib.suppress(Exception):
        change()
    return before != [_look(other) for other in others]


def _look(obj: Any) -> str:
    """Return all that can be seen of an object, without asking a frame for a column: that would keep it."""
    if isinstance(obj, pd.DataFrame):
        cells = [obj.iloc[:, i].tolist() for i in range(obj.shape[1])]
        axes = (list(obj.columns), list(obj.index), obj.columns.names, obj.index.names)
        types = [str(kind) for kind in obj.dtypes]
        return repr((cells, axes, types, obj.attrs, obj.flags.allows_duplicate_labels, _cached_names(obj)))
    if isinstance(obj, pd.Series):
        said = (obj.tolist(), list(obj.index), obj.index.names, obj.name, str(obj.dtype), obj.attrs)
        return repr((said, obj.flags.allows_duplicate_labels))
    return repr(obj.tolist() if hasattr(obj, "tolist") else list(obj) if hasattr(obj, "__iter__") else obj)


def _cached_names(df: pd.DataFrame) -> list[Any]:
    """Return the names of the columns that a frame keeps as series (before pandas 3)."""
    return [column.name for column in getattr(df, "_item_cache", {}).values()]


def _write_cells(obj: Any) -> None:
    if isinstance(obj, pd.DataFrame):
        for i in range(obj.shape[1]):
            with contextlib.suppress(Exception):
                obj.iloc[0, i] = obj.iloc[0, i] * 2 + 9
    elif isinstance(obj, pd.Series):
        obj.iloc[0] = obj.iloc[0] * 2 + 9
    elif isinstance(obj, np.ndarray) and obj.ndim:
        place = (0,) * obj.ndim
        obj[place] = obj[place] * 2 + 9
    elif hasattr(obj, "__setitem__") and hasattr(obj, "dtype"):
        obj[0] = obj[0] * 2 + 9


def _replace_inside(obj: Any) -> None:
    if isinstance(obj, pd.Series):
        obj.replace({3.0: 99.0, 1.0: 98.0, 2.0: 97.0}, inplace=True)


def _set_name(obj: Any, name: str, value: object) -> None:
    if isinstance(obj, (pd.Series, pd.DataFrame)):
        target = getattr(obj, name, None) if name in ("index", "columns") else obj
        if target is not None and (name != "name" or isinstance(obj, pd.Series)):
            target.name = value


def _set_attrs(obj: Any) -> None:
    if isinstance(obj, (pd.Series, pd.DataFrame)):
        obj.attrs["n"] = 1


def _set_flags(obj: Any) -> None:
    if isinstance(obj, (pd.Series, pd.DataFrame)):
        obj.flags.allows_duplicate_labels = False


WRITES: Mapping[str, Callable[[Any], None]] = {
    "cells": _write_cells,
    "upward": _replace_inside,
    "index": lambda obj: _set_name(obj, "index", "n"),
    "columns": lambda obj: _set_name(obj, "columns", "n"),
    "name": lambda obj: _set_name(obj, "name", "zz"),
    "attrs": _set_attrs,
    "flags": _set_flags,
}


def deviations(every: int) -> Iterator[str]:
    """Yield in words where the table, or one of so many rows of it, says something else than the installed pandas."""
    table = yaml.load(TABLE.read_bytes(), yaml.CSafeLoader)
    for part, seen in zip(("made", "changes"), run(every), strict=True):
        for code, words in seen.items():
            said = table[part][code] or {}
            if version() in said and said[version()] != words:
                yield f"{code}: {', '.join(words) or 'nothing'} is shared, the table says {said[version()]}"


def _literal(code: str) -> str:
    return str(yaml.safe_dump(code, width=10_000, default_style='"' if "'" in code else "'")).strip()


def write() -> None:
    """Write into the table what the installed pandas does."""
    table = yaml.load(TABLE.read_bytes(), yaml.CSafeLoader)
    for part, seen in zip(("made", "changes"), run(), strict=True):
        for code, words in seen.items():
            table[part][code] = {**(table[part][code] or {}), version(): words}
    lines = []
    for part in ("made", "changes"):
        lines.append(f"{part}:")
        for code, said in table[part].items():
            shown = yaml.safe_dump(said, default_flow_style=True, width=10_000).strip() if said else "{}"
            lines.append(f"  {_literal(code)}: {shown}")
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if "--copy-on-write" in sys.argv:
        pd.options.mode.copy_on_write = True
    if "--write" in sys.argv:
        write()
    else:
        every = int(sys.argv[sys.argv.index("--every") + 1]) if "--every" in sys.argv else 1
        print("\n".join(deviations(every)))
