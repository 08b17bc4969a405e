"""What a SQL script says of itself without being run."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("jinja2", reason="SQL scripts are templates of jinja2 (extra sql)")

from soorgeon_clone.pipeline.sources.relations import relation
from soorgeon_clone.pipeline.sources.sql import sql_facts


def code(text: str, folder: Path) -> str:
    (folder / "x.sql").write_text(text)
    facts = sql_facts(folder / "x.sql", folder)
    assert facts.code is not None, facts.problem
    return facts.code.effects.digest


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT 1", "-- a number\nSELECT 1"),
        ("SELECT 1\nFROM a", "SELECT 1 -- it's one\n\n\n   FROM   a\n"),
        ("SELECT '-- a'", "SELECT   '-- a'"),
    ],
)
def test_the_same_statement(one: str, other: str, tmp_path: Path) -> None:
    assert code(one, tmp_path) == code(other, tmp_path)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT '-- a'", "SELECT '-- b'"),
        ("SELECT 'it''s -- a'", "SELECT 'it''s -- b'"),
        ('SELECT "-- a"', 'SELECT "-- b"'),
        ("SELECT 5--3", "SELECT 5--4"),
        ("SELECT $t$'$t$, '-- a'", "SELECT $t$'$t$, '-- b'"),
        ("SELECT '\\'', '-- a'", "SELECT '\\'', '-- b'"),
        ("SELECT 'a  \nb'", "SELECT 'a\nb'"),
        ("SELECT 'a\n\n\nb'", "SELECT 'a\nb'"),
        ("SELECT 'a'\n'b'", "SELECT 'a' 'b'"),
        ("SELECT /*+ a */ 1", "SELECT /*+ b */ 1"),
        ("/* /* */ it's */ SELECT 'x -- a'", "/* /* */ it's */ SELECT 'x -- b'"),
        ("SELECT '{% if n %}a'{% else %}b'{% endif %}, '-- a'", "SELECT '{% if n %}a'{% else %}b'{% endif %}, '-- b'"),
        ("SELECT 1 -- {{upstream['a']}}", "SELECT 1 -- {{upstream['b']}}"),
    ],
)
def test_another_statement(one: str, other: str, tmp_path: Path) -> None:
    assert code(one, tmp_path) != code(other, tmp_path)


def test_upstream(tmp_path: Path) -> None:
    (tmp_path / "m.sql").write_text("{% macro m() %}{{upstream['e']}}{% endmacro %}")
    (tmp_path / "x.sql").write_text(
        "{% import 'm.sql' as m with context %}{{upstream['a']}} {{upstream.b}} {{upstream['c']['k']}} "
        "{% for one in upstream['d-*'] %}{{one}}{% endfor %}{{n}}"
    )
    facts = sql_facts(tmp_path / "x.sql", tmp_path)
    assert set(facts.upstream) == {"a", "b", "c", "d-*", "e"}
    assert facts.code is not None and ("c", "k") in (facts.code.upstream or ())
    assert facts.code.constants == ("m.sql",)
    assert [name for name, _, _ in facts.undefined] == ["n"]


@pytest.mark.parametrize("wrong", ["a", ["a"], ["a", "b", "c", "table"], ["", "table"], [None, "table"], ["a", "tab"]])
def test_no_relation(wrong: object) -> None:
    with pytest.raises(ValueError):
        relation(wrong)
