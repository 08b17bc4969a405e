"""Settings from pyproject.toml and the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from soorgeon_clone.errors import UserError
from soorgeon_clone.lint.config import Settings, parse_settings, settings_for, with_options
from soorgeon_clone.lint.registry import codes_of, default_codes

FILE = Path("pyproject.toml")


def test_nearest_file_counts(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.soorgeon-clone.lint]\nselect = ["SG1"]\n')
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert settings_for(inner / "x.ipynb").select == ("SG1",)
    (inner / "pyproject.toml").write_text("[tool.other]\n")
    assert settings_for(tmp_path / "a" / "x.ipynb").select == ("SG1",)


@pytest.mark.parametrize(
    ("section", "path", "has", "has_not"),
    [
        ({}, "x.ipynb", {"SG201", "SG505"}, {"SG301", "SG105"}),
        ({"select": ["ALL"]}, "x.ipynb", {"SG301", "SG105"}, set()),
        ({"select": ["SG1", "star-import"], "ignore": ["SG102"]}, "x.ipynb", {"SG101", "SG205"}, {"SG102", "SG201"}),
        ({"extend-select": ["SG3"]}, "x.ipynb", {"SG201", "SG301"}, set()),
        ({"per-file-ignores": {"draft-*": ["SG2"]}}, "draft-1.ipynb", {"SG101"}, {"SG201"}),
        ({"per-file-ignores": {"old/*.ipynb": ["SG2"]}}, "old/x.ipynb", {"SG101"}, {"SG201"}),
        ({"per-file-ignores": {"old/": ["SG2"]}}, "old/a/x.ipynb", {"SG101"}, {"SG201"}),
        ({"per-file-ignores": {"old/*.ipynb": ["SG2"]}}, "new/x.ipynb", {"SG201"}, set()),
    ],
)
def test_which_rules(section: dict[str, object], path: str, has: set[str], has_not: set[str]) -> None:
    codes = parse_settings(section, FILE).codes_for(Path(path))
    assert has <= codes
    assert not has_not & codes


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"selct": ["SG1"]}, "no setting 'selct'"),
        ({"select": "SG1"}, "must be a list of texts"),
        ({"select": ["SG9"]}, "no rule is called 'SG9'"),
        ({"ignore": ["undefined-nam"]}, "no rule is called"),
        ({"limits": {"cell-line": 3}}, "no limit is called 'cell-line'"),
        ({"limits": {"cell-lines": "3"}}, "must be a number"),
        ({"severity": {"SG1": "fatal"}}, "error or warning or info"),
        ({"per-file-ignores": []}, "must be a table"),
    ],
)
def test_mistakes_are_named(section: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as error:
        parse_settings(section, FILE)
    assert message in error.value.message
    assert error.value.exit_code == 2


def test_a_broken_file(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool\n")
    with pytest.raises(UserError, match="pyproject"):
        settings_for(tmp_path / "x.ipynb")


def test_options() -> None:
    settings = Settings(select=("SG1",), ignore=("SG102",))
    assert with_options(settings, ["SG2"], [], []).codes_for(None) == frozenset(codes_of("SG2"))
    assert with_options(settings, [], ["SG101"], ["SG5"]).codes_for(None) >= {"SG103", "SG505"}
    assert not with_options(settings, [], ["SG101"], []).codes_for(None) & {"SG101", "SG102"}


def test_severity_of_the_longest_selector() -> None:
    settings = parse_settings({"severity": {"SG2": "info", "SG201": "error"}}, FILE)
    assert settings.severity_of("SG201", "warning") == "error"
    assert settings.severity_of("SG205", "warning") == "info"
    assert settings.severity_of("SG101", "warning") == "warning"


def test_selectors() -> None:
    assert codes_of("sg201") == ("SG201",)
    assert codes_of("used-before-definition") == ("SG201",)
    assert set(default_codes()) < set(codes_of("ALL"))
