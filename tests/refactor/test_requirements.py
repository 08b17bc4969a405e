from __future__ import annotations

import contextlib
import sys
from importlib import metadata
from pathlib import Path

import pytest

from soorgeon_clone.distributions.table import DIFFERENT, SAME
from soorgeon_clone.refactor.requirements import distribution_of, requirements

NOT_INSTALLED = [
    ("cv2", "opencv-python"),
    ("skimage.filters", "scikit-image"),
    ("umap", "umap-learn"),
    ("google.cloud.bigquery", "google-cloud-bigquery"),
    ("lightgbm", "lightgbm"),
    ("imblearn.over_sampling", "imbalanced-learn"),
    ("nowhere_known", "nowhere-known  # not installed here: is this its name on PyPI?"),
]


@pytest.mark.parametrize(("module", "line"), NOT_INSTALLED)
def test_what_is_not_installed(module: str, line: str) -> None:
    name = distribution_of(line)
    with contextlib.suppress(metadata.PackageNotFoundError):
        line = f"{line}=={metadata.version(name or '')}"
    assert requirements([module]) == (line,)


@pytest.mark.parametrize(
    ("module", "name"),
    [("yaml", "PyYAML"), ("click", "click"), ("_pytest.fixtures", "pytest"), ("jupyter_client", "jupyter_client")],
)
def test_what_is_installed_is_pinned(module: str, name: str) -> None:
    assert requirements([module]) == (f"{name}=={metadata.version(name)}",)


def test_a_module_whose_distribution_no_table_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "odd_name-1.5+local.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-name\nVersion: 1.5+local\n")
    (info / "RECORD").write_text("strange_module.py,,\nodd_name-1.5+local.dist-info/METADATA,,\n")
    (tmp_path / "strange_module.py").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert requirements(["strange_module"]) == ("odd-name==1.5",)


def test_namespace_packages_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        info = tmp_path / f"shared_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: shared-{name}\nVersion: 1.0\n")
        (info / "RECORD").write_text(f"shared/{name}/__init__.py,,\n")
        (tmp_path / "shared" / name).mkdir(parents=True)
        (tmp_path / "shared" / name / "__init__.py").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert requirements(["shared.two.part"]) == ("shared-two==1.0",)


def test_left_out() -> None:
    assert requirements(["os.path", "json", "helpers.io", "exported", "", "."], local=["helpers"]) == ()


def test_sorted_each_once_with_what_is_needed_besides() -> None:
    lines = requirements(["sklearn.svm", "sklearn", "cv2", "PIL"], also=["ipykernel", "pillow"])
    names = [distribution_of(line) for line in lines]
    assert names == ["ipykernel", "opencv-python", "pillow", "scikit-learn"]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("pandas==2.2", "pandas"),
        ("Scikit_Learn >= 1 # comment", "scikit-learn"),
        ("ruamel.yaml", "ruamel-yaml"),
        ("torch[extra] ; python_version > '3'", "torch"),
        ("package @ https://example.org/x.whl", "package"),
        ("# pandas", None),
        ("-r other.txt", None),
        ("", None),
        ("git+https://example.org/x.git", None),
    ],
)
def test_distribution_of_a_line(line: str, name: str | None) -> None:
    assert distribution_of(line) == name


def test_names_in_the_table_are_names() -> None:
    assert all(distribution_of(name) for name in [*DIFFERENT.values(), *SAME])
