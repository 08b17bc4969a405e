"""Under which keys objects hold others, besides the names of attributes."""

from __future__ import annotations

# What an object holds under which key: attributes under their names, items under "[...]", elements of a tuple under
# their positions, and
ANY = "*"  # anywhere
KEPT = "*kept"  # of an instance: what a library base keeps in it, in attributes that the notebook does not assign to
KEYS = "*keys"  # as a key of a mapping
SOURCE = "*source"  # what an iterator takes from
FACTORY = "*factory"  # what a mapping calls for keys that it does not have; with a name: what makes a field of a class
RETURNED = "*returned"  # what a generator returns
OF_CLASS = "*class"  # the classes that an instance may be of
BASES = "*bases"  # of a class, in no order
BASE = "*base:"  # with a number: the one at that place
MEMBERS = "*members"  # of a class that a call made: those whose names are not known
KEYWORDS = "*keywords"  # of a class: metaclass=...
FIELD = "*field:"  # with a name: the default of a field, which the constructor of the class keeps, if it has one
EQUAL = "*equal"  # of a class: something says when two instances are equal
CACHED = "*cached"  # of an instance: what a property gave once
ATTACHED = "*attached"  # of a function: what it was given to call instead (``functools.singledispatch``)
SELF, FUNC = "self", "func"  # of a method: what it is bound to, and the function
DEFAULT, FREE = "default:", "free:"  # with a name: the default of a parameter; a variable around a lambda
CELL = "cell"  # of a function: the variables that it shares with others
LOST = "*lost"  # attributes that pickle leaves out: "12 name", given by statement 12
NAMED = "*named"  # variables that a formula names, as for LOST: it is evaluated again when it is loaded
FILE = "*file"  # of an open file: the path that it was opened with; a text of which nothing is known: any
LABELS = "*labels"  # what stands for the index and the columns of a frame
AMENDED = "*amended"  # what stands for the attributes that a class or function was given after it was made
