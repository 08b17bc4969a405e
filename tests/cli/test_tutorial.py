"""From a notebook to a pipeline with a task added by hand, as the tutorial goes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from soorgeon_clone.cli import build, plot, refactor, scaffold, status

NOTEBOOK = {
    "## Load": "numbers = [3, 1, 2]\nlen(numbers)",
    "## Clean": "numbers = sorted(numbers)\nnumbers",
    "## Model": "total = sum(numbers)\ntotal",
}


def run(module: Any, *arguments: str) -> str:
    result = CliRunner().invoke(module.command, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_tutorial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", "off")
    monkeypatch.chdir(tmp_path)
    cells = []
    for heading, code in NOTEBOOK.items():
        cells.append({"cell_type": "markdown", "metadata": {}, "source": heading})
        cells.append({"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": code})
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    Path("analysis.ipynb").write_text(json.dumps(notebook))

    run(refactor, "analysis.ipynb")
    assert run(plot, "-o", "-").count("-->") == 2
    assert run(status).count("never ran") == 3
    assert "3 of 3 tasks ran" in run(build)

    text = Path("pipeline.yaml").read_text().rstrip("\n")
    added = "\n\n  - source: tasks/report.py\n    product:\n      nb: output/report.ipynb\n"
    Path("pipeline.yaml").write_text(text + added)
    assert run(scaffold) == f"report: created {Path('tasks', 'report.py')}\n"
    source = Path("tasks/report.py")
    code = source.read_text().replace("upstream = None", "upstream = ['clean', 'model']").rstrip()
    code += "\nprint('report on', sorted(upstream), product['nb'])\n"
    source.write_text(code)

    drawn = run(plot, "-o", "-")
    assert drawn.count("-->") == 4
    assert len(re.findall(":::upToDate", drawn)) == 3
    table = run(build).splitlines()
    ran = {line.split()[0]: " ".join(line.split()[1:3]) for line in table[1:-1]}
    assert ran["report"].startswith("yes")
    assert [ran[name] for name in ("load", "clean", "model")] == ["up to"] * 3
    assert "report on ['clean', 'model'] output/report.ipynb" in Path("output/report.ipynb").read_text()
