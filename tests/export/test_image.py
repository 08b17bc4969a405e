"""The Dockerfile and what goes into the image, as far as that can be seen without a Docker."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from docker_rules import ignored
from project_folder import SAVE, Folder

from export.pipelines import CHOICES, CONTAINERS, dag_of, graph
from soorgeon_clone.export.dependencies import Dependencies, dependencies, own_ignores
from soorgeon_clone.export.freeze import freeze
from soorgeon_clone.export.targets import export
from soorgeon_clone.pipeline.status.project import Project


def dockerfile(**choices: Any) -> list[str]:
    text = export("argo", graph({"a": []}), replace(CHOICES, **choices)).files["Dockerfile"]
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("target", CONTAINERS)
def test_every_target_brings_what_builds_the_image(target: str) -> None:
    files = export(target, graph({"a": []}), CHOICES).files
    assert {"Dockerfile", "Dockerfile.dockerignore", ".dockerignore"} <= files.keys()


def test_not_root_with_the_python_and_the_version_of_the_export() -> None:
    lines = dockerfile()
    assert lines[0] == "FROM python:3.11.9-slim"
    assert 'ARG SOORGEON_CLONE="soorgeon-clone[s3]==0.1.0"' in lines
    assert lines[-1] == "USER 1000:1000"
    assert [line.split()[0] for line in lines] == "FROM ARG RUN WORKDIR COPY RUN COPY ENV USER".split()
    assert 'RUN pip install --no-cache-dir -r requirements.txt "$SOORGEON_CLONE"' in lines


@pytest.mark.parametrize("target", CONTAINERS)
def test_requirements_of_some_tasks_make_an_image_of_their_own(target: str) -> None:
    top = "export: {tasks: {'fit-*': {requirements: lib/requirements.fit.txt}}}\n"
    made = export(target, graph({"load": [], "fit-1": ["load"], "fit-2": ["load"]}, top), CHOICES)
    assert "RUN pip install --no-cache-dir -r requirements.txt" in made.files["Dockerfile"]
    own = made.files["Dockerfile.fit"]
    assert 'COPY ["lib/requirements.fit.txt", "*.whl", "./"]' in own
    assert 'RUN pip install --no-cache-dir -r requirements.fit.txt "$SOORGEON_CLONE"' in own
    assert "registry/image-fit:1" in own and "Dockerfile.fit.dockerignore" in made.files
    (text,) = (
        text
        for name, text in made.files.items()
        if name in ("workflow.yaml", "jobs.json", "pipeline.yaml", "project.py")
    )
    assert "registry/image-fit:1" in text and "registry/image:1" in text
    assert "Then: docker build -f export/Dockerfile.fit -t registry/image-fit:1 ." in made.guide


def test_without_requirements() -> None:
    assert 'RUN pip install --no-cache-dir "$SOORGEON_CLONE"' in dockerfile(dependencies=Dependencies())


@pytest.mark.parametrize(
    ("store", "extra"), {"s3://b": "[s3]", "gs://b": "[gs]", "abfs://b": "[az]", "sftp://host/x": "[store]"}.items()
)
def test_what_the_store_needs(store: str, extra: str) -> None:
    assert f'ARG SOORGEON_CLONE="soorgeon-clone{extra}==0.1.0"' in dockerfile(store=store)


def test_a_folder_with_a_space() -> None:
    files = export("argo", graph({"a": []}), replace(CHOICES, folder="my export", env_text="n: 1\n")).files
    assert "docker build -f 'my export/Dockerfile' -t registry/image:1 ." in files["Dockerfile"]
    assert 'COPY --chown=1000:1000 ["my export/env.frozen.yaml", "env.frozen.yaml"]' in files["Dockerfile"]


LOCKS: dict[str, tuple[dict[str, str], list[str], list[str]]] = {
    "requirements.lock.txt": (
        {"requirements.lock.txt": "", "requirements.txt": "", "uv.lock": "", "pyproject.toml": ""},
        ["requirements.lock.txt"],
        ['RUN pip install --no-cache-dir -r requirements.lock.txt "$SOORGEON_CLONE"'],
    ),
    "uv.lock": (
        {"uv.lock": "", "pyproject.toml": "[project]\nname = 'x'\n", "requirements.txt": ""},
        ["pyproject.toml", "uv.lock"],
        [
            "RUN pip install --no-cache-dir uv",
            "RUN uv export --quiet --frozen --no-emit-project --no-dev --output-file /tmp/requirements.txt",
            'RUN pip install --no-cache-dir -r /tmp/requirements.txt "$SOORGEON_CLONE"',
        ],
    ),
    "poetry.lock": (
        {"poetry.lock": "", "pyproject.toml": ""},
        ["pyproject.toml", "poetry.lock"],
        [
            "RUN pip install --no-cache-dir poetry poetry-plugin-export",
            "RUN poetry export --without-hashes --output /tmp/requirements.txt",
            'RUN pip install --no-cache-dir -r /tmp/requirements.txt "$SOORGEON_CLONE"',
        ],
    ),
    "conda": (
        {"environment.yml": ""},
        ["environment.yml"],
        [
            "RUN conda env update --name base --file environment.yml",
            'RUN pip install --no-cache-dir "$SOORGEON_CLONE"',
        ],
    ),
    "package": (
        {"pyproject.toml": "[build-system]\nrequires = ['hatchling']\n[project]\nname = 'x'\n"},
        ["pipeline.yaml"],
        [
            'RUN pip install --no-cache-dir "$SOORGEON_CLONE"',
            "RUN pip install --no-cache-dir --no-deps --editable .",
        ],
    ),
    "setup.py": (
        {"setup.py": "from setuptools import setup\nsetup(name='x')\n", "requirements.txt": ""},
        ["requirements.txt"],
        [
            'RUN pip install --no-cache-dir -r requirements.txt "$SOORGEON_CLONE"',
            "RUN pip install --no-cache-dir --no-deps --editable .",
        ],
    ),
    "a setup.py that installs nothing": (
        {"setup.py": "x = 1\n"},
        ["pipeline.yaml"],
        ['RUN pip install --no-cache-dir "$SOORGEON_CLONE"'],
    ),
}


@pytest.mark.parametrize("case", LOCKS)
def test_lock_files_and_packages(case: str, tmp_path: Path) -> None:
    files, copied, commands = LOCKS[case]
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    lines = dockerfile(dependencies=dependencies(tmp_path))
    assert [line for line in lines if line.startswith("RUN")][1:] == commands
    assert f"COPY {json.dumps([*copied, '*.whl', './'])}" in lines
    assert ("miniforge" in lines[0]) == (case == "conda")


def test_modules_that_are_not_beside_the_pipeline_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not any("PYTHONPATH" in line for line in dockerfile(dependencies=dependencies(tmp_path)))
    for folder in ("lib", "more code/package", "data"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "lib" / "helpers.py").write_text("")
    (tmp_path / "more code" / "package" / "__init__.py").write_text("")
    there = os.pathsep.join(map(str, (tmp_path / "more code", tmp_path / "data", tmp_path, "/usr/lib")))
    monkeypatch.setenv("PYTHONPATH", there)
    lines = dockerfile(dependencies=dependencies(tmp_path))
    assert 'ENV PYTHONPATH="/project/more code:/project/lib"' in lines


def test_the_projects_own_rules_count_and_take_back_neither_secrets_nor_code(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("# mine\n\nnotes\ntasks\n!key.pem\n!output/keep.pkl\n")
    dag = dag_of(
        "export: {exclude: ['*.parquet'], include: keep.parquet}\n"
        "tasks:\n- {source: tasks/a.py, name: a, product: output/keep.pkl}\n",
        tmp_path,
    )
    choices = replace(CHOICES, code=("tasks/a.py",), ignores=own_ignores(tmp_path))
    text = export("argo", dag, choices).files["Dockerfile.dockerignore"]
    patterns = [line for line in text.splitlines() if line and not line.startswith("#")]
    out = {"notes/x.txt", "tasks/other.txt", "key.pem", "raw.parquet", "output/keep.pkl"}
    kept = {"tasks/a.py", "keep.parquet", "data.csv", "requirements.txt"}
    assert {path for path in out | kept if ignored(path, patterns)} == out


# -- what Docker would copy ------------------------------------------------------------------------------------------


def build(context: Path, folder: str, target: Path) -> dict[str, str]:
    """What COPY and ENV of the Dockerfile do; the environment of the image."""
    lines = (context / folder / "Dockerfile").read_text().splitlines()
    rules = (context / folder / "Dockerfile.dockerignore").read_text().splitlines()
    patterns = [line for line in rules if line and not line.startswith("#")]
    files = [path.relative_to(context).as_posix() for path in context.rglob("*") if path.is_file()]
    sent = [name for name in files if not ignored(name, patterns)]
    environment: dict[str, str] = {}
    for line in lines:
        if line.startswith("COPY [") and "*.whl" in line:
            first = json.loads(line.removeprefix("COPY "))[0]
            assert first in sent
        elif line.startswith("COPY") and line.endswith(" . ."):
            for name in sent:
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(context / name, target / name)
        elif line.startswith("COPY") and line.endswith("]"):
            source, name = json.loads(line[line.index("[") :])
            assert any(one == source or one.startswith(source + "/") for one in sent), f"{source} is ignored"
            (shutil.copytree if (context / source).is_dir() else shutil.copy)(context / source, target / name)
        elif line.startswith("ENV"):
            environment.update(part.split("=", 1) for part in line.split()[1:])
    return environment


def test_the_image_holds_what_a_task_needs_and_no_more(
    tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PLOOMBER_ENV_FILENAME", raising=False)
    folder = Folder(tmp_path / "context")
    folder.task("load", "x = open('data/in put.csv').read(), when", SAVE, products=("x",), params={"when": "{{now}}"})
    folder.write("data/in put.csv", "1,2\n")
    folder.write("output/notes.txt", "by hand\n")
    folder.write("env.yaml", "other: 1\n")
    folder.write("requirements.txt", "")
    for name in (".env", "deep/.env", ".git/config", ".venv/bin/python", "tasks/__pycache__/load.pyc", "key.pem"):
        folder.write(name, "secret")
    monkeypatch.chdir(folder.root)
    folder.build()
    store = tmp_path / "store"
    declared = json.loads((folder.root / "pipeline.yaml").read_text())
    folder.write("pipeline.yaml", json.dumps({**declared, "export": {"volumes": {str(store): "claim"}}}))
    with Project(folder.root) as project:
        choices = replace(CHOICES, store=str(store), folder="export/argo", env_text=freeze(project.spec).text)
        for name, text in export("argo", project.dag, choices).files.items():
            folder.write(f"export/argo/{name}", text)
    image = tmp_path / "image"
    settings = build(folder.root, "export/argo", image)
    held = {path.relative_to(image).as_posix() for path in image.rglob("*") if path.is_file()}
    assert held == {
        *(
            "pipeline.yaml",
            "env.yaml",
            "env.frozen.yaml",
            "requirements.txt",
            "tasks/load.py",
            "data/in put.csv",
            "output/notes.txt",
        ),
        "export/argo/env.frozen.yaml",
    }
    command = ["soorgeon-clone", "task", "load", "--entry-point", "pipeline.yaml", "--store", str(store)]
    shown = []
    for _ in range(2):  # two containers, at two moments
        container = tmp_path / f"container-{len(shown)}"
        shutil.copytree(image, container)
        env = {**environment, **settings}
        shown.append(subprocess.run(command, cwd=container, env=env, check=True, capture_output=True, text=True).stdout)
    assert "1 of 1 task ran" in shown[0]
    assert "0 of 1 task ran" in shown[1], "the moment of the export is the same in all containers"


def test_the_members_of_arrays_are_in_the_image(tmp_path: Path) -> None:
    dag = dag_of("tasks:\n- {source: a.py, name: fit-, product: fit.ipynb, grid: {n: [1, 2]}}\n")
    for name, text in export("aws-batch", dag, replace(CHOICES, folder="export/aws-batch")).files.items():
        path = tmp_path / "context" / "export" / "aws-batch" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "image").mkdir()
    (tmp_path / "context" / "requirements.txt").touch()
    build(tmp_path / "context", "export/aws-batch", tmp_path / "image")
    assert (tmp_path / "image/export-arrays/fit-0-and-1-more.txt").read_text() == "fit-0\nfit-1\n"
    assert not (tmp_path / "image/export/aws-batch/jobs.json").exists()


@pytest.mark.parametrize("product", ["out[1].pkl", "a*b.pkl", "#x.pkl", "!x.pkl", "what?.pkl"])
def test_products_with_signs_of_patterns_are_left_out(product: str) -> None:
    dag = dag_of(f"tasks:\n- {{source: a.py, name: a, product: '{product}'}}\n")
    patterns = export("argo", dag, CHOICES).files[".dockerignore"].splitlines()
    assert ignored(product, [line for line in patterns if line and not line.startswith("#")])
    assert not ignored("other.pkl", [line for line in patterns if line and not line.startswith("#")])
