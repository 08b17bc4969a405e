"""New bytes for a notebook that was found -> the file, replaced in one step, unless it leads out of its project."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from soorgeon_clone.files.atomic import write_bytes
from soorgeon_clone.files.problems import told
from soorgeon_clone.files.project import root_for


def replace_file(path: Path, data: bytes, named: Iterable[str]) -> None:
    """Replace a file, keeping its permissions; a link that stays in the project keeps pointing at it.

    ``named`` is what a person named when ``path`` was found. Raises UserError.
    """
    with told(path):
        write_bytes(root_for(path, named), path.absolute(), data, synced=True)
