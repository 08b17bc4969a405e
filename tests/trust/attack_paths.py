"""A seed -> a project in which somebody laid a trap for a path that a command writes, and what the command made of it.

Around the project lies what must stay as it is: files and folders beside it, a home, and the project's own ``.git``.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import stat
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Literal

from click.testing import CliRunner
from special_files import unix_socket

from soorgeon_clone.cli.app import app
from soorgeon_clone.errors import UserError
from soorgeon_clone.export.write import RECORD as EXPORTED
from soorgeon_clone.refactor.record import digest
from soorgeon_clone.refactor.write import RECORD

Verdict = Literal["refused", "harmless", "escaped", "crashed", "hung"]
BAD = ("escaped", "crashed", "hung")
_LONGEST = 10  # seconds of one command

NOTEBOOK: dict[str, Any] = {
    "cells": [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "## Load"},
        *(
            {"cell_type": "code", "id": str(n), "metadata": {}, "outputs": [], "execution_count": None, "source": text}
            for n, text in enumerate(["import os\nx=[1,2]", "y=x"])
        ),
        {"cell_type": "markdown", "id": "b", "metadata": {}, "source": "## Fit"},
        {
            "cell_type": "code",
            "id": "c",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            "source": "z = sum( y )\nprint(z)",
        },
    ],
    "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}
SCRIPT = '# %% tags=["parameters"]\nupstream = None\nproduct = None\n\n# %%\nx=1\n'


@dataclass(frozen=True)
class Command:
    """A command line, the files that it writes (or removes), and whether its project is a pipeline already."""

    line: tuple[str, ...]
    writes: tuple[str, ...]
    pipeline: bool = True


_REFACTORED = (
    *("pipeline.yaml", "tasks/load.py", "tasks/fit.py", "README.md", "requirements.txt", ".gitignore"),
    *(RECORD, ".soorgeon-clone/.gitignore"),
)
COMMANDS = (
    Command(("refactor", "nb.ipynb"), _REFACTORED, pipeline=False),
    Command(("refactor", "nb.ipynb", "--force"), _REFACTORED, pipeline=False),
    Command(("refactor", "nb.ipynb", "-f", "ipynb"), ("tasks/load.ipynb", "tasks/load.py", RECORD), pipeline=False),
    Command(
        ("export", "--to", "argo"), ("export/argo/workflow.yaml", "export/argo/Dockerfile", f"export/argo/{EXPORTED}")
    ),
    Command(("export", "--to", "airflow"), ("export/airflow/project.py", f"export/airflow/{EXPORTED}")),
    Command(("export", "--to", "aws-batch", "--force"), ("export/aws-batch/jobs.json", f"export/aws-batch/{EXPORTED}")),
    Command(("export", "--to", "argo", "--out", "made"), ("made/workflow.yaml", f"made/{EXPORTED}")),
    Command(("plot",), ("pipeline.html",)),
    Command(("plot", "-o", "pipeline.svg"), ("pipeline.svg",)),
    Command(("plot", "-o", "drawn/pipeline.mmd"), ("drawn/pipeline.mmd",)),
    Command(("report",), ("pipeline-report.html",)),
    Command(("scaffold",), ("tasks/new.py", "code/functions.py", "tasks/new.ipynb")),
    Command(("nb", "--inject"), ("tasks/load.py", "tasks/fit.ipynb")),
    Command(("nb", "--sync"), ("tasks/load.py",)),
    Command(("nb", "--remove"), ("tasks/load.py",)),
    Command(("nb", "--format", "ipynb"), ("tasks/load.py", "tasks/load.ipynb", "pipeline.yaml")),
    Command(("lint", "-j", "1", "--fix", "--unsafe-fixes", "."), ("nb.ipynb", "deep/other.ipynb")),
    Command(("lint", "-j", "1", "--fix", "nb.ipynb"), ("nb.ipynb",)),
    Command(("lint", "-j", "1", "--output-file", "found.txt", "nb.ipynb"), ("found.txt",)),
    Command(("clean", "."), ("nb.ipynb", "deep/other.ipynb")),
    Command(("clean", "nb.ipynb", "deep/other.ipynb"), ("nb.ipynb",)),
    Command(("clean", "--strip-outputs", "*/*.ipynb"), ("deep/other.ipynb", "deep")),
)
# Folders that a person names, by --out or on the way to a file, are that person's choice, also where they are links.
_CHOSEN = frozenset(["made", "drawn"])


class World:
    """``project`` is where commands run; everything else below ``base`` is none of their business."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.project = base / "project"
        self.outside = base / "outside"
        self.home = base / "home"

    def lay_out(self, command: Command) -> None:
        """Make everything anew."""
        for folder in (self.outside / "sub", self.home, self.project / ".git/hooks", self.project / "deep"):
            folder.mkdir(parents=True)
        for name in ("victim.py", "tasks.py", "sub/kept.txt"):
            (self.outside / name).write_text(SCRIPT)
        for path in (self.outside / "victim.ipynb", self.outside / "sub/other.ipynb", self.project / "nb.ipynb"):
            path.write_text(json.dumps(NOTEBOOK))
        (self.project / "deep/other.ipynb").write_text(json.dumps(NOTEBOOK))
        (self.outside / "unreadable").write_bytes(b"\xff\xfe")
        (self.home / ".profile").write_text("# mine\n")
        for name in ("config", "hooks/pre-commit"):
            (self.project / ".git" / name).write_text("kept\n")
        if command.pipeline:
            self.write_pipeline([])

    def write_pipeline(self, sources: list[str]) -> None:
        """Declare tasks: two that are there, and those that are missing where that is the point."""
        (self.project / "tasks").mkdir(exist_ok=True)
        (self.project / "tasks/load.py").write_text(SCRIPT)
        (self.project / "tasks/fit.ipynb").write_text(
            json.dumps({**NOTEBOOK, "cells": [{**NOTEBOOK["cells"][1], "metadata": {"tags": ["parameters"]}}]})
        )
        entries = [
            {"source": source, "name": f"t{number}", "product": {"nb": f"output/{number}.ipynb"}}
            for number, source in enumerate(["tasks/load.py", "tasks/fit.ipynb", *sources])
        ]
        (self.project / "pipeline.yaml").write_text(json.dumps({"tasks": entries, "store": "s3://bucket/prefix"}))

    def kept(self, command: Command) -> dict[str, object]:
        """What must be the same before and after, by path: kind, permissions and content of each entry."""
        found = dict(_entries(self.base, self.base, self.project))
        if (self.project / ".git").is_dir():
            found |= dict(_entries(self.project / ".git", self.base, None))
        for path in (self.project / "nb.ipynb", self.project / "deep/other.ipynb"):
            if command.line[0] not in ("lint", "clean") and path.is_file():
                found[str(path)] = path.read_bytes()
        return found


