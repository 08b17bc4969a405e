import copyreg
import pickle

import pytest

from soorgeon_clone.pipeline.assumptions.strides import keeping_strides

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
    "seen twice": np.broadcast_to(TABLE[0], (5, 30)),
    "a window": np.lib.stride_tricks.sliding_window_view(TABLE[0], 5),
    "of records": np.zeros(9, "i1,f8")["f1"],
    "objects": np.array([1, "a", None] * 3, object)[::2],
    "nothing": TABLE[:0, ::2],
}


@pytest.mark.parametrize("name", KEPT)
def test_an_array_comes_back_as_it_lay(name):
    back = through(KEPT[name])
    assert back.strides == KEPT[name].strides
    same(back, KEPT[name])


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
    plain = pickle.dumps(PACKED[name], 5)
    with keeping_strides():
        assert pickle.dumps(PACKED[name], 5) == plain


def test_inside_of_other_things():
    back = through({"a": [TABLE[:, 1]], "b": TABLE})
    assert back["a"][0].strides == (240,)


def test_a_sum_has_the_same_last_digit():
    x = np.random.default_rng(0).normal(size=(10_000, 3))[:, 0]
    assert through(x) @ through(x) == x @ x


def test_what_others_pickle_is_as_it_was():
    plain = pickle.dumps(KEPT["a column"], 5)
    with keeping_strides():
        assert pickle.dumps(KEPT["a column"], 5) != plain
    assert pickle.dumps(KEPT["a column"], 5) == plain
    assert np.ndarray not in copyreg.dispatch_table


def through(value):
    with keeping_strides():
        data = pickle.dumps(value, 5)
    return pickle.loads(data)


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
