"""A notebook of the corpus that runs -> whether its pipeline builds and shows the same, and if not, since when."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from folders import copied
from inventory import Entry, own_modules
from runnable import run_limited

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))


@dataclass(frozen=True)
class Built:
    """``state``: same, differs, refactor fails, build fails, or times out."""

    state: str
    detail: str = ""


@dataclass(frozen=True)
class Tool:
    """The commands that make and run a pipeline in the notebook's folder. ``{name}`` stands for the notebook's."""

    refactor: tuple[str, ...]
    build: tuple[str, ...]


OURS = Tool(
    (sys.executable, "-m", "soorgeon_clone", "refactor", "{name}"),
    (sys.executable, "-m", "soorgeon_clone", "build"),
)


def peer(soorgeon: Path) -> Tool:
    """Return Soorgeon with the ploomber beside it."""
    return Tool((str(soorgeon), "refactor", "{name}"), (str(soorgeon.with_name("ploomber")), "build"))


def build(entry: Entry, corpus: Path, straight: Path, tool: Tool, limit: float) -> Built:
    """Refactor and build in a copy of the notebook's folder, and compare with the executed notebook ``straight``."""
    with tempfile.TemporaryDirectory() as name:
        notebook, log = copied(entry, corpus, Path(name) / "w"), Path(name) / "log"
        work = notebook.parent
        for step, command in (("refactor", tool.refactor), ("build", tool.build)):
            filled = [part.format(name=notebook.name) for part in command]
            code = run_limited(filled, work, limit, log, own_modules(entry, corpus))
            if code is None:
                return Built("times out", step)
            if code:
                return Built(f"{step} fails", log.read_text(errors="replace")[-1500:])
        return _compare(straight, work)


def _compare(straight: Path, work: Path) -> Built:
    from oracle.alignment import differences

    cells: list[dict[str, Any]] = []
    for task in yaml.safe_load((work / "pipeline.yaml").read_text(encoding="utf-8"))["tasks"]:
        product = task["product"]
        executed = product if isinstance(product, str) else product["nb"]
        cells += json.loads((work / executed).read_text(encoding="utf-8"))["cells"]
    reference = json.loads(straight.read_text(encoding="utf-8"))["cells"]
    try:
        found = differences(reference, cells, [str(work)])
    except AssertionError as error:
        return Built("differs", str(error)[:1500])
    return Built("differs", "\n".join(map(str, found))[:3000]) if found else Built("same")
