"""Runs the examples of one effect table and reports where a call does something else than its entry says.

    python tests/analysis/observe.py pandas [DataFrame.drop]

An example is a line of code; its setup is run afresh for each. The call is taken apart (receiver, arguments), its parts
are evaluated, and then: objects that the entry does not call changed must have the same content after the call, those
that it calls changed another one; results must be what ``returns`` says; what a result holds or views must be named;
random states, settings, files, printed text and called-back functions are compared with the entry in the same way.
Prints one line per deviation as JSON: [call, code, what]. Lines beginning with "may:" claim only upper bounds.
"""

from __future__ import annotations

import ast
import collections
import contextlib
import copy
import decimal
import functools
import importlib
import io
import json
import locale
import logging
import os
import random
import re
import shutil
import sys
import tempfile
import types
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from soorgeon_clone.analysis.effect_tables import Table, split_calls
from soorgeon_clone.analysis.effects import FOLDER, Effect, Knowledge, knowledge, table_of

EXAMPLES = FOLDER / "examples"
ATOMS = (str, bytes, int, float, complex, bool, type(None), type, types.ModuleType, types.CodeType, range, slice)
FUNCTIONS = (types.FunctionType, types.MethodType, types.BuiltinFunctionType, functools.partial)
OPENED: list[tuple[str, str]] = []
ROOT: list[Path] = []


# -- examples ---------------------------------------------------------------------------------------------------


def read_examples(library: str) -> tuple[str, dict[str, list[str]], dict[str, str]]:
    """Return setup, call -> lines of code, call -> why it has no example."""
    import yaml

    path = EXAMPLES / f"{library}.yaml"
    raw = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
    shared = {
        call: str(code).split(" || ")
        for key, code in (raw.get("examples") or {}).items()
        for call in ([key] if key.endswith("]") else [name for name, _ in split_calls(key)])
    }
    found = {call: [fill(line, call) for line in lines] for call, lines in shared.items()}
    without = {call: str(why) for key, why in (raw.get("without") or {}).items() for call, _ in split_calls(key)}
    return raw.get("setup", ""), with_siblings(table_of(library), shared, found), without


def needed(setup: str, code: str) -> str:
    """Return the statements of the setup that the code needs, directly or through others."""
    statements = ast.parse(setup).body
    wanted = set(re.findall(r"\w+", code))
    kept: list[ast.stmt] = []
    for statement in reversed(statements):
        text = ast.unparse(statement)
        names = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        names |= {getattr(statement, "name", "")} - {""}
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            names = {alias.asname or alias.name.partition(".")[0] for alias in statement.names}
        if isinstance(statement, ast.Expr):  # it changes what it names first: df.to_csv("in.csv")
            files_ = set(re.findall(r"'(\w+)\.\w+'", text))
            names = files_ or {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)}
        if isinstance(statement, ast.Assign) and not isinstance(statement.targets[0], (ast.Name, ast.Tuple)):
            names |= {n.id for n in ast.walk(statement.targets[0]) if isinstance(n, ast.Name)}
        if "'w'" in text:
            names |= set(re.findall(r"'(\w+)\.\w+'", text))
        if names & wanted:
            kept.append(statement)
            wanted |= set(re.findall(r"\w+", text))
    return "\n".join(ast.unparse(statement) for statement in reversed(kept))


def fill(line: str, call: str) -> str:
    return line.replace("{name}", call.rpartition(".")[2]).replace("{path}", call)


def with_siblings(table: Table, shared: dict[str, list[str]], found: dict[str, list[str]]) -> dict[str, list[str]]:
    """An example with {name} is tried for every call that stands in the same entry and has none of its own."""
    for names in entries(table).values():
        like = next((name for name in names if "{name}" in "".join(shared.get(name, ""))), "")
        pattern = shared.get(like)
        for name in names:
            if pattern and name not in found and "*" not in name and name.rpartition(".")[0] == like.rpartition(".")[0]:
                found[name] = [f"try:{fill(line, name)}" for line in pattern]
    return found


