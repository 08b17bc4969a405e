"""The form of the effect tables: keys that mean something, types that exist, entries once, each with an example."""

from __future__ import annotations

from collections import Counter

import pytest
from observing.examples import entries, read_examples

from soorgeon_clone.analysis.knowledge.effect_tables import Table, check_keys, split_calls
from soorgeon_clone.analysis.knowledge.effects import FOLDER, table_of

LIBRARIES = sorted(path.stem for path in [*FOLDER.glob("*.yaml"), *FOLDER.glob("stdlib/*.yaml")])


def table(library: str) -> Table:
    found = table_of(library)
    assert found is not None
    return found


@pytest.mark.parametrize("library", LIBRARIES)
def test_keys_types_and_rules_mean_something(library: str) -> None:
    raw = table(library)
    assert raw.raw["library"] == library
    assert raw.raw["source"].startswith("https://")
    assert list(check_keys(raw.raw)) == []
    for part in ("function", "constructor", "method", "everywhere"):
        raw.rules(raw.raw.get(part, []))
    for found in (raw.functions, raw.attributes):
        for entry in [*found.exact.values(), *found.globs]:
            assert raw.rules(entry.raw), entry.name
    for kind in raw.types.values():
        assert kind.operators is not None and kind.bases is not None and kind.facts(None)
        for entry in [*kind.methods.exact.values(), *kind.methods.globs, *kind.attributes.exact.values()]:
            assert raw.rules(entry.raw), entry.name
        for rule in [*kind.subscripts.values(), *(kind.raw[k] for k in ("method", "attribute") if k in kind.raw)]:
            raw.rules(rule)
        if kind.new:
            raw.rules(kind.new.raw)


@pytest.mark.parametrize("library", LIBRARIES)
def test_nothing_is_described_twice(library: str) -> None:
    raw = table(library).raw
    sections = [raw.get("functions"), raw.get("attributes")]
    sections += [kind.get(part) for kind in (raw.get("types") or {}).values() for part in ("methods", "attributes")]
    for section in sections:
        names = Counter(name for key in section or {} for name, _ in split_calls(key))
        assert [name for name, times in names.items() if times > 1] == []


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_entry_has_an_example_or_says_why_not(library: str) -> None:
    _, examples, without = read_examples(library)
    if "*" in without:
        return
    missing = [names for names in entries(table(library)).values() if not {*examples, *without} & set(names)]
    assert missing == []


@pytest.mark.parametrize("library", LIBRARIES)
def test_examples_are_of_calls_that_the_table_has(library: str) -> None:
    _, examples, without = read_examples(library)
    known = {name for names in entries(table(library)).values() for name in names}
    known |= set(table(library).types)
    assert {*examples, *without} - known <= {"*"}
