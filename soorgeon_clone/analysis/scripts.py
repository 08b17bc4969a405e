"""A folder -> what reads the scripts in it that ``%run`` names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from soorgeon_clone.files import regular
from soorgeon_clone.notebook.size import is_heavy

_MOST_BYTES = 1_000_000


def scripts_in(folder: Path) -> Callable[[str], str | None]:
    """Return what gives the text of a script by its name; None if there is none that can be looked at."""

    def read_file(name: str) -> str | None:
        path = folder / name
        if path.suffix not in (".py", ".ipy"):
            path = path.with_suffix(".py")
        try:
            text = regular.read_text(path, limit=_MOST_BYTES)
        except (OSError, UnicodeDecodeError):
            return None
        return text if not is_heavy([text]) else None

    return read_file
