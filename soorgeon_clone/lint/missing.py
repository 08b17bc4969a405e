"""Which names are not there when they are used, and what became of them: defined later, by a deleted cell, nowhere.

pyflakes finds the names. Nothing is said where it cannot be known: below a star import, ``exec`` or ``%run``, which
may bind anything, and for names that platforms provide.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from soorgeon_clone.lint.names import Bound, Names
from soorgeon_clone.lint.script import CodeCell, Script
from soorgeon_clone.notebook.ipython import is_notebook_name
from soorgeon_clone.notebook.magics import BODY_MAGICS, CODE_MAGICS, FOREIGN_BODIES, LINE_MAGICS, NAMES
from soorgeon_clone.notebook.tags import DEFINITIONS, MAY_FAIL

if TYPE_CHECKING:
    from soorgeon_clone.analysis.undefined import Message
    from soorgeon_clone.notebook.model import Notebook

# What notebook servers put into the namespace before the first cell (Databricks, Spark kernels, Colab, Sage).
PLATFORM_NAMES = frozenset({"spark", "sc", "sqlContext", "sqlCtx", "dbutils", "displayHTML", "spark_session"})

_BINDS_ANYTHING = frozenset(
    [
        *("exec", "execfile", "globals", "locals", "vars", "run_cell", "run_code", "push", "init_session", "user_ns"),
        *("init_printing_session", "run_line_magic", "run_cell_magic", "magic", "runfile", "load_dotenv_globals"),
    ]
)
_MAGICS_THAT_BIND_ANYTHING = frozenset(
    {"run", "store", "load", "loadpy", "rerun", "recall", "rep", "macro", "edit", "ed"}
)
KNOWN_MAGICS = LINE_MAGICS | CODE_MAGICS.keys() | BODY_MAGICS | FOREIGN_BODIES | NAMES.keys()


class Missing(NamedTuple):
    """A use of a name that is not there. ``row`` and ``offset`` are in the script; ``later`` the first binding of
    those that come too late, ``deleted`` the row of the script that unbinds it."""

    name: str
    row: int
    offset: int
    kind: Literal["later", "gone", "nowhere"]
    later: Bound | None = None


class NotebookRead(Protocol):
    """What a subject gives the questions of this module, which are asked for a subject."""

    @property
    def notebook(self) -> Notebook: ...
    @property
    def raw(self) -> Mapping[str, Any] | None: ...
    @property
    def script(self) -> Script: ...
    @property
    def names(self) -> Names: ...
    @property
    def messages(self) -> tuple[Message, ...]: ...
    @property
    def unread(self) -> Mapping[str, int]: ...
    @property
    def open_row(self) -> float: ...


def missing_names(subject: NotebookRead) -> tuple[Missing, ...]:
    """Return the uses of names that nothing above has bound, each name once a cell."""
    found: list[Missing] = []
    seen: set[tuple[str, int]] = set()
    undefined = [m for m in subject.messages if m.kind == "UndefinedName"]
    if not undefined:
        return ()
    open_from = subject.open_row
    for message in sorted(undefined, key=lambda m: (m.row, m.offset)):
        name = str(message.arguments[0])
        cell = subject.script.cell_at(message.row)
        if message.row > open_from or (name, cell.index) in seen or not _is_certain(name, cell, subject):
            continue
        missing = _classified(name, message.row, message.offset, cell, subject)
        if missing is not None:
            seen.add((name, cell.index))
            found.append(missing)
    return tuple(found)


def unread_words(subject: NotebookRead) -> dict[str, int]:
    """Return the words of cells that may be code but cannot be read as such, each with the first cell that has it."""
    unread = [other.cell for other in subject.script.cells if other.problem is not None]
    if subject.raw is None:  # a script that was not written as a notebook may have code in its Markdown cells
        unread += [other for other in subject.notebook.cells if other.kind != "code"]
    words: dict[str, int] = {}
    for cell in sorted(unread, key=lambda cell: cell.index, reverse=True):
        words.update(dict.fromkeys(re.findall(r"\w+", cell.source), cell.index))
    return words


def _is_certain(name: str, cell: CodeCell, subject: NotebookRead) -> bool:
    if is_notebook_name(name) or name in PLATFORM_NAMES or name in cell.doubtful or name.startswith("__"):
        return False
    if MAY_FAIL in cell.cell.tags or cell.maybe:
        return False
    return subject.unread.get(name, cell.index + 1) > cell.index


def _classified(name: str, row: int, offset: int, cell: CodeCell, subject: NotebookRead) -> Missing | None:
    names = subject.names
    use = names.use_at.get((row, offset))
    bindings = names.bindings.get(name, ())
    if hasattr(builtins, name):  # was taken back by ``del``
        return None
    if use is None:  # in a type annotation that is a text, or inside a function's own scope
        return Missing(name, row, offset, "nowhere") if not bindings else None
    in_loop = use.loop is not None and any(
        use.loop[0] <= getattr(b.node, "lineno", row) <= use.loop[1] for b in bindings
    )
    if in_loop or any(b.deferred and b.order <= use.order for b in bindings):
        return None
    if not bindings and use.function is not None and DEFINITIONS in cell.cell.tags:
        return None  # refactor repeats a class for the values that are loaded; what nobody calls there stays behind
    later = [b for b in bindings if b.order >= use.order and not b.augments]
    if later and not any(b.order < use.order for b in bindings):
        return Missing(name, row, offset, "later", later[0])
    if _ran_well(cell) and use.certain and use.function is None and not bindings:
        return Missing(name, row, offset, "gone")
    return Missing(name, row, offset, "nowhere")


def _ran_well(cell: CodeCell) -> bool:
    outputs = cell.cell.outputs
    return cell.cell.execution_count is not None and not any(o.get("output_type") == "error" for o in outputs)


def first_open_row(subject: NotebookRead) -> float:
    """Return the script's first row that may bind any name at all; infinity if there is none."""
    rows = [
        cell.offset + magic.row
        for cell in subject.script.cells
        for magic in cell.magics
        if _is_open(magic.name, magic.kind, magic.line)
    ]
    words = _BINDS_ANYTHING | {"*", "var"}
    if any(word in cell.text for cell in subject.script.cells for word in words):
        rows += list(_open_rows(subject.names))
    return min(rows, default=float("inf"))


