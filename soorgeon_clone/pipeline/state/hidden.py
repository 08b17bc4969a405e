"""The folder in a project that holds records, the lock, logs and unfinished products; no link leads out of it."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.scratch import is_own_folder, new_file, own_folder
from soorgeon_clone.pipeline.declared.model import HIDDEN

_HINT = "A build keeps its lock, its records and unfinished products there: it must be its own, and writable."


def hidden_folder(root: Path, *inner: str) -> Path:
    """The project's hidden folder, or one in it, made if it is not there; no link leads out of it. git does not see
    what is in it. Raises UserError."""
    folder = Path(root, HIDDEN, *inner)
    try:
        own_folder(root, HIDDEN, *inner)
        ignore = root / HIDDEN / ".gitignore"
        if not os.path.lexists(ignore):
            with new_file(ignore) as file:
                file.write(b"*\n")
    except FileExistsError:
        pass
    except OSError as error:
        raise unusable(error.filename or folder, error) from None
    return folder


def hidden_path(root: Path, *inner: str) -> Path:
    """Where a folder in the hidden folder is, or would be. Raises UserError where a link is in the way."""
    path = root
    for name in (HIDDEN, *inner):
        path = path / name
        if os.path.lexists(path) and not is_own_folder(path):
            raise unusable(path, OSError(errno.ENOTDIR, "it is no folder of its own"))
    return path


def unusable(path: str | Path, error: OSError) -> UserError:
    """Return what to say of a file or folder in the hidden folder that cannot be written."""
    return UserError(f"{path} cannot be written: {error.strerror or error}", hint=_HINT)


def safe_name(name: str) -> str:
    """A name that is a file's name everywhere, and different for different names."""
    if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,80}", name) and not name.endswith("."):
        return name
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:60]
    return f"{readable or 'task'}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
