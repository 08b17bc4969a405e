"""Whatever a repository lays out under the names that a build uses: it writes and deletes nothing outside, and goes on
or says what is in the way."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from project_folder import SAVE, Folder
from special_files import unix_socket

from soorgeon_clone.errors import UserError
from soorgeon_clone.files import scratch
from soorgeon_clone.pipeline.building import lock
from soorgeon_clone.pipeline.status.project import Project
from trust.site import Site, look

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", str(tmp_path / "cache"))
    return Folder(tmp_path / "home/project")


FOLDERS = ("", "staging", "staging/load", "logs", "failed", "cache", "cache/objects", "cache/manifests")
FILES = (
    ".gitignore", "lock", "lock.json", "records.sqlite", "records.sqlite-wal", "records.sqlite-shm",
    "records.sqlite-journal", "staging/load.lock", "logs/load.log", "failed/load.ipynb",
)  # fmt: skip
KINDS = (
    "link to a folder",
    "link to a file",
    "link to nowhere",
    "link to a device",
    "pipe",
    "socket",
    "folder",
    "file",
)


def lay(site: Site, path: Path, kind: str) -> None:
    """Put something in the place of an entry."""
    scratch.remove(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    targets = {
        "link to a folder": site.outside,
        "link to a file": site.outside / "precious",
        "link to nowhere": site.outside / "new",
        "link to a device": Path("/dev/zero"),
    }
    if kind in targets:
        path.symlink_to(targets[kind])
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        unix_socket(path)
    elif kind == "folder":
        (path / "inside").mkdir(parents=True)
    else:
        path.write_text("a file")


@pytest.mark.parametrize("kind", KINDS)
def test_what_lies_in_the_place_of_our_folders_and_files(kind: str, site: Site) -> None:
    """Each: status works; a build is right, or says what is in the way, and is right once that is gone."""
    for name in (*FOLDERS, *FILES):
        site.reset()
        hidden = site.root / ".soorgeon-clone"
        shutil.rmtree(site.store)
        lay(site, hidden / name if name else hidden, kind)
        (site.root / "data.csv").write_text("2\n")  # load runs, and fails before it has written all
        outside = look(site.outside, site.root / ".git")
        assert set(site.status()) == {"load", "fit", "show"}, name
        problem = build_problem(site)
        if problem:
            assert f"{hidden}/{name}".rstrip("/") in problem and "cannot be written" in problem, problem
            assert look(site.outside, site.root / ".git") == outside, name
            scratch.remove(hidden)
            assert build_problem(site) is None, name
        assert site.outputs() == site.products, name
        assert look(site.outside, site.root / ".git") == outside, name


def build_problem(site: Site) -> str | None:
    """What a build fails with."""
    try:
        report = site.build()
    except UserError as error:
        return str(error)
    return " ".join(run.error or "" for run in report.failed) or None


@pytest.mark.parametrize("target", ["..", "../..", "../../outside", "../tasks", "../.git", "/"])
def test_a_link_in_the_place_of_staging_deletes_nothing(target: str, site: Site) -> None:
    (site.root / ".soorgeon-clone/staging").rename(site.base / "away")
    (site.root / ".soorgeon-clone/staging").symlink_to(target)
    before = look(site.base / "home", without=("records.sqlite", "records.sqlite-wal", "records.sqlite-shm"))
    (site.root / "data.csv").write_text("2\n")
    before[str(site.root / "data.csv")] = look(site.root)[str(site.root / "data.csv")]
    assert "staging cannot be written: it is a link" in str(build_problem(site))
    after = look(site.base / "home", without=("records.sqlite", "records.sqlite-wal", "records.sqlite-shm"))
    assert {path: after.get(path) for path in before} == before


@pytest.mark.parametrize("name", ["", "cache", "cache/objects"])
def test_a_cache_in_the_project_is_no_way_out(name: str, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a cache of the user's, products from the store go through one in the hidden folder."""
    site.cache = Path("off")
    try:
        site.reset_machine()
        hidden = site.root / ".soorgeon-clone"
        lay(site, hidden / name if name else hidden, "link to a folder")
        outside = look(site.outside)
        assert "cannot be written" in str(build_problem(site))
        assert look(site.outside) == outside
    finally:
        site.cache = site.base / "cache"


