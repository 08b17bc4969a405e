"""Products outside of the project, files that others make, downloads, and copies that a client takes elsewhere."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from project_folder import Folder, executor

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.building.model import Options
from soorgeon_clone.pipeline.run import build
from soorgeon_clone.pipeline.status.project import Project

WRITE = """
    def write(product):
        with open(product, "w") as file:
            file.write(str(product))

    def copy(upstream, product):
        with open(upstream["raw"]) as file, open(product, "w") as target:
            target.write(file.read().upper())
"""


@pytest.fixture
def inner(tmp_path: Path) -> Folder:
    (tmp_path / "project").mkdir()
    folder = Folder(tmp_path / "project")
    folder.write("tasks.py", WRITE)
    return folder


def say(folder: Folder, **top: object) -> None:
    folder.write("pipeline.yaml", yaml.safe_dump(top))


def test_outside_is_refused_unless_allowed(inner: Folder) -> None:
    task = {"source": "tasks.write", "product": "../out/a.txt"}
    say(inner, tasks=[task])
    with pytest.raises(UserError, match="outside of the project") as caught:
        inner.build()
    assert "allow_outside: true" in str(caught.value.hint)
    assert not (inner.root.parent / "out").exists()
    say(inner, tasks=[task], allow_outside="yes")
    with pytest.raises(UserError, match="expected true or false"):
        inner.build()


def test_outside(inner: Folder) -> None:
    out = inner.root.parent / "out"
    script = {"source": "b.py", "product": {"nb": "{{cwd}}/b.ipynb", "x": str(out / "x.txt")}}
    script["product"]["nb"] = str(out / "b.ipynb")  # type: ignore[index]
    say(inner, tasks=[{"source": "tasks.write", "product": "../out/a.txt"}, script], allow_outside=True)
    code = "with open(product['x'], 'w') as file:\n    file.write(upstream['write'])"
    inner.write("b.py", f"# %% tags=['parameters']\nupstream = ['write']\nproduct = None\n\n# %%\n{code}\n")
    assert inner.ran() == ["write", "b"]
    assert sorted(path.name for path in out.iterdir()) == ["a.txt", "b.ipynb", "x.txt"]
    assert (out / "a.txt").read_text() == "../out/a.txt" == (out / "x.txt").read_text()
    assert inner.ran() == []
    (out / "a.txt").write_text("other")
    assert "../out/a.txt" in str(inner.status()["write"].causes[0])
    assert inner.results()["write"] == "restored"
    inner.write("tasks.py", WRITE.replace("str(product)", "1 / 0"))
    errors = [run.error or "" for run in inner.build().runs]
    assert "ZeroDivisionError" in errors[0]
    assert (out / "a.txt").read_text() == "../out/a.txt"  # put back


def test_outside_comes_from_the_cache_too(inner: Folder, tmp_path: Path) -> None:
    say(inner, tasks=[{"source": "tasks.write", "product": "../out/a.txt"}], allow_outside=True)
    assert inner.ran() == ["write"]
    (tmp_path / "out/a.txt").unlink()
    assert inner.results() == {"write": "restored"}
    assert (tmp_path / "out/a.txt").read_text() == "../out/a.txt"


def test_a_link_that_somebody_left_in_the_hidden_folder_is_not_followed(inner: Folder, tmp_path: Path) -> None:
    say(inner, tasks=[{"source": "tasks.write", "product": "../out/a.txt"}], allow_outside=True)
    inner.build()
    (link,) = (inner.root / ".soorgeon-clone/outside").iterdir()
    link.unlink()
    (tmp_path / "victim").mkdir()
    link.symlink_to(tmp_path / "victim")
    inner.build(force=True)
    assert list((tmp_path / "victim").iterdir()) == []
    assert link.readlink() == tmp_path / "out"


def test_a_way_around_that_ends_inside_is_inside(inner: Folder) -> None:
    say(inner, tasks=[{"source": "tasks.write", "product": "../project/out/a.txt"}])
    assert inner.ran() == ["write"]
    assert (inner.root / "out/a.txt").read_text() == "out/a.txt"


def test_a_package_writes_in_its_project(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "src/package")
    folder.write("tasks.py", WRITE)
    folder.write("__init__.py", "")
    say(folder, tasks=[{"source": "tasks.write", "product": "../../products/a.txt"}])
    with pytest.raises(UserError, match="outside of the project"):
        folder.build()
    (tmp_path / "pyproject.toml").write_text("")
    assert folder.ran() == ["write"]
    assert (tmp_path / "products/a.txt").exists()
    say(folder, tasks=[{"source": "tasks.write", "product": "../../../a.txt"}])
    with pytest.raises(UserError, match="outside of the project"):
        folder.build()


def test_a_file_that_others_make(inner: Folder, tmp_path: Path) -> None:
    raw = tmp_path / "raw.txt"
    link = {"class": "Link", "name": "raw", "product": "../raw.txt"}
    say(inner, tasks=[link, {"source": "tasks.copy", "product": "out/c.txt"}])
    with pytest.raises(UserError, match=r"there is no \.\./raw\.txt"):
        inner.build()
    raw.write_text("a")
    assert inner.ran() == ["raw", "copy"]
    assert inner.ran() == []
    raw.write_text("b")
    assert inner.ran() == ["raw", "copy"]
    assert (inner.root / "out/c.txt").read_text() == "B"
    assert inner.ran(force=True) == ["raw", "copy"]
    assert raw.read_text() == "b"
    say(inner, tasks=[{**link, "source": "x.py"}])
    with pytest.raises(UserError, match="a Link has no source"):
        inner.build()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "web").mkdir()
    (tmp_path / "web/data.csv").write_text("a,b\n")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(tmp_path / "web"))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_download(inner: Folder, served: str) -> None:
    task = {"class": "DownloadFromURL", "source": f"{served}/data.csv", "product": "out/data.csv"}
    say(inner, tasks=[task])
    assert inner.ran() == ["data"]
    assert (inner.root / "out/data.csv").read_text() == "a,b\n"
    assert inner.ran() == []
    say(inner, tasks=[{**task, "name": "data", "source": f"{served}/none.csv"}])
    (run,) = inner.build().failed
    assert "404" in (run.error or "")
    assert (inner.root / "out/data.csv").read_text() == "a,b\n"
    say(inner, tasks=[{**task, "source": "file:///etc/hostname"}])
    with pytest.raises(UserError, match="no URL that can be downloaded"):
        inner.build()


CLIENT = """
    import shutil
    from pathlib import Path


    class Client:
        def upload(self, path):
            target = Path("backup") / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)


    def get():
        return Client()

    def none():
        return "s3://bucket"
