"""Calls whose structure matters more than a table can say: containers, constants, paths, IPython's shell.

`function` and `method` return None for all others, which the effect tables describe.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from soorgeon_clone.analysis import (
    access,
    beside,
    calls,
    deferred,
    evaluate,
    instances,
    library,
    statements,
    undescribed,
)
from soorgeon_clone.analysis.heap import CLASS, EMPTY, INSTANCE, LIB, METHOD, UNBOUND, UNKNOWN, Obj, Value
from soorgeon_clone.analysis.lineage import add_bases, lineage
from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.model import AMBIENT

if TYPE_CHECKING:
    from soorgeon_clone.analysis.calls import Arguments
    from soorgeon_clone.analysis.walk import Walker

MAPPINGS = {"builtins.dict", "collections.OrderedDict", "collections.defaultdict", "collections.Counter"}
SHELL = "IPython.shell"
_CLASS_MAKERS = {
    "collections.namedtuple",
    "typing.NamedTuple",
    "typing.TypeVar",
    "typing.NewType",
    "typing.ParamSpec",
    "enum.Enum",
    "enum.IntEnum",
    "enum.Flag",
    "dataclasses.make_dataclass",
}


def function(w: Walker, path: str, args: Arguments, node: Instruction) -> Value | None:
    """Return what a call of a builtin or library function gives, if its structure matters here."""
    handler = _FUNCTIONS.get(path)
    if handler is not None:
        return handler(w, args, node)
    if path in _CLASS_MAKERS:
        return make_class(w, args, node)
    return None


def _gather(w: Walker, args: Arguments, node: Instruction) -> Value:
    """``await asyncio.gather(f(), g())`` gives a list of what the coroutines give."""
    items = w.heap.make((*w.site(node), "items"), "builtins.list")
    for value, _ in args.positional:
        given = frozenset(o for o in value if o.type == "builtins.coroutine")
        w.heap.hold(items, "*", (value - given) | access.contents(given))
    made = w.heap.make(w.site(node), "builtins.coroutine")
    w.heap.hold(made, "*", frozenset({items}))
    return frozenset({made})


def first(args: Arguments, index: int = 0) -> Value:
    return args.positional[index][0] if len(args.positional) > index else EMPTY


def make_class(w: Walker, args: Arguments, node: Instruction) -> Value:
    """A class made by a call: ``namedtuple("P", "x y")``, ``type("A", (B,), {})``."""
    made = w.heap.make((*w.site(node), "made"), CLASS)
    made.path = str(evaluate.constant(first(args)) or "")
    bases = access.contents(first(args, 1)) if len(args.positional) > 1 else EMPTY
    add_bases(w.heap, made, frozenset(o for o in bases if o.type in (CLASS, LIB)))
    for value in (first(args, 2), first(args, 1)):
        for obj in value:
            for key, held in obj.fields.items():
                name = key[2:-2] if key.startswith("['") else "*members"
                w.heap.hold(made, name, held)
    return frozenset({made})


def _type(w: Walker, args: Arguments, node: Instruction) -> Value | None:
    if len(args.positional) == 3:
        return make_class(w, args, node)
    result: set[Obj] = set()
    for obj in first(args):
        if obj.type == INSTANCE:
            result.update(obj.fields["*class"])
        elif "." in obj.type and not obj.type.endswith("*"):
            result.add(w.heap.lib(obj.type))
        else:
            result.add(w.heap.atom("builtins.scalar"))
    return frozenset(result)


def _enumerate(w: Walker, args: Arguments, node: Instruction) -> Value:
    access.iterate(w, first(args))
    pair = _tuple(w, node, [frozenset({w.heap.atom("builtins.int")}), access.elements(w, first(args), node)])
    return _iterator(w, node, pair, first(args))


def _zip(w: Walker, args: Arguments, node: Instruction) -> Value | None:
    if any(starred for _, starred in args.positional):
        return None
    parts = []
    for value, _ in args.positional:
        access.iterate(w, value)
        parts.append(access.elements(w, value, node))
    return _iterator(w, node, _tuple(w, node, parts), args.all)


def _tuple(w: Walker, node: Instruction, parts: list[Value]) -> Value:
    made = w.heap.make((*w.site(node), "pair"), "builtins.tuple")
    for index, part in enumerate(parts):
        w.heap.hold(made, str(index), part)
    return frozenset({made})


def _iterator(w: Walker, node: Instruction, element: Value, sources: Value) -> Value:
    made = w.heap.make((*w.site(node), "iterator"), "builtins.iterator")
    w.heap.hold(made, "*", element)
    w.heap.hold(made, "*source", frozenset(o for o in sources if access.is_advancing(w, o)))
    return frozenset({made})


def _iter(w: Walker, args: Arguments, node: Instruction) -> Value | None:
    own = first(args)
    if len(args.positional) != 1 or not own:
        return None
    if not all(obj.type == INSTANCE and instances.has_member(w, obj, "__iter__") for obj in own):
        return None
    return calls.call_method(w, own, "__iter__", calls.NO_ARGUMENTS, node)


def _dict(w: Walker, args: Arguments, node: Instruction) -> Value:
    made = w.heap.make(w.site(node), "builtins.dict")
    for value, _ in args.positional:
        access.iterate(w, value)
        for obj in value:
            if obj.type in MAPPINGS:
                for key, held in obj.fields.items():
                    w.heap.hold(made, key, held)
            else:
                for pair in access.elements(w, frozenset({obj}), node):
                    w.heap.hold(made, "*", pair.fields.get("1", access.contents(frozenset({pair}))))
                    w.heap.hold(made, "*keys", frozenset(o for o in pair.fields.get("0", EMPTY) if not o.immutable))
    for keyword, value in args.keywords:
        if keyword is None:
            w.heap.hold(made, "*", access.contents(value))
        else:
            w.heap.hold(made, f"[{keyword!r}]", value)
    return frozenset({made})


def _defaultdict(w: Walker, args: Arguments, node: Instruction) -> Value:
    made = w.heap.make(w.site(node), "collections.defaultdict")
    w.heap.hold(made, "*factory", first(args))
    for filled in _dict(w, calls.Arguments(args.positional[1:], args.keywords), node):
        for key, held in filled.fields.items():
            w.heap.hold(made, key, held)
    return frozenset({made})


def _getattr(w: Walker, args: Arguments, node: Instruction) -> Value:
    name = evaluate.constant(first(args, 1))
    default = first(args, 2)
    if isinstance(name, str):
        return access.attribute(w, first(args), name, node) | default
    found = first(args) | access.contents(first(args)) | default
    for obj in first(args):
        if obj.type == INSTANCE:
            for cls in lineage(obj.fields["*class"]):
                for key, members in cls.fields.items():
                    if not key.startswith("*"):
                        for member in members:
                            found |= instances.bind_method(w, obj, member, node)
        elif obj.type == LIB:
            found |= frozenset({w.heap.make((*w.site(node), obj), UNKNOWN)})
    return found


def _setattr(w: Walker, args: Arguments, node: Instruction) -> Value:
    name = evaluate.constant(first(args, 1))
    for obj in first(args):
        access.store_attribute(w, obj, name if isinstance(name, str) else "*", first(args, 2), node)
    return frozenset({w.heap.atom("builtins.NoneType")})


def _partial(w: Walker, args: Arguments, node: Instruction) -> Value:
    made = w.heap.make(w.site(node), METHOD)
    made.path = "functools.partial"
    w.heap.hold(made, "partial", first(args))
    for index, (value, _) in enumerate(args.positional[1:]):
        w.heap.hold(made, f"argument:{index:03}", value)
    for keyword, value in args.keywords:
        w.heap.hold(made, f"keyword:{keyword}", value)
    # remembered although immutable values are not held
    made.code = (args.positional[1:], args.keywords)
    return frozenset({made})


def _partialmethod(w: Walker, args: Arguments, node: Instruction) -> Value:
    (made,) = _partial(w, args, node)
    made.path = "functools.partialmethod"
    return frozenset({made})


def bind_partialmethod(w: Walker, member: Obj, own: Obj) -> Value:
    """Return the method of an instance that ``functools.partialmethod`` in its class stands for."""
    made = w.heap.make(("bound", own, member), METHOD)
    made.path = "functools.partial"
    for key, value in member.fields.items():
        w.heap.hold(made, key, value)
    w.heap.hold(made, "argument:self", frozenset({own}))
    positional, keywords = member.code
    made.code = (((frozenset({own}), False), *positional), keywords)
    return frozenset({made})


def call_partial(w: Walker, obj: Obj, args: Arguments, node: Instruction) -> Value:
    """Call what ``functools.partial`` made."""
    positional, keywords = obj.code
    later = {name for name, _ in args.keywords}
    kept = tuple((n, v) for n, v in keywords if n not in later)
    whole = calls.Arguments((*positional, *args.positional), (*kept, *args.keywords))
    return calls.call(w, obj.fields.get("partial", EMPTY), whole, node)


def _methodcaller(w: Walker, args: Arguments, node: Instruction) -> Value | None:
    name = evaluate.constant(first(args))
    if not isinstance(name, str):
        return None
    made = w.heap.make(w.site(node), METHOD)
    made.path = "operator.methodcaller"
    rest = calls.Arguments(args.positional[1:], args.keywords)
    w.heap.hold(made, "arguments", rest.all)
    made.code = (name, rest)
    return frozenset({made})


def call_methodcaller(w: Walker, obj: Obj, args: Arguments, node: Instruction) -> Value:
    """Call what ``operator.methodcaller`` made."""
    name, kept = obj.code
    return calls.call_method(w, first(args), name, kept, node)


def _vars(w: Walker, args: Arguments, node: Instruction) -> Value | None:
    modules = [library.lib_attribute(w, obj, "__dict__", node) for obj in first(args) if obj.type == LIB]
    if modules and len(modules) == len(first(args)):
        return frozenset().union(*modules)
    found = [access.attributes(w, obj) for obj in first(args) if obj.type == INSTANCE]
    return frozenset().union(*found) if found and len(found) == len(first(args)) else None


def _wraps(w: Walker, args: Arguments, node: Instruction) -> Value:
    return frozenset({w.heap.lib("functools.wraps.decorator")})


def _identity(w: Walker, args: Arguments, node: Instruction) -> Value:
    return first(args)


def _deepcopy(w: Walker, args: Arguments, node: Instruction) -> Value:
    copies: dict[Obj, Obj] = {}
    reached = w.heap.reach(first(args))
    for obj in reached:
        w.heap.note_identity(obj)  # what was one object is one object in the copy
        if obj.type in ("function", CLASS):
            copies[obj] = obj
            continue
        copy = w.heap.make((*w.site(node), obj), obj.type)
        copy.path, copy.code, copy.scope, copy.given = obj.path, obj.code, obj.scope, obj.given
        copies[obj] = copy
    for obj, copy in copies.items():
        if copy is not obj:
            for key, held in list(obj.fields.items()):
                if key == "*class":
                    w.heap.hold(copy, key, held)
                else:
                    w.heap.hold(copy, key, frozenset(copies.get(o, o) for o in held))
    access.implicit(w, frozenset(obj for obj in reached if obj.type == INSTANCE))
    return frozenset(copies.get(o, o) for o in first(args))


def _field(w: Walker, args: Arguments, node: Instruction) -> Value:
    made = w.heap.make(w.site(node), "dataclasses.Field")
    for keyword, value in args.keywords:
        w.heap.hold(made, keyword or "*", value)
    return frozenset({made})


def _replace(w: Walker, args: Arguments, node: Instruction) -> Value | None:
    """``dataclasses.replace(obj, x=1)`` makes another instance of what is in ``obj``, but for x."""
    own = first(args)
    if len(args.positional) != 1 or not own or any(obj.type != INSTANCE for obj in own):
        return None
    made = EMPTY
    for obj in own:
        kept = {key: value for key, value in obj.fields.items() if not key.startswith("*")}
        kept["*"] = obj.fields.get("*", EMPTY)
        given = {name for name, _ in args.keywords}
        rest = tuple((name, value) for name, value in kept.items() if name not in given and name != "*")
        many = ((kept["*"], True),) if kept["*"] else ()
        passed = calls.Arguments(many, (*rest, *args.keywords))
        made |= calls.call(w, obj.fields["*class"], passed, node)
    return made


def _exec(w: Walker, args: Arguments, node: Instruction) -> Value | None:
    text = evaluate.constant(first(args))
    if not isinstance(text, str) or len(args.positional) > 1 or w.scope.kind != "module":
        return None
    statements.run_text(w, text, "exec")
    return frozenset({w.heap.atom("builtins.NoneType")})


def _path(w: Walker, args: Arguments, node: Instruction) -> Value | None:
    parts = [path_text(next(iter(value))) if len(value) == 1 else None for value, _ in args.positional]
    if any(part is None for part in parts):
        return None
    return frozenset({w.heap.atom("pathlib.Path", posixpath.join(*(p or "" for p in parts), "").rstrip("/") or ".")})


def _join(w: Walker, args: Arguments, node: Instruction) -> Value | None:
    parts = [path_text(next(iter(value))) if len(value) == 1 else None for value, _ in args.positional]
    if not parts or any(part is None for part in parts):
        return None
    return frozenset({w.heap.atom("builtins.str", posixpath.join(*(p or "" for p in parts)))})


def path_text(obj: Obj) -> str | None:
    """Return the path that a constant text or path stands for."""
    if isinstance(obj.const, str) and obj.type in ("builtins.str", "pathlib.Path"):
        return posixpath.normpath(obj.const) if obj.const else ""
    return None


def _get_ipython(w: Walker, args: Arguments, node: Instruction) -> Value:
    return frozenset({w.heap.lib(SHELL)})


def _load_arrays(w: Walker, args: Arguments, node: Instruction) -> Value | None:
    """``np.load("x.npz")`` opens an archive; of other names nobody knows, and they are arrays."""
    path = path_text(next(iter(first(args)))) if len(first(args)) == 1 else None
    if path is None or not path.endswith(".npz"):
        return None
    w.note("files_read", path)
    return frozenset({w.heap.make(w.site(node), "numpy.lib.npyio.NpzFile")})


def _import_module(w: Walker, args: Arguments, node: Instruction) -> Value | None:
    name = evaluate.constant(first(args))
    if not isinstance(name, str) or len(args.positional) != 1 or name.startswith("."):
        return None
    return frozenset({w.heap.lib(beside.import_(w, name))})


def _watch(w: Walker, args: Arguments, node: Instruction) -> None:
    """``weakref.finalize(obj, function)`` and the like run code when the object goes."""
    code = first(args, 1)
    for obj in first(args):
        undescribed.finalize(w, obj, code, node)


def _run_test_cases(w: Walker, args: Arguments, node: Instruction) -> None:
    """``unittest.main()`` runs all test cases of the notebook."""
    cases = EMPTY
    for name in w.module.state.all_names():
        binding = w.module.state.get(name)
        if binding is not None and any(o.type == CLASS for o in binding.value):
            cases |= w.read_global(name)
    undescribed.passed_class(w, cases, node, "unittest.main")


def _dir(w: Walker, args: Arguments, node: Instruction) -> Value | None:
    """``dir()``: the names of all variables that there are."""
    if args.all:
        return None
    _list_variables(w, "dir() shows the variables of the notebook")
    made = w.heap.make(w.site(node), "builtins.list")
    w.heap.hold(made, "*", frozenset({w.heap.atom("builtins.str")}))
    return frozenset({made})


def _list_variables(w: Walker, why: str) -> Value:
    """Return all variables of the notebook that there are, which are listed: its task must have these and no others."""
    if w.scope.kind != "module" or w.tracing:
        w.opaque(why)
        return EMPTY
    value = EMPTY
    for name in sorted({name for name in w.module.state.all_names() if not name.startswith(AMBIENT)}):
        binding = w.module.state.get(name)
        if binding is not None and binding.value != {UNBOUND}:
            value |= w.read_global(name) - {UNBOUND}
    w.record.lists_names = True
    return value


_FUNCTIONS: dict[str, Callable[[Any, Any, Instruction], Value | None]] = {
    "asyncio.gather": _gather,
    "builtins.type": _type,
    "builtins.dir": _dir,
    "builtins.enumerate": _enumerate,
    "builtins.zip": _zip,
    "builtins.iter": _iter,
    "builtins.dict": _dict,
    "collections.OrderedDict": _dict,
    "collections.defaultdict": _defaultdict,
    "builtins.getattr": _getattr,
    "builtins.setattr": _setattr,
    "builtins.exec": _exec,
    "functools.partial": _partial,
    "functools.partialmethod": _partialmethod,
    "operator.methodcaller": _methodcaller,
    "builtins.vars": _vars,
    "functools.wraps": _wraps,
    "functools.wraps.decorator": _identity,
    "weakref.finalize": _watch,
    "weakref.ref": _watch,
    "weakref.proxy": _watch,
    "typing.cast": lambda w, args, node: first(args, 1),
    "copy.deepcopy": _deepcopy,
    "dataclasses.field": _field,
    "dataclasses.replace": _replace,
    "copy.replace": _replace,
    "importlib.import_module": _import_module,
    "builtins.__import__": _import_module,
    "pathlib.Path": _path,
    "pathlib.PurePath": _path,
    "os.path.join": _join,
    "numpy.load": _load_arrays,
    "unittest.main": _run_test_cases,
    "IPython.get_ipython": _get_ipython,
    "IPython.core.getipython.get_ipython": _get_ipython,
}


def method(w: Walker, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value | None:
    """Return what a method of a container gives, if its structure matters here."""
    kind = obj.type
    if kind in MAPPINGS:
        return _mapping_method(w, obj, name, args, node)
    if kind == "pathlib.Path" and name == "joinpath":
        return _path(w, calls.Arguments(((frozenset({obj}), False), *args.positional)), node)
    if kind == "builtins.generator":
        return deferred.use(w, obj, name, args.all)
    return None


def _mapping_method(w: Walker, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value | None:
    own = frozenset({obj})
    if name in ("items", "values"):
        made = w.heap.make((*w.site(node), obj), f"builtins.dict_{name}")
        w.heap.hold(made, "*keys", own)
        held = access.contents(own)
        if name == "items":
            key = obj.fields.get("*keys", EMPTY) | {w.heap.atom("builtins.scalar")}
            pair = w.heap.make((*w.site(node), obj, "pair"), "builtins.tuple")
            # a key is a constant text or number in nearly all cases; `scalar` keeps it so
            pair.fields["0"] = pair.fields.get("0", EMPTY) | key
            w.heap.grew(pair)
            w.heap.hold(pair, "1", held)
            held = frozenset({pair})
        w.heap.hold(made, "*", held)
        return frozenset({made})
    if name in ("get", "pop", "setdefault", "__getitem__"):
        const = evaluate.constant(first(args))
        if const is None:
            return None
        if name in ("pop", "setdefault"):
            w.change_one(obj)
        found = obj.fields.get(f"[{const!r}]", EMPTY) | obj.fields.get("*", EMPTY)
        default = first(args, 1)
        if name == "setdefault":
            w.heap.hold(obj, f"[{const!r}]", default)
        return found | default or frozenset({w.heap.atom("builtins.scalar")})
    if name == "update":
        w.change_one(obj)
        given = _dict(w, args, node)
        for made in given:
            for key_, held in made.fields.items():
                w.heap.hold(obj, key_, held)
        return frozenset({w.heap.atom("builtins.NoneType")})
    return None


_LEARNING = ("sklearn.", "imblearn.")
_LEARNT_FROM = ("pandas.", "numpy.", "polars.", "scipy.sparse", "builtins.list")


def passed_to_callback(w: Walker, obj: Obj, node: Instruction, *, held: bool = False) -> Value:
    """Return what a library passes of ``obj`` to a function that it calls back.

    ``held``: an object of the library holds the function (a transformer), so it gets data as they are; methods of data
    (``df.apply``) pass parts.
    """
    kind = obj.type
    if held and kind.startswith(_LEARNING):
        return frozenset(o for o in access.contents(frozenset({obj})) if o.type.startswith(_LEARNT_FROM))
    if held and kind.startswith("pandas."):
        return frozenset({obj})
    if kind.startswith("pandas."):
        return _pieces(w, obj, node)
    if kind.startswith("numpy."):
        return frozenset({w.heap.atom("builtins.scalar"), obj}) | access.contents(frozenset({obj}))
    if obj.immutable:
        return frozenset({w.heap.atom("builtins.scalar")}) if kind != LIB else EMPTY
    if kind in access.CONTAINERS:
        return access.elements(w, frozenset({obj}), node) | frozenset({obj})
    return frozenset({obj}) | access.contents(frozenset({obj}))


_PASSING_SERIES = re.compile(r"pandas\.(Series|Index|DataFrame|Rolling.*|Expanding.*)$")


def _pieces(w: Walker, obj: Obj, node: Instruction) -> Value:
    """Return what a table passes on of itself: values of cells, rows, groups."""
    inside = access.cells(frozenset({obj}))
    given = set(inside)
    if _PASSING_SERIES.match(obj.type):
        given |= {w.heap.atom("builtins.scalar"), w.heap.make((*w.site(node), "part"), "pandas.Series")}
    else:
        given |= {w.heap.make((*w.site(node), "part", p), p) for p in ("pandas.Series", "pandas.DataFrame")}
    for part in given - inside:
        w.heap.hold(part, "*", frozenset(o for o in inside if not o.immutable))
    return frozenset(given)


# -- IPython's shell -------------------------------------------------------------------------------------------

_READ_ONLY = frozenset("ls cat head tail wc grep du find tree file stat md5sum sha256sum dir".split())
_HARMLESS = frozenset("echo date pip pip3 conda nvidia-smi which whoami uname pwd free nproc lscpu".split())
_PLAIN_MAGICS = frozenset(
    """
    time timeit prun capture pinfo pinfo2 pdef pdoc pfile psource html HTML javascript js latex markdown svg SVG lsmagic
    magic quickref history hist debug pdb tb xmode pip conda mamba uv bookmark load loadpy edit pprint memit
    notebook autosave logstart logstop mprun lprun dhist doctest_mode page subshell code_wrap
    """.split()
)
_SETTINGS = {
    "cd": "directory",
    "pushd": "directory",
    "popd": "directory",
    "set_env": "environ",
    "matplotlib": "ipython",
    "config": "ipython",
    "load_ext": "ipython",
    "reload_ext": "ipython",
    "unload_ext": "ipython",
    "precision": "ipython",
    "autoreload": "ipython",
    "aimport": "ipython",
    "colors": "ipython",
    "gui": "ipython",
    "automagic": "ipython",
    "alias": "ipython",
    "alias_magic": "ipython",
    "unalias": "ipython",
    "autocall": "ipython",
    "autoawait": "ipython",
    "Pprint": "ipython",
}
_LISTS_VARIABLES = {"who", "whos", "who_ls"}
_SHELLS = {
    "bash",
    "sh",
    "script",
    "system",
    "sx",
    "!",
    "!!",
    "cmd",
    "perl",
    "ruby",
    "python",
    "python2",
    "python3",
    "pypy",
}


def shell_call(w: Walker, path: str, name: str, args: Arguments, node: Instruction) -> Value | None:
    """Do what a method of ``get_ipython()`` does; None where ``path`` is not the shell."""
    if path != SHELL and not path.startswith(f"{SHELL}."):
        return None
    reason = w.blame(node, _said(name, args))
    given = _shell_call(w, path, name, args, node)
    w.heap.reason = reason
    return given


def _said(name: str, args: Arguments) -> str:
    """Return a call of the shell as it stands in the notebook, in short."""
    word = _text(first(args)).partition(" ")[0]
    marks = {"run_line_magic": "%", "magic": "%", "run_cell_magic": "%%", "system": "!", "getoutput": "!"}
    return f"{marks[name]}{word}" if name in marks else f"get_ipython().{name}"


def _shell_call(w: Walker, path: str, name: str, args: Arguments, node: Instruction) -> Value:
    if path != SHELL:
        w.note("sets", "ipython")  # get_ipython().events.register(...)
        undescribed.run_registered(w, args.all, node)
        return frozenset({w.heap.make(w.site(node), "IPython.*")})
    if name in ("run_line_magic", "magic"):
        return _line_magic(w, args, node)
    if name == "run_cell_magic":
        return _cell_magic(w, args, node)
    if name in ("system", "getoutput"):
        command = evaluate.constant(first(args))
        _command(w, command if isinstance(command, str) else None)
        made = w.heap.make(w.site(node), "builtins.list")
        w.heap.hold(made, "*", frozenset({w.heap.atom("builtins.str")}))
        return frozenset({made})
    if name in ("run_cell", "ex", "ev", "push", "reset", "run_code", "user_ns", "safe_execfile", "drop_by_id"):
        w.opaque(f"get_ipython().{name}() reads and writes variables out of sight")
        return frozenset({w.heap.make(w.site(node), UNKNOWN)})
    w.note("sets", "ipython")
    return frozenset({w.heap.make(w.site(node), "IPython.*")})


def _text(value: Value) -> str:
    const = evaluate.constant(value)
    return const if isinstance(const, str) else ""


def _line_magic(w: Walker, args: Arguments, node: Instruction) -> Value:
    name, line = _text(first(args)), _text(first(args, 1))
    if " " in name:
        name, _, line = name.partition(" ")
    none = frozenset({w.heap.atom("builtins.NoneType")})
    if name in _PLAIN_MAGICS:
        return none
    if name in _SETTINGS:
        w.note("sets", _SETTINGS[name])
        if _SETTINGS[name] == "directory":
            w.note("files_read", "*")
    elif name == "env":
        if "=" in line or " " in line.strip():
            w.note("sets", "environ")
    elif name == "pylab":
        w.note("sets", "ipython")
        statements._star_import(w, "pylab")
    elif name == "run":
        statements.run_script(w, line)
    elif name == "store":
        if "-r" in line.split():
            for word in line.split():
                if not word.startswith("-"):
                    w.bind_global(word, frozenset({w.heap.make((*w.site(node), word), UNKNOWN)}))
        w.note("files_read", "*")
        w.note("files_written", "%store")
    elif name in _LISTS_VARIABLES:
        w.show(_list_variables(w, f"%{name} lists all variables"))
        w.print()
    elif name in ("reset", "reset_selective", "xdel"):
        w.opaque(f"%{name} deletes variables")
    elif name in _SHELLS:
        _command(w, line)
    elif name in ("ls", "ll", "cat", "less", "more", "lf", "ldir"):
        w.note("files_read", "*")
    elif name == "pwd":
        return frozenset({w.heap.atom("builtins.str")})
    elif name in ("mkdir", "rmdir", "rm", "mv", "cp", "writefile"):
        w.note("files_read", "*")
        w.note("files_written", "*")
    else:
        return undescribed.unknown(w, EMPTY, args, node, f"%{name}")
    return none


def _cell_magic(w: Walker, args: Arguments, node: Instruction) -> Value:
    name, line = _text(first(args)), _text(first(args, 1))
    if name == "capture":
        return frozenset({w.heap.make(w.site(node), "IPython.utils.capture.CapturedIO")})
    if name in _PLAIN_MAGICS:
        return frozenset({w.heap.atom("builtins.NoneType")})
    if name in ("writefile", "file"):
        target = line.split()[-1] if line.split() else ""
        if "-a" in line.split():
            w.note("files_read", posixpath.normpath(target))
        is_known = "{" not in target and "$" not in target
        w.note("files_written", posixpath.normpath(target) if is_known else "*")
        if is_known:
            w.scripts[posixpath.normpath(target)] = None if "-a" in line.split() else _text(first(args, 2)) or None
        return frozenset({w.heap.atom("builtins.NoneType")})
    if name in _SHELLS:
        words = line.split()
        for flag in ("--out", "--err"):
            if flag in words[:-1]:
                w.bind_global(words[words.index(flag) + 1], frozenset({w.heap.atom("builtins.str")}))
        w.note("files_read", "*")
        w.note("files_written", "*")
        return frozenset({w.heap.atom("builtins.NoneType")})
    return undescribed.unknown(w, EMPTY, args, node, f"%%{name}")


def _command(w: Walker, command: str | None) -> None:
    """A shell command reads and writes files that cannot be known, unless it is one of the plain ones."""
    programs = [part.split()[0] for part in (command or "").split("|") if part.split()]
    plain = bool(programs) and not any(c in (command or "") for c in ">;&`")
    if plain and _HARMLESS.issuperset(programs):
        return
    w.note("files_read", "*")
    if not (plain and (_READ_ONLY | _HARMLESS).issuperset(programs)):
        w.note("files_written", "*")
