"""Nothing outside of the room ``files`` writes, renames or removes by itself: there each path is checked on use.

Who needs something that the room does not have yet adds it there. What stands in the table below does not come through
the room, and why.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "soorgeon_clone"

# Module (or the folder of modules) -> why it may.
EXCEPTIONS = {
    "files": "the room itself",
    # in the process of a task, whose code may do anything, in its own private folder
    "pipeline/execution/channel.py": "messages of a task's process, appended to a file in a private folder",
    "pipeline/execution/streams.py": "what a task's process prints, in a new temporary file",
    "pipeline/execution/portable.py": "opens what it made itself in a private folder",
    "verify/portrait.py": "in a task's process: portraits of its variables, in verify's private folder",
    "verify/guard.py": "in a task's process: notes what the guard refused, in verify's private folder",
    "verify/rehearsal_process.py": "in a task's process: the log of a search, in a private folder",
    "verify/workspace.py": "lays out the copy of a folder, with its links, in verify's private folder",
    "pipeline/plot/png.py": "draws into memory",
    # the runner's own folders, made and checked as such (files/scratch.py); names in them are digests, or unpredictable
    "lint/cache.py": "entries of the user's cache folder, named by digests",
    "pipeline/products/cache.py": "objects of the user's cache folder, named by digests",
    "pipeline/state/database.py": "puts its own damaged file aside, as the entry that it is",
    "export/check.py": "a private folder with what an image would hold",
    "pipeline/elsewhere/build_side.py": "private folders in the system's folder for temporary files",
    "pipeline/elsewhere/worker_side.py": "a worker's private folder, where the worker says",
    "pipeline/products/remote.py": "a store that is a folder, under keys that are digests",
    "pipeline/declared/repository.py": "a private folder with what git may see of a repository",
    "pipeline/building/sql_task.py": "in a task's process: what a query gave, as its product, and receipts",
    "pipeline/state/databases.py": "in a task's process: the folder of a database, as its client says",
    "pipeline/execution/post_mortem.py": "in a task's process: its error, for a debugger, where the build says",
    "pipeline/building/download_task.py": "in a task's process: what was downloaded, as its product",
    "pipeline/serializers.py": "in a task's process: what the user's function returned, as its product",
    "pipeline/building/split_task.py": "in a task's process: the elements, as its product",
    "pipeline/products/compression.py": "objects of a store, in the folder of the cache",
    "pipeline/building/results.py": "folders of products in a stage",
    "pipeline/building/former.py": "declared products, at the places that the stage gives, and the stage of a task",
    "pipeline/building/staging.py": "the stage of a task, and declared products, of which a folder may be a link",
    "pipeline/products/store.py": "says that an object of the cache was used",
}

# Names of methods and functions, whatever they are called on.
_RAW = frozenset(
    [
        *("write_text", "write_bytes", "unlink", "rmdir", "mkdir", "makedirs", "mkfifo", "mknod", "touch", "chmod"),
        *("symlink", "symlink_to", "hardlink_to", "link", "link_to", "rename", "renames", "removedirs", "truncate"),
        *("rmtree", "copy2", "copyfile", "copytree", "copymode", "move", "copyfileobj", "make_archive"),
        *("mkstemp", "mkdtemp", "mktemp", "NamedTemporaryFile", "TemporaryFile", "TemporaryDirectory"),
        *("extractall", "extract", "savefig", "unpack_archive", "FileHandler", "write_node", "to_csv", "to_pickle"),
    ]
)
# These are also methods of texts, lists and the like: only of these modules.
_OF_MODULES = frozenset([("os", "remove"), ("os", "replace"), ("shutil", "copy"), ("os", "utime")])
_WRITING_FLAGS = frozenset(["O_WRONLY", "O_RDWR", "O_CREAT", "O_APPEND", "O_TRUNC"])

MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def raw_writes(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The line and the text of each call that writes, renames or removes by itself."""
    ours = set(_imported_from_us(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_raw(node, ours):
            yield node.lineno, ast.unparse(node.func)


def _imported_from_us(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("soorgeon_clone"):
            yield from (alias.asname or alias.name for alias in node.names)


def _is_raw(call: ast.Call, ours: set[str]) -> bool:
    function = call.func
    if isinstance(function, ast.Name):
        name, of = function.id, ""
    elif isinstance(function, ast.Attribute):
        name, of = function.attr, function.value.id if isinstance(function.value, ast.Name) else "?"
    else:
        return False
    if (of or name) in ours:  # what our own modules give is looked at there
        return False
    if name in ("open", "fdopen"):
        return _opens_for_writing(call, of)
    if name == "replace":  # Path.replace takes one argument; that of a text two, that of a dataclass keywords
        return of == "os" or (isinstance(function, ast.Attribute) and len(call.args) == 1 and not call.keywords)
    if name == "copyfileobj":  # between files that are open already
        return False
    return (name in _RAW and (of != "" or name not in ("link", "move", "extract"))) or (of, name) in _OF_MODULES


def _opens_for_writing(call: ast.Call, of: str) -> bool:
    if any(keyword.arg == "fileobj" for keyword in call.keywords):  # an archive in memory
        return False
    names = {node.attr for node in ast.walk(call) if isinstance(node, ast.Attribute)}
    if of == "os":
        return "O_RDONLY" not in names or bool(names & _WRITING_FLAGS)
    modes = [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
    modes += call.args[:1] if of not in ("", "io", "tarfile", "gzip") else call.args[1:2]
    return any(
        not isinstance(mode, ast.Constant) or (isinstance(mode.value, str) and bool(set(mode.value) & set("wax+")))
        for mode in modes
        if of in ("", "io") or isinstance(mode, ast.Constant)
    )


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_only_the_room_for_files_writes(path: Path) -> None:
    found = list(raw_writes(ast.parse((PACKAGE / path).read_text(encoding="utf-8"))))
    if path.as_posix() in EXCEPTIONS or path.parts[0] in EXCEPTIONS:
        assert found or path.parts[0] == "files", f"{path} writes nothing by itself any more: take it out of EXCEPTIONS"
        return
    shown = ", ".join(f"line {line}: {text}" for line, text in found)
    assert not found, f"{path} writes by itself ({shown}): call soorgeon_clone.files, which checks the path"


@pytest.mark.parametrize(
    "text",
    [
        "path.write_text('x')",
        "Path(a).write_bytes(b'')",
        "open(a, 'w')",
        "open(a, mode='ab')",
        "open(a, mode)",
        "path.open('x')",
        "path.open(mode='r+')",
        "os.open(a, os.O_WRONLY | os.O_CREAT)",
        "os.open(a, flags)",
        "os.replace(a, b)",
        "path.replace(other)",
        "(a / b).unlink()",
        "os.remove(a)",
        "shutil.rmtree(a)",
        "from shutil import rmtree\nrmtree(a)",
        "tempfile.mkdtemp()",
        "archive.extractall(a)",
        "tarfile.open(a, 'w')",
        "figure.savefig(a)",
        "os.link(a, b)",
        "shutil.copy(a, b)",
    ],
)
def test_what_counts_as_writing(text: str) -> None:
    assert list(raw_writes(ast.parse(text)))


@pytest.mark.parametrize(
    "text",
    [
        "open(a)",
        "open(a, 'rb')",
        "path.open('rb')",
        "os.open(a, os.O_RDONLY)",
        "tarfile.open(fileobj=buffer, mode='w')",
        "text.replace(a, b)",
        "dataclasses.replace(task, name=1)",
        "from soorgeon_clone.files import atomic\natomic.write_text(a, b, c)",
        "names.remove(a)",
        "values.copy()",
    ],
)
def test_what_does_not_count(text: str) -> None:
    assert not list(raw_writes(ast.parse(text)))
