"""A project that was built once, with its cache and a store, put back as it was before each attack."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from project_folder import SAVE, Folder, executor, load

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.building.model import Options, Report
from soorgeon_clone.pipeline.run import build
from soorgeon_clone.pipeline.status.project import Project

# What the code of `load` names: it could be asked to write any of these.
NAMED = ("side.txt", "data.csv", "pipeline.yaml", "exported.py", "env.yaml", "out/*.txt")


class Site:
    """load -> fit -> show in ``root``; the cache and the store beside it, and a folder that is none of its business.

    ``load`` writes side.txt, which it does not declare, and reads data.csv; ``show`` may write what it likes.
    """

    def __init__(self, base: Path) -> None:
        self.base = base
        self.root, self.cache, self.store = base / "home/project", base / "cache", base / "store"
        self.outside, self.kept = base / "home/outside", base.parent / f"{base.name}-kept"
        self.folder = Folder(self.root)
        self.folder.write("exported.py", "def clean(x):\n    return [one + 1 for one in x]\n")
        self.folder.write("data.csv", "1\n")
        self.folder.write("env.yaml", "a: 1\n")
        names = f"names = {list(NAMED)}"
        side = "open('data.csv').read()\nopen('side.txt', 'w').write('side')"
        self.folder.task("load", names, side, "x = [1, 2, 3]", SAVE, products=("x",))
        self.folder.task(
            "fit", "from exported import clean", load("load"), "x = clean(x)", SAVE, upstream=("load",), products=("x",)
        )
        parts = 'from pathlib import Path\nPath(product["parts"], "in").mkdir(parents=True)\n'
        self.folder.script("show", parts + 'Path(product["parts"], "in/a").write_text("1")', upstream=("fit",))
        script = self.root / "tasks/show.py"
        script.write_text(
            script.read_text() + '\n# %% tags=["soorgeon-writes-files"]\nopen("le" + "ft", "w").close()\n'
        )
        self.folder.declare(source="tasks/show.py", product={"nb": "output/show.ipynb", "parts": "output/parts"})
        for name in ("hooks/pre-commit", "config"):
            self.folder.write(f".git/{name}", "git's own\n")
        self.outside.mkdir()
        (self.outside / "precious").write_text("precious")
        report = self.build()
        assert report.ok, [run.error for run in report.runs]
        self.products = self.outputs()
        shutil.copytree(self.base, self.kept, symlinks=True)

    def reset(self, *, built: bool = True) -> None:
        """Put everything back as it was, or as on another machine that has the sources and sees the store."""
        shutil.rmtree(self.base)
        shutil.copytree(self.kept, self.base, symlinks=True)
        if not built:
            self.reset_machine()

    def reset_machine(self) -> None:
        """Forget all but the sources and the store."""
        for path in (self.cache, self.root / ".soorgeon-clone", self.root / "output"):
            shutil.rmtree(path, ignore_errors=True)
        for name in ("side.txt", "left"):
            (self.root / name).unlink(missing_ok=True)

    @contextmanager
    def project(self, **options: Any) -> Iterator[Project]:
        os.environ["SOORGEON_CLONE_CACHE"] = str(self.cache)
        with Project(self.root, **{"store": str(self.store), **options}) as project:
            yield project

    def build(self, *, store: str | None = None, store_mode: str | None = None, **options: Any) -> Report:
        with self.project(store=store or str(self.store), store_mode=store_mode) as project:
            return build(project, Options(**options), executor=executor())

    def results(self, **options: Any) -> dict[str, str]:
        return {run.name: run.result for run in self.build(**options).runs}

    def status(self, **options: Any) -> dict[str, str]:
        with self.project(**options) as project:
            return {one.name: one.line for one in project.status()}

    def outputs(self) -> dict[str, bytes]:
        """The products that are pickles: equal after each run."""
        return {path.name: path.read_bytes() for path in sorted((self.root / "output").glob("*.pkl"))}

    def manifests(self, where: str = "store", task: str | None = None) -> list[Path]:
        """The files of manifests, in the store or the cache; only those of one task."""
        found = sorted((self.base / where / "manifests").rglob("*.json"))
        return [path for path in found if task is None or f"output/{task}.ipynb" in path.read_text(errors="replace")]

    def change(self, task: str, edit: Any, where: str = "store") -> None:
        """Change the manifests of a task: ``edit`` is given what is in it."""
        for path in self.manifests(where, task):
            data = json.loads(path.read_bytes())
            path.write_text(json.dumps(edit(data) or data))

    def add_object(self, content: bytes) -> str:
        """Put something into the store; its digest."""
        digest = hashlib.sha256(content).hexdigest()[:40]
        target = self.store / "objects" / digest[:2] / digest
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(content)
        return digest


def look(*places: Path, without: tuple[str, ...] = ()) -> dict[str, str]:
    """What is there, links as links: path -> what tells it from anything else."""
    found = {}
    for place in places:
        for folder, folders, names in os.walk(place):
            folders[:] = [name for name in folders if name not in without]
            for name in (*folders, *names):
                path = Path(folder, name)
                if name in without:
                    continue
                status = path.lstat()
                content = path.read_text(errors="replace") if stat.S_ISREG(status.st_mode) else ""
                content = str(path.readlink()) if path.is_symlink() else content
                found[str(path)] = f"{stat.S_IFMT(status.st_mode)} {content}"
    return found


def attempt(site: Site, *, lies: bool = False) -> str:
    """Status and build as a user would, in whatever state the site is: what they come to. Raises AssertionError if the
    products are not right in the end, and whatever is no word to the user. Who writes ``lies`` into the records, with
    the right checksum, may get anything but an exception."""
    came_to = "all well"
    for _ in range(2):
        try:
            with site.project() as project:
                project.status()
                project.records.history()
                [project.records.made(name) for name in project.tasks]
            report = site.build()
        except UserError as error:
            came_to = f"told: {error.message.split(str(site.base))[0][:60]}"
            continue
        if lies:
            came_to = "lies were believed, or not"
        elif report.ok:
            assert site.outputs() == site.products
            assert (site.root / "output/parts/in/a").read_text() == "1"
            results = sorted({run.result for run in report.runs})
            return ", ".join(results) if came_to == "all well" else came_to
        else:
            came_to = f"failed: {next(iter(report.failed)).error or ''}"[:60]
    if lies:
        return came_to
    raise AssertionError(f"still not well after two builds: {came_to}")