def test_scratch_names_cannot_be_foreseen(tmp_path: Path) -> None:
    """And what lies there already is not written to."""
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "laid").symlink_to(tmp_path / "precious")
    with pytest.raises(FileExistsError):
        scratch.new_file(tmp_path / "laid")
    with pytest.raises(FileExistsError):
        scratch.copy_new(tmp_path / "precious", tmp_path / "laid")
    with pytest.raises(OSError, match="it is a link"):
        scratch.open_own(tmp_path / "laid")
    scratch.put_bytes(tmp_path / "laid", b"new")
    assert (tmp_path / "laid").read_text() == "new" and not (tmp_path / "laid").is_symlink()
    assert (tmp_path / "precious").read_text() == "precious"


# -- products ------------------------------------------------------------------------------------------------------

WRITE = 'open(product["x"], "w").write("made")'
BAD_PRODUCTS = {
    ".git/hooks/pre-commit": "in git's own folder",
    ".git/config": "in git's own folder",
    "sub/.GIT/x": "in git's own folder",
    "git-link/hooks/pre-commit": "in git's own folder",
    "tasks": "take the place of",
    "here/pipeline.yaml": "take the place of",
    "here/tasks/a.py": "take the place of",
    "here/tasks": "take the place of",
    "exported.py": "take the place of",
}


@pytest.mark.parametrize(("path", "why"), BAD_PRODUCTS.items(), ids=BAD_PRODUCTS)
def test_products_that_would_take_the_place_of_the_project(path: str, why: str, folder: Folder) -> None:
    folder.write("exported.py", "def make(product):\n    open(str(product), 'w').close()\n")
    folder.script("a", WRITE)
    folder.declare(source="tasks/a.py", product={"nb": "output/a.ipynb", "x": path})
    folder.declare(source="exported.make", product="output/b.txt")
    folder.write(".git/config", "git's own\n")
    (folder.root / "git-link").symlink_to(".git")
    (folder.root / "here").symlink_to(".")
    before = look(folder.root, without=(".soorgeon-clone", "output", "__pycache__"))
    run = folder.build().runs[0]
    assert run.result == "failed" and why in str(run.error), run.error
    assert look(folder.root, without=(".soorgeon-clone", "output", "__pycache__")) == before


def test_the_folder_of_products_may_be_a_link(folder: Folder) -> None:
    """That is the user's choice: what a build writes there was declared. Nothing is deleted through it."""
    elsewhere = folder.root.parent / "elsewhere"
    (elsewhere / "parts").mkdir(parents=True)
    (elsewhere / "parts/precious").write_text("precious")
    (elsewhere / "other").write_text("other")
    folder.task("a", "x = 1", SAVE, products=("x",))
    folder.script(
        "b", 'import os\nos.makedirs(product["parts"], exist_ok=True)\nopen(product["parts"] + "/a", "w").close()'
    )
    folder.declare(source="tasks/b.py", product={"nb": "output/b.ipynb", "parts": "output/parts"})
    (folder.root / "output").symlink_to(elsewhere)
    report = folder.build()
    assert {run.name: run.result for run in report.runs} == {"a": "ran", "b": "failed"}
    assert "is outside of the project, and holds what no run made: it is not removed" in str(report.failed[0].error)
    assert (elsewhere / "parts/precious").read_text() == "precious"
    assert folder.load("output/a-x.pkl") == 1 and (folder.root / "output").is_symlink()
    shutil.rmtree(elsewhere / "parts")
    assert folder.ran() == ["b"]
    assert folder.ran(force=True) == ["a", "b"]  # what a run made is replaced by the next
    (elsewhere / "parts/mine").write_text("mine")
    assert not folder.build(force=True).ok
    assert sorted(path.name for path in (elsewhere / "parts").iterdir()) == ["a", "mine"]
    assert (elsewhere / "other").read_text() == "other"


def test_a_product_that_is_a_link_is_replaced_and_not_followed(folder: Folder) -> None:
    precious = folder.root.parent / "precious"
    folder.task("a", "x = 1", SAVE, products=("x",))
    precious.write_text("precious")
    (folder.root / "output").mkdir()
    (folder.root / "output/a-x.pkl").symlink_to(precious)
    (folder.root / "output/a.ipynb").symlink_to("/dev/full")
    assert folder.ran() == ["a"]
    assert precious.read_text() == "precious" and folder.load("output/a-x.pkl") == 1


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_a_product_that_is_no_file_fails_its_task(kind: str, folder: Folder) -> None:
    make = {
        "pipe": 'import os\nos.mkfifo(product["x"])',
        "socket": 'import os, socket\nos.chdir(os.path.dirname(product["x"]))\n'
        's = socket.socket(socket.AF_UNIX)\ns.bind(os.path.basename(product["x"]))\ns.close()',
    }
    folder.task("a", make[kind], products=("x",))
    (run,) = folder.build().runs
    assert run.result == "failed" and "made a pipe, a socket or a device at output/a-x.pkl" in str(run.error)


