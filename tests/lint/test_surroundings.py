"""Modules that are there, beside the notebook or installed, and those that requirements bring."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from lint.notebooks import ipynb
from soorgeon_clone.cli.refactor import command as refactor
from soorgeon_clone.lint.config import Settings
from soorgeon_clone.lint.run import Request, run
from soorgeon_clone.lint.surroundings import Surroundings, _repeated_imports, surroundings_of

IMPORTS = """\
import json
import click, mine, package, no_such_thing_1, sklearn
print(json, click, mine, package, no_such_thing_1, sklearn)
"""


def found(folder: Path, *select: str) -> list[str]:
    path = folder / "x.ipynb"
    path.write_bytes(ipynb(IMPORTS))
    results = run([Request(path, Settings(select=select))], use_cache=False)
    return [one.finding.subject for one in results[0].diagnostics]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "mine.py").write_text("")
    (tmp_path / "src" / "package").mkdir(parents=True)
    inner = tmp_path / "notebooks"
    inner.mkdir()
    return inner


def test_not_installed(project: Path) -> None:
    assert found(project, "SG402") == ["no_such_thing_1"]


def test_nothing_installed_means_another_environment(project: Path) -> None:
    path = project / "y.ipynb"
    path.write_bytes(ipynb("import no_such_thing_1, no_such_thing_2\nprint(no_such_thing_1, no_such_thing_2)"))
    assert not run([Request(path, Settings(select=("SG402",)))])[0].diagnostics


def test_no_requirements_no_findings(project: Path) -> None:
    assert found(project, "SG403") == []


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("requirements.txt", "# ours\nclick==8.1\nno-such-thing_1>=2 ; python_version > '3'\n"),
        ("requirements-dev.txt", "click\nno.such.thing.1[extra]\n"),
        ("pyproject.toml", '[project]\nname = "x"\ndependencies = ["click", "no-such-thing-1"]\n'),
        ("pyproject.toml", '[project.optional-dependencies]\na = ["click", "no-such-thing-1>1"]\n'),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "3"\nclick = "*"\nno-such-thing-1 = "*"\n'),
        ("environment.yml", "name: x\ndependencies:\n  - python=3.11\n  - click\n  - pip:\n    - no-such-thing-1==3\n"),
    ],
)
@pytest.mark.parametrize(("has", "lacks"), [("click", "sklearn"), ("scikit-learn", "click")])
def test_requirements(project: Path, file: str, content: str, has: str, lacks: str) -> None:
    (project.parent / file).write_text(content.replace("click", has))
    assert found(project, "SG403") == [lacks]


def test_requirements_beside_the_notebook_come_first(project: Path) -> None:
    (project.parent / "requirements.txt").write_text("click\n")
    (project / "requirements.txt").write_text("click\nscikit_learn\nno-such-thing-1\n")
    assert not Surroundings(project).lacks_requirement("sklearn")
    assert found(project, "SG403") == []


TASK = """
# %% tags=["soorgeon-imports"]
import click
from exported import f

# %% tags=["parameters"]
upstream = None
product = None

# %%
import no_such_thing_1

print(f(no_such_thing_1), click)
"""


@pytest.mark.parametrize("name", ["a", "setup"])
def test_a_task_has_its_pipeline_around_it(name: str, tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()
    (tmp_path / "pipeline.yaml").write_text("tasks: []\n")
    (tmp_path / "exported.py").write_text("def f(x): ...\n")
    (tmp_path / "requirements.txt").write_text("click\nno-such-thing-1\n")
    path = tmp_path / "tasks" / f"{name}.py"
    path.write_text(TASK.lstrip())
    (result,) = run([Request(path, Settings(select=("SG402", "SG403", "SG511")))])
    assert [one.code for one in result.diagnostics] == ["SG402"]


NOTEBOOK = """\
# %% [markdown]
# ## Load

# %%
import json
import math
import os
from collections import Counter

RATE = 2


def scaled(x):
    return math.sqrt(x) * RATE


def twice(x):
    return scaled(x) * 2


data = json.loads("[1, 2]")

# %% [markdown]
# ## Count

# %%
n = Counter(data)
print(twice(4))

# %% [markdown]
# ## Show

# %%
print(n, twice(9))
"""


def test_a_fresh_pipeline_has_no_unused_imports_but_the_notebooks(tmp_path: Path) -> None:
    """What the first cell imports for all sections is used by others; what no task names is not imported there."""
    (tmp_path / "nb.py").write_text(NOTEBOOK)
    ran = CliRunner().invoke(refactor, [str(tmp_path / "nb.py"), "--into", str(tmp_path / "made")])
    assert ran.exit_code == 0, ran.output
    tasks = tmp_path / "made" / "tasks"
    assert unused(tasks) == {"load.py": ["`os` is imported but not used"]}
    assert "from exported import twice\n" in (tasks / "show.py").read_text()
    surroundings_of.cache_clear()
    (tasks / "count.py").unlink()
    _repeated_imports.cache_clear()
    assert "`collections.Counter` is imported but not used" in unused(tasks)["load.py"]


SEEDED = """\
# %% [markdown]
# ## Draw

# %%
import random
random.seed(1)

# %% [markdown]
# ## Count

# %%
import numpy as np
counted = np.arange(3)

# %% [markdown]
# ## Setup

# %%
print(random.random(), counted)
"""


def test_what_is_imported_before_random_numbers_go_on_is_used(tmp_path: Path) -> None:
    (tmp_path / "nb.py").write_text(SEEDED)
    ran = CliRunner().invoke(refactor, [str(tmp_path / "nb.py"), "--into", str(tmp_path / "made")])
    assert ran.exit_code == 0, ran.output
    assert "import numpy as np" in (tmp_path / "made/tasks/setup.py").read_text()
    assert unused(tmp_path / "made/tasks") == {}


def unused(folder: Path) -> dict[str, list[str]]:
    files = sorted(folder.glob("*.py"))
    results = run([Request(path, Settings(select=("SG209",))) for path in files], use_cache=False)
    found = {Path(one.file).name: [each.finding.message for each in one.diagnostics] for one in results}
    return {name: messages for name, messages in found.items() if messages}
