"""Random numbers -> projects that are nearly valid; commands that read are run on them, watched and timed.

``benchmarks/trust/pipelines.py`` tries many, ``test_mutated_pipelines.py`` a sample.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import random
import shutil
import signal
import sqlite3
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import yaml
from click.testing import CliRunner
from special_files import unix_socket

from soorgeon_clone.cli.app import app
from soorgeon_clone.errors import UserError
from trust.canary import watch

PATIENCE = 10  # seconds of CPU
LONG_PATIENCE = 60  # seconds: what waits for a pipe needs no CPU

_SCRIPT = """# %% tags=["parameters"]
upstream = {upstream}
product = None

# %%
import evil
import pickle
with open(product["x"], "wb") as file:
    pickle.dump(1, file)
"""
_NOTEBOOK = json.dumps(
    {
        "cells": [
            {
                "cell_type": "code",
                "execution_count": None,
                "metadata": {"tags": ["parameters"]},
                "outputs": [],
                "source": ["upstream = ['load']\n", "product = None"],
            },
            {"cell_type": "markdown", "metadata": {}, "source": ["# Title"]},
            {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": ["print(1)"]},
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
)
_FILES = {
    "tasks/load.py": _SCRIPT.format(upstream=None),
    "tasks/fit.py": _SCRIPT.format(upstream=["load"]),
    "tasks/all.py": _SCRIPT.format(upstream=["fit-*"]),
    "tasks/book.ipynb": _NOTEBOOK,
    "evil.py": "def f(**given):\n    return [1, 2]\n\ndef hook(): pass\n\ndef task(product, upstream=None): pass\n",
    "more/tasks.yaml": "- {source: extra.py, product: output/extra.ipynb}\n",
    "more/extra.py": _SCRIPT.format(upstream=None),
    "data.csv": "a,b\n1,2\n",
}
_LOAD = {"source": "tasks/load.py", "product": {"nb": "output/load.ipynb", "x": "output/load.pkl"}}
_SPECS: list[Any] = [
    {"tasks": [_LOAD, {"source": "tasks/book.ipynb", "product": "output/book.ipynb"}]},
    [_LOAD, {"source": "evil.task", "product": "output/made.txt", "params": {"n": 1}}],
    {
        "meta": {"extract_upstream": True, "import_tasks_from": "more/tasks.yaml"},
        "executor": "serial",
        "on_finish": "evil.hook",
        "tasks": [
            _LOAD,
            {
                "source": "tasks/fit.py",
                "name": "fit-",
                "product": {"nb": "output/fit.ipynb", "x": "output/fit.pkl"},
                "grid": {"a": [1, 2], "b": ["x", "y"], "c": "evil::f"},
                "params": {"d": "{{env.HOME}}", "resources_": {"data": "data.csv"}},
            },
            {"source": "tasks/all.py", "product": {"nb": "output/all.ipynb", "x": "output/all.pkl"}},
        ],
    },
    {
        "meta": {"extract_upstream": False},
        "store": "store",
        "export": {"image": "registry/name:tag", "volumes": {"/store": "claim"}},
        "tasks": [
            {
                **_LOAD,
                "params": {"x": {"dotted_path": "evil::f", "a": "{{word}}"}, "y": "std::vector", "z": "{{deep.one}}"},
            },
            {
                "source": "tasks/fit.py",
                "upstream": ["load"],
                "product": {"nb": "{{out}}/fit.ipynb", "x": "{{out}}/fit.pkl"},
                "timeout": 10,
                "retries": 2,
                "memory_limit": "2GB",
                "resources": {"cpus": 1, "memory": "1G", "gpus": 0},
                "on_render": {"dotted_path": "evil.hook", "word": "x"},
                "papermill_params": {"log_output": True},
                "static_analysis": "regular",
            },
        ],
    },
]  # fmt: skip
_ENV = {"word": "w", "out": "output", "deep": {"one": 1, "two": "{{env.HOME}}/x"}, "when": "{{now}}"}

_SCALARS: list[Any] = [
    None, True, False, 0, -1, 1, 10**6, 10**400, 1.5, float("nan"), float("inf"), -float("inf"), "", " ", ".", "..",
    "/", "\\", "../../outside/x", "/etc/passwd", "~/.bashrc", "a/../../b", "x" * 300, "x/" * 3000, "é" * 200, "a\nb",
    "a\tb", "\x07", "\x1b[31m", "\u202e", "std::vector", "os::abort", "evil::f", "evil::g", "evil.f", "evil",
    "subprocess::getoutput", "{{env}}", "{{env.HOME}}", "{{env.MISSING}}", "{{word}}", "{{now}}", "{{git}}",
    "{{git_hash}}", "{{here}}", "{{root}}", "{{user}}", "{{cwd}}", "{{", "}}", "{{}}", "{{a.b.c}}", "{{deep}}",
    "{{" + " " * 5000, "[[a]]", "[[", "tasks/load.py", "tasks/fit.py", "tasks", "pipeline.yaml", "env.yaml",
    "output/load.pkl", ".soorgeon-clone/x", ".git/hooks/x", "x.py", "x.ipynb", "x.md", "x.sql", "x.R", "load",
    "fit-*", "*", "[z-a]", "****************x", "serial", "parallel", "s3://bucket", "2GB", "9" * 400 + "GB", "1e999",
    "nan", "12:30:45", "2020-13-45", "0x" + "f" * 9000, "yes", "off", "~", "=", "<<", "!!python/object:os.system",
    "-", "--help", "$(touch x)", "`touch x`", "%s", "{0}", "x",
]  # fmt: skip
_FRAGMENTS = [
    "<<: *a\n", "&a ", "*a ", "!!bool x", "!!int ''", "!!float x", "!!timestamp x", "!!map x", "!!seq x", "!!set x",
    "!!omap x", "!!binary '%'", "!!python/name:os.abort", "!x ", '"\\0"', '"\\ud800"', '"\\x80"', "\t", "\x00",
    "\ufeff", "---\n", "...\n", "%YAML 9.9\n", "? [a]\n: b\n", "{{word}}", "{{", "[", "{", "}", "]", "- ", ": ", "# ",
    "|\n", ">\n", "'", '"', "@", "`", "\u2028", "\x85", "\r", "1" * 5001, "0x" + "f" * 6000, "1:" * 3000 + "1",
    "[" * 200, "{a: " * 200, "a: &x [*x]\n", "b: &y {<<: *y}\n", "- &z [*z, *z]\n",
    "l0: &l0 [x]\n" + "".join(f"l{i}: &l{i} [{','.join([f'*l{i - 1}'] * 10)}]\n" for i in range(1, 10)),
]  # fmt: skip
_KEYS = (
    "source", "product", "name", "upstream", "params", "grid", "static_analysis", "executor_params",
    "papermill_params", "nb_product_key", "nbconvert_exporter_name", "nbconvert_export_kwargs", "serializer",
    "unserializer", "on_render", "on_finish", "on_failure", "timeout", "retries", "memory_limit", "resources",
    "export", "tasks", "meta", "clients", "config", "executor", "store", "dotted_path", "class", "import_tasks_from",
    "extract_product", "product_relative_to_source", "cpus", "resources_", "location", "allow_outside",
)  # fmt: skip
_CODE = [
    "# coding: rot13\n", "# coding: punycode\n", "# coding: utf-16\n", "# -*- coding: nonsense -*-\n", "\x00",
    "(" * 300, "x = " + "-" * 3000 + "1\n", "x = " + "+".join(["1"] * 3000) + "\n",
    "x = " + "[" * 150 + "]" * 150 + "\n", "# %% " + "x" * 40_000 + "\n", "upstream = 1\n", "upstream = {'a': 1}\n",
    "upstream = ['*', 'load', 'nothing']\n", "product = 1\n", "product = {1: 2}\n", "upstream = f(\n", "%magic\n",
    "!touch x\n", "\ud800".encode("utf-8", "surrogatepass"), b"\xff\xfe", "from evil import *\n",
    "import os; os.system('touch x')\n", "x = '../../outside'\n", "def f(): return f\n" * 50, "\u202e\n",
    '# %% tags=["parameters"]\n', '# %% tags=[1, {}]\n', "# +\n", "# -\n", "a" * 5000 + " = 1\n",
    "x = 0x" + "f" * 5000 + "\n",
]  # fmt: skip


@dataclass
class Outcome:
    """What became of the cases: how many, how often which command said what, and what went wrong, with its seed."""

    cases: int = 0
    commands: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")


class Late(BaseException):
    """The patience is over."""


def try_case(seed: int, outcome: Outcome) -> None:
    """Make the project of a seed, run commands on it, and note in ``outcome`` what happened."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="trust-") as folder:
        above = Path(folder)
        root = above / "project"
        (above / "outside").mkdir()
        (above / "outside" / "kept.py").write_text("x = 1\n")
        _make(root, above, chance)
        kinds = [_mutate(root, above, chance) for _ in range(chance.choice([1, 1, 1, 2, 3]))]
        commands = [["status"], *chance.sample(_COMMANDS, 2)]
        outcome.cases += 1
        for command in commands:
            told = f"seed {seed} ({', '.join(kinds)}): {' '.join(command)[:80]}"
            began = time.process_time()
            problem, word = _run(command, root, above)
            seconds = time.process_time() - began
            outcome.slowest = max(outcome.slowest, (seconds, told))
            outcome.commands[f"{command[0]} {word}"] += 1
            if problem:
                outcome.problems.append(f"{told}: {problem}")
        left = sorted(entry.name for entry in above.iterdir()) + sorted(
            one.name for one in (above / "outside").iterdir()
        )
        if left != ["cache", "outside", "project", "kept.py"] or (above / "outside/kept.py").read_text() != "x = 1\n":
            outcome.problems.append(f"seed {seed} ({', '.join(kinds)}): outside there is {left}")


