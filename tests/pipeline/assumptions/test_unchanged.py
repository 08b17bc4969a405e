"""Code that nobody has described changes what it is given: each change is seen before anything is published."""

from __future__ import annotations

import pytest

from .conftest import Handwritten

FRAME = """
import pandas as pd
raw = pd.DataFrame({"age": [1.0, 2.0, 31.0], "n": [1, 2, 3], "s": ["a", "b", "c"], "o": [[1], {2: 3}, None]})
"""
NESTED = 'raw = {"a": [1, {"b": (1, [2])}], "s": {1, 2}}'
THING = "from exported import Thing\nraw = Thing()"
CLASSES = """
class Thing:
    def __init__(self):
        self.size = 1
        self.me = self

class Liar(Thing):
    def __eq__(self, other):
        return True
    __hash__ = None

class Sulker(Thing):
    def __eq__(self, other):
        raise RuntimeError("no comparison")
    __hash__ = None

class Ghost(Thing):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return 7

class Fickle(Thing):
    def __reduce__(self):
        import random
        return (make, (self.size, random.SystemRandom().random()))

class Chatty(Thing):
    def __setstate__(self, state):
        print("loaded")
        self.__dict__.update(state)

def make(size, stamp):
    thing = Fickle()
    thing.size = size
    thing.stamp = stamp
    return thing

def kept(a, b=[1]):
    return a
"""

# what the second task has, what unknown code does to it, what is said of it
CHANGES = {
    "a column": (FRAME, 'raw.loc[2, "age"] = 30.5', '1 of 4 columns, first at raw["age"][2]: 31.0 -> 30.5'),
    "three columns": (
        FRAME,
        'raw.loc[1, ["age", "n"]] = 9; raw.loc[0, "s"] = "q"',
        '3 of 4 columns, first at raw["age"][1]: 2.0 -> 9.0',
    ),
    "a new column": (FRAME, 'raw["z"] = 1', 'raw["z"]: (nothing) -> a column'),
    "a column less": (FRAME, 'raw.pop("n")', 'raw["n"]: a column -> (nothing)'),
    "rows less": (FRAME, "raw.drop(index=0, inplace=True)", "3 labels -> 2 labels"),
    "dtype only": (FRAME, 'raw["n"] = raw["n"].astype("int32")', 'raw["n"].dtype: int64 -> int32'),
    "the index's name": (FRAME, 'raw.index.name = "id"', "raw.index.names[0]: None -> 'id'"),
    "attrs": (FRAME, 'raw.attrs["seen"] = True', 'raw.attrs["seen"]: (nothing) -> True'),
    "an attribute of a frame": (FRAME, 'import warnings\nwarnings.simplefilter("ignore")\nraw.note = [1]', "raw.note"),
    "an object in a column": (FRAME, 'raw["o"].iloc[0].append(2)', 'raw["o"][0]: [1] -> [1, 2]'),
    "one element": (
        "import numpy as np\nraw = np.arange(12.0).reshape(3, 4)", "raw[1, 2] = 9", "raw[1, 2]: 6.0 -> 9.0"
    ),
    "the sign of a zero": ("import numpy as np\nraw = np.zeros(3)", "raw[1] = -0.0", "raw[1]: 0.0 -> -0.0"),
    "a view": ("import numpy as np\nraw = np.zeros(9)[::2]", "raw[1:][0] = 1", "raw[1]: 0.0 -> 1.0"),
    "an array of objects": (
        "import numpy as np\nraw = np.array([[1], 'a', None], dtype=object)",
        "raw[0].append(2)",
        "raw[0]: [1] -> [1, 2]",
    ),
    "read-only": ("import numpy as np\nraw = np.zeros(3)", "raw.flags.writeable = False", ".writeable: True -> False"),
    "three levels deep": (NESTED, 'raw["a"][1]["b"][1].append(3)', 'raw["a"][1]["b"][1]: [2] -> [2, 3]'),
    "a set": (NESTED, 'raw["s"].add(9)', "without 9"),
    "the order of keys": (NESTED, 'raw["a"] = raw.pop("a")', "in another order"),
    "an attribute": (THING, "raw.size = 2", "raw.size: 1 -> 2"),
    "a new attribute": (THING, "raw.extra = 2", "raw.extra: (nothing) -> 2"),
    "an attribute less": (THING, "del raw.size", "raw.size: 1 -> (nothing)"),
    "what equals everything": (THING.replace("Thing", "Liar"), "raw.size = 2", "raw.size: 1 -> 2"),
    "what raises when compared": (THING.replace("Thing", "Sulker"), "raw.size = 2", "raw.size: 1 -> 2"),
    "what has every attribute": (THING.replace("Thing", "Ghost"), "raw.size = 2", "raw.size: 1 -> 2"),
    "what reduces otherwise each time": (THING.replace("Thing", "Fickle"), "raw.size = 2", ": 1 -> 2"),
    "what cannot be saved any more": (THING, "import threading\nraw.lock = threading.Lock()", "raw.lock: (nothing)"),
    "deep": (
        "raw = [1]\nfor _ in range(200):\n    raw = [raw]",
        "while isinstance(raw[0], list):\n    raw = raw[0]\nraw[0] = 2",
        "steps) ",
    ),
    "a circle": ("raw = [1]\nraw.append(raw)", "raw[1][1][0] = 2", "raw[0]: 1 -> 2"),
    "in a thread that ends after the cell": (
        "raw = [1]",
        "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.3), raw.append(2))).start()",
        "raw: [1] -> [1, 2]",
    ),
    "when something is deleted": (
        "raw = [1]",
        "class A:\n    def __del__(self, raw=raw):\n        raw.append(2)\na = A()\ndel a",
        "raw: [1] -> [1, 2]",
    ),
    "by a property": (
        "raw = [1]", "class A:\n    @property\n    def p(self):\n        raw.append(2)\nA().p", "raw: [1] -> [1, 2]"
    ),
    "by an operator": ("raw = [1]", "alias = raw\nalias += [2]", "raw: [1] -> [1, 2]"),
    "under another name": ("raw = [1]", "other = raw\nraw = None\nother.append(2)", "raw: [1] -> [1, 2]"),
    "a generator": (
        "import numpy as np\nraw = np.random.default_rng(0)", "raw.random()", '["state"]["state"]'
    ),
    "a sparse matrix": (
        "import numpy as np, scipy.sparse as sp\nraw = sp.csr_matrix(np.eye(3))",
        "raw.data[0] = 5",
        "raw.data[0]: 1.0 -> 5.0",
    ),
    "a fitted model": (
        "from sklearn.linear_model import LinearRegression\nraw = LinearRegression().fit([[0], [1]], [0, 1])",
        "raw.fit([[0], [1]], [0, 2])",
        "raw.coef_[0]: ",
    ),
    "a figure": (
        "import matplotlib.pyplot as plt\nraw = plt.figure()\nraw.add_subplot().plot([1, 2])",
        "raw.axes[0].set_title('x')",
        "drawn otherwise",
    ),
}  # fmt: skip

