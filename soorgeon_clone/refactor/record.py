"""What an earlier refactor wrote: so a file that a person changed since is known from an untouched one, and by what."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from soorgeon_clone.files import generated, regular
from soorgeon_clone.files.confine import relative_name
from soorgeon_clone.notebook.percent_header import without_header

RECORD = ".soorgeon-clone/generated.json"
# What refactor makes as a whole. A record that names anything else was not written by us: git may have brought it.
_OURS = re.compile(
    r"(pipeline_)?tasks/[^/]+\.(py|ipynb)|pipeline\.yaml|exported(_\w+)?\.py|(frames|nested|unlisted|\w+_pickle)(_\d+)?\.py"
)
_MOST_BYTES = 10_000_000
_MOST_KEPT = 1_000_000  # bytes of one text
CUTS = ("h1", "h2", "h3", "auto")  # what --split-on takes


@dataclass(frozen=True)
class Origin:
    """Where the notebook is, from the project's folder (``""`` if that was not kept), and what cut it."""

    source: str = ""
    split_on: str = "h2"


@dataclass(frozen=True)
class Record:
    """The notebook's name and the digests of what was written: whole files, and our block of shared ones.

    ``texts`` has whole files as they were written, as far as they are not too large to be kept.
    ``repairs`` is what ``refactor --verify`` has learnt: the names of the first and last section of one task, and why.
    ``origin`` is how the pipeline came of the notebook.
    """

    notebook: str = ""
    origin: Origin = field(default_factory=Origin)
    files: Mapping[str, str] = field(default_factory=dict)
    shared: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    repairs: tuple[tuple[str, str, str], ...] = ()


def read_record(path: Path) -> Record:
    """Return the record; an empty one if there is none that can be read, and then every file counts as a person's."""
    try:
        data = json.loads(regular.read_bytes(path, limit=_MOST_BYTES))
        files = generated.recorded(data["files"], is_ours)
        return Record(
            notebook=str(data["notebook"]),
            origin=_origin(data.get("origin", {})),
            files=files,
            texts=_texts(data.get("texts", {}), files),
            shared={str(name): str(value) for name, value in data["shared"].items()},
            repairs=tuple((str(first), str(last), str(why)) for first, last, why in data.get("repairs", ())),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Record()


def _texts(data: Mapping[str, str], files: Mapping[str, str]) -> dict[str, str]:
    """Return the texts that are what the digests say."""
    found = {name: _unpacked(packed) for name, packed in data.items() if name in files}
    return {name: text for name, text in found.items() if text is not None and digest(name, text) == files[name]}


def _packed(text: str) -> str:
    return base64.b85encode(zlib.compress(text.encode("utf-8", "surrogatepass"), 9)).decode()


def _unpacked(packed: str) -> str | None:
    try:
        return zlib.decompressobj().decompress(base64.b85decode(packed), _MOST_KEPT).decode("utf-8", "surrogatepass")
    except (ValueError, zlib.error):
        return None


def _origin(data: Mapping[str, object]) -> Origin:
    split_on = str(data.get("split_on", "h2"))
    return Origin(str(data.get("source", "")), split_on if split_on in CUTS else "h2")


def is_ours(name: str) -> bool:
    """Tell whether a path is of a kind that refactor writes, and may remove again."""
    return relative_name(name) is not None and _OURS.fullmatch(name) is not None


def record_text(record: Record) -> str:
    data: dict[str, object] = {
        "notebook": record.notebook,
        "origin": {"source": record.origin.source, "split_on": record.origin.split_on},
        "files": dict(record.files),
        "shared": dict(record.shared),
        "texts": {name: _packed(text) for name, text in record.texts.items() if len(text) < _MOST_KEPT},
    }
    if record.repairs:
        data["repairs"] = [list(repair) for repair in record.repairs]
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def digest(path: str, text: str) -> str:
    """Return a digest of what a person would call the file's content.

    Line ends do not count (git may change them), nor what Jupyter adds when it merely opens and runs a notebook: the
    header of a script, outputs and counts of an .ipynb file.
    """
    text = text.replace("\r\n", "\n").removeprefix("\ufeff")
    if path.endswith(".py"):
        text = without_header(text).strip("\n")
    elif path.endswith(".ipynb"):
        text = _cells_only(text)
    return generated.digest(text)


def _cells_only(text: str) -> str:
    try:
        cells = json.loads(text)["cells"]
        parts = [(cell["cell_type"], "".join(cell["source"]), cell["metadata"].get("tags", [])) for cell in cells]
        return json.dumps(parts)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return text