_COMMANDS = [
    ["status", "--json"],
    ["status", "--explain", "load"],
    ["status", "--history"],
    ["plot", "-o", "-"],
    ["plot", "-o", "drawn.svg"],
    ["plot", "-o", "drawn.html"],
    ["report", "-o", "page.html"],
    ["nb", "--inject"],
    ["nb", "--remove"],
    ["scaffold"],
    ["build", "--dry-run"],
    ["export", "--to", "argo", "--store", "s3://bucket/x", "--dry-run"],
    ["export", "--to", "airflow", "--store", "s3://bucket/x", "--dry-run"],
    ["status", "--env--word", "{{env.HOME}}"],
    ["status", "--env--deep--one", "x" * 1000],
]


def _run(command: list[str], root: Path, above: Path) -> tuple[str | None, str]:
    """A problem, if there is one, and how the command ended."""
    with _chdir(root), _patience(), watch(root, above / "cache") as seen:
        try:
            result = CliRunner().invoke(app, command, catch_exceptions=False)
            problem, word = None, f"exit {result.exit_code}"
        except UserError as error:
            problem, word = None, f"UserError {error.exit_code}"
            if len(error.message) > 5_000:
                problem = f"a message of {len(error.message)} characters: {error.message[:200]}"
        except Late:
            problem, word = f"more than {PATIENCE} s of CPU, or {LONG_PATIENCE} s in all", "late"
        except BaseException as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            problem, word = f"{type(error).__name__}: {str(error)[:200]} ({where.filename}:{where.lineno})", "traceback"
    git = [one for one in seen.problems if "soorgeon-clone-git-" not in one]
    return problem or ("; ".join(git) or None), word


