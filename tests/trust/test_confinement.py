"""Whatever a repository brings: nothing outside of the project is written, changed or removed, and nothing in .git.

What commands do with the disk when it is full or may only be read is here as well: each file is whole, and is told of.
"""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.elsewhere.bundle import SourceBundle, unpack
from soorgeon_clone.pipeline.products.manifest import Manifest
from soorgeon_clone.refactor.record import digest, is_ours
from soorgeon_clone.refactor.write import RECORD
from trust.attack_paths import BAD, COMMANDS, NOTEBOOK, TRAPS, Command, Result, World, attack, lay_trap, run


def command(*line: str) -> Command:
    """The command with this line, as the table has it."""
    found = [one for one in COMMANDS if one.line == line]
    return found[0] if found else Command(line, ())


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


# -- generated --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_a_sample_of_attacks(first: int, tmp_path: Path) -> None:
    """A thousand and more of them: benchmarks/trust/paths.py."""
    for seed in range(first, first + 10):
        result = attack(seed, tmp_path / str(seed))
        assert result.verdict not in BAD, (seed, result)


QUICK = [
    *(("refactor", "nb.ipynb", "--force"), ("export", "--to", "argo"), ("plot",), ("scaffold",), ("nb", "--inject")),
    *(("nb", "--format", "ipynb"), ("lint", "-j", "1", "--fix", "nb.ipynb")),
]


@pytest.mark.parametrize("line", QUICK, ids=" ".join)
def test_each_trap_at_the_first_place_that_a_command_writes(line: tuple[str, ...], tmp_path: Path) -> None:
    chosen = command(*line)
    for number, name in enumerate(sorted(TRAPS)):
        world = World(tmp_path / str(number))
        world.lay_out(chosen)
        if line == ("scaffold",):
            world.write_pipeline([chosen.writes[0]])
        laid = lay_trap(world, chosen, name, random.Random(0), at=chosen.writes[0])
        result = run(world, chosen, laid)
        assert result.verdict not in BAD, result


# -- those that got through once --------------------------------------------------------------------------------------

# The command, where the trap is, the trap, a word of the message.
REFUSED = [
    ("refactor nb.ipynb", "tasks/load.py", "dangling link", "outside/new.py"),
    ("refactor nb.ipynb --force", "tasks/load.py", "link to a file outside", "outside/victim.py"),
    ("refactor nb.ipynb", "tasks/load.py", "parent is a link", "outside"),
    ("refactor nb.ipynb --force", "README.md", "link to the home", ".profile"),
    ("refactor nb.ipynb --force", "requirements.txt", "relative link", "outside/victim.py"),
    ("refactor nb.ipynb --force", ".gitignore", "chain of links", "outside"),
    ("refactor nb.ipynb", ".gitignore", "dangling link into .git", "git's own folder"),
    ("refactor nb.ipynb", ".soorgeon-clone", "link to a folder outside", "outside"),
    ("refactor nb.ipynb", RECORD, "dangling link", "outside/new.py"),
    ("refactor nb.ipynb", ".soorgeon-clone/.gitignore", "dangling link", "outside/new.py"),
    ("export --to argo", "export", "link to a folder outside", "outside"),
    ("export --to argo", "export/argo", "link to a folder outside", "outside"),
    ("export --to argo", "export/argo/.soorgeon-clone-export.json", "dangling link", "outside/new.py"),
    ("export --to argo", "export/argo/workflow.yaml", "dangling link", "outside/new.py"),
    ("plot", "pipeline.html", "dangling link", "outside/new.py"),
    ("plot", "pipeline.html", "link into .git", "git's own folder"),
    ("plot", "pipeline.html", "link to a device", "/dev/null"),
    ("plot -o pipeline.svg", "pipeline.svg", "link to a file outside", "outside/victim.py"),
    ("report", "pipeline-report.html", "link to a file outside", "outside/victim.py"),
    ("scaffold", "tasks/new.py", "dangling link", "outside/new.py"),
    ("nb --inject", "tasks/load.py", "link to a file outside", "outside/victim.py"),
    ("nb --sync", "tasks/load.py", "link to a file outside", "outside/victim.py"),
    ("nb --remove", "tasks/load.py", "relative link", "outside/victim.py"),
    ("nb --format ipynb", "tasks/load.py", "link to a file outside", "outside/victim.py"),
    ("nb --format ipynb", "pipeline.yaml", "link to a file outside", "outside/victim"),
    ("lint -j 1 --fix nb.ipynb", "nb.ipynb", "link to a file outside", "outside/victim.ipynb"),
    ("lint -j 1 --fix --unsafe-fixes .", "deep/other.ipynb", "link to a file outside", "outside/victim.ipynb"),
    ("lint -j 1 --output-file found.txt nb.ipynb", "found.txt", "dangling link", "outside/new.py"),
    ("clean .", "nb.ipynb", "link to a file outside", "outside/victim.ipynb"),
    ("clean --strip-outputs */*.ipynb", "deep", "link to a folder outside", "outside"),
]


