"""What the loader answers: conditions, inheritance, aliases, parameters, operators, and the entries of users."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from soorgeon_clone.analysis.knowledge.effect_rules import FIELDS, Effect
from soorgeon_clone.analysis.knowledge.effects import UNDESCRIBED, USER, knowledge, read_user_effects
from soorgeon_clone.errors import UserError


def parts(effect: Effect | None) -> dict[str, Any]:
    """Return the parts of an effect that differ from the default, who said so left aside."""
    assert effect is not None
    plain = Effect()
    return {name: value for name in FIELDS if (value := getattr(effect, name)) != getattr(plain, name)}


FUNCTIONS = [
    ("random.shuffle", {"x": None}, {"returns": ("none",), "changes": ("x",), "draws": ("python_random",)}),
    ("pandas.read_csv", {}, {"reads": ("filepath_or_buffer",), "returns": ("pandas.DataFrame",)}),
    ("numpy.random.default_rng", {"seed": "0"}, {"returns": ("numpy.random.Generator",), "shares": ("seed",)}),
    ("collections.Counter", {}, {"returns": ("collections.Counter",)}),
    ("sys.exit", {}, {"returns": ("none",), "raises": True}),
    ("os.chdir", {"path": "'d'"}, {"returns": ("none",), "sets": ("directory",)}),
    ("builtins.str.upper", {}, {"returns": ("builtins.str",)}),
    # any other module of the standard library: arguments are left alone, the result may hold them
    ("colorsys.rgb_to_hsv", {}, {"returns": ("colorsys.*",), "shares": ("args",)}),
    # an estimator that nobody has described is one all the same
    ("sklearn.brand_new.Thing", {}, {"returns": ("sklearn.brand_new.Thing",), "shares": ("args",)}),
]


@pytest.mark.parametrize(("path", "given", "expected"), FUNCTIONS)
def test_function(path: str, given: dict[str, str | None], expected: dict[str, Any]) -> None:
    found = parts(knowledge().function(path, given))
    assert {name: found.get(name) for name in expected} == expected


def test_unknown_libraries_are_unknown() -> None:
    assert knowledge().function("mylib.clean", {}) is None
    assert knowledge().method("mylib.Thing", "run", {}) is None
    assert knowledge().type("mylib.Thing") is None


OPENS = [
    ({}, ("reads",), ("io.TextIOWrapper",)),
    ({"mode": "'w'"}, ("writes",), ("io.TextIOWrapper",)),
    ({"mode": "'rb'"}, ("reads",), ("io.BufferedReader",)),
    ({"mode": "'r+'"}, ("reads", "writes"), ("io.TextIOWrapper",)),
]


@pytest.mark.parametrize(("given", "does", "returns"), OPENS)
def test_constants_decide(given: dict[str, str | None], does: tuple[str, ...], returns: tuple[str, ...]) -> None:
    effect = knowledge().function("builtins.open", given)
    assert effect is not None
    assert tuple(name for name in ("reads", "writes") if getattr(effect, name)) == does
    assert effect.returns == returns


@pytest.mark.parametrize("given", [{"mode": None}, {"**": None}, {"*": None}])
def test_what_is_not_constant_may_be_anything(given: dict[str, str | None]) -> None:
    effect = knowledge().function("builtins.open", given)
    assert effect is not None
    assert effect.reads and effect.writes and len(effect.returns) > 2


def test_inplace_holds_for_every_method_of_pandas() -> None:
    method = knowledge().method
    assert parts(method("pandas.DataFrame", "fillna", {"inplace": "True"}))["changes"] == ("self",)
    assert parts(method("pandas.DataFrame", "fillna", {"inplace": "True"}))["returns"] == ("none", "self")
    assert "changes" not in parts(method("pandas.DataFrame", "fillna", {"inplace": "False"}))
    either = parts(method("pandas.DataFrame", "fillna", {"inplace": None}))
    assert either["changes"] == ("self",) and set(either["returns"]) == {"like:self", "none", "self"}


def test_what_is_replaced_is_not_changed_by_a_rule_for_all_calls() -> None:
    method = knowledge().method
    dropped = parts(method("pandas.DataFrame", "dropna", {"inplace": "True"}))
    assert dropped["replaces"] == ("self",) and "changes" not in dropped
    assert parts(method("pandas.Series", "dropna", {"inplace": "True"}))["changes"] == ("self",)


DRAWS = [
    # (path, given) -> draws, the parameter that may still prevent it, what a generator given there suffers
    ({}, ("numpy_random",), None, ()),
    ({"random_state": "None"}, ("numpy_random",), None, ()),
    ({"random_state": "0"}, (), None, ()),
    ({"random_state": None}, ("numpy_random",), "random_state", ("random_state",)),
    ({"**": None}, ("numpy_random",), "random_state", ("ax",)),
]


@pytest.mark.parametrize(("given", "draws", "unless", "changes"), DRAWS)
def test_seeds_of_functions(
    given: dict[str, str | None], draws: tuple[str, ...], unless: str | None, changes: tuple[str, ...]
) -> None:
    effect = knowledge().function("sklearn.model_selection.train_test_split", given)
    assert effect is not None
    assert (effect.draws, effect.draws_unless, effect.changes) == (draws, unless, changes)


FITS = [
    ("ensemble.RandomForestClassifier", {}, ("numpy_random",)),
    ("ensemble.RandomForestClassifier", {"random_state": "0"}, ()),
    ("ensemble.RandomForestClassifier", None, ("numpy_random",)),
    ("linear_model.LinearRegression", {}, ()),
    ("linear_model.LinearRegression", None, ()),
    ("linear_model.LogisticRegression", {}, ()),
    ("linear_model.LogisticRegression", {"solver": "'saga'"}, ("numpy_random",)),
    ("linear_model.LogisticRegression", {"solver": "'saga'", "random_state": "1"}, ()),
    ("linear_model.LogisticRegression", None, ("numpy_random",)),
    ("svm.SVR", {}, ("numpy_random",)),
    ("svm.SVC", {"random_state": "0"}, ()),
    ("pipeline.Pipeline", {}, ("numpy_random",)),
]


@pytest.mark.parametrize(("name", "made", "draws"), FITS)
def test_what_the_constructor_was_given_decides(name: str, made: Any, draws: tuple[str, ...]) -> None:
    effect = knowledge().method(f"sklearn.{name}", "fit", {}, made)
    assert effect is not None
    assert effect.draws == draws
    assert effect.changes[:1] == ("self",) and effect.returns == ("self",)


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("pandas.core.frame.DataFrame", "pandas.DataFrame"),
        ("pandas.core.frame.DataFrame.drop", "pandas.DataFrame.drop"),
        ("matplotlib.pylab.plot", "matplotlib.pyplot.plot"),
        ("pylab.plot", "matplotlib.pyplot.plot"),
        ("posixpath.join", "os.path.join"),
        ("tensorflow.keras.layers.Dense", "keras.layers.Dense"),
        ("tqdm.auto.tqdm", "tqdm.tqdm"),
        ("numpy.mean", "numpy.mean"),
        ("mylib.thing", "mylib.thing"),
    ],
)
def test_canonical(path: str, canonical: str) -> None:
    assert knowledge().canonical(path) == canonical


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("random.shuffle", ("x",)),
        ("numpy.clip", ("a", "a_min", "a_max", "out")),
        ("pandas.DataFrame", ("data", "index", "columns")),
        ("pandas.DataFrame.drop", ("labels",)),
        ("builtins.list.append", ("obj",)),
        ("mylib.thing", None),
    ],
)
def test_parameters(path: str, parameters: tuple[str, ...] | None) -> None:
    assert knowledge().parameters(path) == parameters


def test_methods_are_told_from_functions() -> None:
    known = knowledge()
    assert known.is_method("builtins.str.upper") and known.is_method("pandas.DataFrame.mean")
    assert not known.is_method("builtins.dict.fromkeys") and not known.is_method("numpy.mean")


OPERATORS = [
    ("builtins.int", "+", "builtins.int", "builtins.int"),
    ("builtins.int", "/", "builtins.int", "builtins.float"),
    ("builtins.int", "+", "builtins.float", "builtins.float"),
    ("builtins.bool", "&", "builtins.bool", "builtins.bool"),
    ("builtins.str", "%", "builtins.tuple", "builtins.str"),
    ("builtins.str", "*", "builtins.int", "builtins.str"),
    ("builtins.int", "*", "builtins.list", "builtins.list"),
    ("builtins.list", "+", "builtins.list", "builtins.list"),
    ("builtins.float", "*", "numpy.ndarray", "numpy.ndarray"),
    ("numpy.ndarray", "-", "pandas.Series", "pandas.Series"),
    ("pandas.Series", "+", "pandas.DataFrame", "pandas.DataFrame"),
    ("pandas.Series", "==", "builtins.str", "pandas.Series"),
    ("pandas.Series", "~", "", "pandas.Series"),
    ("numpy.ndarray", "in", "builtins.list", "builtins.bool"),
    ("datetime.datetime", "-", "datetime.datetime", "datetime.timedelta"),
    ("pathlib.Path", "/", "builtins.str", "pathlib.Path"),
    ("mylib.Thing", "+", "builtins.int", None),
]


@pytest.mark.parametrize(("left", "op", "right", "result"), OPERATORS)
def test_operator(left: str, op: str, right: str, result: str | None) -> None:
    assert knowledge().operator(left, op, right) == result


SUBSCRIPTS = [
    ("pandas.DataFrame", "constant str", ("pandas.Series",)),
    ("pandas.DataFrame", "list", ("pandas.DataFrame",)),
    ("pandas.DataFrame", "other", ("pandas.DataFrame", "pandas.Series")),
    ("numpy.ndarray", "slice", ("numpy.ndarray",)),
    ("builtins.list", "slice", ("list(element:self)",)),
    ("builtins.str", "constant int", ("builtins.str",)),
]


@pytest.mark.parametrize(("kind", "index", "returns"), SUBSCRIPTS)
def test_subscript(kind: str, index: str, returns: tuple[str, ...]) -> None:
    effect = knowledge().subscript(kind, index)
    assert effect is not None and effect.returns == returns


def test_attributes() -> None:
    known = knowledge()
    assert known.attribute("pandas.DataFrame", "values") == Effect(
        returns=("numpy.ndarray",), views=("self",), shares=("element:self",)
    )
    assert known.attribute("pandas.DataFrame", "mean") is None  # a method that is not called
    assert parts(known.attribute("pandas.DataFrame", "price"))["returns"] == ("pandas.Series",)
    assert parts(known.module_attribute("numpy.pi"))["returns"] == ("builtins.scalar",)
    assert parts(known.module_attribute("pandas.options.display.max_rows"))["sets"] == ("pandas_options",)


def test_views_end_with_copy_on_write() -> None:
    """pandas 3 never shows a change of a selection in the frame; before, a column may be a view."""
    from soorgeon_clone.analysis.knowledge.effect_tables import Table
    from soorgeon_clone.analysis.knowledge.effects import read_table

    raw = read_table("pandas")
    assert raw is not None
    views = {}
    for major in (None, 2, 3):
        table = Table("pandas", raw, lambda major=major: major)  # type: ignore[misc]
        views[major] = table.rules(table.types["DataFrame"].subscripts["constant str"])[0].effect.views
    assert views == {None: ("self",), 2: ("self",), 3: ()}


def test_types() -> None:
    known = knowledge()
    facts = {path: known.type(path) for path in ("builtins.bool", "io.TextIOWrapper", "pandas.DataFrame")}
    assert all(facts.values())
    assert facts["builtins.bool"].immutable  # type: ignore[union-attr]
    assert (facts["io.TextIOWrapper"].picklable, facts["io.TextIOWrapper"].reason) == (False, "an open file")  # type: ignore[union-attr]
    assert facts["io.TextIOWrapper"].advancing and facts["pandas.DataFrame"].container  # type: ignore[union-attr]


def test_users_describe_their_own_libraries(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        """
        [tool.soorgeon-clone.effects]
        "mylib.clean" = { changes = [], returns = "pandas.DataFrame" }
        "mylib.fill(df, value)" = { changes = "df", returns = "none" }
        "mylib.Model.fit" = [{ when = { dry = "True" }, returns = "none" }, { changes = "self", returns = "self" }]
        "mylib.plots.*" = {}
        "pandas.read_csv" = "pandas.DataFrame"
        """,
        encoding="utf-8",
    )
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    known = knowledge(read_user_effects(inner))
    assert parts(known.function("mylib.clean", {})) == {"returns": ("pandas.DataFrame",)}
    assert known.parameters("mylib.fill") == ("df", "value")
    assert parts(known.function("mylib.fill", {"df": None})) == {"returns": ("none",), "changes": ("df",)}
    assert parts(known.method("mylib.Model", "fit", {})) == {"returns": ("self",), "changes": ("self",)}
    assert parts(known.method("mylib.Model", "fit", {"dry": "True"})) == {"returns": ("none",)}
    assert parts(known.function("mylib.plots.bars", {})) == {"returns": ("mylib.*",)}
    assert known.function("mylib.other", {}) is None
    assert known.method("mylib.Model", "fit", {}).source == USER  # type: ignore[union-attr]
    assert parts(known.function("pandas.read_csv", {})) == {"returns": ("pandas.DataFrame",)}
    assert parts(knowledge().function("pandas.read_csv", {}))["reads"] == ("filepath_or_buffer",)


def test_no_pyproject_or_no_section_is_no_entry(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n", encoding="utf-8")
    assert read_user_effects(tmp_path) == {}


WRONG = [
    ('"mylib.f" = { change = ["x"] }', "'change' is not a part of an effect"),
    ('"mylib.f" = 3', "an effect is a table"),
    ('"mylib.f" = { when = "x" }', "'when' maps parameters to values"),
    ('"mylib.f" = { returns = "DataFrame" }', "no type 'DataFrame'"),
    ('"mylib.f" = ', "is not valid TOML"),
]


@pytest.mark.parametrize(("entry", "message"), WRONG)
def test_wrong_entries_say_where(entry: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(f"[tool.soorgeon-clone.effects]\n{entry}\n", encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_user_effects(tmp_path)
    assert message in caught.value.message and str(path) in caught.value.message
    assert caught.value.exit_code == 2


def test_a_section_that_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.soorgeon-clone]\neffects = 3\n", encoding="utf-8")
    with pytest.raises(UserError, match="must be a table"):
        read_user_effects(tmp_path)


def test_no_library_is_imported_to_answer() -> None:
    code = (
        "import sys; from soorgeon_clone.analysis.knowledge.effects import knowledge; k = knowledge();"
        "k.function('pandas.read_csv', {}); k.method('numpy.ndarray', 'sum', {}); k.type('sklearn.svm.SVC');"
        "print([m for m in ('pandas', 'numpy', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


HELD = {
    ("pandas.DataFrame.drop", ("columns", "inplace")): ("inplace=True",),
    ("pandas.DataFrame.drop", ("columns",)): (),
    ("pandas.DataFrame.sample", ()): ("without random_state",),
    ("numpy.sum", ("out",)): ("out=True",),
}


@pytest.mark.parametrize(("path", "given"), HELD)
def test_an_effect_tells_which_conditions_held(path: str, given: tuple[str, ...]) -> None:
    effect = knowledge().function(path, dict.fromkeys(given, "True"))
    assert effect is not None
    assert (effect.held, effect.source) == (HELD[path, given], "")


def test_of_some_calls_it_is_only_known_that_they_belong_to_python() -> None:
    assert knowledge().function("mimetypes.add_type", {}).source == UNDESCRIBED  # type: ignore[union-attr]
