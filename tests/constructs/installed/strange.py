"""A library that nobody has described: the analysis never sees it, the notebooks of `assumed.yaml` use it."""

import atexit
import copy
import os
import random
import threading
import warnings
from pathlib import Path

_kept = []
_count = 0
option = "plain"


# -- what is harmless


def total(values):
    return float(sum(values))


def copied(value):
    return copy.deepcopy(value)


def plot(*values):
    pass


class Model:
    def __init__(self, data=None):
        self.data = data
        self.fitted = False

    def fit(self, values, y=None):
        self.fitted = True
        self.mean = float(sum(values)) / len(values)
        return self

    def predict(self, values):
        return [value - self.mean for value in values]

    def summary(self):
        return f"Model(fitted={self.fitted})"

    def __repr__(self):
        return self.summary()


class Book:
    def __init__(self):
        self.pages = {}

    def page(self, name):
        def register(function):
            self.pages[name] = function
            return function

        return register

    def read(self, name, *values):
        return self.pages[name](*values)


class Table:
    def __init__(self, rows):
        self.rows = rows
        self.notes = ["new"]

    def best(self):
        return f"row {max(self.rows)}"

    def labels(self):
        return [f"row {row}" for row in self.rows]

    def own_notes(self):
        return self.notes

    def frame(self):
        return Table([*self.rows])

    def add(self, row):
        self.rows.append(row)

    def __len__(self):
        return len(self.rows)


def merged(table, more):
    return Table([*table.rows, len(more)])


def linked(table, notes):
    table.notes.append(notes)
    return len(table.notes)


# -- what changes what it is given


def balance_column(frame):
    frame.iloc[0, 0] = 99
    return 1


def new_column(frame):
    frame["new"] = 7
    return len(frame)


def first_element(array):
    array[0] = 99
    return 1


def deep_entry(tree):
    tree["a"]["b"]["c"] = 99
    return 1


def attribute(thing):
    thing.x = 99
    return 1


def index_name(frame):
    frame.index.name = "day"
    return 1


def attrs(frame):
    frame.attrs["by"] = "strange"
    return 1


def dtype_only(frame):
    frame["a"] = frame["a"].astype("float32")
    return 1


def in_thread(values):
    def later():
        values.append(99)

    thread = threading.Thread(target=later)
    thread.start()
    return thread.name[:0]


def mark(function):
    function.marked = True
    return 1


class Doubling:
    """Operators and properties that change what they were made of."""

    def __init__(self, values):
        self._values = values

    def __add__(self, other):
        self._values.append(other)
        return len(self._values)

    @property
    def size(self):
        self._values.append(0)
        return len(self._values)


def doubling(values):
    return Doubling(values)


class _Last:
    def __init__(self, values):
        self.values = values

    def __del__(self):
        self.values.append("gone")


def dies(values):
    _Last(values)
    return 1


def call(function, value):
    return function(value)


# -- what keeps, and gives back


def keep(value):
    _kept.append(value)
    return 1


def touch_kept():
    for value in _kept:
        value.append("touched")
    return len(_kept)


def given(value):
    return value


def view(array):
    return array[1:]


def part(tree):
    return tree["a"]


def wrapped(value):
    return {"inside": value}


def last_kept():
    return _kept[-1]


# -- what draws, sets and counts


def draw():
    return random.random() >= 0


def draw_numpy():
    import numpy

    return numpy.random.rand() >= 0


def set_seeds(number):
    import os

    import numpy

    os.environ["PYTHONHASHSEED"] = str(number)
    random.seed(number)
    numpy.random.seed(number)


def number():
    return random.random()


def set_seed_and_place(number, path):
    import os

    random.seed(number)
    os.environ["STRANGE"] = path


def reproducible(number):
    random.seed(number)
    return 1


def pandas_option():
    import pandas

    pandas.options.display.max_rows = 3
    return 1


def rc_param():
    import matplotlib

    matplotlib.rcParams["lines.linewidth"] = 9
    return 1


def numpy_print():
    import numpy

    numpy.set_printoptions(precision=2)
    return 1


def environment():
    os.environ["STRANGE"] = "yes"
    return 1


def directory():
    os.chdir("..")
    return 1


def no_warnings():
    warnings.simplefilter("ignore")
    return 1


def decimal_places():
    import decimal

    decimal.getcontext().prec = 3
    return 1


def set_option(value):
    global option
    option = value


def style(value):
    global option
    option = value
    return 1


def told():
    return option


def count():
    global _count
    _count += 1
    return _count


def at_end(values):
    atexit.register(values.clear)
    return 1


# -- what writes and reads files


def download(address="https://example.org/d.csv"):
    Path("d.csv").write_text("a\n1\n")
    return len(address)


def cleanup():
    Path("d.csv").write_text("a\n2\n")
    return 1


def save_all(number):
    Path("all.txt").write_text(str(number))
    return 1


def load_last():
    return int(Path("all.txt").read_text())


def export(path):
    Path(path).write_text("")
    return 1


def pair(a, b):
    return a, b