@pytest.mark.parametrize(("line", "place", "trap", "word"), REFUSED, ids=lambda value: value.replace("/", "|"))
def test_a_link_that_leads_out_is_refused_and_told_of(
    line: str, place: str, trap: str, word: str, world: World
) -> None:
    chosen = command(*line.split())
    world.lay_out(chosen)
    if chosen.line[0] == "scaffold":
        world.write_pipeline([place])
    result = run(world, chosen, lay_trap(world, chosen, trap, _FIRST, at=place))
    assert (result.verdict, result.code) == ("refused", 2), result
    assert word in result.what
    assert "neither written nor removed" in result.what
    assert "name the place itself" in result.what


class _First(random.Random):
    """Takes the first of several."""

    def choice(self, seq):  # type: ignore[no-untyped-def]
        return seq[0]


_FIRST = _First()

OUTSIDE = ["../outside/victim.py", "../outside/new.py", "{outside}/victim.py", ".git/hooks/x.py", "tasks/../../x.py"]


@pytest.mark.parametrize("source", OUTSIDE)
@pytest.mark.parametrize("line", ["scaffold", "nb --inject", "nb --sync", "nb --remove", "nb --format ipynb"])
def test_sources_outside_of_the_project(line: str, source: str, world: World) -> None:
    chosen = command(*line.split())
    world.lay_out(chosen)
    source = source.replace("{outside}", str(world.outside))
    if line != "scaffold" and not (world.project / source).is_file():
        source = "../outside/victim.py"
    elif line == "scaffold" and (world.project / source).is_file():
        source = "../outside/missing.py"
    world.write_pipeline([source])
    before = {path.name: path.read_bytes() for path in (world.project / "tasks").iterdir()}
    result = run(world, chosen, source)
    assert (result.verdict, result.code) == ("refused", 2), result
    assert before == {path.name: path.read_bytes() for path in (world.project / "tasks").iterdir()}


# -- records that git may have brought --------------------------------------------------------------------------------


NAMES = [
    *("../outside/victim.py", "tasks/../../outside/victim.py", "{outside}/victim.py", "nb.ipynb", "deep/other.ipynb"),
    *(
        ".git/config",
        "tasks/../.git/config",
        ".git/hooks/pre-commit",
        "hop/victim.py",
        "tasks/",
        "tasks",
        ".",
        "",
        "\0",
    ),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("force", [(), ("--force",)], ids=["", "force"])
def test_a_record_of_other_files_removes_nothing(name: str, force: tuple[str, ...], world: World) -> None:
    chosen = command("refactor", "nb.ipynb", *force)
    world.lay_out(chosen)
    (world.project / "hop").symlink_to(world.outside)
    name = name.replace("{outside}", str(world.outside))
    path = world.project / name.replace("\0", "")
    fingerprint = digest(name, path.read_text()) if path.is_file() else "0"
    (world.project / ".soorgeon-clone").mkdir()
    (world.project / RECORD).write_text(json.dumps({"notebook": "nb", "files": {name: fingerprint}, "shared": {}}))
    result = run(world, chosen, name)
    assert result.verdict == "harmless", result
    assert (world.project / "pipeline.yaml").is_file()
    assert not path.name or path.name == "tasks" or os.path.lexists(path)


MALFORMED = [
    *("null", "3", "[]", '"x"', "{}", '{"notebook": null, "files": null, "shared": null}', "[" * 200_000, "9" * 9999),
    '{"notebook": "nb", "files": [], "shared": {}}',
    '{"notebook": "nb", "files": {"tasks/x.py": {}}, "shared": {"README.md": []}}',
    '{"notebook": "nb", "files": {"tasks/x.py": null, "tasks/\\ud800.py": 1}, "shared": {}, "repairs": [[1, 2, 3]]}',
    '{"notebook": "nb", "files": {}, "shared": {}, "repairs": 3}',
    '{"notebook": "nb", "files": {"tasks/' + "x" * 400 + '.py": "0"}, "shared": {}}',
]


@pytest.mark.parametrize("text", MALFORMED, ids=lambda text: text[:40])
def test_a_record_of_any_form(text: str, world: World) -> None:
    chosen = command("refactor", "nb.ipynb")
    world.lay_out(chosen)
    (world.project / ".soorgeon-clone").mkdir()
    (world.project / RECORD).write_text(text)
    assert run(world, chosen, text[:40]).verdict == "harmless"


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"cells": ' * 50_000, "9" * 9999, '{"cells": [3]}', "\ufeff{}", "null"],
    ids=lambda text: text[:20],
)
def test_a_task_of_any_form_counts_as_changed(text: str, world: World) -> None:
    chosen = command("refactor", "nb.ipynb", "-f", "ipynb")
    world.lay_out(chosen)
    (world.project / "tasks").mkdir()
    (world.project / "tasks/load.ipynb").write_text(text)
    result = run(world, chosen, text[:40])
    assert (result.verdict, result.code) == ("refused", 2)
    assert "not written by this command" in result.what


