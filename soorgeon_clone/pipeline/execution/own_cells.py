"""An error in a cell that saves or loads -> its reason in our words: which variable, of what type, why, what to do.

The user did not write these cells: a traceback through them, and through pickle, tells nothing that could be acted on.
"""

from __future__ import annotations

import ast
import pickle
import types
from collections.abc import Iterator, Mapping
from typing import Any

from soorgeon_clone.notebook.tags import LOAD, SAVE
from soorgeon_clone.pipeline.assumptions.differences.objects import held_by
from soorgeon_clone.pipeline.assumptions.differences.words import key_words, words

_DEEPEST, _WIDEST = 40, 2_000  # steps, and parts of one object
_SAVERS, _LOADERS = frozenset({"dump", "save_frame"}), frozenset({"load", "load_frame"})
_MADE_ELSEWHERE = (ImportError, AttributeError)
_DAMAGED = (EOFError, pickle.UnpicklingError, IndexError, KeyError)


def explain(tag: str | None, source: str, line: int | None, error: BaseException, namespace: Mapping[str, Any]) -> str:
    """Return what went wrong in a cell with this tag, "" where nothing better is known than the error itself."""
    if tag not in (SAVE, LOAD) or line is None:
        return ""
    try:
        statement = _innermost(ast.parse(source).body, line)
        if statement is None:
            return ""
        return _saving(statement, error, namespace) if tag == SAVE else _loading(source, statement, line, error)
    except Exception:  # an object may do anything when it is looked at
        return ""


def _saving(statement: ast.stmt, error: BaseException, namespace: Mapping[str, Any]) -> str:
    call = next((node for node in ast.walk(statement) if isinstance(node, ast.Call) and _name(node) in _SAVERS), None)
    if call is None or not call.args or isinstance(error, OSError):
        return ""
    saved = call.args[0]
    names = [node.id for node in ast.walk(saved) if isinstance(node, ast.Name) and node.id in namespace]
    held = {name: namespace[name] for name in names}
    if isinstance(saved, ast.Name) and isinstance(namespace.get(saved.id), dict) and saved.id.startswith("values"):
        held = {str(key): value for key, value in namespace[saved.id].items()}
    for name, value in held.items():
        if len(held) == 1 or not _is_saved(value):
            way, part = _culprit(name, value)
            lines = [f"`{name}`, {words(value)}, cannot be saved: {_reason(error)}"]
            if way != name:
                lines.append(f"  it holds {words(part)}: {way}")
            return "\n".join([*lines, f"  {_remedy(name, way, part)}"])
    return ""


def _loading(source: str, statement: ast.stmt, line: int, error: BaseException) -> str:
    call = next((node for node in ast.walk(statement) if isinstance(node, ast.Call) and _name(node) in _LOADERS), None)
    if call is None or isinstance(error, OSError):
        return ""
    targets = [
        node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]
    opened = next(
        (
            ast.unparse(item.context_expr.args[0])
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.With) and node.lineno <= line <= (node.end_lineno or line)
            for item in node.items
            if isinstance(item.context_expr, ast.Call) and item.context_expr.args
        ),
        "its file",
    )
    name = targets[0] if targets else "a value"
    if isinstance(error, _MADE_ELSEWHERE):
        remedy = (
            "It was saved where other code or libraries were installed: `soorgeon-clone build --force` makes it anew."
        )
    elif isinstance(error, _DAMAGED):
        remedy = "The file is not what the task wrote: remove it, and `soorgeon-clone build` makes it anew."
    else:
        remedy = f"Make `{name}` where it is used: take the heading between the sections that make and use it away."
    return f"`{name}` cannot be loaded from {opened}: {_reason(error)}\n  {remedy}"


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__


def _remedy(name: str, way: str, part: Any) -> str:
    if isinstance(part, types.FunctionType) and part.__name__ == "<lambda>":
        return "Give the function a name: define it with `def` at the top of a cell."
    if isinstance(part, (types.GeneratorType, types.CoroutineType)):
        return f"Keep what it gives: `list({way})`."
    drop = f"`del {way}`" if way == name or way.rpartition(".")[2].isidentifier() else f"dropping {way}"
    return f"If later sections do not need it, {drop} at the end of this one; else make it where it is used."


def _culprit(name: str, value: Any) -> tuple[str, Any]:
    """Return the innermost part that cannot be saved, and how it is reached."""
    way, one = name, value
    for _ in range(_DEEPEST):
        inner = next(((step, part) for step, part in _parts(one) if not _is_saved(part)), None)
        if inner is None:
            break
        way, one = f"{way}{inner[0]}", inner[1]
    return way, one


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        found += [(f"[{key_words(key)}]", one) for key, one in dict.items(value)]
    elif isinstance(value, (list, tuple)):
        found += [(f"[{number}]", one) for number, one in enumerate(value)]
    elif isinstance(value, types.FunctionType):
        return
    found += [(f".{key}", one) for key, one in held_by(value).items()]
    yield from found[:_WIDEST]


class _Nowhere:
    def write(self, data: Any) -> int:
        return len(data)


def _is_saved(value: Any) -> bool:
    try:
        pickle.Pickler(_Nowhere(), 5).dump(value)
    except Exception:
        return False
    return True


def _innermost(body: list[ast.stmt], line: int) -> ast.stmt | None:
    for statement in body:
        if statement.lineno <= line <= (statement.end_lineno or statement.lineno):
            return _innermost(getattr(statement, "body", []), line) or statement
    return None


def _name(call: ast.Call) -> str:
    function = call.func
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )
