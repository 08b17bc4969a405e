"""What the user named -> notebook files: files as they are, folders and globs searched, .gitignore respected."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.files import regular
from soorgeon_clone.files.ignored import ignores_of
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
    ignores = ignores_of(folder)
    for root, folders, files in os.walk(folder):
        here = Path(root)
        below = here.relative_to(folder).parts
        if len(below) > _DEEPEST:
            folders.clear()
            continue
        ignores.enter(below)
        settings = settings_for(here)
        folders[:] = sorted(
            name for name in folders if name not in _NEVER and not ignores.leaves_out((*below, name), is_folder=True)
        )
        for name in sorted(files):
            path = here / name
            if not name.endswith((*_ALWAYS, *_PERHAPS)) or ignores.leaves_out((*below, name), is_folder=False):
                continue
            if any(matches(path, pattern, settings.folder) for pattern in settings.exclude):
                continue
            if _may_be(path):
                yield path


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
