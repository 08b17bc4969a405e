"""Types of abstract objects: those of what the notebook itself makes, and those of libraries that have parts here."""

from __future__ import annotations

LIB = "lib"  # a module or something in it, by path
FUNCTION = "function"  # a function, method or lambda of the notebook
CLASS = "class"  # a class of the notebook, or one that a call makes (namedtuple)
INSTANCE = "instance"  # of a notebook class
METHOD = "method"  # bound: fields[SELF], and either fields[FUNC] or the method's name; or `bound`
SUPER = "super"  # what ``super()`` gives
UNKNOWN = "?"
UNBOUND_TYPE = "unbound"
NAMELESS = "nameless"  # in `Heap.types`, for functions that no name of a module leads to: lambdas, those in functions
CODE_TYPES = (FUNCTION, CLASS, METHOD, INSTANCE)
SETS = frozenset({"builtins.set", "builtins.frozenset"})

FRAME = "pandas.DataFrame"
SERIES = "pandas.Series"
FRAMES = frozenset((FRAME, SERIES))
NDARRAY = "numpy.ndarray"
TABLES = "pandas."  # how the types of frames, series, indexes and all that shows parts of them begin
NUMBERS = (TABLES, "numpy.")  # and those of all that has its elements in memory of its own
CELL_OF_TABLE = "pandas._Cell"  # what stands for one that nobody knows
MAPPINGS = frozenset({"builtins.dict", "collections.OrderedDict", "collections.defaultdict", "collections.Counter"})
CONTAINERS = frozenset(
    f"builtins.{name}"
    for name in "list tuple set dict frozenset iterator generator dict_items dict_values dict_keys".split()
) | {"collections.deque", "collections.OrderedDict", "collections.defaultdict"}
ITERATORS = frozenset({"builtins.generator", "builtins.iterator", "builtins.coroutine"})
"""Those whose code runs when they are used."""
