"""The files of an export -> its folder: all or none, and nothing that a person edited is lost."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.files import confine
from soorgeon_clone.files.generated import digest, is_own_file, outdated, recorded, text_now
from soorgeon_clone.files.problems import told
from soorgeon_clone.files.regular import read_bytes
from soorgeon_clone.files.together import in_short, write_together

_NEW = ".new"
RECORD = ".soorgeon-clone-export.json"
# What the targets make. A record that names anything else was not written by us.
_OURS = re.compile(
    r"[^/]+\.(py|yaml|json|sh|txt)|Dockerfile|Snakefile|(Dockerfile)?\.dockerignore|export-arrays/[^/]+\.txt|"
    r"tasks/[^/]+\.(sh|txt)"
)
_OURS = re.compile(rf"({_OURS.pattern})({re.escape(_NEW)}[0-9]*)?")
_MOST_BYTES = 50_000_000


@dataclass(frozen=True)
class Changes:
    """What writing will do. ``kept`` are files of an earlier export that a person edited and that stay; ``left`` are
    files of this one that are a person's, each with the file beside it that has ours (None: that is what it was)."""

    texts: Mapping[str, str]
    created: tuple[str, ...]
    replaced: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]
    left: Mapping[str, str | None]
    record: Mapping[str, str]


def compare(files: Mapping[str, str], folder: Path, owner: str, *, force: bool) -> Changes:
    """What makes the folder hold the files. ``owner`` says what is exported where: a folder may hold several exports.

    What a person edited, or had there before, stays, and where ours is another one than before it is put beside it;
    with ``force`` it is overwritten. A UserError for a file of another export, unless ``force``.
    """
    exports = _read_record(folder)
    known = exports.get(owner, {})
    others = {name: other for other, names in exports.items() if other != owner for name in names}
    now = {name: text_now(folder / name) for name in files}
    # Of the others only files matter, and no link: what else stands there now is not what an earlier export wrote.
    now |= {
        name: text_now(folder / name) if is_own_file(folder / name) else None for name in known.keys() - files.keys()
    }
    different = [name for name, text in files.items() if now[name] not in (None, text)]
    taken = [name for name in different if name in others and name not in known]
    if taken and not force:
        raise UserError(
            f"{in_short(taken)} in {folder}: of another export, {others[taken[0]]}",
            hint="Nothing was written. --out DIR writes elsewhere, --force replaces it.",
            exit_code=2,
        )
    edited = [name for name in different if not force and digest(now[name] or "") != known.get(name)]
    left = {name: _beside(name, files[name], known, folder) for name in edited}
    ours = {name: text for name, text in files.items() if name not in left}
    ours |= {new: files[name] for name, new in left.items() if new is not None}
    now |= {name: text_now(folder / name) for name in ours if name not in now}
    old = [name for name in known if name not in files and name not in ours and name not in others]
    removed, kept = outdated(old, known, now, force=force)
    return Changes(
        texts={name: text for name, text in ours.items() if now[name] != text},
        created=tuple(name for name in ours if now[name] is None),
        replaced=tuple(name for name in ours if now[name] not in (None, ours[name])),
        removed=tuple(removed),
        kept=tuple(kept),
        left=left,
        record={name: digest(text) for name, text in ours.items()} | _bases(left, files, known),
    )


def _beside(name: str, text: str, known: Mapping[str, str], folder: Path) -> str | None:
    """Where ours goes that a person has to look at; None if it is what the person began with, or has seen."""
    names = (f"{name}{_NEW}{number or ''}" for number in itertools.count())
    new = next(one for one in names if digest(text_now(folder / one) or "") in (known.get(one), digest("")))
    seen = known.get(new) == digest(text) and not (folder / new).exists()
    return None if seen or known.get(name) == digest(text) else new


def _bases(left: Mapping[str, str | None], files: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """The digests of what a person's files began as."""
    found = {name: digest(files[name]) if new is None else known.get(name) for name, new in left.items()}
    return {name: digest for name, digest in found.items() if digest is not None}


def write(changes: Changes, files: Mapping[str, str], folder: Path, owner: str, root: Path | None = None) -> None:
    """Make the changes: everything is written aside first, where it can still fail without harm, then renamed.

    ``root`` is what the folder may not lead out of, None for a folder that a person named.
    """
    exports = {
        other: {name: digest for name, digest in names.items() if name not in files}
        for other, names in _read_record(folder).items()
    }
    exports[owner] = dict(changes.record)
    record = {other: exports[other] for other in sorted(exports) if exports[other]}
    texts = {**changes.texts, RECORD: json.dumps(record, indent=1, ensure_ascii=False) + "\n"}
    with told(hint="--out DIR writes elsewhere."):
        folder = folder if root is None else confine.written(root, folder)
        write_together(texts, changes.removed, folder, folder)


def _read_record(folder: Path) -> dict[str, dict[str, str]]:
    """The exports that the folder holds, by owner, with the digests of their files as they were written."""
    try:
        data = json.loads(read_bytes(folder / RECORD, limit=_MOST_BYTES).decode("utf-8"))
        return {owner: recorded(names, _OURS.fullmatch) for owner, names in data.items()}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}
