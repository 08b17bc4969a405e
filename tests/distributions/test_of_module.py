"""What holds a module is found fast where it has its usual name, and found at all where it has not."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import pytest

from soorgeon_clone.distributions.of_module import installed, known, normal, release, state, usual
from soorgeon_clone.distributions.table import DIFFERENT, SAME


def install(folder: Path, name: str, version: str, *paths: str, top_level: str | None = None) -> None:
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "RECORD").write_text("".join(f"{path},,\n" for path in (*paths, f"{info.name}/METADATA")))
    if top_level is not None:
        (info / "top_level.txt").write_text(top_level)
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path that distributions are installed into."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return tmp_path


def test_the_usual_name() -> None:
    assert [usual(module) for module in ("sklearn.svm", "cv2", "yaml", "numpy", "no_where.x")] == [
        "scikit-learn", "opencv-python", "PyYAML", "numpy", "no-where",
    ]  # fmt: skip
    assert known("no_where") is None
    assert normal("Ruamel.YAML_x") == "ruamel-yaml-x"


def test_names_are_spelled_as_the_distribution_does() -> None:
    assert installed("yaml") == ["PyYAML"]
    assert release("pyyaml") == ("PyYAML", metadata.version("PyYAML"))
    assert release("no-such-distribution") is None
    assert installed("no_such_module") == [] and installed("") == []


def test_odd_names_and_namespaces(site: Path) -> None:
    install(site, "odd-name", "1.5", "strange_module.py")
    install(site, "shared-one", "1", "shared/one/__init__.py")
    install(site, "shared-two", "1", "shared/two/__init__.py")
    install(site, "declares", "1", "declared/__init__.py", top_level="declared\n_declared\n")
    assert installed("strange_module") == ["odd-name"]
    assert installed("shared.two.part") == ["shared-two"]
    assert installed("shared") == ["shared-one", "shared-two"]
    assert installed("declared") == ["declares"]


def test_what_is_installed_later_is_seen(site: Path) -> None:
    (site / "late_module.py").touch()
    before = state()
    assert installed("late_module") == []
    install(site, "late-distribution", "1", "late_module.py")
    assert state() != before
    assert installed("late_module") == ["late-distribution"]


def test_a_name_that_is_another_module_s_distribution(site: Path) -> None:
    """A distribution is called like the module, and does not hold it."""
    install(site, "odd_module", "1", "something_else.py")
    install(site, "holder", "2", "odd_module.py")
    assert installed("odd_module") == ["holder"]


def test_the_table_has_a_form() -> None:
    assert not DIFFERENT.keys() & SAME
    assert all(name != module or "." in module for module, name in DIFFERENT.items())
