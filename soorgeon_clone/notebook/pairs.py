"""A script and its twin, a notebook with the same cells, as jupytext pairs them: the header of the script names it.

Jupytext's own extension of Jupyter keeps such pairs together while one of them is open there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from soorgeon_clone.errors import UserError
from soorgeon_clone.notebook import formats

Result = TypeVar("Result")
_NAMED = re.compile(r"^#?\s+formats:\s*\S", re.MULTILINE)


def paired(text: str, path: Path, folder: str) -> str:
    """Return the text of a script with a header that names its twin, ``folder/NAME.ipynb`` from where it is."""
    return _told(path, lambda: formats.with_twin(text, path.suffix, folder))


def twin(text: str, path: Path) -> Path | None:
    """Return where the twin of a script is, or would be; None for a script that names none."""
    if path.suffix == ".ipynb" or _NAMED.search(text) is None:
        return None
    return _told(path, lambda: formats.twin_path(text, path))


def twin_text(text: str, path: Path, old: str | None) -> str:
    """Return the text of the twin of a script, with the outputs that ``old`` has of the same cells."""
    return _told(path, lambda: formats.twin_text(text, path.suffix, old))


def script_text(text: str, path: Path, of_twin: str) -> str:
    """Return the text of a script with the cells of its twin; ``text`` itself where these are the same."""
    return _told(path, lambda: formats.text_of_twin(text, path.suffix, of_twin))


def _told(path: Path, convert: Callable[[], Result]) -> Result:
    try:
        return convert()
    except ValueError as error:
        raise UserError(
            f"{path}, or the notebook that it is paired with, cannot be read: {error}", exit_code=2
        ) from None
