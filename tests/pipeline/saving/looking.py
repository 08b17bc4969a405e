"""Two objects -> where what can be seen of them differs: attributes, items in their order, who is the same as whom."""

from __future__ import annotations

import functools
import re
import sys
import types
import warnings
import weakref
from collections.abc import Iterator
from typing import Any

_SCALARS = (type(None), bool, int, float, complex, str, bytes, type(Ellipsis), type(NotImplemented))
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")
_MOST, _DEEPEST = 1500, 5  # parts of one object, steps to one of them
_OWN_BUSINESS = {"_cache", "_mgr", "_flags", "_id", "_references", "_item_cache", "_metadata", "_typ", "ctypes", "T"}
_PROPERTIES = (property, types.GetSetDescriptorType, functools.cached_property)
_OPAQUE = ("matplotlib", "seaborn", "sympy", "xarray")  # inside other objects, and what these give, by their text

Parts = list[tuple[str, Any]]


def differences(one: Any, other: Any) -> Iterator[str]:
    """Yield in which parts two objects differ, in words."""
    here, there = _seen_of(one), _seen_of(other)
    for way in {**here, **there}:
        if here.get(way) != there.get(way):
            yield f"{way}: {here.get(way, 'nothing')} -> {there.get(way, 'nothing')}"[:300]


def text_of(value: Any) -> str:
    """Return the text of an object without addresses."""
    try:
        return _ADDRESS.sub("0x", repr(value))[:2000]
    except Exception as error:
        return f"no text: {type(error).__name__}"


def _seen_of(value: Any) -> dict[str, Any]:
    """Return what is seen of each part of an object, by the way to it."""
    found: dict[str, Any] = {}
    met: dict[int, tuple[str, Any]] = {}  # what is looked at is kept: another object could get its address
    waiting: list[tuple[str, Any, int]] = [("x", value, 0)]
    while waiting and len(found) < _MOST:
        way, one, depth = waiting.pop(0)
        if type(one) in _SCALARS:
            found[way] = (type(one).__name__, repr(one)[:300])
        elif isinstance(one, (type, types.ModuleType)):
            found[way] = getattr(one, "__qualname__", None) or one.__name__
        elif isinstance(one, weakref.ReferenceType):
            found[way] = ("weakref", one() is None)
        elif id(one) in met:
            found[way] = ("the same as", met[id(one)][0])
        else:
            met[id(one)] = way, one
            found[way], parts = _part(one, way, depth)
            met[id(parts)] = way, parts
            waiting += [(step, part, depth + 1) for step, part in parts if depth < _DEEPEST]
    return found


def _part(one: Any, way: str, depth: int) -> tuple[Any, Parts]:
    """Return what stands for an object itself, and its parts."""
    name = f"{type(one).__module__}.{type(one).__qualname__}"
    if depth and name.partition(".")[0] in _OPAQUE:
        return (name, text_of(one)), []
    if isinstance(one, types.FunctionType):
        parts = [(f"{way}.{key}", getattr(one, key)) for key in ("__defaults__", "__kwdefaults__", "__dict__")]
        cells = zip(one.__code__.co_freevars, one.__closure__ or (), strict=False)
        return (name, one.__qualname__, one.__code__.co_code), [*parts, *((f"{way}<{n}>", cell) for n, cell in cells)]
    if isinstance(one, (types.MethodType, types.BuiltinFunctionType, types.MethodWrapperType)):
        return (name, one.__name__), [(f"{way}.__self__", one.__self__)]
    for look in (_of_numpy, _of_pandas, _of_containers):
        seen = look(one, name, way, depth)
        if seen is not None:
            return seen
    return (name, text_of(one)), _attributes(one, way, depth)


