"""A call that is made -> every deviation from the effect that its table gives."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from observing.call import Call
from observing.content import arrays, digest, is_mutable, reach
from observing.examples import needed
from observing.results import is_a
from observing.world import OPENED, files, random_states, settings
from soorgeon_clone.analysis.knowledge.effect_rules import NEW_FIGURE, OPEN_FIGURES, Effect
from soorgeon_clone.analysis.knowledge.effect_tables import Table


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
    claimed = example.resolve((*effect.changes, *effect.replaces))
    advancing = {label for label in before if _advances(example, label)}
    if extra := changed - claimed - advancing:
        yield f"changes {sorted(extra)}"
    missing = (claimed & set(before)) - changed - advancing
    missing -= {label for label in missing if not is_mutable(example.value(label))}
    if missing and not loose and "args" not in effect.changes:
        yield f"does not change {sorted(missing)}"


def _advances(example: Call, label: str) -> bool:
    obj = example.value(label)
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
    if effect.changes:  # axes that it was given may be the current ones
        drawn -= {OPEN_FIGURES}
    if extra := drawn - {OPEN_FIGURES if name == NEW_FIGURE else name for name in (*effect.draws, *effect.seeds)}:
        yield f"draws {sorted(extra)}"
    seen = {*drawn, OPEN_FIGURES}  # who only reads of the current figure leaves no trace
    if (missing := set(effect.draws) - seen) and not loose and not effect.draws_unless:
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
    claimed = example.resolve((*effect.changes, *effect.replaces))
    changed = claimed & {*example.arguments, *(["self"] if example.has_receiver else [])}
    kept = effect.keeps if any(value is example.value(label) for label in changed) else ()
    named = example.resolve((*effect.shares, *effect.views, *effect.parts, *kept)) | {
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
        viewed = example.resolve((*effect.views, *effect.lends, *effect.parts))
        if label in viewed or any(label in _named(s, example) for s in effect.returns):
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
