"""Imports go down only, rooms on one floor do not know each other, each library has one door (CONTRIBUTING.md)."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "soorgeon_clone"

# From the top down. A room may import what stands on a lower floor.
FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"__main__", "jupyter"}),
    frozenset({"cli"}),
    frozenset({"verify"}),
    frozenset({"lint", "refactor", "export"}),
    frozenset({"analysis", "pipeline"}),
    frozenset({"notebook"}),
    frozenset({"pyproject", "distributions"}),
    frozenset({"files", "page"}),
    frozenset({"errors", "visible", "__init__"}),
)
# Room -> modules of other rooms on its own floor or above that it may still import.
STAIRS: dict[str, frozenset[str]] = {}
# The floors of rooms in a room, where it has some.
INNER_FLOORS: dict[str, tuple[frozenset[str], ...]] = {
    "analysis": (
        frozenset({"__init__", "analyse", "undefined"}),
        frozenset({"settled"}),
        frozenset({"dataflow", "lines"}),
        frozenset({"machine"}),
        frozenset({"model", "models"}),
        frozenset({"objects"}),
        frozenset({"modules"}),
        frozenset({"star", "scripts"}),
        frozenset({"evidence"}),
        frozenset({"knowledge"}),
        frozenset({"because", "limits", "lower"}),
    ),
    # in the order of the assembly line, from its end to its beginning
    "pipeline": (
        frozenset({"__init__", "api", "run", "functions", "serializers"}),
        frozenset({"plot", "elsewhere"}),
        frozenset({"building"}),
        frozenset({"status", "execution"}),
        frozenset({"products"}),
        frozenset({"state"}),
        frozenset({"assumptions"}),
        frozenset({"saving"}),
        frozenset({"declared"}),
        frozenset({"sources"}),
    ),
}
# Library -> its doors: modules, or folders as a whole. More than one only where what they do is not the same.
DOORS: dict[str, frozenset[str]] = {
    # the script that an export to AWS Batch brings along
    "boto3": frozenset({"export/submit"}),
    "botocore": frozenset({"export/submit"}),
    "click": frozenset({"cli"}),
    "cloudpickle": frozenset({"pipeline/execution/post_mortem"}),
    "comm": frozenset({"pipeline/execution/output_widgets"}),
    "detect_secrets": frozenset({"lint/credentials"}),
    "distributed": frozenset({"pipeline/elsewhere/dask"}),
    "duckdb": frozenset({"pipeline/state/databases"}),
    "fsspec": frozenset({"pipeline/products/remote"}),
    "filelock": frozenset({"pipeline/building/lock"}),
    # syntax of cells; the shell that runs them; a shell for the user
    "IPython": frozenset({"notebook/ipython", "pipeline/execution", "cli/interact"}),
    "jinja2": frozenset({"pipeline/sources/sql", "pipeline/sources/template_facts", "pipeline/sources/templates"}),
    "jupytext": frozenset({"notebook/formats"}),
    "matplotlib": frozenset({"pipeline/plot/png"}),
    "mistune": frozenset({"page/markdown"}),
    "jupyter_client": frozenset({"pipeline/execution/kernel"}),
    "nbclient": frozenset({"pipeline/execution/kernel"}),
    "nbconvert": frozenset({"pipeline/execution/convert"}),
    # files are read and written by formats; nbclient wants nbformat's own objects
    "nbformat": frozenset({"notebook/formats", "pipeline/execution/kernel"}),
    # arrays, frames and pictures are compared by what is in them
    "numpy": frozenset({"verify/images", "verify/likeness"}),
    # what is uploaded to a database, and dumped from one
    "pandas": frozenset({"pipeline/building/sql_task"}),
    "pyarrow": frozenset({"pipeline/building/sql_task"}),
    "PIL": frozenset({"verify/images"}),
    "parso": frozenset({"analysis/lower/parsed"}),
    "pyflakes": frozenset({"analysis/undefined"}),
    "pygments": frozenset({"page/code"}),
    "sqlalchemy": frozenset({"pipeline/state/databases"}),
    "tomli": frozenset({"pyproject"}),  # on Python 3.10
    "traitlets": frozenset({"pipeline/execution/shell"}),
    "zstandard": frozenset({"pipeline/products/compression"}),
    # effect tables; pipeline.yaml, with line numbers
    "yaml": frozenset({"analysis/knowledge/effects", "pipeline/declared/yaml_tree"}),
}
# Imported by nobody at module level: they cost more than the rest of the program's start.
HEAVY = frozenset(
    "nbformat jupytext IPython ipykernel nbclient nbconvert mistune pygments rich pandas numpy matplotlib "
    "sklearn".split()
)
# Modules that only processes import which need the library anyway.
STARTED_APART = {"pipeline/execution/shell": frozenset({"IPython"})}

MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def room_of(parts: tuple[str, ...]) -> str:
    return parts[0].removesuffix(".py")


def within(path: Path) -> set[str]:
    """Return the module's name and those of the folders that it is in: a/b/c -> a/b/c, a/b, a."""
    module = path.with_suffix("")
    return {part.as_posix() for part in (module, *module.parents)}