def test_a_task_that_became_a_link_stays(world: World) -> None:
    """Nothing is removed that we did not write; what a link leads to is not ours."""
    chosen = command("refactor", "nb.ipynb")
    world.lay_out(chosen)
    (world.project / "tasks").mkdir()
    (world.project / "tasks/old.py").symlink_to(world.outside / "victim.py")
    known = digest("tasks/old.py", (world.outside / "victim.py").read_text())
    (world.project / ".soorgeon-clone").mkdir()
    (world.project / RECORD).write_text(json.dumps({"notebook": "nb", "files": {"tasks/old.py": known}, "shared": {}}))
    assert run(world, chosen, "").verdict == "harmless"
    assert (world.project / "tasks/old.py").is_symlink()


@pytest.mark.parametrize(
    "name", ["tasks/a.py", "tasks/a.ipynb", "pipeline.yaml", "exported.py", "frames.py", "frames_2.py"]
)
def test_what_refactor_writes(name: str) -> None:
    assert is_ours(name)


@pytest.mark.parametrize(
    "name", ["a.py", "tasks/a.csv", "tasks/a/b.py", "README.md", "../tasks/a.py", "tasks/..", ".git"]
)
def test_what_refactor_does_not_write(name: str) -> None:
    assert not is_ours(name)


# -- notebooks that are links -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line", ["lint -j 1 --fix .", "lint -j 1 --fix nb.ipynb deep/other.ipynb", "clean .", "clean nb.ipynb deep"]
)
def test_a_notebook_that_leads_out_is_refused_and_the_rest_goes_on(line: str, world: World) -> None:
    chosen = command(*line.split())
    world.lay_out(chosen)
    lay_trap(world, chosen, "link to a file outside", _FIRST, at="nb.ipynb")
    before = (world.project / "deep/other.ipynb").read_bytes()
    result = run(world, chosen, "")
    assert (result.verdict, result.code) == ("refused", 2), result
    assert str(world.outside / "victim.ipynb") in result.what
    assert (world.project / "deep/other.ipynb").read_bytes() != before


@pytest.mark.parametrize("sign", ["pyproject.toml", ".git", None])
@pytest.mark.parametrize("line", ["lint -j 1 --fix link.ipynb", "clean link.ipynb", "clean ."])
def test_a_notebook_that_leads_elsewhere_in_the_project_is_written(line: str, sign: str | None, world: World) -> None:
    """The project is where .git or pyproject.toml is; without one, the working folder."""
    chosen = command(*line.split())
    world.lay_out(chosen)
    if sign != ".git":
        shutil.rmtree(world.project / ".git")
        if sign is not None:
            (world.project / sign).touch()
    link, target = world.project / "link.ipynb", world.project / "deep/other.ipynb"
    (world.project / "nb.ipynb").unlink()
    link.symlink_to("deep/other.ipynb")
    target.chmod(0o640)
    before = target.read_bytes()
    assert run(world, chosen, "").verdict == "harmless"
    assert link.is_symlink()
    assert target.read_bytes() != before
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_folder_that_is_named_and_lies_elsewhere_is_the_persons_choice(world: World) -> None:
    chosen = Command(("clean", str(world.home / "work")), ())
    world.lay_out(chosen)
    elsewhere = world.project / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "pyproject.toml").touch()
    (elsewhere / "a.ipynb").write_text(json.dumps(NOTEBOOK))
    (world.home / "work").symlink_to(elsewhere)
    result = run(world, chosen, "")
    assert result.verdict == "harmless"
    assert "cleaned" in result.what


# -- what a person names ----------------------------------------------------------------------------------------------


def test_a_folder_that_a_person_names_may_be_anywhere(world: World) -> None:
    chosen = Command(("plot", "-o", "link/drawn.mmd"), ())
    world.lay_out(chosen)
    (world.project / "elsewhere").mkdir()
    (world.project / "link").symlink_to(world.project / "elsewhere")
    assert run(world, chosen, "").verdict == "harmless"
    assert (world.project / "elsewhere/drawn.mmd").read_text().startswith("flowchart")


