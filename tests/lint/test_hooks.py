"""The hooks, installed by the real pre-commit from a clone of this repository: good notebooks pass, bad ones do not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from lint.notebooks import code, ipynb, text

ROOT = Path(__file__).parents[2]
GOOD = ipynb(text("# Title"), code("x = 1", 1), code("print(x)", 2))
BAD = ipynb(text("# Title"), code("print(x)", 2), code("x = missing_name", 1))
MENDABLE = ipynb(text("# Title"), "import os\nx = 1", "print(x)", "")
MESSY = ipynb(text("# Title"), "x   = 1\nprint( x )")

pytestmark = [
    pytest.mark.skipif(shutil.which("git") is None, reason="needs git"),
    pytest.mark.skipif(find_spec("pre_commit") is None, reason="needs pre-commit, which is in the extra test"),
    pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs a checkout, for the clone that is installed"),
]


@dataclass(frozen=True)
class Repository:
    folder: Path
    environment: Mapping[str, str]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )

    def git(self, *arguments: str) -> str:
        done = self.run("git", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def commit(self, **notebooks: bytes) -> subprocess.CompletedProcess[str]:
        for name, data in notebooks.items():
            (self.folder / f"{name}.ipynb").write_bytes(data)
        self.git("add", "-A")
        return self.run("git", "commit", "-m", "a commit")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("home")
    person = {"NAME": "Ann", "EMAIL": "ann@example.com"}
    own = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in person.items()}
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "PYTHON", "VIRTUAL_ENV"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return kept | own | {"PRE_COMMIT_HOME": str(home), "PATH": path, "SOORGEON_CLONE_CACHE": str(home / "cache")}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Repository:
    """A repository with what stands in the work tree, whether it is committed or not."""
    repository = Repository(tmp_path_factory.mktemp("clone"), environment)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.split("\0"):
        if name and (ROOT / name).is_file() and not name.startswith(("tests/", "fixtures/", "benchmarks/")):
            target = repository.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target)
    repository.git("init", "-q", "-b", "main")
    repository.git("add", "-A", "-f")
    repository.git("commit", "-q", "-m", "as it is")
    return repository


@pytest.fixture
def user(tmp_path: Path, clone: Repository, environment: dict[str, str], request: pytest.FixtureRequest) -> Repository:
    """A repository with one of the hooks installed."""
    repository = Repository(tmp_path, environment)
    repository.git("init", "-q", "-b", "main")
    hook = {"id": request.param}
    config = {"repos": [{"repo": str(clone.folder), "rev": clone.git("rev-parse", "HEAD"), "hooks": [hook]}]}
    (tmp_path / ".pre-commit-config.yaml").write_text(json.dumps(config))
    done = repository.run(sys.executable, "-m", "pre_commit", "install", "--install-hooks")
    assert done.returncode == 0, done.stdout + done.stderr
    return repository


@pytest.mark.parametrize("user", ["soorgeon-clone-lint"], indirect=True)
def test_lint(user: Repository) -> None:
    good = user.commit(good=GOOD)
    assert good.returncode == 0, good.stdout + good.stderr
    bad = user.commit(bad=BAD)
    assert bad.returncode == 1
    assert "SG201" in bad.stdout + bad.stderr
    assert user.git("log", "--oneline").count("\n") == 0


@pytest.mark.parametrize("user", ["soorgeon-clone-fix"], indirect=True)
def test_fix(user: Repository) -> None:
    first = user.commit(mendable=MENDABLE)
    assert first.returncode == 1
    cells = json.loads((user.folder / "mendable.ipynb").read_bytes())["cells"]
    assert [cell["source"] for cell in cells] == [["# Title"], ["x = 1"], ["print(x)"]]
    second = user.commit()
    assert second.returncode == 0, second.stdout + second.stderr


@pytest.mark.parametrize("user", ["soorgeon-clone-clean"], indirect=True)
def test_clean(user: Repository) -> None:
    first = user.commit(messy=MESSY)
    assert first.returncode == 1
    assert b"x = 1" in (user.folder / "messy.ipynb").read_bytes()
    assert user.commit().returncode == 0