@contextlib.contextmanager
def _chdir(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextlib.contextmanager
def _patience() -> Iterator[None]:
    def late(number: int, frame: FrameType | None) -> None:
        raise Late

    timers = ((signal.SIGPROF, signal.ITIMER_PROF, PATIENCE), (signal.SIGALRM, signal.ITIMER_REAL, LONG_PATIENCE))
    before = [signal.signal(number, late) for number, _, _ in timers]
    for _, timer, seconds in timers:
        signal.setitimer(timer, seconds)
    try:
        yield
    finally:
        for (number, timer, _), handler in zip(timers, before, strict=True):
            signal.setitimer(timer, 0)
            signal.signal(number, handler)


def _make(root: Path, above: Path, chance: random.Random) -> None:
    (above / "cache").mkdir()
    os.environ["SOORGEON_CLONE_CACHE"] = str(above / "cache")
    for name, text in _FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "pipeline.yaml").write_text(yaml.safe_dump(chance.choice(_SPECS), sort_keys=False))
    (root / "env.yaml").write_text(yaml.safe_dump(_ENV, sort_keys=False))


def _mutate(root: Path, above: Path, chance: random.Random) -> str:
    """Change one thing, and say of what kind it was."""
    mutations: list[Callable[[Path, Path, random.Random], None]] = [
        _structure, _structure, _structure, _text, _text, _env, _env_text, _kind_of_file, _kind_of_file, _code, _code,
        _records,
    ]  # fmt: skip
    mutation = chance.choice(mutations)
    with contextlib.suppress(Exception):  # what was mutated before may not be YAML any more
        mutation(root, above, chance)
    return mutation.__name__.strip("_")


def _structure(root: Path, above: Path, chance: random.Random) -> None:
    _change_yaml(root / "pipeline.yaml", chance)


def _env(root: Path, above: Path, chance: random.Random) -> None:
    _change_yaml(root / "env.yaml", chance)


def _change_yaml(path: Path, chance: random.Random) -> None:
    if path.is_symlink() or not path.is_file():
        return  # it was mutated into something else
    data = copy.deepcopy(yaml.safe_load(path.read_text()))
    for _ in range(chance.choice([1, 1, 2, 4])):
        data = _changed(data, chance)
    path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True))


