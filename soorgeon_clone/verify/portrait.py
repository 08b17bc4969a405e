"""Variables of a running task -> portraits: plain values that can be compared where the notebook's classes are unknown.

Runs inside the processes of the notebook and of the tasks, so it imports nothing but the standard library, prints
nothing and leaves no name behind. A portrait is a scalar as it is, or a tuple that begins with a word:

    ("list" | "tuple" | "deque" | "set", type, (node, ...))    ("dict", type, ((key, node), ...))
    ("array", type, dtype, shape, bytes | digest)    ("array of objects", type, shape, (node, ...))
    ("frame", type, index, columns, ((name, column), ...), attributes)    ("series", type, name, index, column)
    ("column", dtype, categories, node)    ("object", type, state)
    ("parts", node, {number: node})    ("same as", number of a part that was met before)
    ("name", type, qualified name): modules, classes    ("opaque", type): what has no content that could be compared
    ("long", type, digest, beginning): a long text
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import pickle
import sys
import sysconfig
import types
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from soorgeon_clone.verify.model import Node

LARGE = 100_000_000  # bytes: of a larger array only a digest is kept, so it is compared exactly
LONG = 200_000
MOST_NODES = 400_000
DEEPEST = 200

_SCALARS = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis), type(NotImplemented))
_SHORT = {bool, int, float, complex, type(None)}
_OPAQUE_MODULES = ("matplotlib", "mpl_toolkits", "IPython", "ipywidgets", "logging", "threading", "_thread", "weakref")
_OPAQUE_PREFIXES = tuple(f"{module}." for module in _OPAQUE_MODULES)


def take(path: str, parts: Sequence[tuple[str, str, Sequence[str]]]) -> None:
    """Write portraits of variables (name, expression, imports that it needs) to ``path``; absent ones are left out.

    Never raises: what goes wrong becomes an opaque portrait, and a file that cannot be written is not there.
    """
    with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
        namespace = _namespace()
        portraits = {}
        for name, expression, imports in parts:
            found, value = _value(namespace, expression, imports)
            if found:
                portraits[name] = portrait(value)
        aside = f"{path}.part"
        with open(aside, "wb") as file:  # noqa: PTH123
            asked = [name for name, _, _ in parts]
            data = {"portraits": portraits, "asked": asked, "names": sorted(map(str, namespace))}
            pickle.dump(data, file, protocol=5)
        os.replace(aside, path)  # noqa: PTH105


def _namespace() -> Mapping[str, Any]:
    shell = getattr(sys.modules.get("IPython.core.interactiveshell"), "InteractiveShell", None)
    if shell is not None and shell.initialized():
        namespace: Mapping[str, Any] = shell.instance().user_ns
        return namespace
    return vars(sys.modules["__main__"])


def _value(namespace: Mapping[str, Any], expression: str, imports: Sequence[str]) -> tuple[bool, Any]:
    if expression.isidentifier():
        return expression in namespace, namespace.get(expression)
    scratch: dict[str, Any] = {}
    for statement in imports:
        exec(statement, scratch)
    return True, eval(expression, scratch)


def portrait(value: object) -> Node:
    """Return the portrait of a value; if parts of it are met again, with those beside it."""
    painter = _Painter()
    node = painter.paint(value, 0)
    if not painter.met_again:
        return node
    return ("parts", node, {number: painter.nodes_by_number[number] for number in sorted(painter.met_again)})


class _Painter:
    """Paints one variable. Parts that are met again are referred to, so cycles end."""

    def __init__(self) -> None:
        self.seen: dict[int, int] = {}
        self.kept: list[object] = []  # so that no other object gets the address of one that is gone
        self.nodes = 0
        self.met_again: set[int] = set()
        self.nodes_by_number: dict[int, Node] = {}

    def paint(self, value: object, depth: int) -> Node:
        self.nodes += 1
        kind = type(value)
        if kind in (str, bytes) and len(value) > LONG:  # type: ignore[arg-type]
            data = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
            return ("long", kind.__name__, hashlib.sha256(data).hexdigest(), str(value)[:200])
        if kind in _SCALARS:
            return value if kind is not type(Ellipsis) and kind is not type(NotImplemented) else ("opaque", str(value))
        if depth > DEEPEST or self.nodes > MOST_NODES:
            return ("opaque", f"{name_of(kind)}, not looked into")
        number = self.seen.get(id(value))
        if number is not None:
            self.met_again.add(number)
            return ("same as", number)
        number = self.seen[id(value)] = len(self.kept)
        self.kept.append(value)
        try:
            node = self._content(value, kind, depth + 1)
        except Exception as error:
            node = ("opaque", f"{name_of(kind)} ({type(error).__name__})")
        self.nodes_by_number[number] = node
        return node

    def _content(self, value: Any, kind: type, depth: int) -> Node:
        if kind in (list, tuple) or (kind.__module__ == "collections" and kind.__name__ == "deque"):
            return (kind.__name__, name_of(kind), self._all(value, depth))
        if kind is dict:
            return ("dict", "dict", tuple((self.paint(k, depth), self.paint(v, depth)) for k, v in value.items()))
        if kind in (set, frozenset):
            return ("set", kind.__name__, tuple(sorted(self._all(value, depth), key=repr)))
        if isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType)):
            return self._definition(value, kind, depth)
        if isinstance(value, types.MethodType):
            return ("object", f"method {value.__name__}", self.paint(value.__self__, depth))
        if is_opaque(kind):
            return ("opaque", name_of(kind))
        for family in (self._numpy, self._pandas, self._tensor):
            node = family(value, kind, depth)
            if node is not None:
                return node
        return self._reduced(value, kind, depth)

    def _all(self, values: Collection[object], depth: int) -> tuple[Node, ...]:
        if len(values) > 50 and set(map(type, values)) <= _SHORT:
            return tuple(values)
        return tuple(self.paint(value, depth) for value in values)

    def _definition(self, value: Any, kind: type, depth: int) -> Node:
        name = getattr(value, "__qualname__", None) or getattr(value, "__name__", "")
        if not isinstance(value, types.FunctionType):
            return ("name", kind.__name__, str(name))
        held = {
            "defaults": value.__defaults__,
            "keyword defaults": value.__kwdefaults__,
            "attributes": value.__dict__ or None,
            "closure": tuple(_cell(cell) for cell in value.__closure__ or ()) or None,
        }
        return ("object", f"function {name}", self.paint({k: v for k, v in held.items() if v}, depth))

    # -- families of libraries ---------------------------------------------------------------------------------

    def _numpy(self, value: Any, kind: type, depth: int) -> Node | None:
        numpy = sys.modules.get("numpy")
        if numpy is None or not hasattr(numpy, "ndarray"):
            return None
        if isinstance(value, numpy.generic) and not isinstance(value, numpy.void):
            plain = value.item()
            return ("object", name_of(kind), plain if type(plain) in _SCALARS else str(value))
        if not isinstance(value, numpy.ndarray):
            return None
        if numpy.ma.isMaskedArray(value):
            return _group(
                kind, self.paint(numpy.ma.getdata(value), depth), self.paint(numpy.ma.getmaskarray(value), depth)
            )
        if value.dtype.names is not None:  # field by field: between them may be bytes that nobody has set
            return _group(kind, *(self.paint(value[name], depth) for name in value.dtype.names))
        if value.dtype.hasobject:
            return ("array of objects", name_of(kind), value.shape, self._all(value.ravel().tolist(), depth))
        data = numpy.ascontiguousarray(value).tobytes()
        if len(data) > LARGE:
            data = hashlib.sha256(data).hexdigest()
        return ("array", name_of(kind), value.dtype.str, value.shape, data)

    def _pandas(self, value: Any, kind: type, depth: int) -> Node | None:
        pandas = sys.modules.get("pandas")
        if pandas is None or not hasattr(pandas, "DataFrame"):
            return None
        if isinstance(value, pandas.DataFrame):
            columns = tuple(
                (self.paint(name, depth), self._column(value.iloc[:, number], depth))
                for number, name in enumerate(value.columns)
            )
            extra = self.paint(value.attrs or None, depth)
            return (
                "frame",
                name_of(kind),
                self.paint(value.index, depth),
                self.paint(value.columns, depth),
                columns,
                extra,
            )
        if isinstance(value, pandas.Series):
            return (
                "series",
                name_of(kind),
                self.paint(value.name, depth),
                self.paint(value.index, depth),
                self._column(value, depth),
            )
        if isinstance(value, pandas.Index):
            names = self.paint(list(value.names), depth)
            if isinstance(value, pandas.MultiIndex):
                return _group(kind, names, ("tuple", "", self._all(value.tolist(), depth)))
            return _group(kind, names, str(getattr(value, "freq", None)), self._column(value.to_series(), depth))
        return None

    def _column(self, series: Any, depth: int) -> Node:
        """Values with their dtype; categories, time zones and missing values included."""
        dtype = series.dtype
        name = str(dtype)
        if hasattr(dtype, "categories"):
            categories = self.paint(list(dtype.categories), depth)
            return (
                "column",
                f"{name} ordered={dtype.ordered}",
                categories,
                self.paint(series.cat.codes.to_numpy(), depth),
            )
        if getattr(dtype, "kind", "O") in "biufcmM" and type(dtype).__module__.startswith("numpy"):
            return ("column", name, None, self.paint(series.to_numpy(), depth))
        return ("column", name, None, ("tuple", "", self._all(series.tolist(), depth)))

    def _tensor(self, value: Any, kind: type, depth: int) -> Node | None:
        if hasattr(value, "detach") and hasattr(value, "cpu") and hasattr(value, "numpy"):  # torch
            return ("object", name_of(kind), self.paint(value.detach().cpu().numpy(), depth))
        if hasattr(value, "get_weights") and hasattr(value, "get_config"):  # keras
            return ("object", name_of(kind), self.paint(value.get_weights(), depth))
        if kind.__module__.startswith("tensorflow") and hasattr(value, "numpy"):
            return ("object", name_of(kind), self.paint(value.numpy(), depth))
        return None

    def _reduced(self, value: Any, kind: type, depth: int) -> Node:
        """Any other object, by what pickle would keep of it."""
        if isinstance(value, types.GeneratorType | types.CoroutineType | io.IOBase) or kind.__module__ == "_io":
            return ("opaque", name_of(kind))
        if _is_own(kind) and all(_is_python(base) for base in kind.__mro__[:-1]):
            return ("object", name_of(kind), self.paint(_attributes(value), depth))
        reduced = value.__reduce_ex__(4)
        if isinstance(reduced, str):
            return ("name", name_of(kind), reduced)
        arguments = [part for part in reduced[1] if not (isinstance(part, type) and part is kind)]
        state = reduced[2] if len(reduced) > 2 else None
        if isinstance(value, dict) and isinstance(state, dict) and _mirrors(state, value):
            state = None
        elif isinstance(value, dict) and isinstance(state, dict):  # scikit-learn's Bunch leaves out what it notes
            state = {key: one for key, one in state.items() if not (str(key).startswith("_") and _is_empty(one))}
        items = list(reduced[3]) if len(reduced) > 3 and reduced[3] is not None else None
        pairs = list(reduced[4]) if len(reduced) > 4 and reduced[4] is not None else None
        content = {"arguments": arguments, "state": state, "items": items, "pairs": pairs}
        if state is not None and not arguments and items is None and pairs is None:
            return ("object", name_of(kind), self.paint(state, depth))
        return ("object", name_of(kind), self.paint({k: v for k, v in content.items() if v}, depth))


def _group(kind: type, *nodes: Node) -> Node:
    return ("object", name_of(kind), ("tuple", "", nodes))


def _is_own(kind: type) -> bool:
    """Tell whether a class is the user's: what its pickling leaves out may be missed, which libraries think of."""
    if kind.__module__ == "__main__" or _is_exported(kind.__module__):
        return True
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return bool(file) and not any(str(file).startswith(place) for place in _installed())


