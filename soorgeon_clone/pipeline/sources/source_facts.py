"""A task's source -> SourceFacts: its upstream, its product and what its code is made of, without running any of it."""

from __future__ import annotations

import ast
import functools
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.regular import NotRegular, is_regular, read_bytes
from soorgeon_clone.notebook.model import Cell, Notebook
from soorgeon_clone.notebook.tags import INJECTED, MAY_FAIL, PARAMETERS, READS_FILES, SKIPPED, WRITES_FILES, is_reserved
from soorgeon_clone.pipeline.sources import code_facts, other_language
from soorgeon_clone.pipeline.sources.digests import digest
from soorgeon_clone.pipeline.sources.model import CodeFacts, CodePiece, ImportTarget, Signature, SourceFacts
from soorgeon_clone.pipeline.sources.names import undefined

Kind = TypeVar("Kind")

# Raised when facts are made in another way, so that those in the records are not used any more.
VERSION = 10
REMARK = "# soorgeon-clone:"
_TAGS = (PARAMETERS, MAY_FAIL, SKIPPED)
_PRODUCT = re.compile(r"\bproduct\b")
_MOVE = re.compile(r"\bf?chdir\b|^\s*%?(cd|pushd|popd)\s", re.MULTILINE)


def script_facts(path: Path, kernel: str | None = None) -> SourceFacts:
    """Facts of a script or notebook, which the kernel of this name is to run. A source that cannot be read has a
    ``problem``."""
    from soorgeon_clone.notebook import read

    if not is_regular(path):
        return SourceFacts(problem=f"{path} cannot be read: {NotRegular(path).strerror}")
    try:
        notebook, language = read.read_any(path)
        if language is None and kernel is not None:
            language = read.kernel_language({"kernelspec": {"name": kernel}})
        return notebook_facts(notebook) if language is None else other_language.facts(notebook, language, kernel)
    except UserError as error:
        return SourceFacts(problem=error.message)
    except (LookupError, UnicodeError) as error:  # an encoding that is none
        return SourceFacts(problem=f"{path} cannot be read: {error}")
    except (RecursionError, MemoryError):
        return SourceFacts(problem=f"{path} cannot be read: its code is nested too deeply")


def notebook_facts(notebook: Notebook) -> SourceFacts:
    """Facts of a task's source that was read as a notebook."""
    trees: list[ast.Module] = []
    marks: list[str] = []
    upstream: Any = None
    product: Any = None
    declared: list[str] = []
    numbered: list[tuple[int, ast.Module]] = []
    magic = may_fail = False
    for cell in notebook.cells:
        if cell.kind != "code" or INJECTED in cell.tags or not cell.source.strip():
            continue
        try:
            tree, magics = _parse(cell, notebook) if SKIPPED not in cell.tags else _as_text(cell)
        except SyntaxError as error:
            if MAY_FAIL in cell.tags or _is_transformed(cell, notebook):
                tree, magics = _as_text(cell)
            else:
                where = f"{notebook.path or notebook.name}, cell {cell.index + 1}, line {error.lineno}"
                return SourceFacts(problem=f"{where}: {error.msg}", upstream=_names(upstream), product=product)
        if PARAMETERS in cell.tags:
            values = _literals(tree)
            upstream, product = values.get("upstream", upstream), values.get("product", product)
            tree = ast.Module([one for one in tree.body if not _is_declaration(one)], [])
            declared += [name for statement in tree.body for name in _assigned(statement)]
        elif not tree.body and not magics:
            continue
        trees.append(tree)
        marks.append(_mark(cell, magics))
        numbered.append((cell.index + 1, tree))
        magic = magic or bool(magics)
        may_fail = may_fail or MAY_FAIL in cell.tags or SKIPPED in cell.tags
    code = code_facts.of_script(trees, marks)
    if any("upstream" in mark for mark in marks):  # a magic may read it: "!cat {upstream['load']['x']}"
        code = replace(code, upstream=None)
    kept = [cell for cell in notebook.cells if INJECTED not in cell.tags]
    return SourceFacts(
        upstream=_names(upstream),
        product=product,
        declared=tuple(declared),
        doc=other_language.heading(notebook),
        injected_at=next((index + 1 for index, cell in enumerate(kept) if PARAMETERS in cell.tags), 0),
        has_injected=len(kept) < len(notebook.cells),
        undefined=() if magic or may_fail else undefined(numbered),
        prose=digest("\0".join(f"{cell.kind}\n{cell.source}" for cell in kept)),
        looks_back=_mentions(kept, _PRODUCT),
        moves=_mentions(kept, _MOVE),
        code=code,
        writes_files=any(WRITES_FILES in cell.tags for cell in notebook.cells),
        reads_files=any(READS_FILES in cell.tags for cell in notebook.cells),
        remarks=tuple(
            line.strip()
            for cell in notebook.cells
            if cell.kind == "code" and REMARK in cell.source
            for line in cell.source.splitlines()
            if REMARK in line
        ),
    )