def _changed(data: Any, chance: random.Random) -> Any:
    """The data with one part of it changed."""
    parts = list(_places(data, []))
    path = chance.choice(parts)
    if not path:
        return chance.choice([data, [data], {"tasks": data}, *_SCALARS[:8]])
    holder = data
    for step in path[:-1]:
        holder = holder[step]
    last = path[-1]
    how = chance.randrange(8)
    if how == 0:
        del holder[last]
    elif how == 1:
        holder[last] = [copy.deepcopy(holder[last]) for _ in range(chance.choice([1, 2, 50]))]
    elif how == 2:
        holder[last] = {chance.choice([*_KEYS, *(one for one in _SCALARS if isinstance(one, str))]): holder[last]}
    elif how == 3 and isinstance(holder, dict):
        holder[chance.choice(_KEYS)] = holder.pop(last)
    elif how == 4 and isinstance(holder, dict):
        holder[chance.choice(_KEYS)] = chance.choice(_SCALARS)
    elif how == 5:
        holder[last] = {f"k{number}": list(range(50)) for number in range(chance.choice([1, 3, 6]))}
    elif how == 6:
        holder[last] = copy.deepcopy(_at(data, chance.choice(parts)))
    else:
        holder[last] = chance.choice(_SCALARS)
    return data


def _places(data: Any, path: list[Any]) -> Iterator[list[Any]]:
    yield path
    if isinstance(data, dict):
        for key in data:
            yield from _places(data[key], [*path, key])
    elif isinstance(data, list):
        for index, one in enumerate(data):
            yield from _places(one, [*path, index])


def _at(data: Any, path: list[Any]) -> Any:
    for step in path:
        data = data[step]
    return data


def _text(root: Path, above: Path, chance: random.Random) -> None:
    _change_text(root / "pipeline.yaml", chance, _FRAGMENTS)


def _env_text(root: Path, above: Path, chance: random.Random) -> None:
    _change_text(root / "env.yaml", chance, _FRAGMENTS)


def _code(root: Path, above: Path, chance: random.Random) -> None:
    name = chance.choice([one for one in _FILES if one.endswith((".py", ".ipynb"))])
    _change_text(root / name, chance, _CODE)


def _change_text(path: Path, chance: random.Random, fragments: list[Any]) -> None:
    if path.is_symlink() or not path.is_file():
        return
    data = path.read_bytes()
    for _ in range(chance.choice([1, 1, 2, 5])):
        at = chance.randrange(len(data) + 1)
        how = chance.randrange(5)
        if how == 0:
            data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
        elif how == 1:
            data = data[:at] + data[at + chance.choice([1, 5, 50]) :]
        elif how == 2:
            end = min(len(data), at + 40)
            data = data[:end] + data[at:end] * chance.choice([1, 3, 100]) + data[end:]
        else:
            piece = chance.choice(fragments)
            piece = piece if isinstance(piece, bytes) else piece.encode("utf-8", "surrogatepass")
            at = data.rfind(b"\n", 0, at) + 1 if chance.random() < 0.5 else at
            data = data[:at] + piece + data[at:]
    path.write_bytes(data)


def _kind_of_file(root: Path, above: Path, chance: random.Random) -> None:
    """Put something else in the place of a file or folder."""
    names = [
        *_FILES,
        "pipeline.yaml",
        "env.yaml",
        "tasks",
        "more",
        ".gitignore",
        ".git",
        ".soorgeon-clone",
        "output",
        "pyproject.toml",
    ]
    path = root / chance.choice(names)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    how = chance.randrange(9)
    if how == 0:
        os.mkfifo(path)
    elif how == 1:
        path.symlink_to("/dev/zero")
    elif how == 2:
        path.symlink_to(chance.choice([above / "outside", above / "outside/kept.py", above / "outside/new"]))
    elif how == 3:
        path.mkdir()
    elif how == 4:
        unix_socket(path)
    elif how == 5:
        path.symlink_to(path)
    elif how == 6:
        path.write_bytes(b"\0" * chance.choice([0, 1, 100_000]))
    elif how == 7:
        path.write_bytes(random.Random(chance.random()).randbytes(2_000))


def _records(root: Path, above: Path, chance: random.Random) -> None:
    """Have records of a status, and change them."""
    with _chdir(root), _patience(), contextlib.suppress(Late):
        CliRunner().invoke(app, ["status"])
    path = root / ".soorgeon-clone" / "records.sqlite"
    if path.is_symlink() or not path.is_file():
        return
    if chance.random() < 0.5:
        data = bytearray(path.read_bytes())
        for _ in range(chance.choice([1, 10, 1000])):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data[: chance.choice([len(data), len(data) // 2])])
        return
    with contextlib.closing(sqlite3.connect(path)) as connection, contextlib.suppress(sqlite3.Error):
        for (key,) in connection.execute("select path from memo").fetchall():
            value = chance.choice(["", "{}", "[]", "null", "1", '"x"', '{"upstream": 1}', b"\xff", 5, None])
            if chance.random() < 0.5:
                connection.execute("update memo set value = ? where path = ?", (value, key))
        connection.commit()
