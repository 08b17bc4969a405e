"""What a task takes for granted of its surroundings: nothing is drawn, nothing is set, a star gives no more names."""

from __future__ import annotations

import pytest

from .conftest import Handwritten

LIBRARY = """
import itertools, random
_kept, _seen, count, options, _cache = [], {}, 0, {"mode": "a", "deep": [1]}, {}
_numbers, _generator = itertools.count(), random.Random(0)
__all__ = ["keep", "total"]
total = 1

class Settings:
    level = 1
    def __init__(self):
        self.verbose = False

settings = Settings()

def keep(raw):
    _kept.append(raw)

def counts():
    global count
    count += 1

def calls():
    calls.n = getattr(calls, "n", 0) + 1

def remembers(seen=[]):
    seen.append(1)

def counter():
    n = 0
    def step():
        nonlocal n
        n += 1
    return step

step = counter()

def caches(x):
    _cache[x] = x

def quiet(raw):
    return raw

_table = _pattern = _theme = None
_squares, _numbered, _lists, _plugins, _lookups, seen = {}, {}, {}, {}, {}, {}

def square(x):
    if x not in _squares:
        _squares[x] = x * x
    return _squares[x]

def look_up(x):
    found = _lookups.get(x)
    if found is None:
        found = _lookups[x] = str(x) * 2
    return found

def entries():
    global _table
    if _table is None:
        _table = {n: n + 1 for n in range(3)}
    return len(_table)

def matches(text):
    import re
    global _pattern
    if not _pattern:
        _pattern = re.compile("a+")
    return bool(_pattern.match(text))

def first_theme(name):
    global _theme
    if _theme is None:
        _theme = name
    return _theme

def number_of(name):
    if name not in _numbered:
        _numbered[name] = len(_numbered)
    return _numbered[name]

def list_of(x):
    if x not in _lists:
        _lists[x] = [x]
    return _lists[x]

def register(name, value):
    if name not in _plugins:
        _plugins[name] = value

def sees(x):
    if x not in seen:
        seen[x] = x + 1
    return seen[x]

def how_many():
    return len(seen)
"""
DRAWS = "# soorgeon-clone: draws nothing (cell 3: mylib.keep(raw))"
SETS = "# soorgeon-clone: sets nothing (cell 3: mylib.keep(raw))"
OUTSIDE = SETS.replace("nothing", "nothing outside mylib")
BESIDE = f"{SETS}\n# soorgeon-clone: sets nothing beside (cell 3, line 2: mylib.options['deep'] = 3)"

