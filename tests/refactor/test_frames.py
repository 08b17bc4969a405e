"""frames.py of a project: every frame comes back as it was, in the chosen format where that can hold it."""

from __future__ import annotations

import datetime
import pickle
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from refactor.conftest import Written, bundle, load, plan, task
from soorgeon_clone.refactor.frames import frames_module
from soorgeon_clone.refactor.layout import Choices

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
pytest.importorskip("pyarrow")

BOTH, PARQUET, NEITHER = frozenset({"parquet", "csv"}), frozenset({"parquet"}), frozenset[str]()

# What it is -> (the value, the formats that hold it).
VALUES: dict[str, tuple[Any, frozenset[str]]] = {
    "integers": (pd.DataFrame({"a": [1, 2, 3]}), BOTH),
    "floats": (pd.DataFrame({"a": [0.1, 1 / 3, float("nan")]}), BOTH),
    "text": (pd.DataFrame({"a": ["x", "ä, \n z"], "b": [True, False]}), BOTH),
    "text with gaps": (pd.DataFrame({"a": ["x", None]}), BOTH if pd.__version__ >= "3" else PARQUET),
    "empty text": (pd.DataFrame({"a": ["x", ""]}), PARQUET),
    "text of digits": (pd.DataFrame({"a": ["01", "2"]}), PARQUET),
    "dates": (pd.DataFrame({"a": pd.date_range("2020", periods=3)}), PARQUET),
    "time zone": (pd.DataFrame({"a": pd.date_range("2020", periods=3, tz="Europe/Paris")}), PARQUET),
    "small integers": (pd.DataFrame({"a": np.array([1, 2], dtype="int8")}), PARQUET),
    "nullable": (pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}), PARQUET),
    "categories": (pd.DataFrame({"a": pd.Categorical(["b", "a"], categories=["b", "a", "c"], ordered=True)}), PARQUET),
    "unordered categories": (pd.DataFrame({"a": pd.Categorical(["b", "a"], categories=["c", "b", "a"])}), PARQUET),
    "index": (pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name="key")), PARQUET),
    "later range": (pd.DataFrame({"a": [1, 2]}, index=pd.RangeIndex(5, 7)), PARQUET),
    "two levels": (pd.DataFrame({"a": [1, 2], "b": [1, 1], "c": [3, 4]}).set_index(["a", "b"]), PARQUET),
    "frequency": (pd.DataFrame({"a": [1, 2, 3]}, index=pd.date_range("2020", periods=3, freq="D")), NEITHER),
    "numbered columns": (pd.DataFrame([[1, 2]]), NEITHER),
    "column twice": (pd.DataFrame([[1, 2]], columns=["a", "a"]), NEITHER),
    "named columns": (pd.DataFrame([[1]], columns=pd.Index(["a"], name="what")), PARQUET),
    "lists": (pd.DataFrame({"a": [[1, 2], [3]]}), NEITHER),
    "mixed": (pd.DataFrame({"a": [1, "x", None]}), NEITHER),
    "python dates": (pd.DataFrame({"a": [datetime.date(2020, 1, 1)]}), NEITHER),
    "complex": (pd.DataFrame({"a": [1 + 2j]}), NEITHER),
    "no rows": (pd.DataFrame({"a": np.array([], dtype="float64")}), PARQUET),
    "no columns": (pd.DataFrame(), NEITHER),
    "attributes": (pd.DataFrame({"a": [1]}).pipe(lambda df: df.attrs.update(source=("x",)) or df), NEITHER),
}


def _module(df_format: Any, above: int = 0) -> types.ModuleType:
    module = types.ModuleType("frames")
    exec(frames_module(df_format, "pickle", above), module.__dict__)
    return module


@pytest.mark.parametrize("df_format", ["parquet", "csv"])
def test_small_frames_are_pickled_without_a_word(df_format: str, tmp_path: Path) -> None:
    frames, path, exact = _module(df_format, 100_000), tmp_path / f"x.{df_format}", tmp_path / "x-exact.pkl"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for rows, is_pickle in ((1_000, True), (20_000, False)):
            frame = pd.DataFrame({"a": range(rows), "b": ["x" * 20] * rows})
            frames.save_frame(frame, str(path), str(exact))
            assert bool(exact.stat().st_size) == is_pickle
            assert is_pickle == ("saved in" in _table(path, df_format))
            assert frames.load_frame(str(path), str(exact)).equals(frame)


def test_a_wide_frame_is_compared_in_parts(tmp_path: Path) -> None:
    frames, path, exact = _module("parquet"), str(tmp_path / "x.parquet"), str(tmp_path / "x-exact.pkl")
    frame = pd.DataFrame({f"c{n}": [n, n + 1] for n in range(7)}, index=pd.Index(["x", "y"], name="key"))
    read: list[Any] = []
    original = frames._read

    def listening(path: str, columns: Any = None) -> Any:
        read.append(columns)
        return original(path, columns)

    frames.__dict__.update(_columns_at_once=lambda frame: 3, _read=listening)
    frames.save_frame(frame, path, exact)
    assert [len(part) for part in read] == [3, 3, 1]
    frame.insert(6, "odd", [[1], [2]])
    with pytest.warns(UserWarning, match="values of column 'odd'"):
        frames.save_frame(frame, path, exact)


