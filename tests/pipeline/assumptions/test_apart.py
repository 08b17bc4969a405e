"""Two values that were saved share something that can change, or do not."""

from __future__ import annotations

import pytest

from .conftest import Handwritten

COMMENT = "# soorgeon-clone: apart X, y (cell 3: X, y = mylib.split(raw))"

# the second task's cell, and what is said of it; "" where they are apart
CASES = {
    "one list": ("X = [1]\ny = {'a': X}", "X and y[\"a\"] are one object, [1]"),
    "deep inside": ("a = []\nX = [{'k': (1, a)}]\ny = {'b': [a]}", "X[0][\"k\"][1] and y[\"b\"][0] are one object"),
    "an attribute": (
        "from exported import Thing\na = [1]\nX, y = Thing(a), Thing(a)", "X.part and y.part are one object, [1]"
    ),
    "a view": ("import numpy as np\nX = np.zeros((3, 3))\ny = X[:, 1]", "X and y share memory"),
    "views of one array": ("import numpy as np\na = np.zeros(9)\nX, y = a[2:6], a[5:]", "X and y share memory"),
    "a view of a frame": (
        "import numpy as np, pandas as pd\na = np.zeros((3, 2))\nX = pd.DataFrame(a, copy=False)\ny = a[0]",
        "share memory",
    ),
    "a view in a dict": (
        "import numpy as np\nX = {'a': np.zeros(3)}\ny = [X['a'][1:]]", "X[\"a\"] and y[0] share memory"
    ),
    "a sparse matrix": (
        "import numpy as np, scipy.sparse as sp\nX = sp.csr_matrix(np.eye(3))\ny = X.data",
        "X.data and y share memory",
    ),
    "objects in arrays": (
        "import numpy as np\na = [1]\nX, y = (np.array([a, None], dtype=object) for _ in '12')", "are one object, [1]"
    ),
    "a closure": ("a = []\nX = [lambda: a]\ny = a\ndel X[0], a\nX = {'f': y}", "are one object"),
    "a circle": ("X = [1]\nX.append(X)\ny = [X]", "X and y[0] are one object"),
    "columns": ("import numpy as np\na = np.zeros((3, 4))\nX, y = a[:, ::2], a[:, 1::2]", ""),
    "copies": ("import numpy as np\nX = np.zeros(9)\ny = X[2:].copy()", ""),
    "frames that copy when written": ("import pandas as pd\nX = pd.DataFrame({'a': [1, 2]})\ny = X['a']", ""),
    "frames with one index": (
        "import pandas as pd\nX = pd.DataFrame({'a': [1, 2]}, index=['p', 'q'])\ny = (X['a'] * 2)", ""
    ),
    "read-only": ("import numpy as np\na = np.frombuffer(b'12345678', 'u1')\nX, y = a[:5], a[2:]", ""),
    "what nobody can change": (
        "import datetime\na = ('k', 1.5, datetime.date(2020, 1, 1), range(3), b'x')\nX, y = [a], [a]", ""
    ),
    "a class and a function": ("from exported import Thing, kept\nX, y = [Thing, kept], [Thing, kept]", ""),
    "two estimators": (
        "from sklearn.linear_model import Ridge\nX, y = (Ridge().fit([[0], [1]], [0, 1]) for _ in '12')",
        "",
    ),
    "a logger": ("import logging\nX, y = ({'log': logging.getLogger('a')} for _ in '12')", ""),
    "a circle of each": ("X, y = [1], [1]\nX.append(X)\ny.append(y)", ""),
    "deep": ("X, y = [1], [1]\nfor _ in range(200):\n    X, y = [X], [y]", ""),
}  # fmt: skip

EXPORTED = """
class Thing:
    def __init__(self, part=None):
        self.part = part

def kept(a):
    return a
"""


@pytest.mark.parametrize("case", CASES)
def test_what_two_values_share(project: Handwritten, case: str) -> None:
    use, said = CASES[case]
    project.write("raw = 1", use, COMMENT, saves=("X", "y"), exported=EXPORTED)
    error = project.error()
    if not said:
        assert error == ""
        return
    assert said in error
    assert error.startswith("use: `X` and `y` share what can change")
    assert "cell 3: X, y = mylib.split(raw)" in error
