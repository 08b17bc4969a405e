"""Project -> files on disk: all of them or none, and nothing that a person changed is lost: both changes are merged."""

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
from soorgeon_clone.refactor.merging import MergedFile, marked_rows, merge_file
from soorgeon_clone.refactor.record import RECORD, Origin, Record, digest, read_record, record_text
from soorgeon_clone.refactor.shared import merge
from soorgeon_clone.visible import one_line

_HIDDEN_IGNORE = ".soorgeon-clone/.gitignore"


Repairs = Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Changes:
    """What writing will do: the new text of each file that changes, files to remove, and what is left alone and why.

    ``merged``: what a person changed, with what is new. ``marked`` says where two texts stand between marks, of which a
    person has to choose one. ``before`` has the texts that are there now.
    """

    texts: Mapping[str, str]
    created: tuple[str, ...]
    replaced: tuple[str, ...]
    merged: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]
    notes: tuple[str, ...]
    before: Mapping[str, str | None]
    marked: tuple[str, ...] = ()


def compare(
    project: Project,
    root: Path,
    *,
    force: bool = False,
    mark: bool = False,
    repairs: Repairs = (),
    origin: Origin | None = None,
) -> Changes:
    """Return the changes that make ``root`` hold the project, and remember the ``repairs`` that its plan is made with.

    A file that is ours as a whole and that a person changed is merged with the new text. Raises UserError where both
    changed the same lines, unless these are to be marked, and for files that were there before; with ``force`` they are
    overwritten.
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
    wanted_texts = dict(project.files)
    merged = {}
    if mark or not force:
        found = {
            path: merge_file(path, record.texts.get(path), current[path] or "", project.files[path]) for path in edited
        }
        if not force:
            _refuse_foreign([path for path, one in found.items() if one.text is None and (mark or not one.rows)], root)
        if not mark:
            _refuse_conflicts(found)
        merged = {path: one.text for path, one in found.items() if one.text is not None}
        wanted_texts.update(merged)
    same = {path for path, text in wanted_texts.items() if _is_same(path, current, text)}
    texts, notes = {path: text for path, text in wanted_texts.items() if path not in same}, []
    shared_digests = {}
    for path, block in project.shared.items():
        before = current[path]
        if before is None and path == "README.md":
            before = f"# {one_line(project.notebook)}\n"
        block_in = merge(path, before, block, record.shared.get(path), force=force)
        if block_in.text or current[path] is not None:
            texts[path] = block_in.text
        shared_digests[path] = block_in.digest
        notes += [block_in.note] if block_in.note else []
    removed, kept = _stale(record, project, root, current, force=force)
    notes += [f"{path} belongs to no task any more, but was changed: it stays" for path in kept]
    texts[RECORD] = record_text(
        Record(
            project.notebook,
            origin or Origin(),
            {path: digest(path, text) for path, text in project.files.items()},
            shared_digests,
            project.files,
            tuple(repairs),
        )
    )
    texts[_HIDDEN_IGNORE] = "*\n!.gitignore\n!generated.json\n"
    changed = {path: text for path, text in texts.items() if text_now(root / path) != text}
    shown = [path for path in changed if path not in (RECORD, _HIDDEN_IGNORE)]
    return Changes(
        texts=changed,
        created=tuple(path for path in shown if current[path] is None),
        replaced=tuple(path for path in shown if current[path] is not None and path not in merged),
        merged=tuple(path for path in shown if path in merged),
        removed=tuple(removed),
        unchanged=tuple(path for path in {**project.files, **project.shared} if path not in changed),
        notes=tuple(notes),
        before=current,
        marked=tuple(f"{path}, row {row}" for path, text in merged.items() for row in marked_rows(text)),
    )


def write(changes: Changes, root: Path) -> None:
    """Make the changes. If one fails, undo those before it and raise UserError."""
    if not changes.texts and not changes.removed:
        return
    with told(hint="--into DIR writes elsewhere."):
        write_together(changes.texts, changes.removed, root, (root / RECORD).parent)


def _refuse_foreign(paths: Sequence[str], root: Path) -> None:
    """Raise UserError for files of which is not known what this command wrote, if it did."""
    if paths:
        raise UserError(
            f"{in_short(paths)} in {_shown(root)} {'was' if len(paths) == 1 else 'were'} "
            "not written by this command, or changed since",
            hint="Nothing was written. --force overwrites them, --into DIR writes elsewhere.",
            exit_code=2,
        )


def _refuse_conflicts(found: Mapping[str, MergedFile]) -> None:
    """Raise UserError that names where a person and the notebook changed the same lines."""
    places = [f"{path}, row {row}" for path, one in found.items() for row in one.rows]
    if places:
        raise UserError(
            f"here both you and the notebook changed the same lines: {in_short(places)}",
            hint="Nothing was written. --dry-run shows both, --mark-conflicts writes both into the file for you to "
            "choose, --force takes the new text, --into DIR writes elsewhere.",
            exit_code=2,
        )


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
