"""Files that a command writes, and writes anew another day -> what a person did with them meanwhile.

A command remembers the digests of what it wrote. A file with another digest was changed by a person, or was theirs
before: it is theirs now. The record of the digests may have come with a checkout, so it names nothing by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.confine import relative_name
from soorgeon_clone.files.regular import is_regular, read_bytes


def text_now(path: Path) -> str | None:
    """Return the text of a file, None if there is none. Bytes that are no UTF-8 become lone surrogates (see `is_text`).

    Raises UserError for what cannot be read.
    """
    try:
        return read_bytes(path).decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}", hint="Nothing was written.", exit_code=2) from None


def is_text(text: str) -> bool:
    """Tell whether all of a file was UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def digest(text: str) -> str:
    """Return the digest of a text. Line ends do not count, since git may change them."""
    return hashlib.sha256(text.replace("\r\n", "\n").encode("utf-8", "surrogatepass")).hexdigest()


def recorded(names: Mapping[str, object], is_ours: Callable[[str], object]) -> dict[str, str]:
    """Return the digests in a record of those files that the command may have written: below its folder, and ours."""
    return {name: str(value) for name, value in names.items() if relative_name(name) is not None and is_ours(name)}


def outdated(
    names: Iterable[str],
    known: Mapping[str, str],
    now: Mapping[str, str | None],
    digest_of: Callable[[str, str], str] = lambda _, text: digest(text),
    *,
    force: bool,
) -> tuple[list[str], list[str]]:
    """Return which files of an earlier time go, and which stay, of ``names``, which are not wanted any more.

    Untouched ones go, and with ``force`` the others too. ``digest_of`` gives the digest of a file with this text.
    """
    there = [(name, text) for name in names if (text := now[name]) is not None]
    untouched = {name: force or digest_of(name, text) == known[name] for name, text in there}
    return [name for name in untouched if untouched[name]], [name for name in untouched if not untouched[name]]


def is_own_file(path: Path) -> bool:
    """Tell whether a path is a file, and no link, which no command of ours writes."""
    return is_regular(path) and not path.is_symlink()
