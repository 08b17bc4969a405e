"""The YAML files of this folder -> cases: notebooks of a few lines that must show the same as a pipeline.

A file holds one family. A case has these keys:

- ``case``: what it is about; ``code``: the sections, separated by lines of three dashes (they are named s1, s2, ...)
- ``edges`` and ``no_edge``: pairs such as ``1-2`` of sections that must, or must not, depend on each other directly
- ``merge: true``: sections may become one task; without it, each section must stay a task of its own
- ``ipython: true``: runs in an IPython shell (the whole family ``magics`` does)
- ``unshown: true``: what it shows is different at every run; only the plan is looked at
- ``fails``: why the pipeline does not show the same yet; the case is expected to fail
- ``python``: the oldest Python that has the syntax
- ``needs``: a library that not everyone has installed; without it the case is skipped
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from oracle.small import sections_of

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    family: str
    name: str
    sections: tuple[str, ...]
    edges: tuple[tuple[int, int], ...] = ()
    no_edge: tuple[tuple[int, int], ...] = ()
    merge: bool = False
    ipython: bool = False
    unshown: bool = False
    fails: str | None = None
    python: tuple[int, ...] = (3, 10)
    needs: str | None = None

    def __str__(self) -> str:
        return f"{self.family}: {self.name}"


def cases() -> Iterator[Case]:
    """Yield every case of every family."""
    for path in sorted(HERE.glob("*.yaml")):
        for row in yaml.safe_load(path.read_text(encoding="utf-8")):
            yield Case(
                path.stem,
                row.pop("case"),
                tuple(sections_of(row.pop("code"))),
                edges=_pairs(row.pop("edges", ())),
                no_edge=_pairs(row.pop("no_edge", ())),
                merge=row.pop("merge", False),
                ipython=row.pop("ipython", path.stem == "magics"),
                unshown=row.pop("unshown", False),
                fails=row.pop("fails", None),
                needs=row.pop("needs", None),
                python=tuple(int(part) for part in row.pop("python", "3.10").split(".")),
            )
            assert not row, f"{path.name}: unknown keys {set(row)}"


def _pairs(values: list[str]) -> tuple[tuple[int, int], ...]:
    return tuple((int(one), int(other)) for one, other in (value.split("-") for value in values))
