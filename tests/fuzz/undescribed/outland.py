"""A library that nobody has described. Its functions do, under names that tell nothing, whatever a library could do."""

from __future__ import annotations

import decimal
import functools
import os
import random
import threading
from pathlib import Path

import numpy as np
import pandas as pd

_calls = 0
_kept: list[object] = []
_own = random.Random(5)
_hooks: list[object] = []
_made: dict[int, list[int]] = {}
_table: dict[int, int] | None = None
scale = 1
options = {"scale": 1}


# -- that look ------------------------------------------------------------------------------------------------------


def size(thing):
    """Return how many elements or attributes there are."""
    return len(thing) if hasattr(thing, "__len__") else len(vars(thing))


def text(thing):
    """Return what is in ``thing`` as a text of a few letters."""
    return repr(list(thing) if hasattr(thing, "__iter__") else sorted(vars(thing)))[:20]


def fresh(thing):
    """Return a new list of as many numbers as there are elements."""
    return [scale * number for number in range(size(thing))]


def both(one, other):
    """Return the sizes of two things."""
    return [size(one), size(other)]


# -- that change what they are given --------------------------------------------------------------------------------


def _change(thing, number=1):
    if isinstance(thing, np.ndarray):
        if thing.size:
            thing.flat[0] += number
    elif isinstance(thing, list):
        inner = thing[0] if thing else None
        if isinstance(inner, list):
            inner.append(number)
        elif thing:
            thing[0] = number if not isinstance(inner, int) else inner + number
    elif isinstance(thing, dict):
        inner = next(iter(thing.values()), None)
        if isinstance(inner, list):
            inner.append(number)
        else:
            thing["o"] = number
    elif isinstance(thing, pd.DataFrame):
        thing[thing.columns[0]] = thing[thing.columns[0]] + number
    elif hasattr(thing, "n"):
        thing.n += number


def score(thing):
    """Change one element, and return the size."""
    _change(thing)
    return size(thing)


def second(one, other):
    """Change the second argument, and return the size of the first."""
    _change(other, 3)
    return size(one)


def threaded(thing):
    """Change one element in a thread that ends before the call does."""
    thread = threading.Thread(target=_change, args=(thing, 2))
    thread.start()
    thread.join()
    return size(thing)


def dropped(thing):
    """Change one element when an object goes, and return the size before."""
    before = size(thing)
    _Going(thing)
    return before


class _Going:
    def __init__(self, thing):
        self.thing = thing

    def __del__(self):
        _change(self.thing, 5)


def deep(thing):
    """Change what is not at the top: an inner list, an attribute, a label, a note; return the size."""
    if isinstance(thing, list) and thing and isinstance(thing[-1], list):
        thing[-1].append(7)
    elif isinstance(thing, np.ndarray) and thing.size > 1:
        thing[-1] = thing[0]
    elif isinstance(thing, pd.DataFrame):
        thing.attrs["by"] = "outland"
        thing.index.name = "row"
    elif hasattr(thing, "__dict__"):
        thing.extra = len(vars(thing))
    return size(thing)


def order(thing):
    """Change nothing but the order of what is there, and return the size."""
    if isinstance(thing, list):
        thing.reverse()
    elif isinstance(thing, dict) and thing:
        key = next(iter(thing))
        thing[key] = thing.pop(key)
    return size(thing)


def narrow(frame):
    """Change the dtype of a column, and return the size."""
    frame[frame.columns[0]] = frame[frame.columns[0]].astype("float32")
    return size(frame)


def apply(function, thing):
    """Call the function with each number that there is."""
    return [function(number) for number in thing if isinstance(number, int)][:3]


# -- that keep it for later -----------------------------------------------------------------------------------------


def note(thing):
    """Keep ``thing``."""
    _kept[:] = [thing]
    return size(thing)


def poke(number):
    """Change what was kept before."""
    for thing in _kept:
        _change(thing, number)
    return number + 1


def memo(number):
    """Return a list that is made once for each number."""
    if number not in _made:
        _made[number] = [number]
    return _made[number]


def table():
    """Return how many entries there are in a table that is made when it is first needed."""
    global _table
    if _table is None:
        _table = {n: n * n for n in range(5)}
    return len(_table)


