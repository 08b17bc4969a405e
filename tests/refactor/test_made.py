"""The pipelines of a notebook are found, wherever ``--into`` put them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from soorgeon_clone.cli.refactor import command
from soorgeon_clone.notebook.read import read
from soorgeon_clone.refactor.made import pipelines_of


@pytest.mark.parametrize("folder", [".", "pipe", "pipes/one", "../pipe", "notebooks/pipe"])
@pytest.mark.parametrize("name", ["nb.ipynb", "notebooks/nb.ipynb"])
def test_it_is_found(folder: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "here"
    (here / "notebooks").mkdir(parents=True)
    cells = [("markdown", "## A"), ("code", "x = [1]"), ("markdown", "## B"), ("code", "print(x)")]
    made = [{"cell_type": kind, "metadata": {}, "source": source} for kind, source in cells]
    for one in ("nb.ipynb", "other.ipynb", "notebooks/nb.ipynb"):
        (here / one).write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    monkeypatch.chdir(here)
    assert not pipelines_of(read(name), Path())
    for one, into in ((name, folder), ("other.ipynb", "others/pipe")):
        CliRunner().invoke(command, [one, "--into", into], catch_exceptions=False)
    assert [path.resolve() for path in pipelines_of(read(name), Path())] == [
        (here / folder / "pipeline.yaml").resolve()
    ]