def entries(table: Table) -> dict[Any, list[str]]:
    """Return (section, key as written) -> the calls that it names, ``Type[kind]`` for subscripts."""
    found: dict[Any, list[str]] = {}
    for section in ("functions", "attributes"):
        for key in table.raw.get(section) or {}:
            found[section, key] = [name for name, _ in split_calls(key)]
    for owners, raw in (table.raw.get("types") or {}).items():
        types_ = [name for name, _ in split_calls(owners)]
        for section in ("methods", "attributes"):
            for key in raw.get(section) or {}:
                found[owners, section, key] = [f"{t}.{name}" for t in types_ for name, _ in split_calls(key)]
        for kinds in raw.get("subscripts") or {}:
            found[owners, "subscripts", kinds] = [f"{t}[{kind.strip()}]" for t in types_ for kind in kinds.split(",")]
        if any(key.startswith("new") for key in raw):
            found[owners, "new"] = types_
    return found


# -- what an object holds ----------------------------------------------------------------------------------------


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
        name.endswith("Index") or name in {"Timestamp", "Timedelta", "Period", "Interval"}
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


# -- the world ---------------------------------------------------------------------------------------------------


def random_states() -> dict[str, Any]:
    states: dict[str, Any] = {"python_random": random.getstate()}
    if "numpy" in sys.modules:
        import numpy

        states["numpy_random"] = repr([a.tolist() if hasattr(a, "tolist") else a for a in numpy.random.get_state()])
    if "torch" in sys.modules:
        import torch

        states["torch_random"] = torch.get_rng_state().tolist()
    return states


def settings() -> dict[str, Any]:
    state: dict[str, Any] = {
        "environ": dict(os.environ), "directory": os.getcwd(), "sys_path": list(sys.path),  # noqa: PTH109
        "recursion_limit": sys.getrecursionlimit(), "locale": locale.setlocale(locale.LC_ALL),
        "decimal": (decimal.getcontext().prec, decimal.getcontext().rounding), "warnings": repr(warnings.filters),
        "logging": repr((logging.root.level, logging.root.handlers, logging.root.manager.disable,
                         [(n, getattr(lg, "level", 0), getattr(lg, "handlers", ())) for n, lg in
                          sorted(logging.root.manager.loggerDict.items()) if n.startswith("nb")])),
    }  # fmt: skip
    if "numpy" in sys.modules:
        import numpy

        state["numpy_print"], state["numpy_errors"] = numpy.get_printoptions(), numpy.geterr()
    if "pandas" in sys.modules:
        from pandas._config import config

        state["pandas_options"] = copy.deepcopy(config._global_config)
    if "matplotlib" in sys.modules:
        import matplotlib

        state["matplotlib"] = (dict(matplotlib.rcParams), sorted(matplotlib.colormaps))
    if "sklearn" in sys.modules:
        import sklearn

        state["sklearn_config"] = repr(sklearn.get_config())
    return state


def files() -> dict[str, Any]:
    return {
        str(p): (p.stat().st_mtime_ns, p.stat().st_size) if p.is_file() else "folder"
        for p in sorted(ROOT[-1].rglob("*"))
    }


# -- one example -------------------------------------------------------------------------------------------------


