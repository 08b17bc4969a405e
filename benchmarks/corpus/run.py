"""How right `refactor` is on public notebooks: run.py CORPUS --out FILE [--run] [--peer SOORGEON].

CORPUS is a folder with notebooks and an index.json that lists them. Every Python notebook is planned; with ``--run``
those that run offline and show the same twice are refactored, built and compared, cell by cell. FILE becomes JSON, and
a table beside it (FILE with the suffix .md). What was run straight is kept in ``--cache`` and not run again.

Repositories are taken in turns, so that a run that ends early (``--seconds``) has looked at all of them; ``--resume``
goes on where it ended. A third of the repositories is kept aside, and left out unless ``--aside`` says otherwise.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

from built import OURS, Built, Tool, build, peer
from inventory import Entry, missing_modules, python_notebooks
from planned import plan
from report import has_run
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
    parser.add_argument("--aside", choices=("without", "only", "with"), default="without", help="those kept aside?")
    parser.add_argument("--each", type=int, help="of each repository, only so many notebooks that run")
    parser.add_argument("--offline", action="store_true", help="not those that name addresses or lack modules")
    parser.add_argument("--cells", type=int, help="only notebooks with at most so many cells")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="look at no more notebooks after that")
    parser.add_argument("--part", default="1/1", help="2/3: the second of three parts, to run them side by side")
    parser.add_argument("--resume", action="store_true", help="keep what stands in --out, look at the others")
    parser.add_argument("--cache", type=Path, default=Path(".corpus-cache"), help="where executed notebooks are kept")
    options = parser.parse_args()

    known = rows_of(options.known) if options.known else {}
    done = rows_of(options.out) if options.resume and options.out.exists() else {}
    ran = Counter(row["project"] for row in done.values() if has_run(row))
    entries = list(chosen(options))
    started = time.monotonic()
    for entry in entries:
        if time.monotonic() - started > options.seconds:
            break
        if entry.path in done or (options.each is not None and ran[entry.project] >= options.each):
            continue
        old = known.get(entry.path, {})
        row = old if old.get("built", {}).get("state") == "same" else look(entry, options)
        ran[entry.project] += has_run(row)
        done[entry.path] = row
        print(line(row), flush=True)
        options.out.write_text(json.dumps(list(done.values()), indent=1), encoding="utf-8")
    lines = "\n".join(table(list(done.values())))
    options.out.with_suffix(".md").write_text(lines + "\n", encoding="utf-8")
    print(lines)


def rows_of(record: Path) -> dict[str, Row]:
    """Return the rows of an earlier run, by path."""
    return {row["path"]: row for row in json.loads(record.read_text(encoding="utf-8"))}


def chosen(options: argparse.Namespace) -> Iterator[Entry]:
    """Yield the notebooks to look at, one of each repository in turn."""
    entries = [
        entry
        for entry in python_notebooks(options.corpus)
        if options.only in entry.path
        and entry.h2 >= options.headings
        and not (options.offline and (entry.asks_network or missing_modules(entry, options.corpus)))
        and (options.cells is None or entry.cells <= options.cells)
        and (options.aside == "with" or entry.is_kept_aside == (options.aside == "only"))
    ]
    if options.shuffle is not None:
        random.Random(options.shuffle).shuffle(entries)
    part, parts = map(int, options.part.split("/"))
    projects = sorted({entry.project for entry in entries})[part - 1 :: parts]
    of_each = [[entry for entry in entries if entry.project == project] for project in projects]
    for turn in zip_longest(*of_each):
        yield from (entry for entry in turn if entry is not None)


def look(entry: Entry, options: argparse.Namespace) -> Row:
    """Return all that is known about one notebook."""
    row: Row = {"path": entry.path, "project": entry.project, "valid": entry.valid, "cells": entry.cells}
    row |= {"plan": asdict(plan(options.corpus / entry.path))}
    if not options.run:
        return row
    where = (options.corpus, options.cache, options.limit)
    verdict = judge(entry, *where)
    built: dict[str, Built] = {}
    if verdict.state in ("ran", "runs"):
        tools: dict[str, Tool] = {"built": OURS} | ({"peer": peer(options.peer)} if options.peer else {})
        straight = options.cache / entry.slug / "straight-1.ipynb"
        built = {name: build(entry, options.corpus, straight, tool, 2 * options.limit) for name, tool in tools.items()}
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
        ran = [row for row in some if has_run(row)]
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
