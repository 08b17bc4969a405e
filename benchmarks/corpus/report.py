"""What run.py wrote -> a page of documentation: report.py CORPUS ROWS.json ... [--peer PEER.json] > docs/PAGE.md.

Several files of rows are one: what a later one says of a notebook is added to what earlier ones said.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from inventory import is_kept_aside, repositories

Row = dict[str, Any]

HEADS = ("notebooks", "refactored", "sections", "tasks", "run", "equal")
SOORGEONS = ("refactored by Soorgeon", "tasks", "run", "equal")
INTRODUCTION = """# How right it is on public notebooks

Written by `benchmarks/corpus/report.py`; [benchmarks/README.md](../benchmarks/README.md#corpus) says how it is done.

Every Python notebook of each repository is planned: `refactored` are all whose cells are Python of the version that ran
the benchmark. `run` are those that were run from top to bottom and showed the same twice: a sample of the short ones
that need no network. `equal` are those whose pipeline, at the first try and without a repair, showed the same in every
cell. A third of the repositories was **kept aside**: a hash of the name chose them before anybody looked. What joined
the sections of some of them has been looked into by now, so the difference between the two groups says less than it did
about what was learnt by heart.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("rows", type=Path, nargs="+")
    parser.add_argument("--peer", type=Path, help="what peer_planned.py wrote")
    options = parser.parse_args()
    rows = merged(options.rows)
    peers = json.loads(options.peer.read_text(encoding="utf-8")) if options.peer else {}
    print(INTRODUCTION)
    print("\n".join(page(rows, repositories(options.corpus), peers)))


def merged(files: Iterable[Path]) -> list[Row]:
    """Return the rows of several runs, one for each notebook."""
    rows: dict[str, Row] = {}
    for file in files:
        for row in json.loads(file.read_text(encoding="utf-8")):
            rows[row["path"]] = rows.get(row["path"], {}) | row
    return list(rows.values())


def page(rows: list[Row], commits: dict[str, str], peers: dict[str, Row]) -> Iterator[str]:
    """Yield the lines of the page."""
    for title, aside in (("Looked into", False), ("Kept aside", True)):
        group = [row for row in rows if is_kept_aside(row["project"]) == aside and row["project"] in commits]
        if group:
            yield f"## {title}\n"
            yield from projects(group, commits)
            yield from _counted("sections are joined, because", reasons(group))
            yield from _counted("differs or fails", outcomes(group, "built"))
    compared = [row for row in rows if row["path"] in peers and row["project"] in commits]
    if compared:
        yield "## Soorgeon on the same notebooks\n"
        yield from soorgeon(compared, peers)


def projects(rows: list[Row], commits: dict[str, str]) -> Iterator[str]:
    """Yield the table of repositories."""
    yield f"| repository | {' | '.join(HEADS)} |"
    yield "|---|" + "--:|" * len(HEADS)
    for project in [*sorted({row["project"] for row in rows}, key=str.lower), "all"]:
        some = [row for row in rows if project in ("all", row["project"])]
        name = "**all**" if project == "all" else f"[{project}](https://github.com/{project}/tree/{commits[project]})"
        yield f"| {name} | {' | '.join(f'{count:,}' for count in counts(some))} |"
    kept = [row["plan"] for row in rows if row["plan"]["sections"] >= 2]
    tasks, sections = sum(plan["tasks"] for plan in kept), sum(plan["sections"] for plan in kept)
    slow = [row for row in rows if row["cells"] <= 300 and row["plan"]["seconds"] > 2]
    yield ""
    share = tasks / max(1, sections)
    yield f"Of {sections:,} sections of notebooks with two or more, {tasks:,} are tasks ({share:.1%})."
    yield f"Notebooks of up to 300 cells that take more than 2 s of the processor to refactor: {len(slow)}."
    yield ""


def counts(rows: list[Row]) -> tuple[int, ...]:
    """Return what stands under `HEADS`."""
    planned = [row["plan"] for row in rows if row["plan"]["state"] == "planned"]
    ran = [row for row in rows if has_run(row)]
    return (
        len(rows),
        len(planned),
        sum(plan["sections"] for plan in planned),
        sum(plan["tasks"] for plan in planned),
        len(ran),
        sum(row["built"]["state"] == "same" for row in ran),
    )


def has_run(row: Row) -> bool:
    return bool(row.get("straight", {}).get("state") == "runs")


def reasons(rows: Iterable[Row]) -> Counter[str]:
    """Count why sections are joined, without the names in the reasons."""
    return Counter(_general(reason) for row in rows for reason in row["plan"]["merges"])


def _general(reason: str) -> str:
    """Return a reason without names and statements."""
    text = re.sub(r"\s*\([^()]*(?:\([^()]*\)[^()]*)*`.*", "", reason)
    text = re.sub(r"^`[^`]*`(?: and `[^`]*`)+", "two variables", re.sub(r"`[^`]*\n?[^`]*`", "`x`", text))
    text = re.sub(r"which is `x`|`x` and `x`", "`x`", text)
    return text.split(". To part")[0].rstrip(". ")


def outcomes(rows: Iterable[Row], key: str) -> Counter[str]:
    return Counter(row[key]["state"] for row in rows if has_run(row) and row[key]["state"] != "same")


def soorgeon(rows: list[Row], peers: dict[str, Row]) -> Iterator[str]:
    """Yield the table of what Soorgeon makes of the notebooks that it was given."""
    yield f"| repositories | notebooks | {' | '.join(SOORGEONS)} | refactored here | tasks | run | equal |"
    yield "|---|" + "--:|" * (5 + len(SOORGEONS))
    for title, aside in (("looked into", False), ("kept aside", True)):
        some = [row for row in rows if is_kept_aside(row["project"]) == aside]
        if not some:
            continue
        theirs = [peers[row["path"]] for row in some]
        both = [row for row in some if has_run(row) and "peer" in row]
        ours = counts(some)
        cells = [
            len(some),
            sum(one["state"] == "planned" for one in theirs),
            sum(one["tasks"] for one in theirs),
            len(both),
            sum(row["peer"]["state"] == "same" for row in both),
            *(ours[1], ours[3], len(both), sum(row["built"]["state"] == "same" for row in both)),
        ]
        yield f"| {title} | {' | '.join(f'{count:,}' for count in cells)} |"
    yield ""
    yield from _counted("Soorgeon's differ or fail", outcomes([row for row in rows if "peer" in row], "peer"))


def _counted(title: str, counted: Counter[str]) -> Iterator[str]:
    if counted:
        yield f"| {title} | |"
        yield "|---|--:|"
        yield from (f"| {cause} | {count} |" for cause, count in counted.most_common(25))
        yield ""


if __name__ == "__main__":
    main()
