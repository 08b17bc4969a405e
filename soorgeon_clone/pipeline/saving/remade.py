"""Objects that their own library's pickle makes again as something else -> reductions that make them as they were.

sympy forgets the domain of a polynomial and what a wildcard excludes, scipy the parameters of a distribution, numpy
that a mask is hard, pandas the fold of a timestamp; and some of what is saved cannot be loaded. Who loads what is
written here needs the library alone.
"""

from __future__ import annotations

import copyreg
import functools
import importlib
import operator
import pickle
import sys
from collections.abc import Callable, Iterator
from typing import Any

# What pickle itself calls to make objects again; typeshed leaves them out.
_NEW = copyreg.__newobj_ex__  # type: ignore[attr-defined]
_RECONSTRUCT = copyreg._reconstructor  # type: ignore[attr-defined]

Hook = tuple[type, Callable[[Any], Any]]


def hooks() -> Iterator[Hook]:
    """Yield the kinds of objects, and what is to reduce them: see `copyreg`."""
    for module, name, reduce in _KINDS:
        kind = getattr(sys.modules.get(module), name, None)
        if isinstance(kind, type):
            yield kind, reduce
    generic: Any = getattr(sys.modules.get("scipy.stats._distn_infrastructure"), "rv_generic", ())
    for value in list(vars(sys.modules["scipy.stats"]).values()) if "scipy.stats" in sys.modules else ():
        if isinstance(value, generic):
            yield type(value), _distribution
    part = getattr(sys.modules.get("plotly.basedatatypes"), "BasePlotlyType", None)
    for kind in with_subclasses(part) if part is not None else ():
        yield kind, _part


def with_subclasses(kind: Any) -> Iterator[Any]:
    """Yield a class and all that are derived from it."""
    yield kind
    for each in kind.__subclasses__():
        yield from with_subclasses(each)


class _Module:
    """A module, by its name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __reduce__(self) -> Any:
        return importlib.import_module, (self._name,)


class _Plain:
    """An object as its class itself has it pickled."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __reduce__(self) -> Any:
        return self._value.__reduce__()


def _limits(limits: Any) -> Any:
    return type(limits), (limits.dtype,)


def masked(array: Any) -> Any:
    """Return how a masked array is made again, for `copyreg`: a hard mask stays hard, bytes in order."""
    if not array.dtype.isnative:
        fill_value = None if array._fill_value is None else array.fill_value
        made_with = array.data, array.mask, None, False, True, 0, fill_value, True, array.hardmask
        return type(array), made_with
    if not array.hardmask:
        return array.__reduce__()
    return sys.modules["numpy"].ma.MaskedArray.harden_mask, (_Plain(array),)


def _expression(expression: Any) -> Any:
    """A column of pandas that is still to be found answers for any attribute, also while it is loaded."""
    return type(expression), tuple(vars(expression).values())


def _timestamp(stamp: Any) -> Any:
    if not stamp.fold or stamp.tzinfo is not None:
        return stamp.__reduce__()
    return operator.methodcaller("replace", fold=1), (stamp.replace(fold=0),)


def _distribution(distribution: Any) -> Any:
    """One of scipy's own is that one wherever it is loaded; one with its own source of random numbers is a copy."""
    stats: Any = sys.modules["scipy.stats"]
    own: Any = getattr(stats, distribution.name or "", None)
    generator = getattr(sys.modules.get("numpy.random.mtrand"), "_rand", None)
    if own is not distribution or vars(distribution).get("_random_state") is not generator:
        return distribution.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
    return getattr, (_Module("scipy.stats"), distribution.name)


def _without_new(value: Any) -> Any:
    """What a class makes depends on what it is given, and pickle gives it nothing."""
    return _RECONSTRUCT, (type(value), object, None), vars(value)


def _wildcard(wildcard: Any) -> Any:
    _, assumptions = wildcard.__getnewargs_ex__()
    return _NEW, (type(wildcard), wildcard.__getnewargs__(), assumptions)


def _any_function(wildcard: Any) -> Any:
    kind: Any = type(wildcard)
    return functools.partial(kind, wildcard.name, nargs=wildcard.nargs), ()


def _polynomial(polynomial: Any) -> Any:
    kind: Any = type(polynomial)
    domain = polynomial.domain
    if kind(*polynomial.args).domain == domain:
        return polynomial.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
    return _NEW, (kind, polynomial.args, {"domain": _Domain(domain)})


def _basis(basis: Any) -> Any:
    options = {"domain": _Domain(basis.domain), "order": str(basis.order)}
    return _NEW, (type(basis), (basis.exprs, *basis.gens), options)


class _Domain:
    """A domain of coefficients, which sympy cannot pickle: the way to it, or its name, which says all but symbols."""

    def __init__(self, domain: Any) -> None:
        self._domain = domain

    def __reduce__(self) -> Any:
        domain = self._domain
        for is_so, method in ((domain.is_Poly, "poly_ring"), (domain.is_Frac, "frac_field")):
            if is_so:
                return operator.methodcaller(method, *domain.symbols), (_Domain(domain.domain),)
        return sys.modules["sympy.polys.polyoptions"].Domain.preprocess, (str(domain),)


def _part(part: Any) -> Any:
    """A trace or an axis of plotly that belongs to a figure is a part of that figure, also after loading."""
    owner = part._parent
    if owner is not None:
        for name in dict.fromkeys((part.plotly_name, "layout", "data")):
            held = getattr(owner, name, None)
            if held is part:
                return getattr, (owner, name)
            for number, each in enumerate(held if isinstance(held, tuple) else ()):
                if each is part:
                    return operator.getitem, (_Attribute(owner, name), number)
    return part.__reduce__()


class _Attribute:
    """What an object has under a name."""

    def __init__(self, owner: Any, name: str) -> None:
        self._owner, self._name = owner, name

    def __reduce__(self) -> Any:
        return getattr, (self._owner, self._name)


# Module and name of a kind, and what reduces its objects. Subclasses are not meant.
_KINDS: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ("numpy", "finfo", _limits),
    ("pandas", "Timestamp", _timestamp),
    ("pandas.core.col", "Expression", _expression),
    ("scipy.stats", "Normal", _without_new),
    ("sympy", "Wild", _wildcard),
    ("sympy", "WildFunction", _any_function),
    ("sympy", "Poly", _polynomial),
    ("sympy", "PurePoly", _polynomial),
    ("sympy", "GroebnerBasis", _basis),
)