class Call:
    """An example taken apart: the call's pieces as values, and what the table says of it."""

    def __init__(self, table: Table, call: str, code: str, setup: str, space: dict[str, Any]) -> None:
        self.space = space
        tree = ast.parse(code.strip())
        for statement in tree.body[:-1]:
            exec(compile(ast.Module([statement], []), "<example>", "exec"), space)
        setup += "\n" + "\n".join(ast.unparse(s) for s in tree.body[:-1])
        self.node = tree.body[-1].value if isinstance(tree.body[-1], ast.Expr) else tree.body[-1]
        self.receiver: Any = None
        self.has_receiver = False
        self.arguments: dict[str, Any] = {}
        self.given: dict[str, str | None] = {}
        self.made: dict[str, str | None] | None = None
        self.setup = setup
        self.table, self.call = table, call
        self.effect = self._find()

    def _find(self) -> Effect | None:
        k, library = knowledge(), self.table.library
        path = f"{library}.{self.call.replace('*', 'any')}"
        node = self.node
        if isinstance(node, ast.Subscript):
            self._receive(node.value)
            self.space["__receiver__"] = self.receiver
            index = ast.Subscript(ast.Name("__receiver__"), node.slice, node.ctx)
            self.run = lambda: self._eval(index)
            owner, _, kind = self.call.rstrip("]").partition("[")
            return k.subscript(f"{library}.{owner}", kind)
        owner, _, name = path.rpartition(".")
        known = self.table.functions.exact.keys() | self.table.types.keys()
        known |= {entry.name for entry in self.table.functions.globs}
        is_function = self.call in known or self.call.rpartition(".")[0] not in self.table.types
        if isinstance(node, ast.Attribute):
            if is_function:
                self.run = lambda: self._eval(node)
                found = k.module_attribute(path)
                return replace(found, sets=()) if found else None  # they hold for assigning to it
            self._receive(node.value)
            self.run = lambda: getattr(self.receiver, node.attr)
            return k.attribute(owner, name)
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.Delete, ast.With, ast.For)):
            return self._statement(k, owner, name)
        if not isinstance(node, ast.Call):
            raise TypeError(f"an example ends with a call, an attribute or a subscript, not {ast.unparse(node)}")
        return self._called(k, path, owner, name, is_function)

    def _called(self, k: Knowledge, path: str, owner: str, name: str, is_function: bool) -> Effect | None:
        node = self.node
        function = self._eval(node.func)
        if not is_function:
            target = node.func.value if isinstance(node.func, ast.Attribute) and name != "__call__" else node.func
            self._receive(target)
            if name != "__call__":
                function = getattr(self.receiver, node.func.attr)
        names = k.parameters(path) or ()
        positional: list[Any] = []
        for index, arg in enumerate(node.args):
            if isinstance(arg, ast.Starred):
                values = list(self._eval(arg.value))
                self.given["*"] = None
            else:
                values = [self._eval(arg)]
            label = names[index] if index < len(names) else f"#{index}"
            self.given.setdefault(label, ast.unparse(arg) if isinstance(arg, ast.Constant) else None)
            for offset, value in enumerate(values):
                self.arguments[label if not offset else f"#{index + offset}"] = value
                positional.append(value)
        keywords = {}
        for keyword in node.keywords:
            value = self._eval(keyword.value)
            values = value if keyword.arg is None else {keyword.arg: value}
            for word, item in values.items():
                keywords[word] = self.arguments[word] = item
                constant = isinstance(keyword.value, ast.Constant) and keyword.arg
                self.given[word] = ast.unparse(keyword.value) if constant else None
        self.called: set[str] = set()
        positional = [self._watch(f"#{i}", v, positional=True) for i, v in enumerate(positional)]
        keywords = {w: self._watch(w, v) for w, v in keywords.items()}
        self.run = lambda: function(*positional, **keywords)
        return k.function(path, self.given) if is_function else k.method(owner, name, self.given, self.made)

    def _statement(self, k: Knowledge, owner: str, name: str) -> Effect | None:
        node = self.node
        if isinstance(node, ast.AugAssign):
            target, value = node.target, node.value
            self._receive(target)
            label = (k.parameters(f"{owner}.{name}") or ("other",))[0]
            self.arguments[label] = self._eval(value)
            self.run = lambda: getattr(self.receiver, name)(self.arguments[label])
        elif isinstance(node, ast.Assign):
            target = node.targets[0]
            self._receive(target.value)
            names = k.parameters(f"{owner}.{name}") or ("key", "value")
            self.arguments[names[-1]] = self._eval(node.value)
            self.run = lambda: self._store(target, self.arguments[names[-1]])
        elif isinstance(node, ast.Delete):
            self._receive(node.targets[0].value)
            self.run = lambda: self.receiver.__delitem__(self._eval(node.targets[0].slice))
        else:
            raise TypeError(ast.unparse(node))
        self.called = set()
        return k.method(owner, name, dict.fromkeys(self.arguments), self.made)

    def _store(self, target: Any, value: Any) -> None:
        if isinstance(target, ast.Attribute):
            setattr(self.receiver, target.attr, value)
        else:
            self.space |= {"__receiver__": self.receiver, "__value__": value}
            place = ast.Subscript(ast.Name("__receiver__"), target.slice, ast.Load())
            exec(f"{ast.unparse(place)} = __value__", self.space)

    def _receive(self, node: Any) -> None:
        self.receiver, self.has_receiver = self._eval(node), True
        self.called = set()
        self.made = self._made(node)

    def _made(self, node: Any) -> dict[str, str | None] | None:
        """What the constructor in the setup (or in the example itself) was given."""
        if isinstance(node, ast.Name):
            for statement in ast.parse(self.setup).body:
                if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == node.id:
                    node = statement.value
        while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.startswith("fit"):
            node = node.func.value
            return self._made(node)
        if not isinstance(node, ast.Call):
            return None
        names = knowledge().parameters(_path_of(self._eval(node.func))) or ()
        made = {
            n: ast.unparse(a) if isinstance(a, ast.Constant) else None for n, a in zip(names, node.args, strict=False)
        }
        made |= {
            k.arg or "**": ast.unparse(k.value) if isinstance(k.value, ast.Constant) else None for k in node.keywords
        }
        return made

    def _watch(self, label: str, value: Any, *, positional: bool = False) -> Any:
        if not isinstance(value, (types.FunctionType,)):
            return value
        label = list(self.arguments)[int(label[1:])] if positional else label

        @functools.wraps(value)
        def watched(*args: Any, **kwargs: Any) -> Any:
            self.called.add(label)
            return value(*args, **kwargs)

        self.arguments[label] = watched
        return watched

    def _eval(self, node: Any) -> Any:
        return eval(ast.unparse(node), self.space)

    def resolve(self, targets: tuple[str, ...]) -> set[str]:
        """Return the labels of the objects that targets name."""
        found: set[str] = set()
        for target in targets:
            target = target.removeprefix("element:").removeprefix("arg:")
            found |= set(self.arguments) if target == "args" else {target}
        return found


