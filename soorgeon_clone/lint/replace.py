"""New bytes for a file -> the file, replaced in one step: whoever reads it sees the old one or the new one."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from soorgeon_clone.errors import UserError


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file, keeping its permissions; a link keeps pointing at it. Raises UserError."""
    target = Path(os.path.realpath(path))
    aside = ""
    try:
        handle, aside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, aside)
        os.replace(aside, target)  # noqa: PTH105
    except OSError as error:
        if aside:
            Path(aside).unlink(missing_ok=True)
        reason = error.strerror or str(error)  # not the name of the file aside
        if not target.parent.exists():
            raise UserError(f"{path} cannot be written: there is no folder {target.parent}", exit_code=2) from None
        raise UserError(f"{path} cannot be written: {reason}", hint="Nothing was changed in it.") from None
