"""``source``, ``class`` and ``name`` of an entry -> what runs, and what the task is called.

What runs is a script, a function or SQL; or nothing, where others make the file.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from soorgeon_clone.pipeline.declared import database_entry as databases
from soorgeon_clone.pipeline.declared.entries import DOTTED, checked_path, is_text
from soorgeon_clone.pipeline.declared.model import Source, SourceKind
from soorgeon_clone.pipeline.declared.yaml_tree import Item, shortened
from soorgeon_clone.pipeline.sources.shell import SUFFIXES as SHELL
from soorgeon_clone.pipeline.sources.sql import SUFFIXES as SQL

_SCRIPTS = (".py", ".ipynb", ".md", ".rmd", ".qmd", ".r", ".jl")
SUFFIXES = (*_SCRIPTS, *SHELL, *SQL)
SQL_KINDS = ("sql", "upload")
_LONGEST_NAME = 1_000  # bytes
# Ploomber's classes of tasks -> the kind of source that they go with.
CLASSES = {
    "NotebookRunner": "script", "ScriptRunner": "script", "PythonCallable": "function", "ShellScript": "shell",
    "Link": "link", "Input": "link", "DownloadFromURL": "download",
    databases.SCRIPT: "sql", databases.DUMP: "sql", databases.UPLOAD: "upload",
}  # fmt: skip
# Classes of Ploomber's that there are not -> what does the same.
_INSTEAD = {
    "SQLTransfer": "a SQLDump and a SQLUpload of its file, each with its client",
    "PostgresCopyFrom": "SQLUpload, or a function that calls COPY",
    "UploadToS3": "'store: s3://BUCKET' for all products, or a function that uploads",
    "TaskFactory": "'location: module.function', whose function may use Ploomber's classes",
    "TaskGroup": "'grid', which makes a task of each combination",
}


def read_source(item: Item, root: Path, folders: Sequence[str]) -> Source:
    """The source; paths are looked for in ``folders``, those of ``meta.source_loader``, then here. Raises UserError."""
    entry = item.get("source")
    declared = item.value["class"].value if "class" in item.value else None
    if declared is not None:
        _check_class(item.value["class"])
    if CLASSES.get(str(declared)) == "link":
        if entry is not None:
            raise entry.error(f"a {declared} has no source: its product is a file that is there")
        return Source("link", str(declared))
    if entry is None:
        raise item.error("a task needs a 'source'")
    text = entry.value
    if not isinstance(text, str) or not text.strip():
        raise entry.error("expected the path of a script or notebook, or module.function")
    if declared == "DownloadFromURL":
        return Source("download", text)
    checked_path(text, entry)
    suffix = PurePosixPath(text).suffix.lower()
    upload = declared == databases.UPLOAD
    if upload or suffix in SUFFIXES:
        kinds: Mapping[str, SourceKind] = {**dict.fromkeys(SHELL, "shell"), **dict.fromkeys(SQL, "sql")}
        kind: SourceKind = "upload" if upload else kinds.get(suffix, "script")
        path = Path(text)
        if not upload and not path.is_absolute():
            path = next((Path(one, path) for one in folders if (root / one / path).exists()), path)
        if path.is_absolute():
            try:
                path = path.relative_to(root)
            except ValueError:
                return Source(kind, text, path.as_posix())
        return Source(kind, text, posixpath.normpath(path.as_posix()))
    if DOTTED.fullmatch(text.replace("::", ".")):
        return Source("function", text.replace("::", "."))
    raise entry.error(
        f"{text!r} is no source: expected a path that ends with .py, .ipynb, .sql or .sh, or module.function"
    )


def _check_class(entry: Item) -> None:
    name = str(entry.value)
    if name in _INSTEAD:
        raise entry.error(f"Ploomber's '{name}' is not here", hint=f"Instead: {_INSTEAD[name]}.")
    if name not in CLASSES:
        raise entry.error(f"'{name}' is no class that is known", hint=f"Known: {', '.join(CLASSES)}.")


def is_plain(item: Item, source: Source) -> bool:
    """Whether a script's executed notebook is no product. Raises UserError for a class of other sources."""
    entry = item.get("class")
    if entry is None:
        return False
    if CLASSES[str(entry.value)] != source.kind:
        raise entry.error(f"'{entry.value}' does not go with the source {source.text}")
    return bool(entry.value == "ScriptRunner")


def read_name(item: Item, source: Source) -> str:
    """What the task is called: unless it says so, as what runs. Raises UserError."""
    entry = item.get("name")
    if entry is not None:
        if isinstance(entry.value, (dict, list)):
            raise entry.error("expected a text")
        return checked_name(str(entry.value), entry)
    if source.kind == "link":
        raise item.error(f"a task with 'class: {source.text}' needs a 'name'")
    if source.kind == "download":
        name = PurePosixPath(source.text.partition("?")[0]).stem
    else:
        name = PurePosixPath(source.path).stem if source.path else source.text.rsplit(".", 1)[-1]
    return checked_name(name, item)


def checked_name(name: str, entry: Item) -> str:
    """The name, if a task can have it. Raises UserError."""
    wrong = not name.strip() or "\\" in name or any(part in ("", ".", "..") for part in name.split("/"))
    if wrong or not is_text(name):
        raise entry.error(f"{shortened(name)!r} is no name for a task")
    if len(name.encode()) > _LONGEST_NAME:
        raise entry.error(
            f"the name {shortened(name)!r} is too long", hint=f"Up to {_LONGEST_NAME} bytes are possible."
        )
    return name