def _of_numpy(one: Any, name: str, way: str, depth: int) -> tuple[Any, Parts] | None:
    numpy = sys.modules.get("numpy")
    if numpy is None or not isinstance(one, (numpy.ndarray, numpy.dtype, numpy.generic)):
        return None
    if not isinstance(one, numpy.ndarray):
        return (name, repr(one), str(getattr(one, "metadata", ""))), []
    flags, is_of_objects = one.flags, one.dtype.hasobject
    steps = tuple(numpy.sign(one.strides).tolist()) if one.size > 1 else ()
    order = flags.c_contiguous, flags.f_contiguous, flags.writeable
    said = (name, repr(one.dtype), str(one.dtype.metadata), one.shape, steps, order)
    parts = [(f"{way}[{n}]", part) for n, part in enumerate(one.ravel().tolist()[:50])] if is_of_objects else []
    if type(one) is not numpy.ndarray:
        wanted = ("fill_value", "hardmask", "mask", "filename", "mode")
        parts += [(f"{way}.{key}", getattr(one, key)) for key in wanted if hasattr(one, key)]
        parts += [(f"{way}.{key}", part) for key, part in vars(one).items() if not key.startswith("_")]
    return (*said, None if is_of_objects else one.tobytes()), parts


def _of_pandas(one: Any, name: str, way: str, depth: int) -> tuple[Any, Parts] | None:
    pandas = sys.modules.get("pandas")
    if pandas is None or not hasattr(pandas, "DataFrame"):
        return None
    types_ = pandas.api.extensions
    own = vars(one) if hasattr(one, "__dict__") else {}
    if isinstance(one, (pandas.DataFrame, pandas.Series)):
        order = getattr(getattr(one.values, "flags", None), "f_contiguous", None)
        said = (repr(one.dtypes), one.flags.allows_duplicate_labels, one._mgr.nblocks, order)
        seen = {key: part for key, part in own.items() if part is not getattr(type(one), key, own)}  # not its class's
        parts = [(f"{way}.{key}", part) for key, part in seen.items() if key not in _OWN_BUSINESS]
        parts += [(f"{way}.{key}", getattr(one, key)) for key in ("index", "columns", "attrs") if hasattr(one, key)]
    elif isinstance(one, (pandas.Index, types_.ExtensionArray, types_.ExtensionDtype)):
        said = (repr(getattr(one, "dtype", "")), repr(getattr(one, "freq", "")), repr(getattr(one, "names", "")))
        parts = [(f"{way}.{key}", part) for key, part in own.items() if not key.startswith("_")]
    else:
        return None
    return (name, repr(one), *said), parts


def _of_containers(one: Any, name: str, way: str, depth: int) -> tuple[Any, Parts] | None:
    if not isinstance(one, (dict, list, tuple, set, frozenset)):
        return None
    parts = _attributes(one, way, depth)
    if isinstance(one, dict):
        items = list(one.items())[:300]
        parts += [(f"{way}[{text_of(key)[:60]}]", part) for key, part in items]
        parts += [(f"{way}.keys[{n}]", key) for n, (key, _) in enumerate(items)]
    else:
        parts += [(f"{way}[{n}]", part) for n, part in enumerate(list(one)[:300])]
    return (name, len(one)), parts


def _attributes(one: Any, way: str, depth: int) -> Parts:
    """Return what an object holds under names, and what its public properties give."""
    found: dict[str, Any] = {}
    own = getattr(one, "__dict__", None)
    if isinstance(own, dict):
        found.update(sorted(own.items(), key=lambda item: str(item[0])))
    bases = (base for base in type(one).__mro__ if base not in (object, dict, list, tuple, set, frozenset))
    for base in bases:
        for name, descriptor in sorted(vars(base).items()):
            is_slot = isinstance(descriptor, types.MemberDescriptorType)
            is_property = isinstance(descriptor, _PROPERTIES) and depth < 2 and not name.startswith("_")
            if name in found or name.startswith("__") or name in _OWN_BUSINESS or not (is_slot or is_property):
                continue
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    found[name] = getattr(one, name)
            except Exception as error:
                found[name] = f"!{type(error).__name__}: {text_of(error)[:80]}"
    return [
        (f"{way}.{name}", part)
        for name, part in found.items()
        if name not in _OWN_BUSINESS and not isinstance(part, types.MethodType)
    ]
