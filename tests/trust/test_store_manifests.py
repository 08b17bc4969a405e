"""Whoever wrote a manifest: only what the task may have made is brought back, and nothing blocks builds."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from soorgeon_clone.cli.app import app
from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.building import results
from soorgeon_clone.pipeline.building.model import Options
from soorgeon_clone.pipeline.execution.model import Outcome
from soorgeon_clone.pipeline.products.manifest import Manifest, from_json, to_json
from soorgeon_clone.pipeline.run import run_task
from soorgeon_clone.pipeline.state.model import Fingerprint
from soorgeon_clone.pipeline.status.model import Verdict
from trust.site import Site, look

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def site(built: Site) -> Site:
    built.reset(built=False)
    return built


# -- names ---------------------------------------------------------------------------------------------------------

UPWARDS = ("../x", "../../x", "a/../../x", "output/../../x", "a/./../../x", "..", ".", "", "a//b", "./x", "x/")
ABSOLUTE = ("/tmp/soorgeon-x", "//x", "C:/x", "c:x", "..\\x", "\\x", "a\\..\\..\\x")
NO_NAMES = ("a\0b", "\0")
GIT = (".git/hooks/pre-commit", ".git/config", ".GIT/hooks/x", ".Git/config", "sub/.git/hooks/x", ".gitmodules",
       ".gitattributes", "sub/.gitignore")  # fmt: skip
OWN = (".soorgeon-clone/generated.json", ".soorgeon-clone/lock", ".SOORGEON-clone/records.sqlite", ".env", ".x/y")
PROJECT = ("pipeline.yaml", "PIPELINE.yaml", "tasks/load.py", "tasks/fit.py", "Tasks/Show.py", "exported.py",
           "env.yaml", "env.prod.yaml", "pipeline.serve.yaml", "pyproject.toml", "conftest.py",
           "sitecustomize.py")  # fmt: skip
RUN = ("numpy.py", "tasks/pickle.py", "sub/x.pth", "x.so", "x.pyd", "__pycache__/exported.cpython-311.pyc")
OTHERS = ("output/fit-x.pkl", "output/fit.ipynb", "output/parts", "output/parts/in/b", "output/load.ipynb", "output")
LINKS = ("out-link/x", "file-link")
NAMES = (*UPWARDS, *ABSOLUTE, *NO_NAMES, *GIT, *OWN, *PROJECT, *RUN, *OTHERS, *LINKS)


def lay_links(site: Site) -> None:
    (site.root / "out-link").symlink_to(site.outside)
    (site.root / "file-link").symlink_to(site.outside / "precious")


Edit = Callable[[dict[str, Any], str, str], None]


def more_product(data: dict[str, Any], name: str, digest: str) -> None:
    data["products"][name] = [digest, digest]


def other_product(data: dict[str, Any], name: str, digest: str) -> None:
    data["products"].popitem()
    data["products"][name] = [digest, digest]


def folder(data: dict[str, Any], name: str, digest: str) -> None:
    data["products"][name] = [digest, digest]
    data["folders"][name] = {"x": digest}


def inside(data: dict[str, Any], name: str, digest: str) -> None:
    path = next(iter(data["products"]))
    data["folders"][path] = {name: digest}


def written(data: dict[str, Any], name: str, digest: str) -> None:
    data["written"][name] = digest


def traces(data: dict[str, Any], name: str, digest: str) -> None:
    data["traces"] = {name: digest}


SLOTS: dict[str, tuple[Edit, str]] = {
    "a product more": (more_product, "load"),
    "another product": (other_product, "load"),
    "a folder": (folder, "load"),
    "written": (written, "load"),
    "left": (traces, "show"),
    "left by a task that leaves nothing": (traces, "load"),
}


@pytest.mark.parametrize("slot", SLOTS)
def test_names_that_a_task_cannot_have_made_are_refused(slot: str, site: Site) -> None:
    """And nothing is written by whatever brings them back."""
    edit, task = SLOTS[slot]
    lay_links(site)
    digest = site.add_object(b"evil")
    (original,) = site.manifests(task=task)
    text = original.read_text()
    names = NAMES if slot != "left by a task that leaves nothing" else (*NAMES, "left")
    for name in names:
        data = json.loads(text)
        if name in data["products"] and slot in ("a product more", "another product", "a folder"):
            continue  # its own
        edit(data, name, digest)
        original.write_text(json.dumps(data))
        assert site.status()[task].startswith("stale"), name
        manifest = from_json(original.read_bytes())
        if manifest is not None:
            before = look(site.base / "home", without=(".soorgeon-clone",))
            with site.project() as project:
                assert project.store is not None
                project.store.fetch([manifest])
                with pytest.raises(UserError, match="cannot be from it"):
                    results.bring_back(project, project.tasks[task], manifest)
            assert look(site.base / "home", without=(".soorgeon-clone",)) == before, name


@pytest.mark.parametrize("name", [*UPWARDS, *ABSOLUTE, *NO_NAMES, *GIT[:5]])
def test_names_in_a_folder_stay_in_it(name: str) -> None:
    digest = "0" * 40
    data: dict[str, Any] = {"products": {"a": [digest, digest]}, "folders": {"a": {name: digest}}}
    assert from_json(json.dumps(data).encode()) is None
    data["folders"] = {"a": {"in/b": digest}}
    assert from_json(json.dumps(data).encode()) is not None


def test_what_a_task_may_have_made_comes_back(site: Site) -> None:
    assert site.results() == {"load": "restored", "fit": "restored", "show": "ran"}
    assert (site.root / "side.txt").read_text() == "side"
    assert site.outputs() == site.products


@pytest.mark.parametrize("name", ["data.csv", "out/a.txt"])
def test_a_file_that_nobody_is_known_to_have_written_is_not_replaced(name: str, site: Site) -> None:
    """The code names it; it may be the user's own all the same."""
    site.folder.write(name, "the user's own\n" if name != "data.csv" else "1\n")
    digest = site.add_object(b"evil")
    before = (site.root / name).read_text()

    def edit(data: dict[str, Any]) -> None:
        data["inputs"].pop(name, None)
        written(data, name, digest)

    site.change("load", edit)
    assert site.results()["load"] == "ran"
    assert (site.root / name).read_text() == before