def _is_open(name: str, kind: str, line: str) -> bool:
    if kind in ("shell", "help", "call"):
        return False
    if name == "store":
        return line.split() == ["-r"]
    return name in _MAGICS_THAT_BIND_ANYTHING or name not in KNOWN_MAGICS


def _open_rows(names: Names) -> Iterator[int]:
    for star in names.of_kind(ast.ImportFrom):
        if any(alias.name == "*" for alias in star.names):
            yield star.lineno
    for node in names.of_kind(ast.Import):
        if any(alias.name in ("__main__", "builtins") for alias in node.names):
            yield node.lineno
    yield from (n.lineno for n in names.of_kind(ast.Attribute) if n.attr in ("user_ns", "user_global_ns"))
    yield from (n.lineno for n in names.of_kind(ast.Call) if _may_bind(n))


def _may_bind(call: ast.Call) -> bool:
    called = call.func
    name = called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
    if name == "var":  # sympy.var("x y")
        return bool(call.args) and isinstance(call.args[0], ast.Constant)
    return name in _BINDS_ANYTHING and not _is_ours(call)


def _is_ours(call: ast.Call) -> bool:
    """Tell whether the call is what IPython syntax became (``get_ipython().run_line_magic("time", ...)``)."""
    called = call.func
    return (
        isinstance(called, ast.Attribute)
        and called.attr in ("run_line_magic", "run_cell_magic", "system", "getoutput")
        and isinstance(called.value, ast.Call)
        and isinstance(called.value.func, ast.Name)
        and called.value.func.id == "get_ipython"
        and len(call.args) > 0
        and isinstance(call.args[0], ast.Constant)
        and call.args[0].value not in _MAGICS_THAT_BIND_ANYTHING
    )