@functools.lru_cache
def square(number):
    """Return a number that is kept."""
    return number * number


def last():
    """Return the size of what was kept before."""
    return size(_kept[0]) if _kept else 0


# -- that give back what they were given, or parts of it ------------------------------------------------------------


def same(thing):
    """Return ``thing``."""
    return thing


def window(thing):
    """Return the first two elements; of an array, a view."""
    return thing[:2]


def row(thing):
    """Return the elements but the first; of an array, a view."""
    return thing[1:]


def flat(thing):
    """Return the elements of an array as they lie in memory."""
    return thing.reshape(-1) if hasattr(thing, "reshape") else thing


def piece(things):
    """Return the first of several lists."""
    return things[0] if things else []


def pair(one, other):
    """Return a list of two lists."""
    return [one, other]


# -- with a state of their own --------------------------------------------------------------------------------------


def tick():
    """Return how often this was called."""
    global _calls
    _calls += 1
    return _calls


def own():
    """Return a random number of a generator that only this library has."""
    return _own.randrange(100)


def rescale(number):
    """Return a number; others are scaled by it from now on."""
    global scale
    scale = number
    return number


def option(number):
    """Return the number that was set before."""
    before, options["scale"] = options["scale"], number
    return before


def hook(function):
    """Note a function, and return it."""
    _hooks.append(function)
    return function


def hooks():
    """Return how many functions were noted."""
    return len(_hooks)


# -- that draw, set and write ---------------------------------------------------------------------------------------


def draw():
    """Return a random number of Python's generator."""
    return random.randrange(100)


def sample():
    """Return a random number of numpy's generator."""
    return int(np.random.randint(100))


def style(number):
    """Print arrays with so many digits."""
    np.set_printoptions(precision=number)
    return number


def digits(number):
    """Show numbers of frames with so many digits."""
    pd.set_option("display.precision", number % 5 + 1)
    return number


def places(number):
    """Compute decimal numbers with so many digits."""
    decimal.getcontext().prec = number % 7 + 2
    return number


def third():
    """Return a third as a text, as many digits as are computed."""
    return str(decimal.Decimal(1) / 3)


def errors(number):
    """Let numpy raise or not where a number is divided by zero."""
    np.seterr(divide="raise" if number % 2 else "ignore")
    return number


def errs():
    """Return what numpy does where a number is divided by zero."""
    return np.geterr()["divide"]


def label(number):
    """Set an environment variable."""
    os.environ["OUTLAND"] = str(number)
    return number


def labelled():
    """Return what the environment variable is."""
    return int(os.environ.get("OUTLAND", "0"))


def dump(number):
    """Write a file."""
    Path("outland.txt").write_text(str(number), encoding="utf-8")
    return number


def stored():
    """Return what is in the file."""
    path = Path("outland.txt")
    return int(path.read_text(encoding="utf-8")) if path.exists() else 0


class Odd:
    """A thing whose methods do not do what they should."""

    def __init__(self, thing):
        self.things = [thing, self]
        self.n = 0

    def __eq__(self, other):
        raise ValueError("not comparable")

    __hash__ = None

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return 7

    def __reduce__(self):
        return _odd, (self.things[0], self.n)

    def touch(self):
        """Change what it holds, and count."""
        self.n += 1
        return score(self.things[0])

    def look(self):
        """Return a text."""
        return f"{self.n} {text(self.things[0])} {self.whatever}"

    def give(self):
        """Return what it holds."""
        return self.things[0]


def _odd(thing, n):
    made = Odd(thing)
    made.n = n
    return made


class Box:
    """A thing that holds another."""

    made = 0

    def __init__(self, thing):
        Box.made += 1
        self.thing = thing
        self.n = 0

    @property
    def value(self):
        """How often this was asked."""
        self.n += 1
        return self.n

    @property
    def length(self):
        """How many elements there are."""
        return size(self.thing)

    def __add__(self, number):
        _change(self.thing, number)
        return number

    def __len__(self):
        return size(self.thing)

    def give(self):
        """Return what it holds."""
        return self.thing

    def look(self):
        """Return a text."""
        return text(self.thing)

    def touch(self):
        """Change what it holds, and return the size."""
        return score(self.thing)
