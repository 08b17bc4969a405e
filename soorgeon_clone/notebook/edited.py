"""A script on disk and the notebook that an editor makes of it -> the script, changed only where the notebook was."""

from __future__ import annotations

from typing import Any

from soorgeon_clone.files.three_way import merge
from soorgeon_clone.notebook import formats
from soorgeon_clone.notebook.tags import INJECTED


def edited(text: str, extension: str, content: Any) -> str:
    """Return the text of a script with the cells of a notebook (nbformat 4) that was read from it and edited.

    The script's header stays as it is, and so do cells that `nb --inject` wrote into it: the notebook has none. Raises
    ValueError for a text that is no notebook.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    plain = text.replace("\r\n", "\n")
    before = formats.read_text(plain, extension)
    before["cells"] = [cell for cell in before["cells"] if INJECTED not in (cell["metadata"].get("tags") or ())]
    after = {**content, "metadata": before["metadata"]}
    base, now = (formats.write_text(one, extension.removeprefix(".")) for one in (before, after))
    # Where the script was laid out otherwise than it would be written, and the notebook was changed: the notebook's.
    merged = merge(base, plain, now, lambda conflict: conflict.theirs)
    return merged.text.replace("\n", newline)