@pytest.mark.parametrize("target", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_is_a_file_as_well(target: str, world: World) -> None:
    world.lay_out(command("plot"))
    line = [sys.executable, "-m", "soorgeon_clone", "plot", "-b", "mermaid", "-o", target]
    done = subprocess.run(line, cwd=world.project, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[0][:9]) == (0, "flowchart"), done.stderr


def test_a_name_that_is_too_long(world: World) -> None:
    for line in (["plot", "-o", f"{'x' * 300}.svg"], ["report", "-o", f"{'x/' * 3000}x.html"]):
        chosen = Command(tuple(line), ())
        world.lay_out(chosen) if not world.project.exists() else None
        result = run(world, chosen, "")
        assert (result.verdict, result.code) == ("refused", 2)
        assert "longer than the file system takes" in result.what
        assert len(result.what) < 400


# -- disks ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a disk; tests/files fills one by a limit instead")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def _files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".soorgeon-clone" not in path.parts
    }


DISK = [
    *("refactor nb.ipynb", "export --to argo", "plot", "report", "scaffold", "nb --inject", "nb --format ipynb"),
    *("lint -j 1 --fix nb.ipynb", "lint -j 1 --output-file found.txt nb.ipynb", "clean nb.ipynb"),
]


@pytest.mark.parametrize("line", DISK)
@pytest.mark.parametrize("state", ["full", "read-only"])
def test_a_disk_that_takes_nothing(line: str, state: str, disk: Path) -> None:
    """Every file is what it was, nothing is left over, and the message says what to do."""
    chosen = command(*line.split())
    world = World(disk)
    world.lay_out(chosen)
    if line == "scaffold":
        world.write_pipeline(["tasks/new.py"])
    if chosen.pipeline:  # records and locks are another matter
        assert run(world, command("plot", "-o", "first.mmd"), "").verdict == "harmless"
    (disk / "filler").write_bytes(b"")
    if state == "full":
        with pytest.raises(OSError), (disk / "filler").open("wb") as filler:
            while True:
                filler.write(b"x" * 4096)
                filler.flush()
    else:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    before = _files(world.project)
    result: Result = run(world, chosen, state)
    assert result.verdict == "refused", result
    assert ("No space left" if state == "full" else "read-only") in result.what
    assert _files(world.project) == before


# -- sources that come from a store -----------------------------------------------------------------------------------


def _bundle(
    members: list[tarfile.TarInfo], large: dict[str, str], tmp_path: Path
) -> tuple[SimpleNamespace, SourceBundle]:
    """A store that holds one bundle, as somebody who can write it may have made it."""
    archive = tmp_path / "archive"
    with tarfile.open(archive, "w") as made:
        for member in members:
            member.size = 4 if member.isfile() else 0
            made.addfile(member, io.BytesIO(b"text"))

    def restore(manifest: Manifest, target: Callable[[str], Path]) -> bool:
        for path in manifest.written:
            target(path).write_bytes(b"large")
        return True

    cache = SimpleNamespace(object=lambda digest: archive, restore=restore)
    return SimpleNamespace(fetch=lambda manifests: True, cache=cache, url="s3://b"), SourceBundle("0", large)


def _member(name: str, kind: bytes = tarfile.REGTYPE, leads: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, leads
    return member


@pytest.mark.parametrize(
    "member",
    [
        *(
            _member("../outside.py"),
            _member("{base}/outside.py"),
            _member("a/../../outside.py"),
            _member(".git/hooks/x"),
        ),
        *(
            _member("a", tarfile.SYMTYPE, ".."),
            _member("a", tarfile.LNKTYPE, "../kept"),
            _member("a", tarfile.FIFOTYPE),
        ),
        *(_member("a", tarfile.CHRTYPE), _member("a", tarfile.DIRTYPE), _member("C:/x"), _member("a\\..\\x")),
    ],
    ids=lambda member: f"{member.name} {member.type.decode()}".replace("/", "|"),
)
def test_an_archive_of_sources_with_anything_but_files(member: tarfile.TarInfo, tmp_path: Path) -> None:
    member.name = member.name.replace("{base}", str(tmp_path))
    (tmp_path / "kept").write_text("kept")
    store, bundle = _bundle([_member("good.py"), member, _member("a/outside.py")], {}, tmp_path)
    with pytest.raises(UserError):
        unpack(store, bundle, tmp_path / "checkout/1")  # type: ignore[arg-type]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive", "checkout", "kept"]
    assert {path.name for path in (tmp_path / "checkout/1").rglob("*")} <= {"good.py", "hooks", ".git"}


@pytest.mark.parametrize("name", ["../outside", "{base}/outside", ".git/config"])
def test_large_sources_with_names_that_lead_out(name: str, tmp_path: Path) -> None:
    store, bundle = _bundle([_member("good.py")], {name.replace("{base}", str(tmp_path)): "0"}, tmp_path)
    with pytest.raises(UserError):
        unpack(store, bundle, tmp_path / "checkout/1")  # type: ignore[arg-type]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive", "checkout"]