def _path_of(function: Any) -> str:
    owner = getattr(function, "__self__", None)
    if isinstance(owner, type):
        return f"{_path_of(owner)}.{function.__name__}"
    return public_path(getattr(function, "__module__", ""), getattr(function, "__qualname__", str(function)))


def public_path(module: str, name: str) -> str:
    """Return ``sklearn.svm.SVC`` for ``sklearn.svm._classes.SVC``."""
    shown = ".".join(part for part in module.split(".") if not part.startswith("_"))
    return knowledge().canonical(f"{shown}.{name}")


def observe(table: Table, call: str, code: str, setup: str) -> Iterator[str]:
    """Yield every deviation of one example."""
    code = code.removeprefix("try:")
    loose = code.startswith("may:")
    setup = needed(setup, code)
    space: dict[str, Any] = {}
    exec(setup, space)
    example = Call(table, call, code.removeprefix("may:"), setup, space)
    effect = example.effect
    if effect is None:
        yield "nobody has described it"
        return
    objects = dict(example.arguments)
    if example.has_receiver:
        objects["self"] = example.receiver
    before = {label: digest(obj) for label, obj in objects.items()}
    held = {label: set(reach(obj)) for label, obj in objects.items()}
    states, world, disk = random_states(), settings(), files()
    out = io.StringIO()
    OPENED.clear()
    modules = len(sys.modules)
    finished = False
    try:
        with contextlib.redirect_stdout(out):
            value = example.run()
        finished = True
    except SystemExit:
        value = None
    opened = list(OPENED)
    if finished == effect.raises:
        yield "it returns" if finished else "it does not return"
    after = {label: digest(obj) for label, obj in objects.items()}
    yield from _changes(example, effect, before, after, loose)
    yield from _world(effect, modules, states, world, disk, out.getvalue(), opened, loose)
    if example.called - example.resolve(effect.calls) and not (example.resolve(effect.calls) & {"self"}):
        yield f"calls {sorted(example.called)}"
    if finished and not effect.raises:
        yield from _result(example, effect, value, objects, held)


