"""A library that nobody has described. Its functions do, under names that tell nothing, whatever a library could do."""

from __future__ import annotations

import os
import random
import threading
from pathlib import Path

import numpy as np

_calls = 0
_kept: list[object] = []
_own = random.Random(5)
_hooks: list[object] = []
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
    elif hasattr(thing, "iloc"):
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
