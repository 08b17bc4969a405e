"""Placeholders that change by themselves are frozen: the pipeline reads the same at another time and place."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from soorgeon_clone.export.freeze import freeze
from soorgeon_clone.export.image import ENV_FILE
from soorgeon_clone.pipeline.declared.spec import load

TASK = "- source: a.py\n  name: a\n  product: a.ipynb\n  params:\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PLOOMBER_ENV_FILENAME", raising=False)
    return tmp_path


def params(root: Path, values: dict[str, str], env: str | None = None) -> None:
    lines = "".join(f"    {key}: '{value}'\n" for key, value in values.items())
    (root / "pipeline.yaml").write_text("tasks:\n" + TASK + lines)
    if env is not None:
        (root / "env.yaml").write_text(env)


def reread(root: Path, monkeypatch: pytest.MonkeyPatch, overrides: dict[str, str] | None = None) -> dict[str, Any]:
    """The params as a task reads them that has the frozen file."""
    frozen = freeze(load(root / "pipeline.yaml", overrides), overrides)
    assert frozen.text is not None
    (root / ENV_FILE).write_text(frozen.text)
    monkeypatch.setenv("PLOOMBER_ENV_FILENAME", ENV_FILE)
    return dict(load(root / "pipeline.yaml").tasks[0].params)


def test_nothing_to_freeze(root: Path) -> None:
    params(root, {"x": "1", "here": "{{here}}/data"})
    assert freeze(load(root / "pipeline.yaml")).text is None


def test_now_is_the_moment_of_the_export(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params(root, {"x": "{{now}}"})
    first = reread(root, monkeypatch)["x"]
    assert load(root / "pipeline.yaml").tasks[0].params["x"] == first


def test_user_and_git_are_those_of_the_export(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for command in ("init -q -b topic", "-c user.name=n -c user.email=e commit -q --allow-empty -m x"):
        subprocess.run(["git", *command.split()], cwd=root, check=True)
    params(
        root, {"u": "{{user}}", "branch": "{{git}}", "hash": "{{git_hash}}"}, env="where: 's3://b/{{user}}/{{git}}'\n"
    )
    before = dict(load(root / "pipeline.yaml").tasks[0].params)
    monkeypatch.setenv("USER", "somebody")
    monkeypatch.setenv("LOGNAME", "somebody")
    (root / ".git").rename(root / "gone")
    with pytest.raises(Exception, match="git"):
        load(root / "pipeline.yaml")
    (root / "gone").rename(root / ".git")
    monkeypatch.undo()
    monkeypatch.chdir(root)
    after = reread(root, monkeypatch)
    (root / ".git").rename(root / "gone")
    assert dict(load(root / "pipeline.yaml").tasks[0].params) == after == before


def test_values_of_env_yaml_keep_their_types(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env = "n: 3\nversion: '1.10'\nflag: true\nnested: {deep: [1, 2]}\nwhen: '{{now}}'\nboth: '{{n}}-{{when}}'\n"
    params(root, {"n": "{{n}}", "v": "v{{version}}", "w": "{{version}}", "f": "{{flag}}", "b": "{{both}}"}, env=env)
    before = dict(load(root / "pipeline.yaml").tasks[0].params)
    after = reread(root, monkeypatch)
    assert {**after, "b": ""} == {**before, "b": ""}
    assert (after["n"], after["v"], after["f"]) == (3, "v1.10", True)
    assert after["b"].startswith("3-20")


def test_what_only_env_yaml_uses_gets_no_entry_of_its_own(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params(root, {"n": "{{n}}"}, env="n: '{{user}}'\n")
    reread(root, monkeypatch)
    assert not load(root / "pipeline.yaml").warnings


def test_options_are_frozen(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params(root, {"n": "{{n}}", "d": "{{nested.deep}}"}, env="n: 3\nnested: {deep: 1, other: '{{user}}'}\n")
    assert reread(root, monkeypatch, {"n": "7", "nested.deep": "text"}) == {"n": 7, "d": "text"}


def test_the_file_of_another_environment(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params(root, {"n": "{{n}}"}, env="n: 3\n")
    (root / "env.prod.yaml").write_text("n: 4\n")
    monkeypatch.setenv("PLOOMBER_ENV_FILENAME", "env.prod.yaml")
    assert reread(root, monkeypatch) == {"n": 4}


def test_places_stay_places(
    root: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    params(
        root, {"a": "{{here}}/x", "b": "{{root}}/x", "c": "{{data}}/x", "d": "{{cwd}}"}, env="data: '{{here}}/data'\n"
    )
    frozen = freeze(load(root / "pipeline.yaml"))
    assert frozen.text is not None
    assert str(root) not in frozen.text
    other = tmp_path_factory.mktemp("other")
    (other / "pipeline.yaml").write_text((root / "pipeline.yaml").read_text())
    (other / ENV_FILE).write_text(frozen.text)
    monkeypatch.setenv("PLOOMBER_ENV_FILENAME", ENV_FILE)
    monkeypatch.chdir(other)
    found = load(other / "pipeline.yaml").tasks[0].params
    assert dict(found) == {"a": f"{other}/x", "b": f"{other}/x", "c": f"{other}/data/x", "d": str(other)}


def test_environment_variables_are_named_and_not_written(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "hush-hush")
    monkeypatch.setenv("OTHER", "hush")
    params(root, {"a": "{{env.TOKEN}}"}, env="key: '{{env.OTHER}}'\n")
    frozen = freeze(load(root / "pipeline.yaml"))
    assert frozen.variables == ("OTHER", "TOKEN")
    assert "hush" not in (frozen.text or "")


def test_an_option_does_not_bring_the_secret_beside_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "hush-hush")
    params(root, {"a": "{{db.token}}", "b": "{{db.host}}"}, env="db: {token: '{{env.TOKEN}}', host: here}\n")
    frozen = freeze(load(root / "pipeline.yaml"), {"db.host": "there"})
    assert "hush" not in (frozen.text or "")
    assert "there" in (frozen.text or "")


def test_imported_tasks_count(root: Path) -> None:
    (root / "more.yaml").write_text("- source: b.py\n  name: b\n  product: b.ipynb\n  params: {when: '{{now}}'}\n")
    (root / "pipeline.yaml").write_text("meta: {import_tasks_from: more.yaml}\ntasks:\n" + TASK + "    x: 1\n")
    assert "now:" in (freeze(load(root / "pipeline.yaml")).text or "")


def test_keys_of_env_yaml_go_before_what_is_built_in(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params(root, {"a": "{{user}}", "b": "{{path}}"}, env="user: 'bob'\npath: '{{user}}/x'\n")
    assert reread(root, monkeypatch) == {"a": "bob", "b": "bob/x"}
