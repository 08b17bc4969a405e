"""Random states, settings and files: a picture of them before and after a call, and the way back."""

from __future__ import annotations

import contextlib
import decimal
import locale
import logging
import os
import random
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from soorgeon_clone.analysis.knowledge.effects import FOLDER

OPENED: list[tuple[str, str]] = []
ROOT: list[Path] = []


def random_states() -> dict[str, Any]:
    states: dict[str, Any] = {"python_random": random.getstate()}
    if "numpy" in sys.modules:
        import numpy

        states["numpy_random"] = repr([a.tolist() if hasattr(a, "tolist") else a for a in numpy.random.get_state()])
    if "torch" in sys.modules:
        import torch

        states["torch_random"] = torch.get_rng_state().tolist()
    if "matplotlib.pyplot" in sys.modules:
        states["figures"] = _figures()
    return states


def _figures() -> tuple[Any, ...]:
    """Which figures pyplot has open, which of them and of its axes are current, and how much is drawn on that one."""
    import matplotlib.pyplot as plt

    numbers = plt.get_fignums()
    if not numbers:
        return ()
    figure = plt.gcf()
    current = figure._axstack.current()  # asking for the current axes would make some
    place = figure.axes.index(current) if current in figure.axes else None
    return numbers, figure.number, len(figure.axes), place, _drawn_on(figure)


def _drawn_on(figure: Any) -> tuple[int, str]:
    """Return how many artists a figure has, and the ticks of its axes, which are made when they are asked for."""
    number, ticks, stack = 0, [], [figure]
    while stack:
        one = stack.pop()
        number += 1
        if hasattr(one, "get_major_ticks"):
            ticks.append((one.get_major_locator(), one.get_minor_locator(), one.get_major_formatter()))
        else:
            stack += one.get_children()
    return number, repr(ticks)


def settings() -> dict[str, Any]:
    state: dict[str, Any] = {
        "environ": dict(os.environ), "directory": os.getcwd(), "sys_path": list(sys.path),  # noqa: PTH109
        "recursion_limit": sys.getrecursionlimit(), "locale": locale.setlocale(locale.LC_ALL),
        "decimal": (decimal.getcontext().prec, decimal.getcontext().rounding), "warnings": repr(warnings.filters),
        "logging": repr((logging.root.level, logging.root.handlers, logging.root.manager.disable,
                         [(n, getattr(lg, "level", 0), getattr(lg, "handlers", ())) for n, lg in
                          sorted(logging.root.manager.loggerDict.items()) if n.startswith("nb")])),
    }  # fmt: skip
    if "numpy" in sys.modules:
        import numpy

        state["numpy_print"], state["numpy_errors"] = numpy.get_printoptions(), numpy.geterr()
    if "pandas" in sys.modules:
        from pandas._config import config

        state["pandas_options"] = dict(_flat(config._global_config))
    if "matplotlib" in sys.modules:
        import matplotlib

        state["matplotlib"] = (dict(matplotlib.rcParams), sorted(matplotlib.colormaps))
    if "sklearn" in sys.modules:
        import sklearn

        state["sklearn_config"] = repr(sklearn.get_config())
    return state


def _flat(options: dict[str, Any], place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in options.items():
        if isinstance(value, dict):
            yield from _flat(value, (*place, name))
        else:
            yield (*place, name), value


def files() -> dict[str, Any]:
    return {
        str(p): (p.stat().st_mtime_ns, p.stat().st_size) if p.is_file() else "folder"
        for p in sorted(ROOT[-1].rglob("*"))
    }


def note_open(event: str, args: Any) -> None:
    if event == "open" and isinstance(args[0], str) and args[1] and not args[0].endswith((".py", ".pyc", ".so", ".mo")):
        path = Path(args[0]).absolute()
        if FOLDER not in path.parents and path.is_relative_to(ROOT[-1]):
            OPENED.append((path.name, args[1]))


@contextlib.contextmanager
def fresh_folder() -> Iterator[None]:
    folder, old = tempfile.mkdtemp(), Path.cwd()
    os.chdir(folder)
    ROOT.append(Path(folder))
    try:
        yield
    finally:
        os.chdir(old)
        shutil.rmtree(folder, ignore_errors=True)


def restore(saved: dict[str, Any]) -> None:
    os.environ.clear()
    os.environ.update(saved["environ"])
    sys.path[:] = saved["sys_path"]
    sys.setrecursionlimit(saved["recursion_limit"])
    locale.setlocale(locale.LC_ALL, saved["locale"])
    decimal.setcontext(decimal.Context())
    logging.disable(logging.NOTSET)
    for handler in logging.root.handlers[:]:
        logging.root.removeHandler(handler)
    if "matplotlib" in sys.modules:
        import matplotlib
        import matplotlib.pyplot as plt

        plt.close("all")
        if "matplotlib" in saved:
            dict.update(matplotlib.rcParams, saved["matplotlib"][0])
    if "numpy" in sys.modules:
        import numpy

        numpy.seterr(divide="warn", over="warn", under="ignore", invalid="warn")
        numpy.set_printoptions(edgeitems=3, precision=8, suppress=False, threshold=1000)
    if "pandas_options" in saved:
        from pandas._config import config

        for place, value in saved["pandas_options"].items():
            inner = config._global_config
            for word in place[:-1]:
                inner = inner[word]
            inner[place[-1]] = value
    if "sklearn" in sys.modules:
        import sklearn

        sklearn.set_config(transform_output="default", display="diagram")