# what is looked at and left alone
QUIET = {
    "frame": (FRAME, "print(raw, raw.describe(), raw.index.is_unique, raw.groupby('s').size(), raw['age'].sum())"),
    "copy": (FRAME, "raw = raw.copy()\nraw['z'] = 1"),
    "let go": (FRAME, "del raw"),
    "what equals everything": (THING.replace("Thing", "Liar"), "raw == 1"),
    "what raises when compared": (THING.replace("Thing", "Sulker"), "print(raw.size)"),
    "what has every attribute": (THING.replace("Thing", "Ghost"), "raw.anything"),
    "what reduces otherwise each time": (THING.replace("Thing", "Fickle"), "raw.size"),
    "what speaks when loaded": (THING.replace("Thing", "Chatty"), "raw.size"),
    "a private cache": (THING, "raw._seen = {}"),
    "a circle": ("raw = [1]\nraw.append(raw)", "repr(raw)"),
    "nan": ("import numpy as np\nraw = {'a': float('nan'), 'b': np.array([np.nan])}", "raw['a'] + 1"),
    "a view": ("import numpy as np\nraw = np.zeros((4, 4))[:, ::2]", "raw.sum()"),
    "changed and put back": (NESTED, "raw['s'].add(9)\nraw['s'].discard(9)"),
    "a class of the notebook": (THING, "isinstance(raw, type(raw))"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_each_change_is_seen(project: Handwritten, case: str) -> None:
    made, change, said = CHANGES[case]
    project.write(made, change, exported=CLASSES)
    error = project.error()
    assert said in error
    assert error.startswith("use: `raw` was changed by this task")
    assert "cell 3: mylib.use(raw)" in error


@pytest.mark.parametrize("case", QUIET)
def test_no_false_alarm(project: Handwritten, case: str) -> None:
    made, use = QUIET[case]
    project.write(made, use, exported=CLASSES)
    assert project.error() == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("kept.calls = 1", "kept.calls: (nothing) -> 1"),
        ("kept.__defaults__[0].append(2)", "kept.__defaults__[0]: a list of 1 -> a list of 2"),
        ("kept(1)", ""),
        ("Thing.size = 5", ""),
    ],
)
def test_a_function_that_unknown_code_was_given(project: Handwritten, change: str, said: str) -> None:
    comment = "# soorgeon-clone: unchanged kept (cell 3: mylib.use(kept))"
    imports = "from exported import Thing, kept"
    project.write("raw = 1", change, comment, exported=CLASSES, imports=imports)
    assert said in project.error() if said else project.error() == ""


def test_a_class_that_unknown_code_was_given(project: Handwritten) -> None:
    comment = "# soorgeon-clone: unchanged Thing (cell 3: mylib.use(Thing))"
    project.write("raw = 1", "Thing.size = 5", comment, exported=CLASSES, imports="from exported import Thing")
    assert "Thing.size: (nothing) -> 5" in project.error()


def test_several_values_in_one_file(project: Handwritten) -> None:
    project.write("values = {'a': [1], 'b': [2]}", "a.append(2)", names=("values",), comments="a = values['a']\nb = values['b']\ndel values\n# soorgeon-clone: unchanged a, b (cell 3: f(a, b))")  # fmt: skip # noqa: E501
    error = project.error()
    assert "a: [1] -> [1, 2]" in error
    assert "`b`" not in error


def test_the_statements_that_can_have_done_it(project: Handwritten) -> None:
    comments = [f"# soorgeon-clone: unchanged raw (cell {cell}: mylib.{f}(raw))" for cell, f in ((3, "a"), (4, "b"))]
    project.write("raw = [1]", "raw.append(2)", "\n".join(comments))
    assert "by one of these statements:\n  cell 3: mylib.a(raw)\n  cell 4: mylib.b(raw)\n" in project.error()
