"""An attribute that changed -> whether that is a cache, which a mere look fills.

What was there and has another value is a change, and so is what is new and public. A `cached_property` that appeared
is none, nor is a private attribute that was missing or None. The rest is a table.
"""

from __future__ import annotations

from typing import Any

MISSING = object()

# Root package of a class -> attributes that its methods fill although nobody changes anything.
_TABLE: dict[str, frozenset[str]] = {
    "folium": frozenset({"_children"}),
    "branca": frozenset({"_children"}),
    "gensim": frozenset({"norms", "id2token"}),
    "networkx": frozenset({"adj", "edges", "nodes", "degree", "in_degree", "out_degree", "pred", "succ", "in_edges"}),
    "shap": frozenset({"expected_value"}),
    "statsmodels": frozenset({"_data_in_cache"}),
}


def is_cache(kind: type, name: str, was: Any, now: Any) -> bool:
    """Tell whether an attribute of a class's instance may go from ``was`` to ``now``; either may be `MISSING`."""
    if "cache" in name.lower():
        return True
    if name in _TABLE.get(kind.__module__.partition(".")[0], ()):
        return True
    if was is MISSING or was is None:
        return name.startswith("_") or _is_computed_once(kind, name)
    if now is MISSING:
        return _is_computed_once(kind, name)
    return False


def _is_computed_once(kind: type, name: str) -> bool:
    """Tell whether the class computes the attribute when it is first asked for, as functools.cached_property does."""
    for base in kind.__mro__:
        found = base.__dict__.get(name, MISSING)
        if found is not MISSING:
            return hasattr(type(found), "__get__") and not hasattr(type(found), "__set__") and not callable(found)
    return False
