"""Damaged files give findings or a message, never a crash: 10,000 of them, always the same."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from soorgeon_clone.lint.check import check_bytes
from soorgeon_clone.lint.config import Settings
from soorgeon_clone.lint.fix import fixed
from soorgeon_clone.lint.model import FileResult
from soorgeon_clone.lint.reports import FORMATS, render

FIXTURES = Path(__file__).parents[2] / "fixtures" / "lint"
SEEDS = sorted(path for path in FIXTURES.iterdir() if path.stat().st_size < 4000)
BATCHES, IN_ONE = 20, 500
SAMPLE = 8  # batches of every run; the others take a minute more

SETTINGS = Settings(select=("ALL",), ignore=("SG3",))  # the analysis of sections has its own tests
VALUES: list[Any] = [None, 0, -1, 10**30, 1.5, float("nan"), True, "", "x", "\0", "\ud800", "é" * 50, [], {}, [[]]]
TEXTS = [
    *("\0", "\ud800", "\udfff", "\r", "\x0c", "\u2028", "%%", "%", "!", "?", "$x", "{", "}", "\\", "\\\n", '"""', "'"),
    *("# %%", "# noqa:", "# noqa: SG", "\t", "    ", "(", ")", "]", ":", "=", "lambda", "await ", "async ", "yield "),
    *("import ", "from . import *", "%%bash\n", "%%time\n", "%run x.py", "!pip install x", "del x", "global x", "x = "),
    *("match x:\n case ", "def f(", "class A:", "@", "f'{", "=" * 40, "(" * 120, "[" * 120, "-" * 300, "not " * 120),
]


def damaged(rng: random.Random) -> tuple[bytes, Path]:
    """Return the bytes of a damaged file, and the path that it is said to have."""
    path = rng.choice(SEEDS)
    data = path.read_bytes()
    if path.suffix == ".ipynb" and rng.random() < 0.7:
        notebook = json.loads(data)
        for _ in range(rng.randrange(1, 4)):
            rng.choice(IN_JSON)(notebook, rng)
        data = json.dumps(notebook).encode("utf-8", "surrogatepass")
    for _ in range(rng.randrange(0, 3)):
        data = rng.choice(IN_BYTES)(data, rng)
    if rng.random() < 0.05:
        path = path.with_suffix(rng.choice([".ipynb", ".py", ".md", ".Rmd", ".qmd", ".txt", ""]))
    return data, path


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return all (container, key) in a JSON value."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    return [place for key in keys for place in [(value, key), *places(value[key])]]


def swap_type(notebook: Any, rng: random.Random) -> None:
    if found := places(notebook):
        container, key = rng.choice(found)
        container[key] = rng.choice(VALUES)


def drop_key(notebook: Any, rng: random.Random) -> None:
    if found := [place for place in places(notebook) if isinstance(place[0], dict)]:
        container, key = rng.choice(found)
        del container[key]


def nest(notebook: Any, rng: random.Random) -> None:
    if found := places(notebook):
        container, key = rng.choice(found)
        for _ in range(rng.choice([1, 3, 200])):
            container[key] = [container[key]] if rng.random() < 0.5 else {"a": container[key]}


def copy_within(notebook: Any, rng: random.Random) -> None:
    if found := places(notebook):
        (one, key), (other, name) = rng.choice(found), rng.choice(found)
        one[key] = json.loads(json.dumps(other[name]))


def spoil_source(notebook: Any, rng: random.Random) -> None:
    cells = notebook.get("cells")
    for cell in cells if isinstance(cells, list) else []:
        if isinstance(cell, dict) and rng.random() < 0.5:
            text = "".join(cell["source"]) if isinstance(cell.get("source"), list) and all_text(cell["source"]) else ""
            at = rng.randrange(len(text) + 1)
            cell["source"] = text[:at] + rng.choice(TEXTS) + text[at:]


def all_text(value: list[Any]) -> bool:
    return all(isinstance(item, str) for item in value)


def truncate(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def insert(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(TEXTS).encode("utf-8", "surrogatepass") + data[at:]


def flip(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randrange(1, 5)):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def repeat(data: bytes, rng: random.Random) -> bytes:
    start, stop = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    return data[:stop] + data[start:stop] + data[stop:]


def recode(data: bytes, rng: random.Random) -> bytes:
    return data.decode("utf-8", "replace").encode(rng.choice(["utf-16", "utf-32", "utf-8-sig", "latin-1"]), "replace")


IN_JSON: list[Callable[[Any, random.Random], None]] = [
    swap_type,
    drop_key,
    nest,
    copy_within,
    spoil_source,
    spoil_source,
]
IN_BYTES: list[Callable[[bytes, random.Random], bytes]] = [truncate, insert, insert, flip, repeat, recode]


_ALL = [pytest.param(n, marks=[pytest.mark.long] if n >= SAMPLE else []) for n in range(BATCHES)]


@pytest.mark.parametrize("batch", _ALL)
def test_never_crashes(batch: int) -> None:
    for number in range(batch * IN_ONE, (batch + 1) * IN_ONE):
        rng = random.Random(number)
        data, path = damaged(rng)
        try:
            result = check_bytes(data, path, SETTINGS)
        except Exception as error:
            raise AssertionError(f"damaged file {number} (of {path.name})") from error
        assert isinstance(result, FileResult)
        assert result.trouble or not result.diagnostics or all(one.finding.message for one in result.diagnostics)
        if number % 10 == 0:
            reports_and_fixes(data, path, result, number)


def reports_and_fixes(data: bytes, path: Path, result: FileResult, number: int) -> None:
    try:
        for name in FORMATS:
            render(name, [result]).encode("utf-8", "surrogatepass")
        mended = fixed(data, path, SETTINGS, unsafe=True)
        again = check_bytes(mended.data, path, SETTINGS)
    except Exception as error:
        raise AssertionError(f"mending damaged file {number} (of {path.name})") from error
    assert bool(again.trouble) == bool(result.trouble)
