"""An attribute that changed -> whether that is a cache, which a mere look fills.

What was there and has another value is a change, and so is what is new and public. A `cached_property` that appeared
is none, nor is a private attribute that was missing or None. The rest is a table.
"""

from __future__ import annotations

import functools
from typing import Any

from soorgeon_clone.pipeline.assumptions.differences.words import SCALARS

MISSING = object()

# Root package of a class -> attributes that its methods fill although nobody changes anything.
_TABLE: dict[str, frozenset[str]] = {
    # what is computed when it is first needed, and whether it has been
    "matplotlib": frozenset({"_isinit", "_invalid", "_lut", "_stale"}),
    "astropy": frozenset({"pprint_include_names", "pprint_exclude_names", "info", "_parameters"}),
    "plotnine": frozenset({"figure", "axs"}),
    "spacy": frozenset({"_meta"}),
    "uncertainties": frozenset({"_linear_part"}),
    "folium": frozenset({"_children"}),
    "branca": frozenset({"_children"}),
    "gensim": frozenset({"norms", "id2token"}),
    "networkx": frozenset({"adj", "edges", "nodes", "degree", "in_degree", "out_degree", "pred", "succ", "in_edges"}),
    "statsmodels": frozenset({"diagn", "predict_start", "predict_end", "predict_dates"}),
}
# Folder of a class -> places in the tuple that is its state: trims, leaves, splits, calls.
_COUNTERS: dict[str, frozenset[int]] = {"sklearn.neighbors": frozenset({7, 8, 9, 10})}
_STORES = frozenset({("spacy.vocab", "Vocab"), ("spacy.strings", "StringStore")})
_COUNTING = ("KDTree", "BallTree", "BinaryTree")


def is_cache(kind: type, name: str, was: Any, now: Any) -> bool:
    """Tell whether an attribute of a class's instance may go from ``was`` to ``now``; either may be `MISSING`."""
    if "cache" in name.lower() and (name.startswith("_") or type(was) not in SCALARS - {type(None)}):
        return True  # a public `cache=False` is an option
    if name in _TABLE.get(kind.__module__.partition(".")[0], ()):
        return True
    if was is MISSING or was is None:
        return name.startswith("_") or is_computed_once(kind, name)
    if now is MISSING:
        return is_computed_once(kind, name)
    return False


def is_store(kind: type) -> bool:
    """Tell whether objects of a class only ever grow, by what passes through them, and give the same for the same."""
    return (kind.__module__, kind.__name__) in _STORES


def is_counter(kind: type, number: int) -> bool:
    """Tell whether that part of the state tuple of a class counts how often it was asked."""
    return number in _COUNTERS.get(kind.__module__.rpartition(".")[0], ()) and kind.__name__.startswith(_COUNTING)


def is_computed_once(kind: type, name: str) -> bool:
    """Tell whether the class computes the attribute when it is first asked for, as functools.cached_property does."""
    for base in kind.__mro__:
        found = base.__dict__.get(name, MISSING)
        if found is not MISSING:
            if isinstance(found, functools.cached_property):
                return True
            return hasattr(type(found), "__get__") and not hasattr(type(found), "__set__") and not callable(found)
    return False
