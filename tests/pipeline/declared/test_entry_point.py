"""Where a pipeline is found, and what else names one."""

from __future__ import annotations

from pathlib import Path

import pytest
from project_folder import Folder

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.declared import spec
from soorgeon_clone.pipeline.status.project import Project

YAML = "tasks:\n- {source: a.py, product: output/a.ipynb}\n"
SCRIPT = '# %% tags=["parameters"]\nupstream = {upstream}\nproduct = {{"nb": "output/{name}.ipynb"}}\n'


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "a/b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a/b")
    return tmp_path


@pytest.mark.parametrize("place", ["a/b", "a", "."])
def test_in_the_folders_above(place: str, repository: Path) -> None:
    (repository / place / "pipeline.yaml").write_text(YAML)
    assert spec.load().root == (repository / place).resolve()


def test_not_above_the_repository(repository: Path, tmp_path: Path) -> None:
    (repository / "a/b/.git").mkdir()
    (repository / "pipeline.yaml").write_text(YAML)
    with pytest.raises(UserError, match=r"there is no pipeline\.yaml"):
        spec.load()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("setup.cfg", "[ploomber]\nentry-point = conf/pipeline.yaml\n"),
        ("pyproject.toml", '[tool.soorgeon-clone]\nentry-point = "conf/pipeline.yaml"\n'),
    ],
)
def test_where_the_settings_say(name: str, text: str, repository: Path) -> None:
    (repository / name).write_text(text)
    (repository / "conf").mkdir()
    (repository / "conf/pipeline.yaml").write_text(YAML)
    assert spec.load().root == (repository / "conf").resolve()


def test_in_a_package(repository: Path) -> None:
    (repository / "setup.py").touch()
    (repository / "src/mine").mkdir(parents=True)
    (repository / "src/mine/pipeline.yaml").write_text(YAML)
    assert spec.load().root == (repository / "src/mine").resolve()


def test_a_file_in_a_package(repository: Path) -> None:
    (repository / "a/b/mine").mkdir()
    (repository / "a/b/mine/__init__.py").touch()
    (repository / "a/b/mine/pipeline.serve.yaml").write_text(YAML)
    assert spec.load("mine::pipeline.serve.yaml").root == (repository / "a/b/mine").resolve()
    with pytest.raises(UserError, match="there is no package other in"):
        spec.load("other::pipeline.yaml")


@pytest.mark.parametrize("named", ["tasks", "tasks/*.py", "tas*/[ab].py"])
def test_scripts_that_say_their_products(named: str, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write("tasks/a.py", SCRIPT.format(upstream=None, name="a"))
    folder.write("tasks/b.py", SCRIPT.format(upstream=["a"], name="b"))
    folder.write("tasks/notes.txt", "no task")
    monkeypatch.chdir(folder.root)
    from soorgeon_clone.pipeline.run import build

    with Project(named) as project:
        assert list(project.dag.tasks) == ["a", "b"]
        assert build(project).ok
    with Project(named) as project:
        assert all(status.up_to_date for status in project.status())


def test_env_yaml_imports_another(folder: Folder) -> None:
    folder.task("a", "n, m", params={"n": "{{n}}", "m": "{{m}}"})
    folder.write("env.yaml", "meta: {import_from: common.yaml}\nn: 1\n")
    folder.write("common.yaml", "n: 5\nm: 6\n")
    folder.build()
    assert folder.outputs("output/a.ipynb") == "(1, 6)"
    folder.write("env.yaml", "meta: {import_from: none.yaml}\nn: 1\nm: 2\n")
    with pytest.raises(UserError, match=r"there is no .*none\.yaml"):
        folder.build()


def test_a_script_whose_notebook_nobody_wants(folder: Folder) -> None:
    folder.script("a", "with open(product, 'w') as file:\n    file.write('1')")
    folder.declare(source="tasks/a.py", product="output/a.txt", **{"class": "ScriptRunner"})
    assert folder.ran() == ["a"]
    assert [path.name for path in (folder.root / "output").iterdir()] == ["a.txt"]
    assert folder.ran() == []
    folder.script("a", "1 / 0")
    (run,) = folder.build().failed
    assert "ZeroDivisionError" in (run.error or "")
    assert (folder.root / "output/a.txt").read_text() == "1"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("SQLPlump", "no class that is known"),
        ("PythonCallable", "does not go"),
        ("UploadToS3", "Instead: 'store: s3://"),
    ],
)
def test_other_classes(name: str, said: str, folder: Folder) -> None:
    folder.task("a", **{"class": name})
    with pytest.raises(UserError, match=said):
        folder.build()


def test_a_kernel_that_there_is_not(folder: Folder) -> None:
    pytest.importorskip("nbclient")
    folder.task("a", kernelspec_name="julia-9")
    with pytest.raises(UserError, match="there is no Jupyter kernel named 'julia-9'"):
        folder.build()


def test_another_kernel(folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import json
    import sys

    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    spec_folder = tmp_path / "data/kernels/mine"
    spec_folder.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel = {"argv": argv, "display_name": "Mine", "language": "python", "env": {"OWN_KERNEL": "yes"}}
    (spec_folder / "kernel.json").write_text(json.dumps(kernel))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "data"))
    folder.task("a", "import os\nprint(os.environ['OWN_KERNEL'])", papermill_params={"kernel_name": "mine"})
    from soorgeon_clone.pipeline.run import build

    with Project(folder.root) as project:  # not the executor of other tests: it has another environment
        report = build(project)
    assert report.ok, report.runs[0].error
    assert folder.outputs("output/a.ipynb") == "yes\n"