def test_a_task_alone_refuses_as_well(site: Site) -> None:
    digest = site.add_object(b"evil")
    site.change("load", lambda data: written(data, "pipeline.yaml", digest))
    before = (site.root / "pipeline.yaml").read_text()
    with site.project() as project, pytest.raises(UserError, match="needs what 'load' makes"):
        run_task(project, "fit", Options())
    assert (site.root / "pipeline.yaml").read_text() == before


def test_what_a_worker_answers_is_checked_as_well(site: Site) -> None:
    from soorgeon_clone.pipeline.building.model import Ended
    from soorgeon_clone.pipeline.elsewhere.build_side import DaskAttempt
    from soorgeon_clone.pipeline.elsewhere.worker_side import Answer

    digest = "0" * 40
    for products in (
        {"output/load.ipynb": (digest, digest), "output/load-x.pkl": (digest, digest)},  # of another fingerprint
        {"../x": (digest, digest)},
        {"output/load.ipynb": ("../..", digest)},
        {"tasks/load.py": (digest,) * 2},
    ):
        with site.project() as project:
            answers = {"load": Answer("ran", manifest=Manifest(products))}
            side: Any = SimpleNamespace(project=project, answer=answers.__getitem__, manifests={})
            sent = DaskAttempt(side, project.tasks["load"], Verdict(Fingerprint({}, ""), ()))
            ended = sent.next(Outcome("load", "ok", None, 0.0, 0.0, 0, ""))
        assert isinstance(ended, Ended)
        assert "the worker answered what cannot be from it" in str(ended.error)
        assert not side.manifests


# -- values --------------------------------------------------------------------------------------------------------

D = "0" * 40
GOOD: dict[str, Any] = {
    "products": {"a": [D, D]}, "inputs": {"b": D}, "written": {"c": D, "d": ""}, "folders": {"a": {"x": D}},
    "seconds": 1.5, "traces": {"e": D}, "finished": 1e9,
}  # fmt: skip
BAD_DIGESTS = (
    "",
    "ab/../../..",
    "../../x",
    "0" * 39,
    "0" * 41,
    "G" * 40,
    "0" * 39 + "/",
    "0" * 39 + "\n",
    None,
    0,
    [],
    {},
)
VALUES = (None, True, 0, -1, 10**400, 1.5, "x", [], ["x"], {}, {"x": 1}, {"": {}}, [[]], [["a", ["x", "y"]]])
NUMBERS = (None, True, "1", -1, 1e300, float("nan"), float("inf"), 10**400, [1])