def _mentions(cells: Sequence[Cell], pattern: re.Pattern[str]) -> bool:
    """Whether a cell mentions something that is the author's own, not one that refactor added."""
    return any(
        pattern.search(cell.source)
        for cell in cells
        if cell.kind == "code" and not any(is_reserved(tag) for tag in cell.tags)
    )


@functools.lru_cache(maxsize=16)
def _tree(path: Path, data: bytes) -> ast.Module:
    return ast.parse(data, str(path))


def function_facts(dotted: str, path: Path) -> SourceFacts:
    """Facts of a function task, ``module.function``, whose module is the file at ``path``."""
    name = dotted.rpartition(".")[2]
    try:
        tree = _tree(path, read_bytes(path))
        return _function_facts(tree, name, path)
    except (OSError, SyntaxError, ValueError, LookupError) as error:
        return SourceFacts(problem=f"{path} cannot be read: {error}")
    except (RecursionError, MemoryError):
        return SourceFacts(problem=f"{path} cannot be read: its code is nested too deeply")


def function_text(text: str, name: str) -> str:
    """Return the text of a function of a module, with its decorators; of all the module where it is not written out."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text
    for statement in reversed(tree.body):
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and statement.name == name:
            first = min(one.lineno for one in (statement, *statement.decorator_list))
            return "\n".join([*text.split("\n")[first - 1 : statement.end_lineno], ""])
    return text


def _function_facts(tree: ast.Module, name: str, path: Path) -> SourceFacts:
    for statement in reversed(tree.body):
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)) and statement.name == name:
            uses = code_facts.upstream_uses(statement)
            return SourceFacts(
                upstream=tuple(dict.fromkeys(_subscripts(statement))),
                doc=(ast.get_docstring(statement) or "").partition("\n")[0],
                signature=_signature_of(statement),
                moves=any(isinstance(node, ast.Attribute) and node.attr == "chdir" for node in ast.walk(tree)),
                code=CodeFacts(upstream=uses),
            )
    # A class, or a name that is imported or assigned there, is found when it runs.
    for node in ast.walk(tree):
        imported = [alias.asname or alias.name for alias in getattr(node, "names", ()) if isinstance(alias, ast.alias)]
        is_class = isinstance(node, ast.ClassDef) and node.name == name
        if is_class or any(name in one for one in imported) or (isinstance(node, ast.Name) and node.id == name):
            return SourceFacts(code=CodeFacts())
    return SourceFacts(problem=f"there is no function {name} in {path}")


def _signature_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Signature | None:
    if function.decorator_list:
        return None
    taken = function.args
    positional = [one.arg for one in (*taken.posonlyargs, *taken.args)]
    required = positional[: len(positional) - len(taken.defaults)]
    required += [one.arg for one, default in zip(taken.kwonlyargs, taken.kw_defaults, strict=True) if default is None]
    names = [*positional, *(one.arg for one in taken.kwonlyargs)]
    return Signature(tuple(names), tuple(required), taken.kwarg is not None)


def module_facts(path: Path) -> CodeFacts | None:
    """Facts of a local module; None where it cannot be parsed."""
    try:
        return code_facts.of_module(ast.parse(read_bytes(path), str(path)))
    except (OSError, SyntaxError, ValueError, LookupError, RecursionError, MemoryError):
        return None


def to_json(facts: SourceFacts | CodeFacts) -> str:
    """The facts as text, for the records."""
    return json.dumps(facts, default=_fields)


def _fields(facts: Any) -> dict[str, Any]:
    return {field.name: getattr(facts, field.name) for field in fields(facts)}


def source_from_json(text: str) -> SourceFacts | None:
    """The facts that ``to_json`` wrote; None where the text is not that."""
    try:
        data = json.loads(text)
        if data["problem"] is not None:  # such facts are not remembered
            return None
        return SourceFacts(
            upstream=_texts(data["upstream"]),
            declared=_texts(data["declared"]),
            doc=_of(str, data["doc"]),
            injected_at=_of(int, data["injected_at"]),
            has_injected=_of(bool, data["has_injected"]),
            prose=_of(str, data["prose"]),
            signature=None if data["signature"] is None else _signature(data["signature"]),
            undefined=tuple((_of(str, one[0]), _of(int, one[1]), _of(int, one[2])) for one in data["undefined"]),
            looks_back=_of(bool, data["looks_back"]),
            moves=_of(bool, data["moves"]),
            code=None if data["code"] is None else _code(data["code"]),
            writes_files=_of(bool, data["writes_files"]),
            reads_files=_of(bool, data["reads_files"]),
            remarks=_texts(data["remarks"]),
            product=data["product"],
            language=None if data["language"] is None else _of(str, data["language"]),
            kernel=None if data["kernel"] is None else _of(str, data["kernel"]),
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def code_from_json(text: str) -> CodeFacts | None:
    """The facts that ``to_json`` wrote; None where the text is not that."""
    try:
        return _code(json.loads(text))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _code(data: dict[str, Any]) -> CodeFacts:
    return CodeFacts(
        definitions={name: _piece(one) for name, one in data["definitions"].items()},
        effects=_piece(data["effects"]),
        imports={name: tuple(map(_target, targets)) for name, targets in data["imports"].items()},
        executed=tuple(map(_target, data["executed"])),
        stars=tuple(map(_target, data["stars"])),
        reflective=_of(bool, data["reflective"]),
        upstream=None if data["upstream"] is None else tuple(map(_use, data["upstream"])),
        constants=_texts(data["constants"]),
    )


def _signature(data: dict[str, Any]) -> Signature:
    return Signature(_texts(data["names"]), _texts(data["required"]), _of(bool, data["anything"]))


def _piece(data: dict[str, Any]) -> CodePiece:
    uses = tuple(map(sys.intern, _texts(data["uses"])))  # tasks use the same names
    return CodePiece(_of(str, data["digest"]), uses, _texts(data["constants"]))


def _target(data: dict[str, Any]) -> ImportTarget:
    attribute = data["attribute"]
    return _known_target(
        _of(str, data["module"]), _of(int, data["level"]), None if attribute is None else _of(str, attribute)
    )


def _use(data: Any) -> tuple[str, str | None]:
    task, key = data
    return _of(str, task), None if key is None else _of(str, key)


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError("no list")
    return tuple(_of(str, one) for one in value)


def _of(kind: type[Kind], value: Any) -> Kind:
    if type(value) is not kind:
        raise TypeError(f"no {kind.__name__}")
    return value


_known_target = functools.lru_cache(maxsize=1000)(ImportTarget)


def _is_transformed(cell: Cell, notebook: Notebook) -> bool:
    """Whether a cell above it may have given it a syntax of its own."""
    from soorgeon_clone.notebook.ipython import TRANSFORMS

    return any(TRANSFORMS in above.source for above in notebook.cells[: cell.index] if above.kind == "code")


def _parse(cell: Cell, notebook: Notebook) -> tuple[ast.Module, str]:
    """The cell's tree, and the text of its magics. IPython is only asked about cells that are not plain Python."""
    try:
        return ast.parse(cell.source), ""
    except SyntaxError:
        pass
    from soorgeon_clone.notebook import ipython
    from soorgeon_clone.notebook.syntax import CellSyntaxError

    try:
        code = ipython.to_python(cell.source)
    except CellSyntaxError as error:
        above = [one.source for one in notebook.cells[: cell.index + 1] if one.kind == "code"]
        *_, read = ipython.to_python_each(above)  # it may be a magic that a cell above it has made
        if isinstance(read, CellSyntaxError):
            raise SyntaxError(error.message, (None, error.row, error.column, None)) from None
        code = read
    return ast.parse(code.text), repr(code.magics)


