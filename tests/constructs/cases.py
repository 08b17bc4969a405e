"""The YAML files of this folder -> cases: notebooks of a few lines that must show the same as a pipeline.

A file holds one family. A case has these keys:

- ``case``: what it is about; ``code``: the sections, separated by lines of three dashes (they are named s1, s2, ...)
- ``edges`` and ``no_edge``: pairs such as ``1-2`` of sections that must, or must not, depend on each other directly
- ``merge: true``: sections may become one task; without it, each section must stay a task of its own
  (a section of several cells is in the percent format: ``# %% tags=["raises-exception"]`` begins one)
- ``runner: true``: notebook and pipeline run in the runner, and `verify` compares: for tags, displays, projects' files
- ``ipython: true``: runs in an IPython shell (the whole family ``magics`` does)
- ``unshown: true``: what it shows is different at every run; only the plan is looked at
- ``fails``: why the pipeline does not show the same yet; the case is expected to fail
- ``python``: the oldest Python that has the syntax
- ``needs``: a library that not everyone has installed; without it the case is skipped
- ``depths``: a list of numbers, each of which makes a case; ``{{expression}}`` in the code is Python that knows it as n
- ``files``: what stands beside the notebook, text by name
- ``broken``: kinds of what is taken for granted about unknown code and turns out not to be so: the pipelines that know
  it are planned and run, until one shows what the notebook shows

What is in the folder ``installed`` is installed where the family ``assumed`` runs, and out of sight of the analysis.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    runner: bool = False
    unshown: bool = False
    fails: str | None = None
    python: tuple[int, ...] = (3, 10)
    needs: str | None = None
    files: tuple[tuple[str, str], ...] = ()
    broken: tuple[str, ...] = ()

    @property
    def installed(self) -> dict[str, str]:
        paths = (HERE / "installed").glob("*.py") if self.family == "assumed" else ()
        return {path.name: path.read_text(encoding="utf-8") for path in paths}

    def __str__(self) -> str:
        return f"{self.family}: {self.name}"


def cases() -> Iterator[Case]:
    """Yield every case of every family."""
    for path in sorted(HERE.glob("*.yaml")):
        for row in yaml.load(path.read_bytes(), yaml.CSafeLoader):
            depths = row.pop("depths", None)
            for depth in depths or [None]:
                yield _case(path, {**row}, depth)


def _case(path: Path, row: dict[str, Any], depth: int | None) -> Case:
    name, code = row.pop("case"), row.pop("code")
    if depth is not None:
        name, code = f"{name} ({depth})", _at_depth(code, depth)
    case = Case(
        path.stem,
        name,
        tuple(sections_of(code)),
        edges=_pairs(row.pop("edges", ())),
        no_edge=_pairs(row.pop("no_edge", ())),
        merge=row.pop("merge", False),
        runner=row.pop("runner", False),
        ipython=row.pop("ipython", path.stem == "magics"),
        unshown=row.pop("unshown", False),
        fails=row.pop("fails", None),
        needs=row.pop("needs", None),
        python=tuple(int(part) for part in row.pop("python", "3.10").split(".")),
        files=tuple(row.pop("files", {}).items()),
        broken=tuple(row.pop("broken", ())),
    )
    assert not row, f"{path.name}: unknown keys {set(row)}"
    return case


def _at_depth(code: str, depth: int) -> str:
    """Return ``code`` with the values of the expressions in double braces for n = ``depth``."""
    return re.sub(r"\{\{(.+?)\}\}", lambda found: str(eval(found[1], {"n": depth})), code)


def _pairs(values: list[str]) -> tuple[tuple[int, int], ...]:
    return tuple((int(one), int(other)) for one, other in (value.split("-") for value in values))