def _changes(example: Call, effect: Effect, before: Any, after: Any, loose: bool) -> Iterator[str]:
    changed = {label for label in before if before[label] != after[label]}
    claimed = example.resolve(effect.changes)
    advancing = {label for label in before if _advances(example, label)}
    if extra := changed - claimed - advancing:
        yield f"changes {sorted(extra)}"
    missing = (claimed & set(before)) - changed - advancing
    missing -= {label for label in missing if not is_mutable(_object(example, label))}
    if missing and not loose and "args" not in effect.changes:
        yield f"does not change {sorted(missing)}"


def _object(example: Call, label: str) -> Any:
    return example.receiver if label == "self" else example.arguments[label]


def _advances(example: Call, label: str) -> bool:
    obj = _object(example, label)
    return hasattr(obj, "__next__") or isinstance(obj, io.IOBase)


def _world(
    effect: Effect,
    modules: int,
    states: Any,
    world: Any,
    disk: Any,
    printed: str,
    opened: list[tuple[str, str]],
    loose: bool,
) -> Iterator[str]:
    drawn = {name for name, state in random_states().items() if states.get(name, state) != state}
    if extra := drawn - set(effect.draws) - set(effect.seeds):
        yield f"draws {sorted(extra)}"
    if (missing := set(effect.draws) - drawn) and not loose and not effect.draws_unless:
        yield f"does not draw {sorted(missing)}"
    now = settings()
    touched = {name for name in now if name in world and world[name] != now[name]}
    if len(sys.modules) > modules:  # a first import may set something
        touched &= set(effect.sets)
    if extra := touched - set(effect.sets):
        yield f"sets {sorted(extra)}"
    if (missing := set(effect.sets) & set(now) - touched) and not loose:
        yield f"does not set {sorted(missing)}"
    written = {p for p in {*disk, *files()} if disk.get(p) != files().get(p)}
    if written and not effect.writes:
        yield f"writes {sorted(Path(p).name for p in written)}"
    if effect.writes and not written and not loose:
        yield "writes nothing"
    read = {name for name, mode in opened if not set(mode) & set("wax")}
    if read and not effect.reads:
        yield f"reads {sorted(read)}"
    if printed.strip() and not effect.prints:
        yield f"prints {printed.strip()[:40]!r}"
    if effect.prints and not printed and not loose:
        yield "prints nothing"