"""


def test_products_are_taken_elsewhere_as_well(inner: Folder) -> None:
    inner.write("clients.py", CLIENT)
    inner.task("a", "with open(product['x'], 'w') as file:\n    file.write('1')", products=("x",))
    (task,) = inner.entries
    say(
        inner,
        tasks=[task, {"source": "tasks.write", "product": "out/w.txt", "client": None}],
        clients={"File": "clients.get"},
    )
    assert inner.ran() == ["a", "write"]
    found = sorted(str(path.relative_to(inner.root)) for path in (inner.root / "backup").rglob("*") if path.is_file())
    assert found == ["backup/output/a-x.pkl", "backup/output/a.ipynb"]
    say(inner, tasks=[{**task, "on_finish": "tasks.more", "client": "clients.get"}])
    inner.write("tasks.py", WRITE + "\n    def more(): ...\n")
    assert inner.ran(force=True) == ["a"]
    say(inner, tasks=[{**task, "client": "clients.none"}])
    (run,) = inner.build(force=True).failed
    assert "has no method 'upload'" in (run.error or "")
    say(inner, tasks=[{**task, "client": "s3://bucket"}])
    with pytest.raises(UserError, match=r"expected module\.function"):
        inner.build()


def test_dask_is_not_for_what_is_on_this_machine_only(inner: Folder) -> None:
    say(inner, tasks=[{"source": "tasks.write", "product": "../a.txt"}], allow_outside=True)
    with Project(inner.root) as project, pytest.raises(UserError, match="on this machine only"):
        build(project, Options(engine="dask"), executor=executor())