def _entries(folder: Path, base: Path, without: Path | None) -> Iterator[tuple[str, object]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            path = Path(entry.path)
            if path == without:
                continue
            found = path.lstat()
            content: object = path.readlink() if stat.S_ISLNK(found.st_mode) else None
            if stat.S_ISREG(found.st_mode):
                content = path.read_bytes()
            yield str(path.relative_to(base)), (found.st_mode, content)
            if stat.S_ISDIR(found.st_mode):
                yield from _entries(path, base, None)


# -- traps: each takes the place where a command is about to write ----------------------------------------------------

Trap = Callable[[World, Path, random.Random], None]


def _clear(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    elif os.path.lexists(place):
        place.unlink()
    with contextlib.suppress(FileExistsError):
        place.parent.mkdir(parents=True, exist_ok=True)


def _link(target: Callable[[World, Path], str | Path]) -> Trap:
    def lay(world: World, place: Path, chance: random.Random) -> None:
        leads = target(world, place)
        _clear(place)
        place.symlink_to(leads)

    return lay


def _victim(world: World, place: Path) -> Path:
    """A file outside that the command would take for its own: of the same content, where there is some."""
    victim = world.outside / f"victim{place.suffix if place.suffix in ('.py', '.ipynb') else '.py'}"
    if place.is_file() and place.suffix not in (".py", ".ipynb"):
        victim.write_bytes(place.read_bytes())
    return victim


def _chain(world: World, place: Path, chance: random.Random) -> None:
    _clear(place)
    (world.project / "hop").symlink_to(world.outside)
    place.symlink_to(world.project / "hop" / chance.choice(["victim.py", "victim.ipynb", "sub", "new.txt"]))


def _parent(world: World, place: Path, chance: random.Random) -> None:
    folder = place.parent if place.parent != world.project else place
    _clear(folder)
    folder.symlink_to(world.outside / chance.choice(["sub", "missing", "."]))


def _hard_link(world: World, place: Path, chance: random.Random) -> None:
    victim = _victim(world, place)
    _clear(place)
    place.hardlink_to(victim)


def _pipe(world: World, place: Path, chance: random.Random) -> None:
    _clear(place)
    os.mkfifo(place)


def _socket(world: World, place: Path, chance: random.Random) -> None:
    _clear(place)
    unix_socket(place)


def _folder(world: World, place: Path, chance: random.Random) -> None:
    _clear(place)
    place.mkdir()
    (place / "inner").write_text("kept")


def _file_as_parent(world: World, place: Path, chance: random.Random) -> None:
    folder = place.parent if place.parent != world.project else place
    _clear(folder)
    folder.write_text("not a folder")


def _loop(world: World, place: Path, chance: random.Random) -> None:
    _clear(place)
    place.symlink_to(place.name)


def _scratch(world: World, place: Path, chance: random.Random) -> None:
    """Names that something on its way to its place might have."""
    with contextlib.suppress(FileExistsError):
        place.parent.mkdir(parents=True, exist_ok=True)
    for name in (
        f".{place.name}.part",
        f".{place.name}.{os.getpid()}.part",
        f".{place.name}.tmp",
        f"{place.name}.part",
    ):
        with contextlib.suppress(OSError):
            (place.parent / name).symlink_to(world.outside / "victim.py")


def _garbage(world: World, place: Path, chance: random.Random) -> None:
    _clear(place)
    place.write_bytes(
        chance.choice([b"\xff\xfe\0", b"[" * 100_000, b"", b"{}", b"null", b'"\\ud800"', b"\0" * 50, b"9" * 6000])
    )


TRAPS: Mapping[str, Trap] = {
    "link to a file outside": _link(_victim),
    "link to a folder outside": _link(lambda world, place: world.outside),
    "dangling link": _link(lambda world, place: world.outside / "new.py"),
    "dangling link into a folder that is missing": _link(lambda world, place: world.outside / "a/b/new.py"),
    "relative link": _link(lambda world, place: os.path.relpath(world.outside / "victim.py", place.parent)),
    "link to the home": _link(lambda world, place: world.home / ".profile"),
    "link into .git": _link(lambda world, place: world.project / ".git/hooks/pre-commit"),
    "dangling link into .git": _link(lambda world, place: world.project / ".git/hooks/post-checkout"),
    "link to .git": _link(lambda world, place: world.project / ".git"),
    "link to a device": _link(lambda world, place: "/dev/null"),
    "chain of links": _chain,
    "parent is a link": _parent,
    "hard link": _hard_link,
    "pipe": _pipe,
    "socket": _socket,
    "folder in its place": _folder,
    "file as its folder": _file_as_parent,
    "link to itself": _loop,
    "links of foreseeable names": _scratch,
    "garbage": _garbage,
}

# -- names, in what a repository may bring ----------------------------------------------------------------------------

NAMES = (
    *("../outside/victim.py", "../outside/victim.ipynb", "../outside/new.py", "tasks/../../outside/victim.py"),
    *("{outside}/victim.py", "{outside}/new.py", "{outside}/sub/../victim.py", "../outside", "..", ".", "tasks/.."),
    *(".git/hooks/pre-commit", ".git/config", ".git/new.py", ".GIT/hooks/x.py", "tasks/../.git/x.py", ".git /x.py"),
    *(
        "tasks/" + "x" * 300 + ".py",
        "x/" * 3000 + "x.py",
        "tasks/a\0b.py",
        "tasks/\ud800.py",
        "tasks/a\nb.py",
        "~/x.py",
    ),
    *("C:/x.py", "tasks\\..\\..\\outside\\victim.py", "//outside/x.py", "tasks//load.py", "./tasks/load.py", ""),
    *("hop/victim.py", "hop/new.py", "hop/sub/kept.txt", "hop", "tasks/load.py/x.py", "nb.ipynb", "tasks"),
)


def _named(world: World, chance: random.Random) -> str:
    name = chance.choice(NAMES).replace("{outside}", str(world.outside))
    if name.startswith("hop") and not os.path.lexists(world.project / "hop"):
        (world.project / "hop").symlink_to(world.outside)
    if chance.random() < 0.2:
        name = chance.choice(["./", "tasks/", "a/../", "/", "../project/"]) + name
    return name


def lay_names(world: World, command: Command, chance: random.Random) -> str:
    """Put names that lead elsewhere into what the command reads its paths from; what was laid, in words."""
    names = [_named(world, chance) for _ in range(chance.randint(1, 3))]
    if command.line[0] == "refactor":
        entries = {name: _digest_of(world.project / name, chance) for name in names if "\0" not in name}
        record: Any = {"notebook": "nb", "files": entries, "shared": dict.fromkeys(names, "x")}
        _put(world.project / RECORD, _mutated(record, chance))
    elif command.line[0] == "export":
        folder = world.project / Path(command.writes[0]).parent
        entries = {name: _plain_digest_of(folder / name, chance) for name in names if "\0" not in name}
        owner = chance.choice(["project to argo", "project to airflow", "project to aws-batch", "other to argo"])
        _put(folder / EXPORTED, _mutated({owner: entries}, chance))
    else:
        functions = [f"{name.removesuffix('.py').replace('/', '.')}.made" for name in names if chance.random() < 0.3]
        world.write_pipeline([*(name for name in names if name and "\0" not in name), *functions])
    return f"names {names!r}"


def _put(path: Path, data: Any) -> None:
    _clear(path)
    path.write_text(json.dumps(data))


def _mutated(data: Any, chance: random.Random) -> Any:
    """Now and then with a value of another type in it."""
    if chance.random() < 0.7:
        return data
    odd = chance.choice([None, 3, [], {}, "x", [[]], {"a": {"b": 1}}, True, 1e308, ["../outside/victim.py"]])
    if isinstance(data, dict) and data and chance.random() < 0.8:
        key = chance.choice(sorted(data))
        return {**data, key: _mutated(data[key], chance) if chance.random() < 0.5 else odd}
    return odd


def _digest_of(path: Path, chance: random.Random) -> str:
    """What makes a file look as if it was never changed."""
    try:
        return digest(str(path), path.read_text())
    except (OSError, ValueError):
        return "0" * 64


def _plain_digest_of(path: Path, chance: random.Random) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, ValueError):
        return "0" * 64


# -- one attack -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """What was attacked how, and what came of it. ``what`` is what the command said, ``code`` how it ended."""

    verdict: Verdict
    command: str
    attack: str
    what: str = ""
    code: int = 0


def attack(seed: int, base: Path) -> Result:
    """Make a project below ``base``, which must be empty, lay one to three traps, run a command and look."""
    chance = random.Random(seed)
    command = chance.choice(COMMANDS)
    world = World(base)
    world.lay_out(command)
    laid = []
    if command.line[0] in ("refactor", "export", "scaffold", "nb", "plot", "report") and chance.random() < 0.35:
        laid.append(lay_names(world, command, chance))
    for _ in range(chance.choice([0, 1, 1, 2]) if laid else chance.choice([1, 1, 1, 2, 3])):
        with contextlib.suppress(OSError):  # two traps may be in each other's way
            laid.append(lay_trap(world, command, chance.choice(sorted(TRAPS)), chance))
    return run(world, command, "; ".join(laid))


def lay_trap(world: World, command: Command, name: str, chance: random.Random, at: str | None = None) -> str:
    """Lay one trap at one of the places that the command writes to, or at a folder on the way; what it is, in words."""
    places = [path for file in command.writes for path in (file, *map(str, Path(file).parents)) if path != "."]
    place = at or chance.choice([path for path in places if path not in _CHOSEN])
    chosen = TRAPS[name] is _parent and Path(place).parts[0] in _CHOSEN
    if chosen or (name in ("pipe", "socket") and command.pipeline):  # pipes as sources are about reading, not writing
        name = "link to a file outside"
    TRAPS[name](world, world.project / place, chance)
    return f"{name} at {place}"


def run(world: World, command: Command, laid: str) -> Result:
    """Run the command in the project."""
    before = world.kept(command)
    verdict, what, code = _run(world, command)
    after = world.kept(command)
    if before != after:
        changed = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
        verdict, what = "escaped", f"{changed}; {what}"
    return Result(verdict, " ".join(command.line), laid, what, code)


def _run(world: World, command: Command) -> tuple[Verdict, str, int]:
    environment = {
        "HOME": str(world.home),
        "SOORGEON_CLONE_CACHE": "off",
        "XDG_CACHE_HOME": str(world.project / ".cache"),
    }
    here = Path.cwd()
    os.chdir(world.project)
    handler = signal.signal(signal.SIGALRM, _hung)
    signal.alarm(_LONGEST)
    try:
        result = CliRunner().invoke(app, list(command.line), env=environment)
    except _Hung as hung:
        return "hung", "".join(traceback.format_tb(hung.__traceback__)[-3:]), 0
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, handler)
        os.chdir(here)
    error = result.exception
    if isinstance(error, UserError):
        return "refused", str(error), error.exit_code
    if error is not None and not isinstance(error, SystemExit):
        return "crashed", f"{type(error).__name__}: {error}", result.exit_code
    verdict: Verdict = "refused" if result.exit_code and "Error" in result.output else "harmless"
    return verdict, result.output, result.exit_code


class _Hung(BaseException):
    """The command takes too long."""


def _hung(number: int, frame: FrameType | None) -> None:
    raise _Hung
