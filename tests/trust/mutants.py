"""A seed -> a notebook that something is wrong with: its JSON, its sources, its bytes, its name."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trust.hostile import code, markdown

FIXTURES = Path(__file__).parents[2] / "fixtures"
SEEDS = sorted(path for path in FIXTURES.glob("*/*") if path.is_file() and path.stat().st_size < 20_000)

VALUES: list[Any] = [
    *(None, 0, -1, 10**30, 10**4299, 1.5, float("nan"), float("inf"), True, "", "x", "\0", "\ud800", "é" * 50),
    *([], {}, [[]], [[1]], {"a": {"b": []}}, ["a\n", None], [1, "a"], "../../outside", "/etc/passwd", "a" * 5_000),
    *("\x1b]52;c;YQ==\x07", "\u202eabc", "con", ".", "..", "~", "-rf", "a/b\\c", "${HOME}", "{{env.HOME}}", "a\r\nb"),
]
TEXTS = [
    *("\0", "\ud800", "\r", "\x0c", "\u2028", "%%", "%", "!", "?", "$x", "{", "}", "\\", "\\\n", '"""', "'", "# %%"),
    *("# noqa:", "\t", "    ", "(", ")", "]", ":", "=", "lambda", "await ", "async ", "yield ", "import ", "del x"),
    *("from . import *", "%%bash\n", "%%time\n", "%run ../x.py", "!pip install x", "global x", "x = ", "match x:\n"),
    *("def f(", "class A:", "@", "f'{", "=" * 40, "(" * 120, "[" * 120, "-" * 300, "not " * 120, "x." * 300 + "y"),
    *("## \0", "## ../../outside", "## " + "t" * 400, "# soorgeon-clone: pure", "# soorgeon-clone: writes ../x"),
    *("upstream", "product", "with open('../../outside', 'w') as f: pass\n", "import os; os.chdir('..')\n"),
    *("globals().clear()\n", "exec('x = 1')\n", "while x:\n    x = [x]\n", "for y in x: y.append(x)\n", "## Part\n"),
]


def mutant(seed: int) -> tuple[str, bytes]:
    """Return the name of a file and its bytes, always the same for a seed."""
    rng = random.Random(seed)
    path = rng.choice(SEEDS)
    data, suffix = path.read_bytes(), path.suffix
    if rng.random() < 0.2:
        data, suffix = made(rng), ".ipynb"
    if suffix == ".ipynb" and rng.random() < 0.8:
        notebook = json.loads(data)
        for _ in range(rng.randrange(1, 5)):
            rng.choice(IN_JSON)(notebook, rng)
        data = json.dumps(notebook, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
    for _ in range(rng.randrange(0, 3)):
        data = rng.choice(IN_BYTES)(data, rng)
    if rng.random() < 0.1:
        suffix = rng.choice([".ipynb", ".py", ".md", ".Rmd", ".qmd", ".txt", ""])
    name = rng.choice(
        ["nb", "nb", "nb", "a b", "é", "-x", "con", "n" * 200, "\x1b[31m", "a\nb", "pipeline", "exported"]
    )
    return name + suffix, data


def made(rng: random.Random) -> bytes:
    """Return a notebook of a few sections that pass a few names on."""
    cells = []
    for number in range(rng.randrange(1, 6)):
        cells.append(
            markdown(rng.choice(["## ", "# ", "### ", "## ../", ""]) + rng.choice(["Load", "Part", "a/b", "é"]))
        )
        lines = [rng.choice([f"x{number} = [1]", "x0.append(2)", "print(x0)", "y = x0", "def f(): return x0", "f()"])]
        lines += [rng.choice(TEXTS)] if rng.random() < 0.3 else []
        cells.append(code("\n".join(lines)))
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def places(value: Any) -> list[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    return [place for key in keys for place in [(value, key), *places(value[key])]]


def swap(notebook: Any, rng: random.Random) -> None:
    if found := places(notebook):
        container, key = rng.choice(found)
        container[key] = copy.deepcopy(rng.choice(VALUES))


def remove(notebook: Any, rng: random.Random) -> None:
    if found := places(notebook):
        container, key = rng.choice(found)
        del container[key]


def repeat(notebook: Any, rng: random.Random) -> None:
    if found := [place for place in places(notebook) if isinstance(place[0], list)]:
        container, key = rng.choice(found)
        container[key:key] = [container[key]] * rng.randrange(1, 30)


def add(notebook: Any, rng: random.Random) -> None:
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if isinstance(cells, list):
        make = rng.choice([code, markdown])
        cells.insert(rng.randrange(len(cells) + 1), make("".join(rng.choices(TEXTS, k=rng.randrange(1, 4)))))


def edit(notebook: Any, rng: random.Random) -> None:
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    cells = cells if isinstance(cells, list) else []
    found = [cell for cell in cells if isinstance(cell, dict) and isinstance(cell.get("source"), str | list)]
    if not found:
        return
    cell = rng.choice(found)
    source = cell["source"]
    text = source if isinstance(source, str) else "".join(line for line in source if isinstance(line, str))
    place = rng.randrange(len(text) + 1)
    cell["source"] = text[:place] + rng.choice(TEXTS) + text[place + rng.randrange(0, 4) :]


def shuffle(notebook: Any, rng: random.Random) -> None:
    if isinstance(notebook, dict) and isinstance(notebook.get("cells"), list):
        rng.shuffle(notebook["cells"])


def cut(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data) + 1)
    return data[:place] + data[place + rng.randrange(0, 200) :] if rng.random() < 0.7 else data[:place]


def insert(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.choice(TEXTS).encode("utf-8", "surrogatepass") + data[place:]


def flip(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randrange(1, 5)):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def recode(data: bytes, rng: random.Random) -> bytes:
    text = data.decode("utf-8", "replace")
    encoding = rng.choice(["utf-16", "utf-32", "latin-1", "utf-8-sig", "utf-7", "cp1252"])
    return rng.choice([b"", b"# coding: rot13\n", b"\xef\xbb\xbf"]) + text.encode(encoding, "replace")


def line_ends(data: bytes, rng: random.Random) -> bytes:
    return data.replace(b"\n", rng.choice([b"\r\n", b"\r", b"\n\r", b"\x0c\n"]))


IN_JSON: list[Callable[[Any, random.Random], None]] = [swap, swap, remove, repeat, add, edit, edit, shuffle]
IN_BYTES: list[Callable[[bytes, random.Random], bytes]] = [cut, insert, insert, flip, recode, line_ends]
