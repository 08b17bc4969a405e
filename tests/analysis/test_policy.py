"""Which fears are believed: every case of the table by its own example, and calls that no case is about."""

from __future__ import annotations

import ast

import pytest

from soorgeon_clone.analysis.objects.policy import BELIEFS, CASES, DECORATOR, Case, Fear, Policy


def fear(text: str) -> Fear:
    """Return the call of a line as it looks to a reader: `lib` is a library, every other name an object."""
    statement = ast.parse(text).body[0]
    call = statement.value  # type: ignore[attr-defined]
    keywords = {item.arg: ast.unparse(item.value) for item in call.keywords}
    wraps = [ast.unparse(one) for one in call.args] == ["f"]
    if isinstance(call.func, ast.Call):  # x.route("/")(f) is what a decorator does
        return Fear(DECORATOR, True, False, keywords, wraps)
    is_method = ast.unparse(call.func.value) != "lib"
    return Fear(call.func.attr, is_method, isinstance(statement, ast.Expr), keywords, wraps)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.example)
def test_each_case_is_about_its_example(case: Case) -> None:
    assert case.looks(fear(case.example))
    assert set(case.believed) <= Policy().believed(fear(case.example))


def test_every_belief_has_a_case() -> None:
    assert {belief for case in CASES for belief in case.believed} == set(BELIEFS)


@pytest.mark.parametrize(
    "text",
    [
        "y = lib.clean(x)",
        "lib.plot(x)",
        "lib.pairplot(x)",
        "y = x.predict(data)",
        "x.summary()",
        "lib.show(x)",
        "y = lib.scale(x, inplace=False)",
        "lib.validate(x)",
    ],
)
def test_what_looks_harmless_is_assumed_to_be(text: str) -> None:
    assert not Policy().believed(fear(text))


def test_what_is_known_grows() -> None:
    policy = Policy().knowing([(3, "changes")]).knowing([(3, "shares"), (4, "changes")])
    assert policy.knows(3, "changes") and policy.knows(3, "shares") and policy.knows(4, "changes")
    assert not policy.knows(4, "shares") and not policy.knows(5, "changes")