CASES = {
    "random": (DRAWS, "import random\nrandom.random()", "the state of random was changed"),
    "random, seeded": (DRAWS, "import random\nrandom.seed(3)", "the state of random was changed"),
    "numpy": (DRAWS, "import numpy\nnumpy.random.rand()", "the state of numpy.random was changed"),
    "a generator of its own": (
        DRAWS,
        "import numpy\nnumpy.random.default_rng(0).random()\nmylib._generator.random()",
        "",
    ),
    "drawn and put back": (
        DRAWS,
        "import random\nstate = random.getstate()\nrandom.random()\nrandom.setstate(state)",
        "",
    ),
    "nothing": (DRAWS, "mylib.keep(raw)", ""),
    "rcParams": (
        SETS,
        "import matplotlib\nmatplotlib.rcParams['font.size'] = 3",
        "matplotlib.rcParams['font.size']: ",
    ),
    "pandas": (
        SETS,
        "import pandas as pd\npd.set_option('display.max_rows', 3)",
        "pandas.options['display.max_rows']",
    ),
    "numpy's errors": (SETS, "import numpy\nnumpy.seterr(all='raise')", "numpy.seterr: "),
    "numpy's printing": (SETS, "import numpy\nnumpy.set_printoptions(precision=2)", "numpy.set_printoptions: "),
    "warnings": (SETS, "import warnings\nwarnings.simplefilter('ignore')", "warnings.filters: "),
    "environment": (SETS, "import os\nos.environ['MYLIB_MODE'] = '1'", "os.environ['MYLIB_MODE']: (nothing) -> '1'"),
    "environment, removed": (SETS, "import os\ndel os.environ['HOME']", "os.environ['HOME']: "),
    "folder": (
        SETS,
        "import os\nproduct = {k: os.path.abspath(v) for k, v in product.items()}\nos.chdir('/')",
        "os.chdir: ",
    ),
    "locale": (SETS, "import locale\nlocale.setlocale(locale.LC_ALL, 'C')", "locale: "),
    "decimal": (SETS, "import decimal\ndecimal.getcontext().prec = 5", "decimal: "),
    "a logger": (SETS, "import logging\nlogging.getLogger().setLevel(10)", "logger['root']: "),
    "it keeps what it is given": (SETS, "mylib.keep(raw)", "mylib._kept: a list of 0 -> a list of 1"),
    "it counts": (SETS, "mylib.counts()", "mylib.count: 0 -> 1"),
    "it counts at itself": (SETS, "mylib.calls()", "mylib.calls.n: (nothing) -> 1"),
    "it counts in an enclosing function": (SETS, "mylib.step()", "mylib.step (n): 0 -> 1"),
    "it counts with itertools": (SETS, "next(mylib._numbers)", "mylib._numbers: count"),
    "it draws from its own": (SETS, "mylib._generator.random()", "mylib._generator: a generator -> a generator"),
    "it remembers in a default": (
        SETS,
        "mylib.remembers()",
        "mylib.remembers.__defaults__[0]: a list of 0 -> a list of 1",
    ),
    "an option of itself": (SETS, "mylib.options['deep'][0] = 2", "mylib.options[\"deep\"][0]: 1 -> 2"),
    "an option, as is known": (BESIDE, "raw\nmylib.options['deep'] = 3", ""),
    "an option, as is known, and more": (
        BESIDE,
        "raw\nmylib.options['deep'] = 3\nmylib.options['deep'] = 4",
        "mylib.options[\"deep\"]: 3 -> 4",
    ),
    "something else before it": (
        BESIDE,
        "mylib.step()\nmylib.options['deep'] = 3; print(raw)",
        "mylib.step (n): 0 -> 1",
    ),
    "what no other task uses": (OUTSIDE, "mylib.step()", ""),
    "an attribute of a class": (SETS, "mylib.Settings.level = 2", "mylib.Settings.level: 1 -> 2"),
    "an attribute of its object": (SETS, "mylib.settings.verbose = True", "mylib.settings.verbose: False -> True"),
    "a result for each argument": (SETS, "mylib.square(3)\nmylib.look_up(4)", ""),
    "a table that is made at first use": (SETS, "mylib.entries()\nmylib.entries()", ""),
    "a pattern that is compiled at first use": (SETS, "mylib.matches('aa')", ""),
    "what the first call is given": (SETS, "mylib.first_theme('dark')", "mylib._theme: None -> 'dark'"),
    "numbers in the order of calls": (SETS, "mylib.number_of('a')", "mylib._numbered"),
    "a list for each argument, which can be changed": (SETS, "mylib.list_of(3)", "mylib._lists"),
    "a registry": (SETS, "mylib.register('a', 3)", "mylib._plugins"),
    "results that somebody counts": (SETS, "mylib.sees(3)", "mylib.seen"),
    "a cache": (SETS, "mylib.caches(1)", ""),
    "set and put back": (
        SETS,
        "import pandas as pd\nwith pd.option_context('display.max_rows', 3):\n    print(raw)",
        "",
    ),
    "imports": (
        SETS,
        "import sklearn.linear_model, matplotlib.pyplot, decimal, logging.handlers\nmylib.quiet(raw)",
        "",
    ),
    "warnings put back": (
        SETS,
        "import warnings\nwith warnings.catch_warnings():\n    warnings.simplefilter('ignore')",
        "",
    ),
    "a plot": (SETS, "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.close()", ""),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_surroundings(project: Handwritten, case: str) -> None:
    comment, use, said = CASES[case]
    project.write("raw = 1", use, comment, library=LIBRARY)
    error = project.error()
    if not said:
        assert error == ""
        return
    assert said in error
    assert "cell 3: mylib.keep(raw)" in error


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("# soorgeon-clone: binds nothing else, so not raw, total", "gives `total` as well"),
        ("# soorgeon-clone: binds nothing else, so not raw, sum", ""),
        ("# soorgeon-clone: binds nothing else", "gives `keep` as well"),
    ],
)
def test_a_star_import(project: Handwritten, comment: str, said: str) -> None:
    star = f"from mylib import *  {comment}"
    project.write("raw = 1", "keep = 2", "", library=LIBRARY, imports=star)
    error = project.error()
    assert said in error if said else error == ""


@pytest.mark.parametrize(
    ("use", "said"),
    [
        ("import mylib.state\nmylib.state.keep(raw)", "mylib.state.kept: a list of 0 -> a list of 1"),
        ("from mylib.state import keep\nkeep(raw)", "mylib.state.kept: a list of 0 -> a list of 1"),
        ("import mylib\nmylib.later(raw)", "mylib.state.kept: a list of 0 -> a list of 1"),
        ("import mylib.state, mylib.plugins\nassert mylib.state.__spec__.loader.__class__.__name__ != '_Telling'", ""),
    ],
)
def test_a_library_that_is_imported_late(project: Handwritten, use: str, said: str) -> None:
    comment = "# soorgeon-clone: sets nothing (cell 3: keep(raw))" if "import keep" in use else SETS
    project.write("raw = 1", use, comment, imports="")
    (project.root / "mylib.py").unlink()
    package = project.root / "mylib"
    package.mkdir()
    (package / "__init__.py").write_text("def later(raw):\n    from mylib.state import keep\n    keep(raw)\n")
    (package / "state.py").write_text(
        "kept, names = [], {}\ndef keep(raw):\n    kept.append(raw)\nimport mylib.plugins\n"
    )
    (package / "plugins.py").write_text("from mylib.state import names\nnames['a'] = 1\n")
    error = project.error()
    assert said in error if said else error == ""
