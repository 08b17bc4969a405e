"""A person's file + our block for it -> the file with the block brought up to date, and every other line as it was."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from soorgeon_clone.files.generated import is_text
from soorgeon_clone.refactor.requirements import distribution_of

MARKS = {
    "README.md": (
        "<!-- soorgeon-clone: made by refactor, and again by the next one -->",
        "<!-- soorgeon-clone: end -->",
    ),
    "requirements.txt": ("# soorgeon-clone: made by refactor, and again by the next one", "# soorgeon-clone: end"),
}


@dataclass(frozen=True)
class Merged:
    """The file's new text, the digest of our block in it, and what to tell the user, if anything."""

    text: str
    digest: str
    note: str = ""


def merge(path: str, current: str | None, block: str, recorded: str | None, *, force: bool) -> Merged:
    """Return the file with our block in it. A block that a person changed stays as that person left it."""
    if current is not None and not is_text(current):
        return Merged(current, "", f"{path} is not UTF-8 and stays as it is")
    newline = "\r\n" if current and "\r\n" in current else "\n"
    lines = (current or "").replace("\r\n", "\n").split("\n")
    if path == ".gitignore":
        merged = _with_lines(lines, block.split("\n"))
        return Merged(_join(merged, newline), "")
    begin, end = MARKS[path]
    if begin in lines and end in lines[lines.index(begin) :]:
        first = lines.index(begin)
        last = lines.index(end, first)
        before, was, after = lines[:first], lines[first + 1 : last], lines[last + 1 :]
    else:
        before, was, after = _before(lines), [], []
    new = block.split("\n")
    if path == "requirements.txt":
        new = _without(new, before + after)
    else:
        new = ["", *new, ""]
    made, note = _digest(new), ""
    if was and was != new and _digest(was) != recorded and not force:
        new, note = _keep(path, was, new)
        made = recorded or ""
    return Merged(_join([*before, begin, *new, end, *after], newline), made, note)


def _keep(path: str, was: list[str], new: list[str]) -> tuple[list[str], str]:
    """Return the block as a person changed it; missing requirements are still added to it."""
    if path != "requirements.txt":
        return was, f"{path}: the part between our marks was changed and stays as it is"
    added = _without(new, was)
    return [*was, *added], f"{path}: the lines between our marks were changed and stay as they are"


def _without(lines: Sequence[str], present: Sequence[str]) -> list[str]:
    """Return the requirements for distributions that ``present`` does not ask for."""
    there = {distribution_of(line) for line in present}
    return [line for line in lines if distribution_of(line) not in there]


def _with_lines(lines: list[str], wanted: Sequence[str]) -> list[str]:
    there = {line.strip() for line in lines}
    missing = [line for line in wanted if line and line not in there]
    return [*_strip_end(lines), *missing] if missing else lines


def _before(lines: list[str]) -> list[str]:
    """Return a person's lines as they stand before a block that is new."""
    kept = _strip_end(lines)
    return [*kept, ""] if kept else []


def _strip_end(lines: Sequence[str]) -> list[str]:
    kept = list(lines)
    while kept and not kept[-1].strip():
        kept.pop()
    return kept


def _join(lines: Sequence[str], newline: str) -> str:
    text = newline.join(lines)
    return text if not text or text.endswith(newline) else text + newline


def _digest(lines: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
