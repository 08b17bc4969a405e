"""Ploomber's own example pipelines, built by both: run.py FOLDER [--python PYTHON] [--only TEXT] [--offline].

FOLDER is a clone of https://github.com/ploomber/projects; nothing of it belongs to this repository. PYTHON runs both
tools: its environment has Ploomber, what this project needs, and what the examples import. Each pipeline is copied
twice and built from nothing. Printed for each: whether ours reads and builds it, what Ploomber does, whether the
products are the same files with the same contents (reports by what they show), and the CPU of both.

Neither builds an example that needs an account, or a package that is not installed. With ``--offline`` what examples
download is made on this machine, small and random, and comes from here (`downloads`); else it takes the network.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from downloads import SEABORN, served

PROJECT = Path(__file__).parents[2]
_OURS = ("-m", "soorgeon_clone")
_ROUTER = "from ploomber_cli.cli import cmd_router; cmd_router()"
_THEIRS = ("-c", _ROUTER, "build")
# What the README of an example has done before the build.
_GIT = "git init -q . && git add -A && git -c user.name=a -c user.email=a@b commit -qm all"
_NUMBERS = (
    "import pandas, sqlalchemy as s; pandas.DataFrame({{'n': range(100)}})"
    ".to_sql('my_numbers', s.create_engine('sqlite:///my.db'))"
)
_BEFORE = {
    "cookbook/sql-dump": f"'{{python}}' -c \"{_NUMBERS}\"",
    "cookbook/incremental": "'{python}' insert.py",
    "guides/testing": "cd setup && '{python}' script.py",
    "guides/versioning": _GIT,
    "templates/spec-api-sql": "cd setup && bash setup.sh",
    # the model that it serves is trained by the example's other pipeline
    "templates/ml-intermediate/pipeline.serve.yaml": "'{python}' -c \"{theirs}\" build --env--sample false",
}
# What README says to build with.
_OPTIONS = {"templates/mlflow": ("--env--track", "true")}
# Why an example cannot be compared.
_CANNOT = {
    "cookbook/report-generation": "a PDF needs LaTeX",
    "guides/debugging": "it fails on purpose",
    "guides/sql-templating": "its tables are nowhere: it is there for `task --source`",
    "templates/google-cloud": "needs an account",
    "templates/ml-online/src/ml_online/pipeline-features.yaml": "a part of the other pipeline, no pipeline",
}
# Examples that a program builds: what it says with ours, and the one that is there for Ploomber.
_PROGRAMS = {
    "cookbook/dynamic-params": (
        ("-c", "from soorgeon_clone.pipeline import Pipeline as P; P('pipeline.yaml', env={'run_number': 0}).build()"),
        ("run.py",),
    )
}
_ASIDE = frozenset({"__pycache__", ".soorgeon-clone", ".ploomber", ".ipynb_checkpoints", ".git", ".pytest_cache"})
_VARIES = re.compile(
    r"0x[0-9a-f]{6,}|\d+(\.\d+)?\s*m?s\b|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*|/tmp/\S+|\b[0-9a-f]{32}\b|\b\d{18}\b"
)
_RECORDS = "mlruns"  # what mlflow keeps of models that are fitted without a seed


@dataclass(frozen=True)
class Ran:
    """What a command came to: its exit code, seconds of CPU (children included), and the end of what it said."""

    code: int
    cpu: float
    said: str


@dataclass(frozen=True)
class Row:
    """One example: ``differs`` are products that are not the same, ``why`` is why one of the two does not build it."""

    name: str
    reads: bool
    builds: bool
    theirs: bool
    differs: tuple[str, ...]
    ours_cpu: float
    their_cpu: float
    why: str

    @property
    def verdict(self) -> str:
        if not self.theirs:
            return "only ours" if self.builds else "neither"
        if not self.reads:
            return "not read"
        if not self.builds:
            return "not built"
        return "differs" if self.differs else "equal"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has both")
    parser.add_argument("--only", default="", help="examples whose path has this text")
    parser.add_argument("--timeout", type=float, default=180, help="seconds for one build")
    parser.add_argument("--offline", action="store_true", help="make what the examples download")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        os.environ["SEABORN_DATA"] = str(Path(made, SEABORN))
        with served(Path(made)) if options.offline else nullcontext(str) as replace:
            _table(options, replace)


def _table(options: argparse.Namespace, replace: Callable[[str], str]) -> None:
    print("| example | ours | differs, or why not | CPU, ours | CPU, Ploomber |\n|---|---|---|--:|--:|", flush=True)
    rows = []
    for spec in specs(options.folder, options.only):
        row = compare(options.folder, spec, options.python, options.timeout, replace)
        rows.append(row)
        note = ", ".join(row.differs[:3]) or row.why
        print(f"| {row.name} | {row.verdict} | {note} | {row.ours_cpu:.1f} | {row.their_cpu:.1f} |", flush=True)
    counts = Counter(row.verdict for row in rows)
    print(f"\n{len(rows)} examples: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()))
    both = [row for row in rows if row.builds and row.theirs]
    if both:
        ratio = sum(row.ours_cpu for row in both) / sum(row.their_cpu for row in both)
        print(f"CPU of the {len(both)} that both build: {ratio:.2f} of Ploomber's")


def specs(folder: Path, only: str) -> Iterator[Path]:
    """Yield the pipelines of the examples, sorted: files named pipeline*.yaml."""
    for path in sorted(folder.rglob("pipeline*.yaml")):
        if only in str(path.relative_to(folder)) and not _ASIDE.intersection(path.parts):
            yield path


def compare(folder: Path, spec: Path, python: str, timeout: float, replace: Callable[[str], str]) -> Row:
    """Build a copy of the example with each of the two; ``replace`` changes addresses in its sources."""
    example = _project(folder, spec)
    entry = str(spec.relative_to(example))
    with tempfile.TemporaryDirectory() as scratch:
        prepared = Path(shutil.copytree(example, Path(scratch) / "prepared"))
        _replace_in(prepared, replace)
        first = _BEFORE.get(str(spec.relative_to(folder)), _BEFORE.get(str(example.relative_to(folder))))
        if first:  # once: it may draw random data
            run(["sh", "-c", first.format(python=python, theirs=_ROUTER)], prepared, timeout)
        ours, theirs = (Path(shutil.copytree(prepared, Path(scratch) / name)) for name in ("ours", "theirs"))
        before = set(_files(ours))
        build, other_build = _PROGRAMS.get(
            str(example.relative_to(folder)), ((*_OURS, "build", "-e", entry), (*_THEIRS, "-e", entry))
        )
        options = _OPTIONS.get(str(example.relative_to(folder)), ())
        read = run([python, *(_OURS if build[0] == "-m" else ()), *_reading(build, entry)], ours, timeout)
        built = run([python, *build, *options], ours, timeout)
        other = run([python, *other_build, *options], theirs, timeout)
        differs = tuple(_differences(ours, theirs, before)) if built.code == other.code == 0 else ()
    reasons = {"ours": read if read.code else built, "Ploomber": other}
    why = "; ".join(f"{who}: {ran.said}" for who, ran in reasons.items() if ran.code)
    known = next(
        (_CANNOT[str(one)] for one in (spec.relative_to(folder), example.relative_to(folder)) if str(one) in _CANNOT),
        "",
    )
    why = "; ".join(filter(None, (known, why)))
    name = str(spec.relative_to(folder).parent if spec.name == "pipeline.yaml" else spec.relative_to(folder))
    return Row(name, read.code == 0, built.code == 0, other.code == 0, differs, built.cpu, other.cpu, why)


def _replace_in(folder: Path, replace: Callable[[str], str]) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix in (".py", ".sh", ".ipynb"):
            old = path.read_text(encoding="utf-8", errors="surrogateescape")
            if (new := replace(old)) != old:
                path.write_text(new, encoding="utf-8", errors="surrogateescape")


def _reading(build: Sequence[str], entry: str) -> tuple[str, ...]:
    return ("status", "-e", entry) if build[0] == "-m" else ("-c", "")


def _project(folder: Path, spec: Path) -> Path:
    """Return the folder that is copied: where the example is installed from, if it is a package."""
    inside = [parent for parent in spec.parents if parent != folder and folder in parent.parents]
    return next((parent for parent in inside if (parent / "setup.py").exists()), spec.parent)


def run(command: Sequence[str], folder: Path, timeout: float) -> Ran:
    """Run a command in ``folder``; nothing that it starts outlives it."""
    # an example that is a package is as if it were installed
    path = f"{PROJECT}{os.pathsep}{folder / 'src'}"
    surroundings = {**os.environ, "PYTHONPATH": path, "SOORGEON_CLONE_CACHE": "off", "MPLBACKEND": "Agg"}
    # programs of the environment are found, as where it is activated
    surroundings["PATH"] = f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    surroundings |= {"PLOOMBER_STATS_ENABLED": "false", "PLOOMBER_VERSION_CHECK_DISABLED": "true", "NO_COLOR": "1"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        done = subprocess.run(
            command, cwd=folder, env=surroundings, capture_output=True, text=True, timeout=timeout, check=False
        )
        code, said = done.returncode, _reason(done.stdout + done.stderr)
    except subprocess.TimeoutExpired:
        code, said = -1, "took too long"
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Ran(code, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, said)


def _reason(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"(Error|\w*(Error|Exception|NotFound))\b", line)]
    return (named or lines or [""])[0][:160].replace("|", "/")


def _files(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and not _ASIDE.intersection(inside.parts) and not path.name.endswith(".metadata"):
            yield str(inside)


def _differences(ours: Path, theirs: Path, before: set[str]) -> Iterator[str]:
    # a name may hold the time of the build
    mine, other = (
        {_VARIES.sub("*", name): folder / name for name in _files(folder) if name not in before}
        for folder in (ours, theirs)
    )
    for name in sorted(mine.keys() ^ other.keys()):
        yield f"{name} ({'only ours' if name in mine else 'only theirs'})"
    for name in sorted(mine.keys() & other.keys()):
        if _RECORDS not in Path(name).parts and not _is_same(mine[name], other[name]):
            yield name


def _is_same(one: Path, other: Path) -> bool:
    """Whether two products say the same: reports by what they show, tables by their values, others by their bytes."""
    if one.read_bytes() == other.read_bytes():
        return True
    if one.suffix == ".ipynb":
        return _shown(one) == _shown(other)
    if one.suffix in (".html", ".pdf", ".log", ".png", ".db"):
        return True  # they hold times and versions; that they are there must do
    if one.suffix == ".parquet":
        import pandas as pd

        frames = [pd.read_parquet(path) for path in (one, other)]
        # some examples shuffle their rows without a seed
        mine, theirs = (frame.sort_values(list(frame.columns), ignore_index=True) for frame in frames)
        return bool(mine.equals(theirs))
    if one.suffix in (".pickle", ".pkl", ".joblib", ".pt", ".pth"):
        # what is fitted without a seed is of another size each time
        sizes = one.stat().st_size, other.stat().st_size
        return max(sizes) - min(sizes) <= max(64, 0.25 * max(sizes))
    return _VARIES.sub("", one.read_text(errors="replace")) == _VARIES.sub("", other.read_text(errors="replace"))


def _shown(notebook: Path) -> list[str]:
    """Return the texts that a notebook shows, without what is different each time."""
    found = []
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if "injected-parameters" in cell.get("metadata", {}).get("tags", ()):
            continue
        for output in cell.get("outputs", ()):
            text = output.get("text") or output.get("data", {}).get("text/plain", "")
            if output.get("name") != "stderr":
                found.append(_VARIES.sub("", "".join(text)))
    return ["".join(found)]


if __name__ == "__main__":
    main()
