"""Code in texts (``eval("x + 1")``, ``timeit("f(x)", globals=globals())``), and variables as a dictionary."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Call, Instruction, Read
from soorgeon_clone.analysis.models.names_in_texts import note_named
from soorgeon_clone.analysis.objects.arguments import Arguments, passing
from soorgeon_clone.analysis.objects.heap import EMPTY, UNBOUND, Value
from soorgeon_clone.analysis.objects.keys import ANY
from soorgeon_clone.analysis.objects.machine import BY_NAME, Machine

VARIABLES = "__main__.__dict__"  # what globals() gives, where it is only handed to what is modelled here
NAMESPACES = ("globals", "locals", "vars")


def are_variables(machine: Machine, node: Instruction) -> bool:
    """Whether ``node`` is ``globals()`` of the notebook or of a module beside it, or what is the same at its level."""
    if not isinstance(node, Call) or node.arguments or not isinstance(node.function, Read):
        return False
    name = node.function.name
    if name not in NAMESPACES or (name != "globals" and machine.scope.kind != "module"):
        return False
    return machine.module.state.get(f"{machine.scope.space}.{name}" if machine.scope.space else name) is None


def are_all_variables(machine: Machine, node: Instruction) -> bool:
    """Whether ``node`` is ``globals()`` of the notebook, or what is the same at notebook level."""
    return not machine.scope.space and are_variables(machine, node)


def _eval(machine: Machine, args: Arguments, node: Instruction) -> Value | None:
    if not _is_here(machine, args):
        return None
    texts = _texts(args.first)
    if texts is not None:
        return _run(machine, texts, "eval", on_top=len(_given(args)) > 0)
    if machine.policy is None or machine.scope.space or not _may_be_text(args.first):
        return None
    # What is evaluated may be anything that the variables are enough for: a call, that is, of which nobody knows more.
    known = sorted(name for name in machine.module.state.all_names() if not name.startswith("@") and "." not in name)
    given = [_read(machine, name) for name in known]
    return machine.unknown(EMPTY, passing(args.first, *given, *_own(machine).values()), node, "builtins.eval")


def _exec(machine: Machine, args: Arguments, node: Instruction) -> Value | None:
    texts = _texts(args.first)
    if texts is None or not _is_here(machine, args) or not (_given(args) or machine.scope.kind == "module"):
        return None
    _run(machine, texts, "exec", on_top=True)
    return frozenset({machine.heap.atom("builtins.NoneType")})


def _time(machine: Machine, args: Arguments, node: Instruction) -> Value | None:
    """``timeit.timeit(stmt, setup, globals=globals())``: the setup once, what is timed as often as is said."""
    by_name = dict(args.keywords)
    where = by_name.get("globals", EMPTY)
    if None in by_name or where != {machine.heap.lib(VARIABLES)}:
        _lost(machine, args)
        return None
    for text in (by_name.get("setup", args.at(1)), by_name.get("stmt", args.first)):
        texts = _texts(text) if text else set()
        if texts is None:
            _lost(machine, args)
            return None
        for each in sorted(texts):
            _run_inside(machine, each)
    return frozenset({machine.heap.atom("builtins.scalar")})


def _repeat(machine: Machine, args: Arguments, node: Instruction) -> Value | None:
    number = _time(machine, args, node)
    if number is None:
        return None
    return frozenset({machine.heap.make(machine.site(node), "builtins.list", inside=number)})


def _profile(machine: Machine, args: Arguments, node: Instruction) -> Value | None:
    """``cProfile.run("f(x)")``, which runs in the notebook's name space, and shows how long it took."""
    texts = _texts(args.first)
    spaces = Arguments(args.positional, tuple(item for item in args.keywords if item[0] != "sort"))
    if texts is None or not _is_here(machine, spaces):
        _lost(machine, args)
        return None
    machine.print()
    _run(machine, texts, "exec", on_top=True)
    return frozenset({machine.heap.atom("builtins.NoneType")})


def own_variables(machine: Machine, args: Arguments, node: Instruction) -> Value | None:
    """``locals()`` of a function: a dictionary of what its own variables are, and those of the functions around it."""
    if machine.scope.kind != "function" or args.all:
        return None
    made = machine.heap.make(machine.site(node), "builtins.dict")
    for name, value in _own(machine).items():
        machine.heap.hold(made, f"[{name!r}]", value)
    scope = machine.scope.parent
    while scope is not None and scope.kind != "module":
        for value in scope.all_values.values():
            machine.heap.hold(made, ANY, value - {UNBOUND})
        scope = scope.parent
    return frozenset({made})


def _own(machine: Machine) -> dict[str, Value]:
    """Return the variables of the function that runs."""
    if machine.scope.kind != "function":
        return {}
    state = machine.scope.state
    found = {name: binding.value for name in state.all_names() if (binding := state.get(name)) is not None}
    return {name: value - {UNBOUND} for name, value in found.items()}


def _given(args: Arguments) -> list[Value]:
    """Return the name spaces that a text is given to run in."""
    return [value for value, _ in args.positional[1:]] + [value for _, value in args.keywords]


def _is_here(machine: Machine, args: Arguments) -> bool:
    """Whether a text runs where it stands, or in the name space of the notebook."""
    here = machine.heap.lib(VARIABLES)
    if all(value == {here} for value in _given(args)):
        return not machine.scope.space
    _lost(machine, args)
    return False


def _lost(machine: Machine, args: Arguments) -> None:
    """Give a call back to the tables, which know nothing of name spaces."""
    if machine.heap.lib(VARIABLES) in args.all:
        machine.opaque(BY_NAME)


def _texts(value: Value) -> set[str] | None:
    """Return the texts that a value is one of, None if they are not known."""
    texts = {obj.const for obj in value if isinstance(obj.const, str)}
    return texts if texts and all(isinstance(obj.const, str) for obj in value) else None


def _may_be_text(value: Value) -> bool:
    return bool(value) and all(obj.type.rpartition(".")[2] != "code" for obj in value)


def _run(machine: Machine, texts: set[str], how: str, *, on_top: bool) -> Value:
    """Run one of several texts where it stands, or as code of the notebook's own; return what it gives."""
    value: Value = EMPTY
    stands_in = machine.scope
    for text in texts:
        note_named(machine, text)
    if on_top:
        machine.scope = machine.module
    for text in sorted(texts):

        def once(text: str = text) -> None:
            nonlocal value
            value |= machine.run_text(text.strip() if how == "eval" else text, how)

        machine.perhaps(once) if len(texts) > 1 else once()
    machine.scope = stands_in
    return value


def _run_inside(machine: Machine, text: str) -> None:
    """Run code in a function of its own, which reads the notebook's variables and binds none of them."""
    try:
        bound = {name for top in machine.read_text(text) for name in top.bindings}
    except (SyntaxError, ValueError, RecursionError):
        bound = set()
    if any(machine.module.state.get(name) is not None for name in bound):
        machine.opaque(BY_NAME)
    machine.perhaps(lambda: _run(machine, {text}, "eval", on_top=True))


def _read(machine: Machine, name: str) -> Value:
    note_named(machine, name)
    return machine.read_global(name) - {UNBOUND}


FUNCTIONS = {
    "builtins.eval": _eval,
    "builtins.exec": _exec,
    "builtins.locals": own_variables,
    "timeit.timeit": _time,
    "timeit.repeat": _repeat,
    "cProfile.run": _profile,
    "cProfile.runctx": _profile,
    "profile.run": _profile,
    "profile.runctx": _profile,
}
IN_VARIABLES = frozenset(FUNCTIONS)
