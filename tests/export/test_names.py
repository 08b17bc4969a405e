"""Names are valid, short, unique and stable."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soorgeon_clone.export import names

RULES = {"airflow": names.AIRFLOW, "argo": names.ARGO, "batch": names.BATCH, "kubernetes": names.KUBERNETES}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
@settings(deadline=None)
@given(originals=st.lists(st.text(min_size=1, max_size=400), unique=True, max_size=8))
def test_names_are_valid_unique_and_do_not_depend_on_each_other(rule: names.Rule, originals: list[str]) -> None:
    found = names.engine_names(originals, rule)
    assert list(found) == [*found] and set(found) == set(originals)
    assert len(set(found.values())) == len(originals)
    for original, name in found.items():
        assert rule.valid.fullmatch(name), (original, name)
        assert len(name) <= rule.limit
        assert name == names.engine_name(original, rule)


CASES = {
    ("load", "argo"): "load",
    ("train-test-split", "argo"): "train-test-split",
    ("fit_it", "argo"): "fit-it-",
    ("fit_it", "airflow"): "fit_it",
    ("fit it", "airflow"): "fit-it-",
    ("1st", "airflow"): "1st",
    ("1st", "argo"): "task-1st-",
    ("fit it", "batch"): "fit-it-",
    ("Load", "kubernetes"): "load-",
    ("数据", "batch"): "task-",
}


@pytest.mark.parametrize(("original", "engine"), CASES)
def test_a_name_that_the_engine_takes_stays(original: str, engine: str) -> None:
    name, expected = names.engine_name(original, RULES[engine]), CASES[original, engine]
    assert name == expected if not expected.endswith("-") else name.startswith(expected)


def test_a_changed_name_is_told_from_one_that_is_so_by_itself() -> None:
    found = names.engine_names(["a b", "a-b", "a_b", "a.b"], names.ARGO)
    assert found["a-b"] == "a-b"
    assert len(set(found.values())) == 4
