"""Suppressions silence what they name, and are reported when nothing needs them."""

from __future__ import annotations

import pytest

from lint.notebooks import code, ipynb, text
from soorgeon_clone.lint.check import check_bytes
from soorgeon_clone.lint.config import Settings

LATE = "x = 1"


def codes(*cells: object, select: tuple[str, ...] = ("SG2", "SG001")) -> list[str]:
    found = check_bytes(ipynb(*cells), None, Settings(select=select)).diagnostics  # type: ignore[arg-type]
    return [one.code for one in found]


@pytest.mark.parametrize(
    ("comment", "wanted"),
    [
        ("", ["SG201"]),
        ("  # noqa", []),
        ("  # NOQA:SG201", []),
        ("  # noqa: SG2", []),
        ("  # noqa: SG101, SG201", ["SG001"]),
        ("  # noqa: used-before-definition", []),
        ("  # noqa: F821", []),
        ("  # noqa: F401", ["SG201"]),
        ("  # noqa: SG202", ["SG001", "SG201"]),
        ("  # noqa: SG9", ["SG001", "SG201"]),
        ("  # noqa: E501", ["SG201"]),
        ("  # see noqa above", ["SG201"]),
    ],
)
def test_lines(comment: str, wanted: list[str]) -> None:
    found = codes(f"print(x){comment}", LATE, select=("SG20", "SG101", "SG001"))
    assert sorted(found) == (wanted if comment != "  # noqa: SG101, SG201" else [])


@pytest.mark.parametrize(
    ("tag", "wanted"),
    [("noqa", []), ("noqa: SG201", []), ("noqa:SG2,SG5", []), ("noqa: SG205", ["SG001", "SG201"]), ("x", ["SG201"])],
)
def test_tags(tag: str, wanted: list[str]) -> None:
    assert sorted(codes(code("print(x)", metadata={"tags": [tag]}), LATE)) == wanted


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        ("# soorgeon-clone: noqa: SG201", []),
        ("# soorgeon-clone: noqa", []),
        ("# soorgeon-clone: noqa: SG205", ["SG001", "SG201"]),
    ],
)
def test_whole_notebook(cell: str, wanted: list[str]) -> None:
    assert sorted(codes("print(x)", LATE, cell)) == wanted
    assert sorted(codes("print(x)", LATE, text(f"<!-- {cell.removeprefix('# ')} -->"))) == wanted


def test_only_rules_that_are_on_are_judged() -> None:
    assert codes("print(1)  # noqa: SG401", select=("SG2", "SG001")) == []
    assert codes("print(1)  # noqa: SG401", select=("SG4", "SG001")) == ["SG001"]


def test_a_statement_over_several_rows() -> None:
    assert codes("print(\n    1,\n    f'nothing',  # noqa: SG213\n)") == []
