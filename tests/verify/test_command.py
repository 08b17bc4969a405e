"""The command: exit codes, the text, the JSON, the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from soorgeon_clone.cli.verify import command
from soorgeon_clone.errors import UserError
from verify.folders import LYING, fingerprint, notebook


def test_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook(tmp_path, "x = [1]\n---\nprint(x)")
    monkeypatch.chdir(tmp_path)
    before = fingerprint(tmp_path)
    done = CliRunner().invoke(command, ["nb.ipynb"])
    assert done.exit_code == 0, done.output
    assert "The same: 1 cell and 2 variables" in done.output
    assert fingerprint(tmp_path) == before


def test_wrong(tmp_path: Path) -> None:
    notebook(tmp_path, "import helpers\nxs = []\n---\nhelpers.grow(xs)\n---\nprint(xs)", LYING)
    page = tmp_path / "report.html"
    done = CliRunner().invoke(command, [str(tmp_path / "nb.ipynb"), "--json", "--html", str(page)])
    assert done.exit_code == 1, done.output
    report = json.loads(done.stdout)
    assert report["same"] is False
    wrong = report["sections"][2]
    assert (wrong["title"], wrong["verdict"], wrong["difference"]["variable"]) == ("s3", "different", "xs")
    assert wrong["difference"]["cause"]["kind"] == "changed unseen"
    assert "Likely cause" in page.read_text(encoding="utf-8")
    done = CliRunner().invoke(command, [str(tmp_path / "nb.ipynb")])
    assert done.exit_code == 1
    assert "notebook: 1 item: [1]" in done.output and "section 's2' changes `xs`" in done.output


def test_a_notebook_that_fails(tmp_path: Path) -> None:
    notebook(tmp_path, "x = 1\n---\nraise ValueError('no')")
    with pytest.raises(UserError, match="the notebook itself fails here: ValueError: no"):
        CliRunner().invoke(command, [str(tmp_path / "nb.ipynb")], catch_exceptions=False)


def test_in_place(tmp_path: Path) -> None:
    notebook(tmp_path, "open('out.txt', 'a').write('x')\n---\nprint(1)")
    done = CliRunner().invoke(command, [str(tmp_path / "nb.ipynb"), "--in-place"])
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["nb.ipynb", "out.txt"]
    assert (tmp_path / "out.txt").read_text() == "xx"
