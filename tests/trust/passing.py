"""A notebook -> what each command makes of it, in this process; what is around its folder must stay as it is."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from trust.guard import command, said

SECONDS = 10


def pass_through(name: str, data: bytes, place: Path) -> Counter[str]:
    """Take a notebook through lint, refactor, status and plot below ``place``; return the exit codes, counted.

    Raises AssertionError for a traceback, a broken promise of exit codes, or a file outside of the project; TooLong
    where a command does not end.
    """
    project = place / "above" / "project"
    project.mkdir(parents=True)
    (place / "above" / "canary").write_text("as it was")
    before = Path.cwd()
    os.chdir(project)
    try:
        Path(name).write_bytes(data)
        outside = dict(_files(place, project))
        counts: Counter[str] = Counter()
        given = f"./{name}"
        for arguments in (["lint", "--no-cache"], ["refactor", "--dry-run"], ["refactor", "--into", "out", "--force"]):
            counts[f"{arguments[0]} {_code(*arguments, given)}"] += 1
        assert Path(name).read_bytes() == data, "the notebook was changed"
        if Path("out/pipeline.yaml").is_file():
            for one in ("status", "plot"):
                counts[f"{one} {_code(one, '--entry-point', 'out/pipeline.yaml')}"] += 1
        assert dict(_files(place, project)) == outside, "something outside of the project was changed"
    finally:
        os.chdir(before)
    return counts


def _code(*arguments: str) -> int:
    result = command(*arguments, limit=SECONDS)
    assert "Traceback (most recent call last)" not in said(result), said(result)
    assert result.exit_code in (0, 1, 2), (arguments, result.exit_code)
    return result.exit_code


def _files(place: Path, project: Path) -> Iterator[tuple[str, bytes]]:
    for folder, folders, files in os.walk(place):
        folders[:] = [one for one in folders if Path(folder, one) != project]
        yield from ((str(Path(folder, one)), Path(folder, one).read_bytes()) for one in files)