def malformed() -> Iterator[bytes]:
    yield from (
        b"",
        b"{",
        b"[]",
        b"null",
        b"1",
        b'"x"',
        b"{}",
        b"\xff",
        b"\0" * 100,
        b"[" * 100_000,
        b'{"a":' * 100_000,
    )
    yield b'{"products": {"a": ["' + b"0" * 40 + b'", "x"]}}'
    yield json.dumps({**GOOD, "unknown": 1}).encode()
    for field in ("products", "inputs", "written", "folders", "traces"):
        for value in VALUES:
            if not (value == {} or (field == "traces" and value is None)):
                yield json.dumps({**GOOD, field: value}).encode()
    for field in ("seconds", "finished"):
        for number in NUMBERS:
            yield json.dumps({**GOOD, field: number}).encode()
    for digest in BAD_DIGESTS:
        yield json.dumps({**GOOD, "products": {"a": [digest, D]}}).encode()
        yield json.dumps({**GOOD, "products": {"a": [D, digest]}}).encode()
        yield json.dumps({**GOOD, "inputs": {"b": digest}}).encode()
        yield json.dumps({**GOOD, "folders": {"a": {"x": digest}}}).encode()
        yield json.dumps({**GOOD, "traces": {"e": digest}}).encode()
        if digest != "":
            yield json.dumps({**GOOD, "written": {"c": digest}}).encode()
    yield json.dumps({**GOOD, "folders": {"no product": {"x": D}}}).encode()
    yield json.dumps({key: value for key, value in GOOD.items() if key != "products"}).encode()


def test_malformed_manifests_are_none() -> None:
    assert from_json(json.dumps(GOOD).encode()) is not None
    cases = list(malformed())
    assert len(cases) > 150
    for text in cases:
        assert from_json(text) is None, text[:200]


def test_a_manifest_is_read_as_it_was_written() -> None:
    manifest = from_json(json.dumps(GOOD).encode())
    assert manifest is not None
    assert from_json(to_json(manifest)) == manifest


