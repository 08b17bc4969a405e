"""Project -> files on disk: all of them or none, and nothing that a person changed is lost."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.files import regular
from soorgeon_clone.files.generated import outdated, text_now
from soorgeon_clone.files.problems import told
from soorgeon_clone.files.together import in_short, write_together
from soorgeon_clone.refactor.files import Project
from soorgeon_clone.refactor.record import RECORD, Origin, Record, digest, read_record, record_text
from soorgeon_clone.refactor.shared import merge
from soorgeon_clone.visible import one_line

_HIDDEN_IGNORE = ".soorgeon-clone/.gitignore"


Repairs = Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Changes:
    """What writing will do: the new text of each file that changes, files to remove, and what is left alone and why."""

    texts: Mapping[str, str]
    created: tuple[str, ...]
    replaced: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]
    notes: tuple[str, ...]


def compare(
    project: Project, root: Path, *, force: bool = False, repairs: Repairs = (), origin: Origin | None = None
) -> Changes:
    """Return the changes that make ``root`` hold the project, and remember the ``repairs`` that its plan is made with.

    Raises UserError if a file that is ours as a whole was changed by a person (or was there before), unless ``force``.
    """
    record = read_record(root / RECORD)
    _check_notebook(record, project, root, force=force)
    wanted = {*project.files, *project.shared}
    current = {path: text_now(root / path) for path in wanted}
    # Of the others only files matter: what else stands there now is not what an earlier refactor wrote.
    old = record.files.keys() - wanted
    current |= {path: text_now(root / path) if regular.is_regular(root / path) else None for path in old}
    edited = [
        path
        for path, text in project.files.items()
        if (now := current[path]) is not None
        and not _is_same(path, current, text)
        and digest(path, now) != record.files.get(path)
    ]
    if edited and not force:
        raise UserError(
            f"{in_short(edited)} in {_shown(root)} {'was' if len(edited) == 1 else 'were'} "
            "not written by this command, or changed since",
            hint="Nothing was written. --force overwrites them, --into DIR writes elsewhere.",
            exit_code=2,
        )
    same = {path for path, text in project.files.items() if _is_same(path, current, text)}
    texts, notes = {path: text for path, text in project.files.items() if path not in same}, []
    shared_digests = {}
    for path, block in project.shared.items():
        before = current[path]
        if before is None and path == "README.md":
            before = f"# {one_line(project.notebook)}\n"
        merged = merge(path, before, block, record.shared.get(path), force=force)
        if merged.text or current[path] is not None:
            texts[path] = merged.text
        shared_digests[path] = merged.digest
        notes += [merged.note] if merged.note else []
    removed, kept = _stale(record, project, root, current, force=force)
    notes += [f"{path} belongs to no task any more, but was changed: it stays" for path in kept]
    texts[RECORD] = record_text(
        Record(
            project.notebook,
            origin or Origin(),
            {path: digest(path, text) for path, text in project.files.items()},
            shared_digests,
            tuple(repairs),
        )
    )
    texts[_HIDDEN_IGNORE] = "*\n!.gitignore\n!generated.json\n"
    changed = {path: text for path, text in texts.items() if text_now(root / path) != text}
    shown = [path for path in changed if path not in (RECORD, _HIDDEN_IGNORE)]
    return Changes(
        texts=changed,
        created=tuple(path for path in shown if current[path] is None),
        replaced=tuple(path for path in shown if current[path] is not None),
        removed=tuple(removed),
        unchanged=tuple(path for path in {**project.files, **project.shared} if path not in changed),
        notes=tuple(notes),
    )


def write(changes: Changes, root: Path) -> None:
    """Make the changes. If one fails, undo those before it and raise UserError."""
    if not changes.texts and not changes.removed:
        return
    with told(hint="--into DIR writes elsewhere."):
        write_together(changes.texts, changes.removed, root, (root / RECORD).parent)


def _is_same(path: str, current: Mapping[str, str | None], text: str) -> bool:
    now = current[path]
    return now is not None and digest(path, now) == digest(path, text)


def _stale(
    record: Record, project: Project, root: Path, current: Mapping[str, str | None], *, force: bool
) -> tuple[list[str], list[str]]:
    """Return the files of an earlier refactor that are not wanted any more: untouched ones, changed ones.

    A link is none that we wrote, whatever it leads to.
    """
    gone, kept = outdated(
        (path for path in record.files if path not in project.files), record.files, current, digest, force=force
    )
    links = {path for path in gone if os.path.islink(root / path)}  # noqa: PTH114  (pathlib raises for long names)
    return [path for path in gone if path not in links], [*kept, *sorted(links)]


def _check_notebook(record: Record, project: Project, root: Path, *, force: bool) -> None:
    if record.notebook and record.notebook != project.notebook and not force:
        raise UserError(
            f"{_shown(root)} holds the pipeline of {record.notebook}",
            hint=f"Nothing was written. --into DIR writes that of {project.notebook} elsewhere, --force replaces it.",
            exit_code=2,
        )


def _shown(root: Path) -> str:
    return "this folder" if str(root) in (".", "") else str(root)