def _result(example: Call, effect: Effect, value: Any, objects: Any, held: Any) -> Iterator[str]:
    if not any(is_a(spec, value, example) for spec in effect.returns):
        yield f"returns {type(value).__module__}.{type(value).__qualname__}, not {' or '.join(effect.returns)}"
    own = reach(value) if is_mutable(value) or hasattr(value, "__next__") or callable(value) else {}
    changed = example.resolve(effect.changes) & {*example.arguments, *(["self"] if example.has_receiver else [])}
    kept = effect.keeps if any(value is _object(example, label) for label in changed) else ()
    named = example.resolve((*effect.shares, *effect.views, *kept)) | {
        word for spec in effect.returns for word in _named(spec, example)
    }
    for label, obj in objects.items():
        if label in named or not (is_mutable(obj) or callable(obj)):
            continue
        if id(obj) in own and not isinstance(obj, type) and is_mutable(obj):
            yield f"the result holds {label}"
        elif (inner := [p for i, p in own.items() if i in held[label] and is_mutable(p) and i != id(obj)]) and (
            type(inner[0]).__module__.partition(".")[0] != "matplotlib" or "self" not in named
        ):
            yield f"the result holds {type(inner[0]).__name__} {str(inner[0])[:30]} of {label}"
    mine = [a for a in arrays(value) if a.size]
    for label, obj in objects.items():
        if label in example.resolve(effect.views) or any(label in _named(s, example) for s in effect.returns):
            continue
        if type(value).__module__.startswith("pandas") and type(obj).__module__.startswith("pandas"):
            continue
        import numpy

        if any(numpy.shares_memory(a, b) for a in mine for b in arrays(obj) if a.dtype != object):
            yield f"the result is a view of {label}"
    if "self" in objects and is_mutable(objects["self"]):
        reached = reach(objects["self"])
        kept = example.resolve(effect.keeps)
        for label, obj in objects.items():
            if label == "self" or label in kept or id(obj) in held["self"] or not is_mutable(obj):
                continue
            if id(obj) in reached:
                yield f"self keeps {label}"


def _named(spec: str, example: Call) -> set[str]:
    words = re.findall(r"(?:arg|element|like|call):([\w.]+)", spec)
    return example.resolve(tuple(w for w in words)) | ({"self"} if re.search(r"\bself\b", spec) else set())


def is_a(spec: str, value: Any, example: Call) -> bool:
    """Tell whether a value is what a result in the words of `Effect` says."""
    head, _, inner = spec.partition("(")
    if inner:
        pieces = split_parts(inner[:-1])
        if head == "iterator":
            return hasattr(value, "__iter__") or hasattr(value, "__next__")
        if head == "dict":
            return isinstance(value, Mapping) or hasattr(value, "items")
        kind = {"tuple": tuple, "list": list, "set": (set, frozenset)}[head]
        if not isinstance(value, kind):
            return False
        if head == "tuple" and len(pieces) > 1:
            return len(value) == len(pieces) and all(is_a(p, v, example) for p, v in zip(pieces, value, strict=True))
        return all(is_a(pieces[0], v, example) for v in list(value)[:5])
    if spec == "none":
        return value is None
    if spec == "self":
        return value is example.receiver
    if spec.startswith(("arg:", "like:")):
        targets = example.resolve((spec.partition(":")[2],))
        return any(
            _same(spec, value, _object(example, label)) for label in targets if label in {*example.arguments, "self"}
        )
    if spec.startswith(("element:", "call:")):
        return True
    return has_type(spec, value)


def _same(spec: str, value: Any, obj: Any) -> bool:
    return value is obj if spec.startswith("arg:") else type(value) is type(obj) or not is_mutable(value)


def split_parts(text: str) -> list[str]:
    found, depth, start = [], 0, 0
    for index, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "," and not depth:
            found.append(text[start:index].strip())
            start = index + 1
    return [*found, text[start:].strip()]


def has_type(path: str, value: Any) -> bool:
    name = path.rpartition(".")[2]
    if name in {"*", "object"} or name.startswith("_"):
        return True
    if path == "builtins.scalar":
        return not is_mutable(value)
    if path in {"builtins.function", "builtins.module", "builtins.generator", "builtins.code", "builtins.method"}:
        return type(value).__name__.endswith(name) or callable(value)
    if path == "builtins.iterator":
        return hasattr(value, "__iter__")
    if path in {"builtins.float", "builtins.int", "builtins.bool", "builtins.str"}:
        kinds = {"float": (float, int), "int": int, "bool": bool, "str": str}[name]
        return isinstance(value, kinds) or (type(value).__module__ == "numpy" and not getattr(value, "shape", None))
    cls = load(path)
    return cls is None or isinstance(value, cls) or (not is_mutable(value) and not is_mutable_type(path))


