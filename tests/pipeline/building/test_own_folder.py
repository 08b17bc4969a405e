"""``local_execution: true``: a script that runs in its own folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.api import Pipeline

SCRIPT = """\
# %% tags=["parameters"]
upstream = None
product = None
# %%
from beside import X
open(product["x"], "w").write(f"{X} {open('in.txt').read()}")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    for name, text in (("a.py", SCRIPT), ("beside.py", "X = 3\n"), ("in.txt", "4")):
        (tmp_path / "sub" / name).write_text(text)
    write(tmp_path, True)
    return tmp_path


def write(folder: Path, value: object, **more: object) -> None:
    task = {
        "source": "sub/a.py",
        "product": {"nb": "out/a.ipynb", "x": "out/x.txt"},
        "local_execution": value,
        **more,
    }
    (folder / "pipeline.yaml").write_text(json.dumps([task]))


def test_it_finds_what_is_beside_it_and_is_stale_when_that_changed(folder: Path) -> None:
    pipeline = Pipeline(folder / "pipeline.yaml")
    pipeline.build()
    assert (folder / "out" / "x.txt").read_text() == "3 4"
    assert str(folder) not in (folder / "out" / "a.ipynb").read_text()
    for name, text in (("beside.py", "X = 5\n"), ("in.txt", "6")):
        assert up_to_date(folder) == [True]
        (folder / "sub" / name).write_text(text)
        assert up_to_date(folder) == [False]
        Pipeline(folder / "pipeline.yaml").build()
    assert (folder / "out" / "x.txt").read_text() == "5 6"


@pytest.mark.parametrize(
    ("value", "more", "said"),
    [
        ("yes please", {}, "expected true or false"),
        (True, {"source": "tasks.run", "product": "out/x.txt", "name": "a"}, "only a script or a notebook"),
    ],
)
def test_what_it_may_be(folder: Path, value: object, more: dict[str, object], said: str) -> None:
    write(folder, value, **more)
    with pytest.raises(UserError, match=said):
        Pipeline(folder / "pipeline.yaml").status()


def up_to_date(folder: Path) -> list[bool]:
    return [one.up_to_date for one in Pipeline(folder / "pipeline.yaml").status()]
