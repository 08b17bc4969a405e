"""An object -> what it holds, what its content is, whose memory it shows: all in a form that can be compared."""

from __future__ import annotations

import collections
import contextlib
import functools
import io
import sys
import types
from typing import Any

ATOMS = (str, bytes, int, float, complex, bool, type(None), type, types.ModuleType, types.CodeType, range, slice)


def parts(obj: Any) -> list[Any]:
    """Return what an object directly holds, as Python sees it: not the memory of arrays."""
    name = type(obj).__module__.partition(".")[0]
    if isinstance(obj, ATOMS):
        return []
    if isinstance(obj, (list, tuple, set, frozenset, collections.deque)):
        return list(obj) + list(getattr(obj, "__dict__", {}).values())
    if isinstance(obj, dict):
        return [
            *obj.keys(),
            *obj.values(),
            *getattr(obj, "__dict__", {}).values(),
            getattr(obj, "default_factory", None),
        ]
    if name == "numpy":
        return list(obj.flat) if getattr(obj, "dtype", None) is not None and obj.dtype == object and obj.size else []
    if name == "pandas" and hasattr(obj, "to_numpy"):
        if type(obj).__name__ == "DataFrame":
            return [p for i in range(obj.shape[1]) for p in parts(obj.iloc[:, i])]
        return list(obj) if obj.dtype == object else []
    if isinstance(obj, types.FunctionType) and obj.__code__.co_name == "watched":
        return [obj.__wrapped__]  # type: ignore[attr-defined]
    if isinstance(obj, types.FunctionType):
        cells = [c.cell_contents for c in obj.__closure__ or () if c is not None]
        return [*cells, *(obj.__defaults__ or ()), *obj.__dict__.values()]
    if isinstance(obj, types.MethodType):
        return [obj.__self__]
    if isinstance(obj, functools.partial):
        return [obj.func, *obj.args, *obj.keywords.values()]
    found = list(getattr(obj, "__dict__", {}).values()) if isinstance(getattr(obj, "__dict__", None), dict) else []
    for cls in type(obj).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            with contextlib.suppress(Exception):
                found.append(object.__getattribute__(obj, slot))
    if not found and not isinstance(obj, types.BuiltinFunctionType):
        import gc

        found = gc.get_referents(obj)
    return found


def reach(obj: Any, limit: int = 1500) -> dict[int, Any]:
    """Return all objects that can be reached from ``obj``, by id (kept alive by being in it)."""
    seen: dict[int, Any] = {}
    stack = [obj]
    while stack and len(seen) < limit:
        one = stack.pop()
        if id(one) in seen or isinstance(one, ATOMS):
            continue
        seen[id(one)] = one
        with contextlib.suppress(Exception):
            stack.extend(parts(one))
    return seen


def is_mutable(obj: Any) -> bool:
    if isinstance(obj, (*ATOMS, types.FunctionType, types.BuiltinFunctionType, frozenset)):
        return False
    module = type(obj).__module__
    if isinstance(obj, tuple):
        return any(is_mutable(part) for part in obj)
    name = type(obj).__name__
    if name == "RandomState" and obj is sys.modules["numpy"].random.mtrand._rand:
        return False
    if module.startswith("numpy") and name != "ndarray" and hasattr(obj, "dtype") and not hasattr(obj, "__setitem__"):
        return False
    if module.startswith("pandas") and (
        name.endswith("Index") or name in {"Timestamp", "Timedelta", "Period", "Interval", "NAType"}
    ):
        return False
    return module not in {"datetime", "decimal", "fractions", "pathlib", "re", "uuid", "_sre", "types"} and not (
        name.endswith(("dtype", "Dtype", "DType")) or "dtype" in module
    )


def arrays(obj: Any) -> list[Any]:
    """Return the numpy arrays whose memory an object shows."""
    module = type(obj).__module__.partition(".")[0]
    if type(obj).__name__ == "ndarray" or (module == "numpy" and hasattr(obj, "__array_interface__") and obj.shape):
        return [obj]
    if module == "torch" and hasattr(obj, "detach"):
        return [obj.detach().numpy()]
    if module == "pandas" and hasattr(obj, "_mgr"):
        return [b.values for b in obj._mgr.blocks if type(b.values).__name__ == "ndarray"]
    if module == "scipy" and hasattr(obj, "data") and type(obj.data).__name__ == "ndarray":
        return [obj.data]
    if isinstance(obj, (list, tuple)):
        return [a for part in obj[:20] for a in arrays(part)]
    return []


