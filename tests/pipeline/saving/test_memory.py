import copyreg
import io
import pickle
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from oracle.running import refactor

from soorgeon_clone.pipeline.saving.memory import Memory, copies_on_write

np = pytest.importorskip("numpy")

TABLE = np.arange(6000.0).reshape(200, 30)
SPACE = np.arange(24_000).reshape(20, 30, 40)
LONG = np.arange(400_000.0).reshape(-1, 50)

KEPT = {
    "a column": TABLE[:, 3],
    "columns": TABLE[:, 2:9],
    "every second": TABLE[::2, ::3],
    "backwards": TABLE[::-1, ::-1],
    "turned": TABLE[:, 2:9].T,
    "axes in another order": SPACE.transpose(1, 0, 2),
    "in another order, by steps": SPACE[:3:2, :, ::-3].transpose(2, 0, 1),
    "one row": TABLE[:1, ::2],
    "half of a number": (TABLE + 2j).real,
    "dates": np.arange("2020", "2040", dtype="M8[Y]")[::3],
    "records": np.zeros(9, "i4,f8")[::2],
}
NARROW = {"a column": LONG[:, 7], "columns": LONG[:, :3], "rows": LONG[::100], "backwards": LONG[::-1, 9]}
PACKED = {
    "side by side": TABLE[3:9],
    "of records, far apart": np.zeros(9, "V100000,i1,f8")["f2"],
    "objects": np.array([1, "a", None] * 3, object)[::2],
    "nothing": TABLE[:0, ::2],
}
SEEN_TWICE = {
    "rows": np.broadcast_to(TABLE[0], (5, 30)),
    "windows": np.lib.stride_tricks.sliding_window_view(TABLE[0], 5),
    "windows that can be written": np.lib.stride_tricks.as_strided(TABLE[0].copy(), (26, 5), (8, 8)),
    "of records": np.zeros(9, "i1,f8")["f1"],
}


@pytest.mark.parametrize("name", KEPT)
def test_an_array_comes_back_as_it_lay(name):
    back = through(KEPT[name])
    assert back.strides == KEPT[name].strides
    same(back, KEPT[name])


@pytest.mark.filterwarnings("error")
def test_a_broadcast_array_is_saved_without_a_word():
    for array in np.broadcast_arrays(np.arange(3.0), np.ones((2, 3))):
        same(through(array), array)


@pytest.mark.parametrize("name", ["a column", "backwards", "records"])
def test_what_may_not_be_written_may_not_be_after(name):
    kept = KEPT[name].view()
    kept.flags.writeable = False
    back = through(kept)
    assert (back.strides, back.flags.writeable) == (kept.strides, False)
    assert (back == kept).all()


@pytest.mark.parametrize("name", NARROW)
def test_wide_gaps_become_narrow(name):
    back = through(NARROW[name])
    same(back, NARROW[name])
    assert (back.flags.c_contiguous, back.flags.f_contiguous) == (False, False)
    assert np.argsort(np.abs(back.strides)).tolist() == np.argsort(np.abs(NARROW[name].strides)).tolist()
    assert len(back.base) <= 2 * back.nbytes
    assert through(back).strides == back.strides


@pytest.mark.parametrize("name", PACKED)
def test_others_are_pickled_as_ever(name):
    assert dumped(PACKED[name]) == pickle.dumps(PACKED[name], 5)


@pytest.mark.parametrize("name", SEEN_TWICE)
def test_what_is_seen_twice_is_one_after(name):
    array, back = SEEN_TWICE[name], through(SEEN_TWICE[name])
    assert (back.strides, back.flags.writeable) == (array.strides, array.flags.writeable)
    assert (back == array).all()


@pytest.mark.parametrize("array", [TABLE[:, ::2], TABLE[0], np.array([1, "a", None], object), np.array([[]])])
def test_what_is_protected_is_so_after(array):
    array = array.view()
    array.flags.writeable = False
    back = through([array, array.copy()])[0]
    assert not back.flags.writeable
    assert (back == array).all()


class Own(np.ndarray):
    pass


@pytest.mark.parametrize("kind", [np.matrix, np.recarray, Own])
def test_arrays_of_other_classes_share_as_well(kind):
    table = np.zeros((2, 2), "f8,i4" if kind is np.recarray else "f8")
    back, seen = through([table, table.view(kind)])
    assert type(seen) is kind
    assert np.shares_memory(back, seen)


def test_what_masks_nothing_has_no_mask_after():
    back, masked = through([np.ma.asarray([1.0, 2.0]), np.ma.masked_equal([1.0, 2.0], 2)])
    assert str(back) == "[1. 2.]"
    assert masked.mask.tolist() == [False, True]


class OwnMasked(np.ma.MaskedArray):
    pass


