"""Paths that a task is told are final; what it made before comes back when it fails."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from project_folder import SAVE, Folder

from soorgeon_clone.pipeline.building.former import Former, put_back

APPEND = "import os\nbefore = open(product['x']).read() if os.path.exists(product['x']) else ''\nbefore"


def log_task(folder: Folder, *cells: str) -> None:
    folder.task("a", *cells)
    folder.declare(source="tasks/a.py", product={"nb": "output/a.ipynb", "x": "output/a.txt"})


def test_what_a_task_writes_of_its_paths_is_true_tomorrow(folder: Folder) -> None:
    folder.task(
        "a", "print(product)\nopen('paths.txt', 'w').write(str(product))\nx = product['x']", SAVE, products=("x",)
    )
    folder.build()
    assert folder.load("output/a-x.pkl") == "output/a-x.pkl"
    for text in ((folder.root / "paths.txt").read_text(), folder.outputs("output/a.ipynb")):
        assert "output/a-x.pkl" in text
        assert ".soorgeon-clone" not in text


def test_a_task_appends_to_its_former_product(folder: Folder) -> None:
    log_task(folder, "with open(product['x'], 'a') as file:\n    file.write('line\\n')")
    folder.build()
    folder.build(force=True)
    assert (folder.root / "output/a.txt").read_text() == "line\nline\n"


def test_a_task_reads_its_former_product(folder: Folder) -> None:
    log_task(folder, APPEND, "with open(product['x'], 'w') as file:\n    file.write(before + 'x')")
    for _ in range(3):
        folder.build(force=True)
    assert (folder.root / "output/a.txt").read_text() == "xxx"


@pytest.mark.parametrize("move", ["import os\nos.chdir('/')", "%cd -q /", "from os import chdir\nchdir('/')"])
def test_a_task_that_changes_its_folder_writes_its_product(move: str, folder: Folder) -> None:
    log_task(folder, move, "with open(product['x'], 'w') as file:\n    file.write('1')\nprint(product['x'])")
    assert folder.build().ok
    assert (folder.root / "output/a.txt").read_text() == "1"
    assert "output/a.txt" in folder.outputs("output/a.ipynb")
    cells = json.loads((folder.root / "output/a.ipynb").read_text())["cells"]
    assert str(folder.root) not in str([cell["source"] for cell in cells])


def test_what_a_task_shows_is_left_as_it_is(folder: Folder) -> None:
    folder.task("a", "import os\nos.makedirs('new', exist_ok=True)\nos.chdir('new')\nprint(os.getcwd())")
    folder.declare(source="tasks/a.py", product="output/a.ipynb")
    folder.build()
    assert str(folder.root / "new") in folder.outputs("output/a.ipynb")


def test_a_failed_task_leaves_what_was_there(folder: Folder) -> None:
    log_task(folder, "with open(product['x'], 'w') as file:\n    file.write('good')")
    folder.build()
    notebook = (folder.root / "output/a.ipynb").read_bytes()
    folder.script("a", "with open(product['x'], 'a') as file:\n    file.write('bad')", "1 / 0")
    assert not folder.build().ok
    assert (folder.root / "output/a.txt").read_text() == "good"
    assert (folder.root / "output/a.ipynb").read_bytes() == notebook
    folder.script("a", "with open(product['x'], 'w') as file:\n    file.write('good')")
    assert folder.ran() == []


def test_a_failed_first_run_leaves_nothing(folder: Folder) -> None:
    log_task(folder, "with open(product['x'], 'w') as file:\n    file.write('bad')", "1 / 0")
    assert not folder.build().ok
    assert not list((folder.root / "output").iterdir())


def test_a_failed_run_gives_a_folder_back(folder: Folder) -> None:
    make = "import os\nos.makedirs(product['x'], exist_ok=True)\nopen(product['x'] + f'/{n}', 'w').close()"
    folder.task("a", "n = 1", make)
    folder.declare(source="tasks/a.py", product={"nb": "output/a.ipynb", "x": "output/many"})
    folder.build()
    folder.script("a", "n = 2", make, "1 / 0")
    assert not folder.build().ok
    assert os.listdir(folder.root / "output/many") == ["1"]  # noqa: PTH208
    folder.script("a", "n = 2", make)
    assert folder.build().ok
    assert os.listdir(folder.root / "output/many") == ["2"]  # noqa: PTH208  (a folder is begun anew)


def test_a_retry_begins_with_what_was_there(folder: Folder) -> None:
    flag = "import os\nfirst = not os.path.exists('flag')\nopen('flag', 'w').close()"
    log_task(folder, "with open(product['x'], 'a') as file:\n    file.write('1')")
    folder.build()
    folder.script("a", flag, "with open(product['x'], 'a') as file:\n    file.write('2')", "assert not first")
    folder.declare(source="tasks/a.py", product={"nb": "output/a.ipynb", "x": "output/a.txt"}, retries=1)
    assert folder.build().ok
    assert (folder.root / "output/a.txt").read_text() == "12"


def test_a_product_that_is_not_written_again_is_missing(folder: Folder) -> None:
    log_task(folder, "with open(product['x'], 'w') as file:\n    file.write('1')")
    folder.build()
    folder.script("a", "str(product)")
    (run,) = folder.build().failed
    assert "did not write output/a.txt" in (run.error or "")
    assert (folder.root / "output/a.txt").read_text() == "1"


def test_a_link_in_the_place_of_a_product_is_not_written_through(folder: Folder, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("mine")
    log_task(folder, "with open(product['x'], 'a') as file:\n    file.write('1')")
    (folder.root / "output").mkdir()
    (folder.root / "output/a.txt").symlink_to(other)
    assert folder.build().ok
    assert other.read_text() == "mine"


def test_hooks_see_the_notebook_in_its_place(folder: Folder) -> None:
    folder.write(
        "hooks.py", "def check(product):\n    assert product['nb'].exists() and str(product['x']) == 'output/a.txt'\n"
    )
    log_task(folder, "with open(product['x'], 'w') as file:\n    file.write('1')")
    folder.declare(source="tasks/a.py", product={"nb": "output/a.ipynb", "x": "output/a.txt"}, on_finish="hooks.check")
    assert folder.build().ok
    notebook = (folder.root / "output/a.ipynb").read_bytes()
    folder.write("hooks.py", "def check(product):\n    1 / 0\n")
    assert not folder.build().ok
    assert (folder.root / "output/a.ipynb").read_bytes() == notebook


@pytest.mark.skipif(sys.platform != "linux", reason="tasks run under a server there")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_build_that_is_killed_leaves_what_was_there(how: signal.Signals, folder: Folder) -> None:
    log_task(folder, "with open(product['x'], 'w') as file:\n    file.write('good')")
    folder.build()
    slow = "import time\nwith open(product['x'], 'w') as file:\n    file.write('half')\n"
    folder.script("a", f"{slow}open('begun', 'w').close()\ntime.sleep(60)")
    process = subprocess.Popen([sys.executable, "-m", "soorgeon_clone", "build"], cwd=folder.root)
    deadline = time.monotonic() + 30
    while not (folder.root / "begun").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (folder.root / "output/a.txt").read_text() == "half"
    process.send_signal(how)
    process.wait(30)
    while (folder.root / "output/a.txt").read_text() != "good" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (folder.root / "output/a.txt").read_text() == "good"


def test_a_kill_of_everything_is_undone_by_the_next_build(folder: Folder) -> None:
    log_task(folder, "with open(product['x'], 'w') as file:\n    file.write('good')")
    folder.build()
    own = folder.root / ".soorgeon-clone/staging/a"
    own.mkdir()
    place = folder.root / "output/a.txt"
    Former(own).put_aside({"output/a.txt": place}, set())
    place.write_text("half")
    assert folder.ran() == []
    assert place.read_text() == "good"
    assert not own.exists()


@pytest.mark.parametrize(
    "note", ["[]", "{", '{"../../x": null}', '{"output/a.txt": "../../../precious"}', '{"precious": null}']
)
def test_a_note_that_others_wrote_removes_nothing_of_theirs(note: str, tmp_path: Path) -> None:
    own, precious, place = tmp_path / "own", tmp_path / "precious", tmp_path / "a.txt"
    own.mkdir()
    precious.write_text("mine")
    place.write_text("product")
    (own / ".soorgeon-undo.json").write_text(note)
    put_back(own, {"output/a.txt": place})
    assert precious.read_text() == "mine"
    assert place.read_text() == "product"


def test_a_note_is_one_line_of_json(tmp_path: Path) -> None:
    former = Former(tmp_path)
    (tmp_path / "a").write_text("1")
    former.put_aside({"a": tmp_path / "a", "b": tmp_path / "b"}, {"a"})
    assert json.loads((tmp_path / ".soorgeon-undo.json").read_text()) == {"a": ".soorgeon-former-0", "b": None}
    assert (tmp_path / "a").read_text() == "1"
    former.forget()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a"]
