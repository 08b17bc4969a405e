"""A folder -> what reads the scripts in it that ``%run`` names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from soorgeon_clone.files import regular
from soorgeon_clone.notebook.size import is_heavy

_MOST_BYTES = 1_000_000


class TooLarge(Exception):
    """A file has more code than is looked at closely."""


def scripts_in(folder: Path) -> Callable[[str], str | None]:
    """Return what gives the text of a script by its name; None if there is none. Raises TooLarge."""

    def read_file(name: str) -> str | None:
        path = folder / name
        if path.suffix not in (".py", ".ipy"):
            path = path.with_suffix(".py")
        try:
            text = regular.read_text(path, limit=_MOST_BYTES)
        except FileNotFoundError:
            return None
        except OSError:
            if path.is_file():
                raise TooLarge("it cannot be read, or is too large to be looked at") from None
            return None
        except UnicodeDecodeError:
            return None
        if is_heavy([text]):
            raise TooLarge("its code is too large to be looked at closely")
        return text

    return read_file