@pytest.mark.parametrize("df_format", ["parquet", "csv"])
@pytest.mark.parametrize("what", VALUES)
def test_a_frame_comes_back_as_it_was(what: str, df_format: str, tmp_path: Path) -> None:
    frame, formats = VALUES[what]
    frames, path, exact = _module(df_format), tmp_path / f"x.{df_format}", str(tmp_path / "x-exact.pkl")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        frames.save_frame(frame, str(path), exact)
    shown = [str(warning.message) for warning in caught if warning.category.__name__ == "NotKept"]
    is_pickle = bool(Path(exact).stat().st_size)
    assert is_pickle == bool(shown), "what a table does not keep is announced"
    assert all(text.startswith(path.name) and text.endswith("x-exact.pkl") for text in shown)
    _table(path, df_format)
    copy = frames.load_frame(str(path), exact)
    assert pickle.dumps(_facts(copy)) == pickle.dumps(_facts(frame))
    assert is_pickle == (df_format not in formats), shown


def test_an_index_stands_in_the_table(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name="key"))
    with pytest.warns(UserWarning, match="does not keep the index"):
        _module("csv").save_frame(frame, str(tmp_path / "x.csv"), str(tmp_path / "x-exact.pkl"))
    assert (tmp_path / "x.csv").read_text() == "key,a\nx,1\ny,2\n"


def _table(path: Path, df_format: str) -> Any:
    """Return what another program would read; a frame of no columns is an empty file as CSV."""
    if df_format == "csv":
        return pd.read_csv(path) if path.read_text().strip() else pd.DataFrame()
    return pd.read_parquet(path)


def _facts(frame: Any) -> list[str]:
    """Return all that shows, in an order of its own."""
    columns = [frame.iloc[:, number] for number in range(frame.shape[1])]
    values = [[(type(item), repr(item)) for item in column] for column in columns]
    kinds = [[repr(dtype), repr(getattr(dtype, "categories", ""))] for dtype in frame.dtypes]
    return [repr(frame.index), repr(frame.columns), repr(kinds), repr(values), repr(frame.attrs)]


@pytest.mark.parametrize("df_format", ["parquet", "csv"])
def test_what_is_no_frame_is_pickled_without_a_word(df_format: str, tmp_path: Path, recwarn: Any) -> None:
    frames, path, exact = _module(df_format), tmp_path / f"x.{df_format}", str(tmp_path / "x-exact.pkl")
    series = pd.Series([1, 2])
    for value in (3, {"a": 1}, series):
        frames.save_frame(value, str(path), exact)
        assert repr(frames.load_frame(str(path), exact)) == repr(value)
        assert list(_table(path, df_format)["saved in"]) == ["x-exact.pkl"]
    assert not [warning for warning in recwarn if warning.category.__name__ == "NotKept"]


def test_the_value_decides_and_not_the_name(written: Callable[..., Written]) -> None:
    df, df_size, data, both = bundle("df", frame=False), bundle("df_size"), bundle("data", frame=True), bundle("a", "b")
    made = plan(
        task(
            "one",
            "import pandas as pd\ndf = 3\ndf_size = pd.DataFrame({'x': [1]})\ndata = df_size\na, b = data, data",
            saves=[df, df_size, data, both],
            names="df df_size data pd a b",
        ),
        task(
            "two",
            "print(df, df_size.x[0], data.x[0], a is b)",
            steps=[load("one", item) for item in (df, df_size, data, both)],
            names="print df df_size data",
        ),
    )
    project = written(made, Choices(df_format="parquet"))
    assert project.run() == "3 1 1 True\n"
    output = project.root / "output"
    assert sorted(path.name for path in output.iterdir()) == [
        "one-a-b.pkl",
        "one-data-exact.pkl",
        "one-data.parquet",
        "one-df.pkl",
        "one-df_size-exact.pkl",
        "one-df_size.parquet",
    ]
    assert pd.read_parquet(output / "one-df_size.parquet").equals(pd.read_parquet(output / "one-data.parquet"))


def test_a_frame_of_another_class_is_pickled(tmp_path: Path) -> None:
    frames, paths = _module("parquet"), (str(tmp_path / "x.parquet"), str(tmp_path / "x-exact.pkl"))
    frames.save_frame(_Special({"a": [1]}), *paths)
    assert type(frames.load_frame(*paths)) is _Special


class _Special(pd.DataFrame):  # type: ignore[misc]
    """A subclass, as geopandas has one."""
