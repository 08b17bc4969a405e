"""What the user named -> notebook files: files as they are, folders and globs searched, .gitignore respected."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.files import regular
from soorgeon_clone.files.ignored import Ignores, ignores_of
from soorgeon_clone.lint.config import is_folder, matches, settings_for

_ALWAYS = (".ipynb", ".Rmd", ".qmd")
_PERHAPS = (".py", ".md")
_NEVER = frozenset(
    [
        *(".git", ".hg", ".svn", ".ipynb_checkpoints", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".nox"),
        *(
            ".mypy_cache",
            ".ruff_cache",
            ".pytest_cache",
            ".eggs",
            "site-packages",
            "__pypackages__",
            ".virtual_documents",
        ),
    ]
)

# Folders below the one that is searched: nobody keeps a notebook deeper.
_DEEPEST = 100


def discover(paths: Iterable[str]) -> list[Path]:
    """Return the notebooks, each once, in the order of what was named and then by name.

    A file that is named is taken whatever it is called. Raises UserError where there is nothing.
    """
    found: dict[Path, None] = {}
    for named in paths:
        path = Path(named)
        if is_folder(path):
            found.update(dict.fromkeys(_below(path)))
        elif not glob.has_magic(named) or os.path.lexists(path):
            found[path] = None
        else:
            matched = sorted(glob.glob(named, recursive=True))  # noqa: PTH207
            if not matched:
                raise UserError(f"no file matches {named!r}", hint="Check the pattern.", exit_code=2)
            for one in map(Path, matched):
                found.update(dict.fromkeys(_below(one) if is_folder(one) else [one] if _may_be(one) else []))
    return list(found)


def _below(folder: Path) -> Iterator[Path]:
    yield from _searched(str(folder), (), ignores_of(folder))


def _searched(here: str, below: tuple[str, ...], ignores: Ignores) -> Iterator[Path]:
    """Yield the notebooks in the folder ``here``, which is ``below`` the one that is searched, then those further down.

    Links to files are followed, links to folders are not.
    """
    if len(below) > _DEEPEST:
        return
    try:
        with os.scandir(here) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        return
    ignores.enter(below)
    settings = settings_for(Path(here))
    folders = []
    for entry in entries:
        name = entry.name
        if _holds(entry.is_dir):
            if name not in _NEVER and not entry.is_symlink():
                folders.append(name)
        elif name.endswith((*_ALWAYS, *_PERHAPS)) and not ignores.leaves_out((*below, name), is_folder=False):
            path = Path(entry.path)
            if any(matches(path, pattern, settings.folder) for pattern in settings.exclude):
                continue
            if _holds(entry.is_file) and (name.endswith(_ALWAYS) or _may_be(path)):
                yield path
    for name in folders:
        if not ignores.leaves_out((*below, name), is_folder=True):
            yield from _searched(f"{here}/{name}", (*below, name), ignores)


def _holds(question: Callable[[], bool]) -> bool:
    """Return what an entry of a folder answers; False for links that lead around in a circle."""
    try:
        return question()
    except OSError:
        return False


def _may_be(path: Path) -> bool:
    """Tell whether a file is a notebook: scripts and Markdown are if their first lines or cell markers say so."""
    if path.suffix in _ALWAYS:
        return regular.is_regular(path)
    if path.suffix not in _PERHAPS:
        return False
    try:
        with regular.open_regular(path) as file:
            head = file.read(20_000)
    except OSError:
        return False
    if path.suffix == ".py":
        return head.startswith(b"# %%") or b"\n# %%" in head or b"jupytext" in head[:600]
    return head.startswith(b"---") and (b"jupytext" in head[:1000] or b"kernelspec" in head[:1000])