def _as_text(cell: Cell) -> tuple[ast.Module, str]:
    """A cell that is shown and does nothing."""
    return ast.Module([], []), repr(cell.source)


def _mark(cell: Cell, magics: str) -> str:
    """What counts of a cell besides its syntax tree: tags that act, magics, a final ``;`` that hides the output."""
    tags = ",".join(tag for tag in _TAGS if tag in cell.tags)
    quiet = ";" if cell.source.rstrip().endswith(";") else ""
    return f"{tags}|{quiet}|{magics}"


def _literals(tree: ast.Module) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for statement in tree.body:
        if _is_declaration(statement):
            assigned: Any = statement
            target: Any = assigned.targets[0] if isinstance(assigned, ast.Assign) else assigned.target
            try:
                values[target.id] = ast.literal_eval(assigned.value)
            except (ValueError, TypeError):
                values[target.id] = None
    return values


def _assigned(statement: ast.stmt) -> list[str]:
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _is_declaration(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target: ast.expr = statement.targets[0]
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        target = statement.target
    else:
        return False
    return isinstance(target, ast.Name) and target.id in ("upstream", "product")


def _names(upstream: Any) -> tuple[str, ...]:
    if isinstance(upstream, str):
        return (upstream,)
    if isinstance(upstream, (list, tuple, set, dict)):
        names = sorted(upstream, key=str) if isinstance(upstream, set) else list(upstream)
        return tuple(str(name) for name in names)
    return ()


def _subscripts(tree: ast.AST) -> list[str]:
    """All tasks that a function takes out of ``upstream``, in the order in which they stand there."""
    found: list[str] = []
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "upstream"):
            continue
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            found.append(node.slice.value)
    return found