EMPTY = {
    "no text": b"",
    "no products": b'{"products": {}}',
    "one product": json.dumps({"products": {"output/load.ipynb": [D, D]}}).encode(),
    "objects that are not there": json.dumps(
        {"products": {"output/load.ipynb": [D, D], "output/load-x.pkl": [D, D]}, "written": {"side.txt": ""}}
    ).encode(),
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("content", EMPTY.values(), ids=EMPTY)
@pytest.mark.parametrize("where", ["store", "cache"])
def test_a_manifest_that_is_none_blocks_no_build(where: str, content: bytes, built: Site) -> None:
    """It is passed over, and replaced by what the next run publishes."""
    built.reset(built=where == "cache")
    (path,) = built.manifests(where, "load")
    path.write_bytes(content)
    if where == "cache":
        shutil.rmtree(built.root / "output")
        shutil.rmtree(built.store)
        (built.root / "side.txt").unlink()
    assert built.results()["load"] == "ran"
    assert built.outputs() == built.products
    good = from_json(path.read_bytes())
    assert good is not None and set(good.products) == {"output/load.ipynb", "output/load-x.pkl"}
    shutil.rmtree(built.root / "output")
    assert built.results()["load"] == "restored"


def test_another_manifest_of_the_same_run_is_found_behind_a_bad_one(site: Site) -> None:
    (path,) = site.manifests(task="load")
    path.with_name("0" * 40 + ".json").write_text('{"products": {}}')
    path.with_name("00.json").write_text("{")
    assert site.results()["load"] == "restored"


# -- who wrote it --------------------------------------------------------------------------------------------------


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SOORGEON_CLONE_STORE_KEY", KEY)
    return KEY


def test_unsigned_manifests_are_refused_with_a_note_and_replaced(key: str, site: Site) -> None:
    with site.project() as project:
        assert {one.line.split(":")[0] for one in project.status()} == {"stale"}
        (note,) = project.notes()
        assert "is not signed with the key in SOORGEON_CLONE_STORE_KEY" in note
        assert key not in note
    assert set(site.results().values()) == {"ran"}
    site.reset_machine()
    assert site.results() == {"load": "restored", "fit": "restored", "show": "ran"}
    os.environ["SOORGEON_CLONE_STORE_KEY"] = "another key, long enough"
    site.reset_machine()
    assert set(site.results().values()) == {"ran"}


def test_a_signed_manifest_is_good_for_its_place_only(key: str, site: Site) -> None:
    site.build()
    (load,), (fit,) = site.manifests(task="load"), site.manifests(task="fit")
    moved = {
        "to another task": fit,
        "to another fingerprint": load.parent.parent / ("0" * 40) / load.name,
        "to another name": load.with_name("0" * 40 + ".json"),
    }
    for target in moved.values():
        place = target.relative_to(site.store).as_posix()
        text = load.read_bytes()
        assert from_json(text, key=KEY.encode(), place=load.relative_to(site.store).as_posix()) is not None
        assert from_json(text, key=KEY.encode(), place=place) is None
    fit.write_bytes(load.read_bytes())
    site.reset_machine()
    assert site.results()["fit"] == "ran"


def test_what_is_signed_cannot_be_changed(key: str) -> None:
    manifest = from_json(json.dumps(GOOD).encode())
    assert manifest is not None
    text = to_json(manifest, key=KEY.encode(), place="here")
    assert from_json(text, key=KEY.encode(), place="here") == manifest
    assert from_json(text) == manifest  # who has no key reads it like any other
    changes: list[dict[str, Any]] = [
        {"products": {"a": ["1" * 40, D]}}, {"inputs": {}}, {"written": {}}, {"folders": {}}, {"seconds": 2},
        {"traces": None}, {"finished": 0}, {"signature": "0" * 64}, {"signature": ""}, {"signature": None},
        {"signature": []},
    ]  # fmt: skip
    for change in changes:
        changed = json.dumps({**json.loads(text), **change}).encode()
        assert from_json(changed, key=KEY.encode(), place="here") is None, change
    assert from_json(to_json(manifest), key=KEY.encode(), place="here") is None


def test_a_key_that_is_too_short_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOORGEON_CLONE_STORE_KEY", "secret")
    with pytest.raises(UserError, match="shorter than 16 characters"):
        site.build()


@pytest.mark.parametrize("by", ["option", "environment"])
def test_a_store_that_is_only_read_is_not_changed(by: str, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    if by == "environment":
        monkeypatch.setenv("SOORGEON_CLONE_STORE_MODE", "read")
    mode = "read" if by == "option" else None
    script = site.root / "tasks/fit.py"
    script.write_text(script.read_text() + "\n# %%\nprint(x)\n")
    before = look(site.store)
    assert site.results(store_mode=mode) == {"load": "restored", "fit": "ran", "show": "ran"}
    assert look(site.store) == before
    with pytest.raises(UserError, match="which is only read"):
        site.build(store_mode=mode, engine="dask", force=True)


def test_the_option_of_the_command(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", str(site.cache))
    shutil.rmtree(site.store)
    for command, name in (("build", ()), ("task", ("load",))):
        line = [command, *name, "-e", str(site.root / "pipeline.yaml"), "--store", str(site.store)]
        done = CliRunner().invoke(app, [*line, "--store-mode", "read"])
        assert done.exit_code == 0, done.output
        assert not site.store.exists()


def test_a_mode_that_is_none(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOORGEON_CLONE_STORE_MODE", "readonly")
    with pytest.raises(UserError, match="SOORGEON_CLONE_STORE_MODE is 'readonly'"):
        site.build()


# -- what is no file -----------------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("kind", ["pipe", "folder", "link to a device", "link to nowhere"])
@pytest.mark.parametrize("what", ["manifests", "objects"])
def test_what_is_no_file_in_the_store_is_nothing(what: str, kind: str, site: Site) -> None:
    for path in [path for path in (site.store / what).rglob("*") if path.is_file()]:
        spoil(path, kind)
    assert set(site.results().values()) == {"ran"}
    assert site.outputs() == site.products
    site.reset_machine()
    assert site.results()["load"] == "restored"


def spoil(path: Path, kind: str) -> None:
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero" if kind == "link to a device" else "/nowhere/at/all")
