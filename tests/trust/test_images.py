"""Keys and what git ignores: neither in the image of an export nor in what is sent to a cluster."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from docker_rules import ignored
from export.pipelines import CHOICES, dag_of
from ignoring_folder import lay_out
from project_folder import SAVE, Folder

from soorgeon_clone.export.targets import export
from soorgeon_clone.files.ignored import kept_files
from soorgeon_clone.files.private import is_private
from soorgeon_clone.pipeline.elsewhere import bundle
from soorgeon_clone.pipeline.status.project import Project

PRIVATE = """
    server.key tls.pem a.p12 a.pfx a.jks a.keystore a.kdbx a.ppk id_rsa id_rsa.pub id_ed25519 id_ed25519.pub id_ecdsa
    id_dsa id_github id_work.pub id_rsa.bak credentials credentials.json credentials.csv credentials-prod.yaml
    google-credentials.json my-service-account.json service_account_key.json client_secret_1.json gha-creds-1.json
    secrets.toml secrets.yaml .env .env.local prod.env .envrc .netrc _netrc .pypirc .npmrc .pgpass .git-credentials
    .aws/credentials .aws/config .ssh/config .ssh/known_hosts .kube/config .docker/config.json .gnupg/secring kubeconfig
""".split()
OPEN = """
    id_map.csv id_maps/all.csv keys.csv keyboard.py monkey environment.yml pem.txt README.md data/ids.csv
    service.json secrets.py tokens.txt net.rc docker/Dockerfile aws.md
""".split()


def patterns(root: Path, *, code: Iterable[str] = (), data: Iterable[str] = ()) -> list[str]:
    """The lines of .dockerignore for a project in a folder."""
    dag = dag_of("tasks:\n- {source: a.py, name: a, product: a.ipynb}\n", root)
    text = export("argo", dag, replace(CHOICES, code=tuple(code), data=tuple(data))).files
    return [line for line in text[".dockerignore"].splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("folder", ["", "deep/down/"])
def test_no_key_is_in_an_image_or_sent(folder: str, tmp_path: Path) -> None:
    lines = patterns(tmp_path)
    in_image = [name for name in PRIVATE if not ignored(folder + name, lines)]
    sent = [name for name in PRIVATE if not bundle.stays(folder + name)]
    assert (in_image, sent) == ([], [])
    assert [name for name in OPEN if ignored(folder + name, lines) or bundle.stays(folder + name)] == []


def test_the_two_ways_to_say_it_agree(tmp_path: Path) -> None:
    rng, lines = random.Random(0), patterns(tmp_path)
    pieces = [
        "id_",
        "rsa",
        "map",
        ".csv",
        ".pub",
        ".key",
        "credentials",
        ".env",
        "secrets",
        ".json",
        "a",
        ".pem",
        ".aws",
    ]
    for _ in range(2000):
        parts = ["".join(rng.choices(pieces, k=rng.randint(1, 3))) for _ in range(rng.randint(1, 3))]
        path = "/".join(parts)
        assert ignored(path, lines) or not is_private(path), path
        # Docker cannot tell a key from a folder: one in another stays out
        if sum(part.startswith("id_") for part in parts) < 2:
            assert ignored(path, lines) == is_private(path), path


@pytest.mark.parametrize("seed", range(30))
def test_what_git_ignores_is_left_out_and_nothing_else(seed: int, tmp_path: Path) -> None:
    lay_out(tmp_path, random.Random(seed))
    lines = patterns(tmp_path)
    kept = set(kept_files(tmp_path))
    there = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert {path for path in there if not ignored(path, lines)} == kept
    # what comes later and is ignored: nobody asks git again when the image is built
    lay_out_again = random.Random(seed + 1000)
    for _ in range(10):
        file = tmp_path.joinpath(*(lay_out_again.choice(["a", "b", "new.csv", "z.log", "data"]) for _ in range(3)))
        if not any(parent.is_file() for parent in file.parents) and not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
    now = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert {path for path in now - there if not ignored(path, lines)} <= set(kept_files(tmp_path))


def test_what_tasks_name_is_in_the_image(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("data/\nlib/\n")
    lines = patterns(tmp_path, code=["lib/credentials.py", "id_tool"], data=["data/raw.csv", "data/id_rsa"])
    assert not ignored("data/raw.csv", lines) and ignored("data/other.csv", lines)
    assert not ignored("lib/credentials.py", lines) and not ignored("id_tool", lines)
    assert ignored("data/id_rsa", lines), "a key is data, and stays"


@pytest.mark.skipif(sys.platform == "win32", reason="names cannot hold that there")
@pytest.mark.parametrize("name", ["x\n!**", "x\r!**", "a\n!**/id_rsa", "\u2028!**"])
def test_a_name_is_no_line(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    (tmp_path / ".gitignore").write_text("x*\na*\n!x?*\n!a?*\n")
    assert ignored("id_rsa", patterns(tmp_path, data=[name]))


def test_the_sources_that_are_sent(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "project")
    for name in (*PRIVATE, *OPEN, "ignored.csv", "credentials.py"):
        folder.write(name, "x = 1\n")
    folder.write(".gitignore", "ignored.csv\n")
    (folder.root / "link.csv").symlink_to("/etc/hostname")
    folder.task("load", 'from credentials import x\ny = open("id_rsa").read()', SAVE, products=("x",))
    with Project(folder.root, store=str(tmp_path / "store")) as project:
        sent = bundle._sources(project, project.tasks)
    assert sorted(sent) == sorted([*OPEN, "credentials.py", "pipeline.yaml", "tasks/load.py"])
