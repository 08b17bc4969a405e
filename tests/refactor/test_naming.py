from __future__ import annotations

import re

import pytest

from refactor.conftest import imported, task
from soorgeon_clone.refactor.naming import names_of, place_import, rename


@pytest.mark.parametrize(
    ("cells", "is_rebound"),
    [
        ("open('x')", False),
        ("open = 1", True),
        ("def open(): pass", True),
        ("def f():\n    open = 3", True),
        ("from io import open", True),
        ("import os.path as open", True),
        ("for open, b in []: pass", True),
        ("try:\n    pass\nexcept ValueError as open:\n    pass", True),
        ("match 1:\n    case [*open]: pass", True),
        ("(open := 3)", True),
        ("from x import *", True),
        ("%time open = 3", True),
        ("%time x = 3", False),
        ("x.open = 3", False),
        ("f(open=3)", False),
    ],
)
def test_is_rebound(cells: str, is_rebound: bool) -> None:
    assert names_of(task("x", cells)).is_rebound("open") == is_rebound


@pytest.mark.parametrize(
    ("cells", "wanted", "statement"),
    [
        ("x = 1", "import pickle", "import pickle"),
        ("pickle = 1", "import pickle", "import pickle as _pickle"),
        ("pickle = 1; _pickle = 2", "import pickle", "import pickle as _pickle_2"),
        ("import pickle", "import pickle", "import pickle"),
        ("import dill as pickle", "import pickle", "import pickle as _pickle"),
        ("import numpy as np", "import numpy", "import numpy as np"),
        ("import numpy as np, numpy", "import numpy", "import numpy"),
        ("import numpy as np; np = 1", "import numpy", "import numpy as _numpy"),
        ("from numpy import random as np", "import numpy", "import numpy as _numpy"),
        ("import numpy as np; numpy = 1", "import numpy", "import numpy as np"),
        ("from pathlib import Path", "from pathlib import Path", "from pathlib import Path"),
        ("from py.path import Path", "from pathlib import Path", "from pathlib import Path as _Path"),
        ("from numpy import random", "import random", "import random as _random"),
        ("import os.path", "import os", "import os"),
        ("import numpy", "import numpy.random", "import numpy.random"),
        ("numpy = 3", "import numpy.random", "import numpy.random as numpy_random"),
    ],
)
def test_place_import(cells: str, wanted: str, statement: str) -> None:
    names = names_of(task("x", cells, names=" ".join(re.findall(r"\w+", cells))))
    assert place_import(wanted, names).statement == statement


def test_steps_bind_as_well() -> None:
    names = names_of(task("x", "", steps=[imported("import json as pickle", "pickle")]))
    assert place_import("import pickle", names).statement == "import pickle as _pickle"


@pytest.mark.parametrize(
    ("expression", "new_names", "expected"),
    [
        ("random.getstate()", {"random": "_random"}, "_random.getstate()"),
        ("numpy.random.set_state({value})", {"numpy.random": "_r"}, "_r.set_state({value})"),
        ("numpy.random.set_state({value})", {"numpy": "_numpy"}, "_numpy.random.set_state({value})"),
        ("x = {value}", {"random": "_random"}, "x = {value}"),
        ("a.random = 'random'", {"random": "_random"}, "a.random = 'random'"),
        ("f(random.x,\n  random.y)", {"random": "_r"}, "f(_r.x,\n  _r.y)"),
        ("'ä', random.x", {"random": "_r"}, "'ä', _r.x"),
    ],
)
def test_rename(expression: str, new_names: dict[str, str], expected: str) -> None:
    assert rename(expression, new_names) == expected
