"""A code cell -> the variables whose objects it changes in place, as far as its text shows."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator

from soorgeon_clone.lint.script import CodeCell

# Methods that change their object, by how their names begin. Others do so too, but not as the last thing that a cell
# does: what stands there is mostly looked at.
_CHANGING = (
    r"(?:add|append|extend|insert|update|remove|discard|pop|clear|sort|reverse|fill|put|write|load|fit|train|partial_fit|"
    r"compile|register|connect|set|setup|reset|plot|scatter|hist|bar|draw|legend|tick_params|invert|seed|shuffle)(?:_|$)"
)
# Calls on a module that change how all that comes later behaves.
_SETTING = (
    r"(?:extension|notebook_extension|output_notebook|set|set_\w+|seed|use|filterwarnings|simplefilter|reset_orig|"
    r"reset_defaults|rc|set_config|basicConfig|init_notebook_mode|register_\w+|seed_everything|manual_seed|config)$"
)


def changes_of(cell: CodeCell, modules: Collection[str]) -> tuple[set[str], set[tuple[str, str]]]:
    """Return the names whose objects the cell changes, and which keys and attributes it sets in them."""
    changes: set[str] = set()
    makes: set[tuple[str, str]] = set()
    last = cell.body[-1] if cell.body else None
    for statement in cell.body:
        for node in ast.walk(statement):
            if isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, (ast.Store, ast.Del)):
                if root := _root(node):
                    changes.add(root)
                    makes.update((root, key) for key in _keys(node))
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                changes |= _changed_by_call(node.value, modules, is_last=node is last)
    return changes, makes


def _changed_by_call(call: ast.Call, modules: Collection[str], *, is_last: bool) -> set[str]:
    called = call.func
    if not isinstance(called, ast.Attribute):
        return set()
    root = _root(called)
    if root in modules:
        return {root} if re.match(_SETTING, called.attr) else set()
    in_place = any(keyword.arg == "inplace" for keyword in call.keywords)
    if is_last and not in_place and not re.match(_CHANGING, called.attr):
        return set()
    return {root} - {""}


def modules_set_up_in(cell: CodeCell, modules: Collection[str]) -> set[str]:
    """Return the modules whose settings the cell changes (``hv.extension("bokeh")``), if it does nothing else."""
    found: set[str] = set()
    for statement in cell.body:
        target: ast.expr | None = None
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            continue
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            target = statement.value.func
            if ast.unparse(target).startswith("get_ipython()."):  # a magic
                continue
            if isinstance(target, ast.Attribute) and not re.match(_SETTING, target.attr):
                return set()
        elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
        root = _root(target) if isinstance(target, (ast.Attribute, ast.Subscript)) else ""
        if root not in modules:
            return set()
        found.add(root)
    return found


def deleted_in(cell: CodeCell) -> Iterator[str]:
    """Yield the names that the cell unbinds."""
    for statement in cell.body:
        if isinstance(statement, ast.Delete):
            yield from (target.id for target in statement.targets if isinstance(target, ast.Name))


def _root(node: ast.expr) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _keys(node: ast.Subscript | ast.Attribute) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        yield node.attr
        return
    for inner in ast.walk(node.slice):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield inner.value


def mentions_of(cell: CodeCell) -> Iterator[str]:
    """Yield all texts and attributes that the cell reads."""
    for statement in cell.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                yield node.attr