def test_classes_that_say_how_they_are_pickled_do_so():
    masked = np.ma.masked_equal([1.0, 2.0], 2).view(OwnMasked)
    back = through([masked, np.zeros(2)])[0]
    assert type(back) is OwnMasked
    assert back.mask.tolist() == [False, True]
    record = np.ma.array([(1, 2.0)], mask=[(0, 1)], dtype="i4,f8")[0]
    assert str(through(record)) == str(record)


def test_a_record_shows_its_array():
    array = np.zeros((3, 2), "i4,f8")
    back, record, last = through(through([array, array[1][1], array[::-1][0][0]]))
    record["f0"] = 7
    assert back[1, 1]["f0"] == 7
    assert type(record) is type(last) is np.void


def test_inside_of_other_things():
    back = through({"a": [TABLE[:, 1]], "b": TABLE})
    assert back["a"][0].strides == (240,)


def test_what_has_its_memory_has_it_after():
    for array in (TABLE[0].copy(), np.asfortranarray(TABLE), LONG.copy(), np.zeros((), "M8[s]"), np.array([None])):
        back = through(array.copy(order="K"))
        assert back.flags.owndata and back.flags.f_contiguous == array.flags.f_contiguous
        assert (back == array).all()
    assert not through(TABLE[3:9]).flags.owndata


# -- what shares memory --------------------------------------------------------------------------------------------


def views(one):
    """Arrays of which each shares memory with the first; then what makes the first."""
    return [one, one[::2], one[::-1], one[1:], one[:-1][::3]]


SHARING = {
    "numbers": views(np.arange(12.0)),
    "rows": views(np.arange(60).reshape(12, 5)),
    "by columns": views(np.asfortranarray(np.arange(60).reshape(12, 5))),
    "of a whole that is not there": views(np.arange(60).reshape(12, 5)[:, 1:4])[1:],
    "dates": views(np.arange("2000", "2012", dtype="M8[Y]")),
    "texts": views(np.array(list("abcdefghijkl"))),
    "objects": views(np.array([1, "a", None, [2]] * 3, object)),
    "objects in a table": views(np.array([1, "a", None, [2]] * 3, object).reshape(6, 2).T),
    "records": views(np.zeros(12, "i4,f8")),
    "other numbers": (lambda one: [one, one.real, one.imag, one.view("i8")])(np.arange(12) * (1 + 2j)),
    "seen twice": (lambda one: [one, np.broadcast_to(one, (3, 5))])(np.arange(5.0)),
    "records of one array": (lambda one: [one, one[1:2].reshape(())])(np.zeros(4, "i4,f8")),
    "twice the same": (lambda one: [one[:], one[:], one])(np.arange(5.0)),
    "windows": (lambda one: [np.lib.stride_tricks.sliding_window_view(one, 3), one])(np.arange(9)),
}


@pytest.mark.parametrize("name", SHARING)
def test_what_shares_memory_shares_it_after(name):
    arrays = SHARING[name]
    back = through(arrays)
    shared = [[np.shares_memory(one, other) for other in arrays] for one in arrays]
    assert [[np.shares_memory(one, other) for other in back] for one in back] == shared
    for one, other in zip(back, arrays, strict=True):
        assert (one.shape, one.dtype, one.strides) == (other.shape, other.dtype, other.strides)
        assert (one.flags.writeable, one.flags.owndata) == (other.flags.writeable, other.flags.owndata)
        assert (one == other).all()
    assert dumped(back) == dumped(arrays), "or a run would take it for changed"


def test_a_change_of_one_is_seen_in_the_other():
    table = np.arange(20.0).reshape(4, 5)
    table, column, objects, backwards = through(
        [table, {"column": table[:, 2]}, odd := np.array([1, "a", None], object), odd[::-1]]
    )
    column["column"][1] = 100
    objects[0] = "new"
    assert table[1, 2] == 100
    assert backwards[2] == "new"


def test_columns_share_nothing():
    table = np.arange(200_000.0).reshape(-1, 200)
    columns = [table[:, 3], table[:, 4]]
    assert len(dumped(columns)) < 2 * columns[0].nbytes + 1000
    assert {back.strides for back in through(columns)} == {(16,)}, "with gaps as narrow as they can be"


def test_a_sum_has_the_same_last_digit():
    x = np.random.default_rng(0).normal(size=(10_000, 3))[:, 0]
    assert through(x) @ through(x) == x @ x


@pytest.mark.parametrize("pickler", ["cloudpickle", "dill"])
def test_other_picklers_do_so_too(pickler):
    module = pytest.importorskip(pickler)
    table = np.arange(20.0).reshape(4, 5)
    for hooked in Memory().passes():
        with hooked:
            data = module.dumps([table, table[:, 2], lambda: 1], protocol=5)
    table, column, _ = module.loads(data)
    column[0] = 100
    assert table[0, 2] == 100
    assert module.dumps(np.arange(3)) == module.dumps(np.arange(3))