def is_mutable_type(path: str) -> bool:
    facts = knowledge().type(path)
    return facts is None or not facts.immutable


def load(path: str) -> Any:
    """Return the class at a path; None if there is none (it is called otherwise here)."""
    parts_ = path.split(".")
    for cut in range(len(parts_) - 1, 0, -1):
        with contextlib.suppress(Exception):
            found: Any = importlib.import_module(".".join(parts_[:cut]))
            for part in parts_[cut:]:
                found = getattr(found, part)
            return found if isinstance(found, type) else None
    return None


# -- all of a library --------------------------------------------------------------------------------------------


def run(library: str, only: str | None = None) -> Iterator[tuple[str, str, str]]:
    table = table_of(library)
    setup, examples, _ = read_examples(library)
    sys.addaudithook(_note_open)
    for call, lines in examples.items():
        if only and call != only:
            continue
        for code in lines:
            saved = settings()
            with fresh_folder():
                try:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        for deviation in observe(table, call, code, setup):
                            yield call, code, deviation
                except AttributeError as error:
                    if code.startswith("try:"):
                        continue
                    if "has no attribute" not in str(error) and "was removed" not in str(error):
                        yield call, code, f"{type(error).__name__}: {error}"
                    elif only:
                        print(call, code, error, file=sys.stderr)
                except Exception as error:
                    if code.startswith("try:"):
                        continue
                    if only:
                        raise
                    yield call, code, f"{type(error).__name__}: {str(error)[:120]}"
            restore(saved)


def _note_open(event: str, args: Any) -> None:
    if event == "open" and isinstance(args[0], str) and args[1] and not args[0].endswith((".py", ".pyc", ".so", ".mo")):
        path = Path(args[0]).absolute()
        if FOLDER not in path.parents and path.is_relative_to(ROOT[-1]):
            OPENED.append((path.name, args[1]))


@contextlib.contextmanager
def fresh_folder() -> Iterator[None]:
    folder, old = tempfile.mkdtemp(), Path.cwd()
    os.chdir(folder)
    ROOT.append(Path(folder))
    try:
        yield
    finally:
        os.chdir(old)
        shutil.rmtree(folder, ignore_errors=True)


def restore(saved: dict[str, Any]) -> None:
    os.environ.clear()
    os.environ.update(saved["environ"])
    sys.path[:] = saved["sys_path"]
    sys.setrecursionlimit(saved["recursion_limit"])
    locale.setlocale(locale.LC_ALL, saved["locale"])
    decimal.setcontext(decimal.Context())
    logging.disable(logging.NOTSET)
    for handler in logging.root.handlers[:]:
        logging.root.removeHandler(handler)
    if "matplotlib" in sys.modules:
        import matplotlib
        import matplotlib.pyplot as plt

        plt.close("all")
        if "matplotlib" in saved:
            dict.update(matplotlib.rcParams, saved["matplotlib"][0])
    if "numpy" in sys.modules:
        import numpy

        numpy.seterr(divide="warn", over="warn", under="ignore", invalid="warn")
        numpy.set_printoptions(edgeitems=3, precision=8, suppress=False, threshold=1000)
    if "pandas_options" in saved:
        from pandas._config import config

        config._global_config.clear()
        config._global_config.update(copy.deepcopy(saved["pandas_options"]))
    if "sklearn" in sys.modules:
        import sklearn

        sklearn.set_config(transform_output="default", display="diagram")


if __name__ == "__main__":
    os.environ["MPLBACKEND"] = "agg"
    for deviation in run(*sys.argv[1:3]):
        print(json.dumps(deviation))
