"""What pandas before 3 knows of frames, their columns and copies, it knows of those that come out of a file."""

import io
import pickle
import warnings

import pytest

from soorgeon_clone.pipeline.saving.memory import Memory

pd = pytest.importorskip("pandas")
pytestmark = [
    pytest.mark.skipif(not hasattr(pd.Series, "_reset_cacher"), reason="frames know nothing of others since pandas 3"),
    pytest.mark.filterwarnings("ignore"),
]

CHANGES = {
    "another column of that name": lambda df, a: df.update({"a": [4, 5, 6]}) or setter(df, "a", 0) or setter(a, 0, 5),
    "a number of another kind": lambda df, a: setter(a, 0, 1.5),
    "one after the other": lambda df, a: (setter(a, 0, 1.5), setter(df, "a", 9), setter(a, 1, 8)),
    "asked for between": lambda df, a: (df["a"], setter(a, 0, 1.5), setter(df["a"], 1, 7)),
    "other names": lambda df, a: (df.rename(columns={"a": "z"}, inplace=True), setter(a, 0, 5)),
    "fewer rows": lambda df, a: (df.query("a > 1", inplace=True), setter(a, 0, 5)),
    "in another order": lambda df, a: (df.sort_values("a", ascending=False, inplace=True), setter(a, 0, 5)),
    "what is missing": lambda df, a: a.replace(2, 20, inplace=True),
}


def setter(table, key, value):
    table[key] = value


def through(value):
    memory = Memory()
    for hooked in memory.passes():
        file = io.BytesIO()
        with hooked:
            pickle.dump(value, file, protocol=5)
    return pickle.loads(file.getvalue())


def frame():
    return pd.DataFrame({"a": [1, 2, 3], "b": [1.0, 2.0, 3.0]})


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("before", [lambda a: None, lambda a: setter(a, 2, 0.5)], ids=["a view", "its own memory"])
@pytest.mark.parametrize("order", [1, -1])
def test_what_is_written_into_a_column_comes_to_its_frame(change, before, order):
    df = frame()
    pair = [df, df["a"]]
    before(pair[1])
    loaded = through(through(pair[::order]))[::order]
    assert loaded[0]["a"] is loaded[1]
    for each in (pair, loaded):
        CHANGES[change](*each)
    for one, other in zip(pair, loaded, strict=True):
        assert one.to_dict() == other.to_dict()


def test_a_column_without_its_frame_was_taken_from_one():
    with pytest.raises(ValueError, match="view of some other array"):
        through(frame()["a"]).sort_values(inplace=True)


@pytest.mark.parametrize("with_frame", [False, True])
def test_who_writes_into_a_copy_is_warned(with_frame):
    df = frame()
    loaded = through([df[df["a"] > 1], df if with_frame else None])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(pd.errors.SettingWithCopyWarning):
            loaded[0]["c"] = 1


def test_who_writes_into_what_is_no_copy_any_more_is_not():
    rows = frame()
    rows = rows[rows["a"] > 1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        through(rows)["c"] = 1