def test_what_others_pickle_is_as_it_was():
    plain = pickle.dumps(KEPT["a column"], 5)
    assert dumped(KEPT["a column"]) != plain
    assert pickle.dumps(KEPT["a column"], 5) == plain
    assert np.ndarray not in copyreg.dispatch_table


def dumped(value):
    for hooked in Memory().passes():
        with hooked:
            data = pickle.dumps(value, 5)
    return data


def through(value):
    return pickle.loads(dumped(value))


def test_a_file_brings_nothing_of_another_one():
    table, dump = TABLE.copy(), pickle.dump
    for hooked in Memory().passes():
        with hooked:
            files = [io.BytesIO(), io.BytesIO()]
            for value, file in zip((table, table[:2]), files, strict=True):
                pickle.dump(value, file, protocol=5)
    large, small = (len(file.getvalue()) for file in files)
    assert large > table.nbytes > 10 * small
    assert pickle.dump is dump


def same(one, other):
    assert (one.shape, one.dtype) == (other.shape, other.dtype)
    assert (one == other).all()
    assert one.flags.writeable


def test_frames_pack_nothing():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(TABLE, columns=[f"c{n}" for n in range(30)])
    for some in (frame.iloc[::2], frame[5:190], frame.assign(t="x", d=pd.Timestamp(0))[1:9]):
        back = through(some)
        pd.testing.assert_frame_equal(back, some)
        assert back["c3"].to_numpy().strides == some["c3"].to_numpy().strides


def test_arrays_of_a_frame_show_it_after():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": np.arange(4.0), "b": 2.0})
    back, values, column = through([frame, frame.values, [frame["a"].values]])
    assert not values.flags.owndata
    back.loc[0, "a"] = 9
    assert (values[0, 0], column[0][0]) == (9, 9)


def test_frames_made_of_one_array_show_it_after():
    pd = pytest.importorskip("pandas")
    array = np.arange(6.0).reshape(3, 2)
    back, frame, series = through([array, pd.DataFrame(array, copy=False), pd.Series(array.ravel(), copy=False)])
    back[0, 0] = 99
    assert (frame.iloc[0, 0], series[0]) == (99, 99)


OTHERS = {
    "a slice": lambda df: [df, df[:]],
    "a column": lambda df: [df, df["a"]],
    "columns": lambda df: [df, df[["a"]]],
    "a shallow copy": lambda df: [df, df.copy(deep=False)],
    "rows": lambda df: [df, df.iloc[:1]],
    "two Series": lambda df: [df["a"], df["a"][:]],
    "the same Series": lambda df: [df["a"], df["a"].copy(deep=False)],
    "two that are gone": lambda df: [df.reset_index(drop=True), df.rename(columns={"a": "c"})],
}


@pytest.mark.parametrize("others", OTHERS)
@pytest.mark.parametrize("dtype", ["f8", "Int64", "M8[s]", "M8[s, UTC]", "category", "str", "O"])
def test_frames_that_copy_what_they_write_do_so_after(others, dtype):
    pd = pytest.importorskip("pandas")
    if not copies_on_write():
        pytest.skip("frames show what is written into another one")
    values = pd.Series([0, 1, 2]).astype("M8[s]").dt.tz_localize("UTC") if "UTC" in dtype else [0, 1, 2]
    frame = pd.DataFrame({"a": values, "b": values}).astype({} if "UTC" in dtype else dtype)
    one, other = through(OTHERS[others](frame))
    before = other.copy(deep=True)
    if one.ndim == 1:
        one.iloc[0] = one.iloc[1]
    else:
        one.iloc[0, 0] = one.iloc[1, 0]
    assert other.equals(before)


@pytest.mark.parametrize("isolation", ["fork", "spawn", "kernel"])
def test_every_way_to_run_a_task_keeps_it(isolation, tmp_path):
    if isolation == "kernel":
        pytest.importorskip("nbclient")
    cells = [new_markdown_cell("## make"), new_code_cell("import numpy as np\na = np.zeros((2, 2))\nb = a[:, 1]")]
    cells += [new_markdown_cell("## write"), new_code_cell("b[:] = 5\nprint(a)"), new_markdown_cell("## show")]
    notebook = new_notebook(cells=[*cells, new_code_cell("print(a, b)")])
    nbformat.write(notebook, tmp_path / "nb.ipynb")
    refactor(tmp_path / "nb.ipynb")
    done = subprocess.run(
        [sys.executable, "-m", "soorgeon_clone", "build", "--isolation", isolation],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    shown = (tmp_path / "output/show.ipynb").read_text()
    assert "[[0. 5.]" in shown and "[5. 5.]" in shown