def test_what_is_no_file_is_no_product_and_no_input(folder: Folder) -> None:
    """A pipe where a product, an input, a module, a resource or a source is: nothing hangs."""
    folder.write("exported.py", "def clean(x):\n    return x\n")
    folder.write("data.csv", "1")
    cells = ("from exported import clean", "import os\nos.path.exists('data.csv')", "x = 1", SAVE)
    folder.task("a", *cells, products=("x",), params={"resources_": {"r": "data.csv"}})
    assert folder.ran() == ["a"]
    for name in ("output/a-x.pkl", "output/a.ipynb", "data.csv"):
        scratch.remove(folder.root / name)
        os.mkfifo(folder.root / name)
        assert folder.stale()
        assert set(folder.results().values()) <= {"ran", "restored"}
    for name, result in (("exported.py", "failed"), ("tasks/a.py", "failed")):
        (folder.root / name).rename(folder.root / "away")
        os.mkfifo(folder.root / name)
        assert folder.stale()
        assert folder.results() == {"a": result}
        (folder.root / "away").replace(folder.root / name)
        assert folder.build().ok


def test_a_folder_product_that_holds_a_pipe(folder: Folder) -> None:
    folder.script("a", 'import os\nos.mkdir(product["parts"])\nos.mkfifo(product["parts"] + "/pipe")')
    folder.declare(source="tasks/a.py", product={"nb": "output/a.ipynb", "parts": "output/parts"})
    assert folder.ran() == ["a"]
    assert folder.ran() == []
    shutil.rmtree(folder.root / "output")
    assert folder.ran() == ["a"]  # there is nothing that could be brought back


# -- locks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_without_locks_of_the_kernel_a_file_is_the_lock(
    number: int, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    def cannot(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", cannot)
    folder.task("a", "x = 1", SAVE, products=("x",))
    assert folder.ran() == ["a"]
    held = folder.root / ".soorgeon-clone/lock.held"
    assert not held.exists()
    with lock.hold(folder.root, wait=True):
        assert held.exists()
        with pytest.raises(UserError, match=f"another build runs in .*process {os.getpid()} on"):
            folder.build(force=True, wait_for_lock=False)
    assert folder.ran(force=True) == ["a"]


def test_a_lock_file_of_a_dead_process_is_taken_over(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import errno, fcntl, os, sys\nfrom pathlib import Path\nfrom soorgeon_clone.pipeline.building import lock\n"
        "def cannot(*_): raise OSError(errno.ENOLCK, 'no locks')\n"
        "fcntl.flock = cannot\nheld = lock._take(lock.hidden_folder(Path(sys.argv[1])) / 'lock')\nos._exit(0)"
    )
    folder.task("a", "x = 1", SAVE, products=("x",))
    done = subprocess.run([sys.executable, "-c", code, str(folder.root)], check=True, capture_output=True)
    assert done.returncode == 0
    assert (folder.root / ".soorgeon-clone/lock.held").exists()
    import fcntl

    def cannot(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(fcntl, "flock", cannot)
    assert folder.ran(wait_for_lock=False) == ["a"]


HOLDERS = (b"", b"{", b"[]", b"null", b"\xff", b'{"pid": "x"}', b'{"pid": 1, "host": 2, "since": 1e300}', b"[" * 5000,
           b'{"pid": 1, "host": "\\ud800", "since": "NaN"}')  # fmt: skip


@pytest.mark.parametrize("content", HOLDERS)
def test_whatever_stands_in_the_holder_file(content: bytes, folder: Folder) -> None:
    folder.task("a", "x = 1", SAVE, products=("x",))
    with lock.hold(folder.root, wait=True):
        (folder.root / ".soorgeon-clone/lock.json").write_bytes(content)
        with pytest.raises(UserError, match="another build runs in"):
            folder.build(wait_for_lock=False)


def test_a_project_that_brings_its_own_hidden_folder(folder: Folder) -> None:
    """As git does with what somebody committed."""
    folder.task("a", "x = 1", SAVE, products=("x",))
    folder.write(".soorgeon-clone/lock.json", json.dumps({"pid": 1, "host": "a", "since": 0}))
    folder.write(".soorgeon-clone/staging/x/y", "1")
    with Project(folder.root) as project:
        assert [one.line for one in project.status()] == ["stale: never ran"]
    assert folder.ran() == ["a"]
    assert (folder.root / ".soorgeon-clone/.gitignore").read_text() == "*\n"