def floor_of(room: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


def module_of(name: str) -> Path | None:
    """Return the module of the package that an imported name is, or is in; None for other packages."""
    parts = name.split(".")
    if parts[0] != PACKAGE.name:
        return None
    inner = Path(*parts[1:])
    for candidate in (inner.with_suffix(".py") if parts[1:] else inner, inner / "__init__.py"):
        if (PACKAGE / candidate).is_file():
            return candidate
    return module_of(".".join(parts[:-1])) if parts[1:] else None


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield each imported module's dotted name (of ``from a import b``: ``a.b``), and whether it is at module level."""
    tree = ast.parse((PACKAGE / path).read_text(encoding="utf-8"))
    top = {id(node) for node in _at_module_level(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            yield name, id(node) in top


def _at_module_level(tree: ast.Module) -> Iterator[ast.stmt]:
    for node in tree.body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        if isinstance(node, (ast.If, ast.Try)):
            yield from (child for child in ast.walk(node) if isinstance(child, ast.stmt))


def test_every_room_has_a_floor() -> None:
    declared = frozenset().union(*FLOORS)
    rooms = {room_of(path.parts) for path in MODULES}
    assert rooms == declared, "declare the new room's floor in FLOORS, or take the old one out"


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_go_down(path: Path) -> None:
    here = room_of(path.parts)
    for name, _ in imports(path):
        parts = name.split(".")
        if parts[0] != "soorgeon_clone" or len(parts) == 1:
            continue
        there = parts[1] if parts[1] in frozenset().union(*FLOORS) else "__init__"
        if there == here or name in STAIRS.get(here, ()):
            continue
        assert floor_of(there) > floor_of(here), f"{path} imports {name}, which is not on a lower floor"


@pytest.mark.parametrize("room", INNER_FLOORS)
def test_every_inner_room_has_a_floor(room: str) -> None:
    declared = frozenset().union(*INNER_FLOORS[room])
    assert {room_of(path.parts[1:]) for path in MODULES if path.parts[0] == room} == declared


@pytest.mark.parametrize("path", [path for path in MODULES if path.parts[0] in INNER_FLOORS], ids=str)
def test_imports_go_down_within_a_room(path: Path) -> None:
    floors = INNER_FLOORS[path.parts[0]]
    floor = {room: number for number, rooms in enumerate(floors) for room in rooms}
    here = room_of(path.parts[1:])
    for name, _ in imports(path):
        module = module_of(name)
        if module is None or module.parts[0] != path.parts[0]:
            continue
        there = room_of(module.parts[1:])
        same = there == here or (floor[there] == floor[here] == 0)
        assert same or floor[there] > floor[here], f"{path} imports {name}, which is not on a lower floor"


def test_no_circles() -> None:
    """Imports inside functions and those for types count as well."""
    graph = {path: {module for name, _ in imports(path) if (module := module_of(name))} - {path} for path in MODULES}
    while leaves := [path for path, needed in graph.items() if not needed & graph.keys()]:
        for path in leaves:
            del graph[path]
    # What is left is in a circle, or imports what is in one.
    while tops := [path for path in graph if not any(path in needed for needed in graph.values())]:
        for path in tops:
            del graph[path]
    assert not graph, "these modules import each other in a circle, or what is between two circles"


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_each_library_has_one_door(path: Path) -> None:
    for name, _ in imports(path):
        library = name.split(".")[0]
        if library in sys.stdlib_module_names or library in ("soorgeon_clone", "__future__"):
            continue
        doors = DOORS.get(library)
        assert doors, f"{path} imports {library}: give it a door in DOORS"
        assert doors & within(path), f"{path} imports {library}, whose door is {set(doors)}"


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_heavy_libraries_are_imported_where_they_are_needed(path: Path) -> None:
    at_start = {name.split(".")[0] for name, top in imports(path) if top}
    too_early = at_start & HEAVY - STARTED_APART.get(path.with_suffix("").as_posix(), frozenset())
    assert not too_early, f"{path} imports {set(too_early)} at module level"


def test_doors_are_used() -> None:
    used = {name.split(".")[0] for path in MODULES for name, _ in imports(path)}
    assert not DOORS.keys() - used, "no module uses this library any more"


# Who may know Python's syntax tree in the room: pyflakes wants one.
KNOW_SYNTAX = frozenset({"analysis/lower", "analysis/undefined"})


@pytest.mark.parametrize("path", [path for path in MODULES if path.parts[0] == "analysis"], ids=str)
def test_syntax_is_lowered_in_one_place(path: Path) -> None:
    found = {name for name, _ in imports(path)}
    assert KNOW_SYNTAX & within(path) or "ast" not in found, f"{path} knows the syntax tree: ask analysis/lower/"
    if "analysis/lower" in within(path):
        others = {n for n in found if n.startswith("soorgeon_clone.") and ".analysis.lower" not in n}
        assert not others, f"{path} imports {others}: lowering knows nothing but Python"


# Where the names of libraries that have a table may stand in Python code all the same, and why.
NAMED = {
    "analysis/models/": "a model is about the library that it is named after",
    "analysis/objects/hints": "the words by which code sets something of a library",
    "analysis/objects/types": "the types of tables and arrays, which the rest of the code has from here",
    "analysis/objects/kinds/table": "the types of the tables that the kind answers for",
    "analysis/objects/kinds/importable": "the path by which IPython's shell is known",
    "analysis/machine/walk": "the path of `display`, and of what else IPython puts in place",
    "analysis/machine/bodies": "a name that notebooks give to a variable",
    "analysis/knowledge/effects": "the library of a module that is imported by another name",
    "analysis/knowledge/feared": "types that are asked about each method: all tables would be read for that",
    "refactor/carriers/ambient": "the code that saves the state of a generator",
    "refactor/carriers/pickled": "what is saved as a frame",
    "refactor/frames": "the code that saves a frame",
    "refactor/steps": "the code that chooses pyplot's backend",
    "refactor/tasks": "the module that this code needs",
}
TABLES = PACKAGE / "analysis" / "knowledge"
LIBRARY = re.compile(
    rf"(?<![\w./])({'|'.join(path.stem for path in TABLES.glob('*.yaml') if path.stem != 'builtins')})(?![\w/])"
)


def texts_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the row and the text of each constant that is no docstring."""
    tree = ast.parse((PACKAGE / path).read_text(encoding="utf-8"))
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.lineno, node.value


def names_libraries(path: Path) -> list[str]:
    return [f"{row}: {found[1]}" for row, text in texts_of(path) if (found := LIBRARY.search(text))]


@pytest.mark.parametrize("path", [path for path in MODULES if path.parts[0] in ("analysis", "refactor")], ids=str)
def test_what_is_known_of_libraries_stands_in_their_tables(path: Path) -> None:
    if not any(path.with_suffix("").as_posix().startswith(allowed) for allowed in NAMED):
        assert names_libraries(path) == [], f"{path}: say it in a table (analysis/knowledge/), or why it may stand here"


def test_exceptions_are_needed() -> None:
    for allowed in NAMED:
        paths = [path for path in MODULES if path.with_suffix("").as_posix().startswith(allowed)]
        assert any(map(names_libraries, paths)), f"nothing in {allowed} names a library any more"