def _installed() -> set[str]:
    return {path for name in ("purelib", "platlib", "stdlib", "platstdlib") if (path := sysconfig.get_path(name))}


def _is_python(kind: type) -> bool:
    """Tell whether a class was made by a class statement, so that its instances hold nothing but attributes."""
    return bool(kind.__flags__ & 1 << 9)


def _attributes(value: Any) -> dict[str, Any]:
    slots = [name for base in type(value).__mro__ for name in _names(base.__dict__.get("__slots__", ()))]
    held = {
        name: getattr(value, name) for name in slots if name not in ("__dict__", "__weakref__") and hasattr(value, name)
    }
    return {**held, **getattr(value, "__dict__", {})}


def _names(slots: Any) -> tuple[str, ...]:
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _mirrors(state: dict[Any, Any], value: dict[Any, Any]) -> bool:
    """Tell whether the attributes of a dict are its items: it is a dict whose items can be written as attributes."""
    return len(state) == len(value) and all(key in state and state[key] is one for key, one in value.items())


def _is_empty(value: Any) -> bool:
    return value is None or (type(value) in (dict, list, tuple, set, str) and not value)


def is_opaque(kind: type) -> bool:
    """Tell whether a type's content is not compared: drawings are shown, and sessions and locks have none."""
    module = kind.__module__ or ""
    return module in _OPAQUE_MODULES or module.startswith(_OPAQUE_PREFIXES)


def name_of(kind: type) -> str:
    """Return a type's name. Where it was defined does not count: a task may have it from exported.py."""
    module = kind.__module__
    own = module in ("builtins", "__main__") or _is_exported(module)
    return kind.__qualname__ if own else f"{module}.{kind.__qualname__}"


def _is_exported(module: str) -> bool:
    return module == "exported" or module.startswith("exported_")


def _cell(cell: Any) -> object:
    try:
        return cell.cell_contents
    except ValueError:
        return None