def digest(obj: Any, memo: dict[int, Any] | None = None, depth: int = 0) -> Any:
    """Return the content of an object in a form that can be compared."""
    memo = {} if memo is None else memo
    if isinstance(obj, ATOMS):
        return repr(obj)
    if id(obj) in memo or depth > 12:
        return "again"
    memo[id(obj)] = obj  # kept, so that no other object gets its id
    module, name = type(obj).__module__.partition(".")[0], type(obj).__name__
    inner = functools.partial(digest, memo=memo, depth=depth + 1)
    if isinstance(obj, (list, tuple, collections.deque)):
        return (name, tuple(inner(x) for x in obj))
    if isinstance(obj, dict):
        return (name, tuple((inner(k), inner(v)) for k, v in list(obj.items())))
    if isinstance(obj, (set, frozenset)):
        return (name, tuple(sorted(repr(inner(x)) for x in obj)))
    if module == "numpy" and hasattr(obj, "dtype"):
        return (name, str(obj.dtype), obj.shape, repr(obj.tolist()))
    if module == "numpy" and name in {"Generator", "PCG64"}:
        return repr(getattr(obj, "bit_generator", obj).state)
    if module == "numpy" and name == "RandomState":
        if obj is getattr(sys.modules["numpy"].random.mtrand, "_rand", None):
            return "the ambient one"
        return repr(obj.get_state())
    if module == "pandas" and hasattr(obj, "_mgr"):
        columns = [obj] if obj.ndim == 1 else [obj.iloc[:, i] for i in range(obj.shape[1])]
        return (name, repr(list(obj.index)), repr(obj.index.names), repr(getattr(obj, "columns", obj.ndim)),
                tuple((str(c.dtype), inner(list(c))) for c in columns), repr(obj.attrs))  # fmt: skip
    if module == "pandas" and name.endswith("Indexer"):
        return (name, inner(obj.obj))
    if module == "pandas" and hasattr(obj, "to_numpy") and hasattr(obj, "__iter__"):
        return (name, repr(list(obj)), repr(getattr(obj, "name", None)))
    if module == "polars":
        return (name, repr(obj.to_dict(as_series=False)) if name == "DataFrame" else repr(obj))
    if module == "dask" and hasattr(obj, "__dask_tokenize__"):  # a plan keeps what it worked out
        return (name, repr(obj.__dask_tokenize__()))
    if module == "xarray" and hasattr(obj, "to_dict"):  # empty parts are made when they are looked at
        return (name, inner(obj.to_dict()))
    if module == "xarray" and hasattr(obj, "groupers"):  # it keeps what it worked out
        return (name, repr(obj))
    if module == "requests" and name == "Response":  # it notes what it worked out
        return (name, obj.status_code, inner(obj._content), inner(dict(obj.headers)))
    if module == "torch" and hasattr(obj, "detach"):
        return (name, repr(obj.detach().tolist()), repr(obj.grad), obj.requires_grad)
    if module == "scipy" and hasattr(obj, "toarray"):
        return (name, repr(obj.toarray().tolist()))
    if module == "networkx" and hasattr(obj, "adjacency"):
        return (name, inner(dict(obj.nodes(data=True))), inner(list(obj.edges(data=True))), inner(obj.graph))
    if module == "arch":
        return (name, *(inner(vars(obj).get(k)) for k in ("_y", "_volatility", "_distribution") if k in vars(obj)))
    if module == "statsmodels":  # they note all sorts of things when they are looked at
        kept = ("params", "endog", "exog", "weights", "scale", "data", "fixed_params", "tables", "extra_txt", "names")
        return (name, *(inner(vars(obj).get(k)) for k in kept if k in vars(obj)))
    if module in {"matplotlib", "mpl_toolkits"}:
        return _artist(obj)
    if isinstance(obj, (types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
        return (name, obj.__qualname__)
    if isinstance(obj, io.IOBase):
        with contextlib.suppress(OSError, ValueError):
            return (name, obj.closed, obj.tell(), _content(obj))
        return (name, obj.closed)
    if hasattr(obj, "getstate") and module == "random":
        return repr(obj.getstate())
    state = {k: v for k, v in vars(obj).items() if "cache" not in k} if hasattr(obj, "__dict__") else {}
    if not state:
        with contextlib.suppress(Exception):
            return (name, inner(obj.__reduce_ex__(2)[1:3]))
        return (name, repr(obj) if " at 0x" not in repr(obj) else "")
    return (name, inner(state))


def _content(file: Any) -> str:
    return repr(file.getvalue()) if hasattr(file, "getvalue") and not file.closed else ""


LOOKS = (
    *("get_visible", "get_alpha", "get_color", "get_linewidth", "get_text", "get_xydata", "get_offsets", "get_array"),
    *("get_xlim", "get_ylim", "get_xscale", "get_yscale", "get_label", "get_clim", "get_facecolor", "get_size_inches"),
    *(
        "get_gid",
        "get_clip_on",
        "get_width",
        "get_height",
        "get_xy",
        "get_ticklocs",
        "get_tick_params",
        "get_rasterized",
    ),
    *("get_axis_on", "get_aspect", "get_position"),
)


def _artist(obj: Any) -> Any:
    """Return how everything in the figure looks (pickles of artists differ after mere looking)."""
    figure = getattr(obj, "figure", None) or obj
    stack, seen, found = [figure, obj], set(), []
    while stack:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        looks: list[str] = [type(one).__name__]
        for name in LOOKS:
            with contextlib.suppress(Exception):
                looks.append(repr(getattr(one, name)()))
        looks += [repr(v) for k, v in sorted(getattr(one, "__dict__", {}).items()) if isinstance(v, (str, int, float))]
        found.append(looks if hasattr(one, "get_visible") else repr(vars(one)) if hasattr(one, "__dict__") else "")
        with contextlib.suppress(Exception):
            stack += one.get_children() if not hasattr(one, "get_major_ticks") else []
    return repr(found)
