"""How right `refactor` is on public notebooks: run.py CORPUS --out FILE [--run] [--peer SOORGEON].

CORPUS is a folder with notebooks and an index.json that lists them. Every Python notebook is planned; with ``--run``
those that run offline and show the same twice are refactored, built and compared, cell by cell. FILE becomes JSON, and
a table beside it (FILE with the suffix .md). What was run straight is kept in ``--cache`` and not run again.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from built import OURS, Built, Tool, build, peer
from inventory import Entry, python_notebooks
from planned import plan
from runnable import judge, judge_again

Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--run", action="store_true", help="also run those that run offline")
    parser.add_argument("--peer", type=Path, help="path of a soorgeon command, to build the same notebooks with")
    parser.add_argument("--limit", type=float, default=120, help="seconds for a notebook; its pipeline gets twice that")
    parser.add_argument("--known", type=Path, help="FILE of an earlier run: what showed the same is not run again")
    parser.add_argument("--shuffle", type=int, help="take the notebooks in another order, drawn with this seed")
    parser.add_argument("--headings", type=int, default=0, help="only notebooks with so many H2 headings or more")
    parser.add_argument("--only", default="", help="notebooks whose path contains this")
    parser.add_argument("--cache", type=Path, default=Path(".corpus-cache"), help="where executed notebooks are kept")
    options = parser.parse_args()

    known = {row["path"]: row for row in json.loads(options.known.read_text())} if options.known else {}
    rows: list[Row] = []
    entries = [
        entry
        for entry in python_notebooks(options.corpus)
        if options.only in entry.path and entry.h2 >= options.headings
    ]
    if options.shuffle is not None:
        random.Random(options.shuffle).shuffle(entries)
    for entry in entries:
        old = known.get(entry.path, {})
        if old.get("built", {}).get("state") == "same":
            rows.append(old)
        else:
            rows.append(look(entry, options))
        print(line(rows[-1]), flush=True)
        options.out.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    options.out.with_suffix(".md").write_text("\n".join(table(rows)) + "\n", encoding="utf-8")
    print("\n".join(table(rows)))


def look(entry: Entry, options: argparse.Namespace) -> Row:
    """Return all that is known about one notebook."""
    row: Row = {"path": entry.path, "project": entry.project, "valid": entry.valid}
    row |= {"plan": asdict(plan(options.corpus / entry.path))}
    if not options.run:
        return row
    where = (options.corpus, options.cache, options.limit)
    verdict = judge(entry, *where)
    built: dict[str, Built] = {}
    if verdict.state in ("ran", "runs"):
        tools: dict[str, Tool] = {"built": OURS} | ({"peer": peer(options.peer)} if options.peer else {})
        straight = options.cache / entry.slug / "straight-1.ipynb"
        built = {
            name: build(options.corpus / entry.path, straight, tool, 2 * options.limit) for name, tool in tools.items()
        }
        if built["built"].state != "same":
            verdict = judge_again(entry, *where)
        elif verdict.state == "ran":
            verdict = replace(verdict, state="runs")
    row["straight"] = {"state": verdict.state, "detail": verdict.detail, "seconds": verdict.seconds}
    return row | ({name: asdict(one) for name, one in built.items()} if verdict.state == "runs" else {})


def line(row: Row) -> str:
    """Return one notebook's row for the terminal."""
    states = [row[key]["state"] for key in ("plan", "straight", "built", "peer") if key in row]
    return f"{', '.join(states):<40} {row['plan']['tasks']}/{row['plan']['sections']}  {row['path']}"


def table(rows: list[Row]) -> Iterator[str]:
    """Yield the summary as Markdown."""
    heads = ["project", "notebooks", "valid syntax", "planned", "run offline, same twice", "pipeline the same"]
    yield f"| {' | '.join([*heads, 'with Soorgeon'])} |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for project in [*sorted({row["project"] for row in rows}), "all"]:
        some = [row for row in rows if project in ("all", row["project"])]
        valid = [row for row in some if row["valid"]]
        ran = [row for row in some if row.get("straight", {}).get("state") == "runs"]
        cells = [
            len(some),
            len(valid),
            sum(row["plan"]["state"] == "planned" for row in valid),
            len(ran),
            sum(row["built"]["state"] == "same" for row in ran),
            sum(row["peer"]["state"] == "same" for row in ran) if any("peer" in row for row in ran) else "",
        ]
        yield f"| {project} | " + " | ".join(map(str, cells)) + " |"
    yield ""
    large = [row["plan"] for row in rows if row["plan"]["sections"] >= 3]
    if large:
        tasks, sections = sum(plan["tasks"] for plan in large), sum(plan["sections"] for plan in large)
        yield f"Notebooks with three sections or more keep {tasks} of {sections} tasks ({tasks / sections:.0%})."
        yield ""
    for title, counted in causes(rows):
        yield f"| {title} | notebooks |"
        yield "|---|--:|"
        yield from (f"| {cause} | {count} |" for cause, count in counted.most_common(25))
        yield ""


def causes(rows: list[Row]) -> Iterator[tuple[str, Counter[str]]]:
    """Yield each table of causes with its counts."""
    refused = Counter(
        f"{row['plan']['state']}: {first_line(row['plan']['detail'])}"
        for row in rows
        if row["valid"] and row["plan"]["state"] != "planned"
    )
    yield "not planned, though the syntax is valid", refused
    yield "merged, because", Counter(reason for row in rows for reason in set(row["plan"]["merges"]))
    for key, title in (("straight", "not comparable"), ("built", "ours"), ("peer", "Soorgeon's")):
        states = (row[key]["state"] for row in rows if key in row)
        yield title, Counter(state for state in states if state != "runs")


def first_line(text: str) -> str:
    return text.strip().split("\n")[0][:120] if text.strip() else ""


if __name__ == "__main__":
    main()
