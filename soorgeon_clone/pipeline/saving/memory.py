"""What arrays share in memory, and a pickle that brings them back so: a change of one is seen in the other, as before.

pickle gives each array memory of its own. The arrays of one file that show the same bytes are found when it has been
written once; if there are any, it is written again, and they are laid out on one buffer. Frames that copy what they
write (pandas from 3 on) share with nobody while another frame has their memory: they would not know of it.
"""

from __future__ import annotations

import copyreg
import functools
import itertools
import operator
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from soorgeon_clone.pipeline.saving import gradients, learnt, remade
from soorgeon_clone.pipeline.saving.columns import Columns
from soorgeon_clone.pipeline.saving.followed import Followed
from soorgeon_clone.pipeline.saving.strides import Buffer, Elements, Laid, in_its_own_memory, is_writeable

_EFFORT = 100_000  # of numpy, to tell whether two arrays overlap
_PICKLING = frozenset(f"__{name}__" for name in ("reduce", "reduce_ex", "getstate", "setstate", "getnewargs"))
_FEW = 30  # arrays, of which each pair is looked at


_DUMPING = ("pickle", "cloudpickle", "dill")  # modules whose `dump` begins a file


class Memory:
    """What the files take that one cell writes, each of them on its own: no file brings with it what another one has.

    A file begins where a pickler's `dump` is called. What is written otherwise is one file more, the first one.
    """

    def __init__(self) -> None:
        self._files: list[_File] = []
        self._begun = 0  # in this pass

    def passes(self) -> Iterator[AbstractContextManager[None]]:
        """Yield what every pickler of this process has to run in; once more if the files must be written again."""
        yield self._hooked()
        must_be_written_again = [file.settle() for file in self._files]
        if any(must_be_written_again):
            yield self._hooked()

    @contextmanager
    def _hooked(self) -> Iterator[None]:
        """What the notebook itself pickles, and how it says that arrays are pickled, is left as it is."""
        self._begun = 0
        own = frozenset(copyreg.dispatch_table)
        with ExitStack() as stack:
            stack.enter_context(self._next_file(own))
            for name in _DUMPING:
                module: Any = sys.modules.get(name)
                if hasattr(module, "dump"):
                    dumping = self._dumping(module.dump, own)
                    stack.enter_context(_with_entries(vars(module), {"dump": dumping}))
            yield

    @contextmanager
    def _next_file(self, own: frozenset[type]) -> Iterator[None]:
        if self._begun == len(self._files):
            self._files.append(_File())
        file = self._files[self._begun]
        self._begun += 1
        hooks = {kind: hook for kind, hook in file.hooks() if kind not in own}
        table: Any = copyreg.dispatch_table
        with _with_entries(table, hooks), _with_entries(_table_of_dill(), {k: _saving(h) for k, h in hooks.items()}):
            yield

    def _dumping(self, dump: Callable[..., Any], own: frozenset[type]) -> Callable[..., Any]:
        """Return `dump` as it is called for one file."""

        @functools.wraps(dump)
        def dump_file(*args: Any, **options: Any) -> Any:
            with self._next_file(own):
                return dump(*args, **options)

        return dump_file


class _File:
    """The arrays that one file takes, and how those of them are laid out that share memory."""

    def __init__(self) -> None:
        # By address; they are kept, or another array could get their place.
        self._seen: dict[int, Any] = {}
        self._blocks: dict[int, tuple[Any, Any]] = {}  # of an array -> it and the block of a frame that has it
        self._bases: set[int] = set()  # addresses of arrays on whose memory others are laid out
        self._laid: dict[tuple[Any, ...], tuple[Any, int]] = {}  # array -> on what, how many bytes from its start
        self._followed, self._columns = Followed(), Columns()

    def settle(self) -> bool:
        """Return whether the file must be written again, since things in it have to do with each other."""
        return self._settle_arrays() | self._followed.settle() | self._columns.settle()

    def hooks(self) -> Iterator[tuple[type, Any]]:
        """Yield what is to reduce arrays, and the blocks of pandas, which pack their arrays before pickle sees them."""
        yield from gradients.hooks()
        yield from learnt.hooks()
        yield from remade.hooks()
        yield from self._followed.hooks()
        yield from self._columns.hooks()
        numpy: Any = sys.modules.get("numpy")
        if hasattr(numpy, "ndarray"):
            yield from ((numpy.ndarray, self._reduced), (numpy.void, _reduced_record), (numpy.record, _reduced_record))
            masked: Any = getattr(sys.modules.get("numpy.ma"), "MaskedArray", None)
            for kind in _subclasses(numpy.ndarray):
                if kind is masked:
                    yield kind, _reduced_masked
                elif not _says_how(kind, numpy.ndarray):
                    yield kind, _reduced_view
        block = getattr(sys.modules.get("pandas._libs.internals"), "Block", None)
        for kind in [block, *_subclasses(block)] if block is not None else []:
            yield kind, self._reduced_block
        manager = getattr(sys.modules.get("pandas.core.internals.managers"), "SingleBlockManager", None)
        if manager is not None:
            yield manager, self._reduced_series

    def _reduced_block(self, block: Any) -> Any:
        make, (_, *others) = block.__reduce__()
        return make, (self._values(block), *others)

    def _reduced_series(self, manager: Any) -> Any:
        """What the manager of a Series keeps says twice what there is, once for older versions."""
        block = manager.blocks[0]
        values = self._values(block)
        if values is not block.values:
            manager = type(manager)(type(block)(values, block.mgr_locs, ndim=1), manager.index)
        return manager.__reduce_ex__(5)

    def _values(self, block: Any) -> Any:
        """Return the values of a block, which are no other's: pickle keeps that two have one object."""
        values = block.values
        if copies_on_write() and _has_others(block):
            values = values[:]
        for array in _arrays_of(values):
            self._blocks[id(array)] = array, block
        return values

    def _reduced(self, array: Any) -> Any:
        if self._laid and id(array) not in self._bases and (laid := self._laid.get(_key(array))) is not None:
            return Laid(array, *laid).__reduce__()
        self._seen[id(array)] = array
        is_hidden = id(array) in self._blocks and not self._columns.has_memory(array)
        return in_its_own_memory(array, is_hidden=is_hidden)

    def _settle_arrays(self) -> bool:
        """Lay out the arrays that share memory; return whether there are any."""
        arrays = [array for array in self._seen.values() if array.size]
        if all(array.flags.owndata for array in arrays):
            return False
        for cluster in _overlapping(arrays):
            sharing = _may_share(cluster, self._blocks)
            if len(sharing) > 1 and _any_share(sharing):
                self._lay_out(sharing)
        return bool(self._laid)

    def _lay_out(self, arrays: list[Any]) -> None:
        spans = [span(array) for array in arrays]
        low, high = min(start for start, _ in spans), max(end for _, end in spans)
        if not all(one_memory(arrays[0], array) for array in arrays):
            return
        is_of_objects = arrays[0].dtype.hasobject
        base: Any = Elements((high - low) // arrays[0].itemsize) if is_of_objects else Buffer(high - low)
        whole = [
            array for array, ends in zip(arrays, spans, strict=True) if ends == (low, high) and _can_be_base(array)
        ]
        if whole:
            array = next((array for array in whole if array.flags.owndata), whole[0])
            base = Elements.of(array) if is_of_objects else Buffer.of(array)
            self._bases.add(id(array))
        for array, (start, _) in zip(arrays, spans, strict=True):
            first = start + sum((n - 1) * -s for n, s in zip(array.shape, array.strides, strict=True) if s < 0)
            self._laid[_key(array)] = base, first - low


@contextmanager
def _with_entries(table: dict[Any, Any], entries: Mapping[Any, Any]) -> Iterator[None]:
    before = {key: table[key] for key in entries if key in table}
    table.update(entries)
    try:
        yield
    finally:
        for key in entries:
            del table[key]
        table.update(before)


def _table_of_dill() -> dict[type, Any]:
    """Return dill's own table, in which it has arrays; it looks there first."""
    return getattr(getattr(sys.modules.get("dill"), "Pickler", None), "dispatch", {})


def _saving(reduce: Callable[[Any], Any]) -> Callable[[Any, Any], None]:
    """Return an entry for such a table."""

    def save(pickler: Any, obj: Any) -> None:
        pickler.save_reduce(*reduce(obj), obj=obj)

    return save


def _reduced_record(record: Any) -> Any:
    """Return what a record is made of, which shows the memory of the array that it is of: that array with one element.

    Arrays that go backwards are left aside; their records are copied.
    """
    array, type_ = record.base, sys.modules["numpy"].ndarray
    if type(array) is not type_ or not array.size or any(step < 0 for step in array.strides):
        return record.__reduce__()
    left = record.__array_interface__["data"][0] - array.__array_interface__["data"][0]
    place = [slice(0, 1)] * array.ndim
    for axis in sorted(range(array.ndim), key=lambda axis: -array.strides[axis]):
        number, left = divmod(left, array.strides[axis]) if array.strides[axis] else (0, left)
        place[axis] = slice(number, number + 1)
    if left or array.dtype != record.dtype:
        return record.__reduce__()
    return operator.getitem, (array[tuple(place)].reshape(()) if place else array, ())


def _says_how(kind: type, base: type) -> bool:
    """Whether a class derived from ``base`` says how it is pickled, or one between them does."""
    between = kind.__mro__[: kind.__mro__.index(base)]
    return any(not _PICKLING.isdisjoint(vars(each)) for each in between)


def _subclasses(kind: Any) -> Iterator[Any]:
    for each in kind.__subclasses__():
        yield each
        yield from _subclasses(each)


def _reduced_view(array: Any) -> Any:
    """Return what an array of another class (a matrix) is made of: a plain one, and what it is seen as."""
    ndarray = sys.modules["numpy"].ndarray
    return ndarray.view, (array.view(ndarray), type(array))


def _reduced_masked(array: Any) -> Any:
    """One that masks nothing has no mask; pickle would give it one, and it would print otherwise."""
    is_plain = array.mask is sys.modules["numpy.ma"].nomask and not array.hardmask and array._fill_value is None
    return _reduced_view(array) if is_plain else remade.masked(array)


def _arrays_of(values: Any) -> Iterator[Any]:
    """Yield the arrays in the values of a block of a frame: these are one, or hold some."""
    array = sys.modules["numpy"].ndarray
    held = [values, getattr(values, "_ndarray", None), *getattr(values, "__dict__", {}).values()]
    yield from (one for one in held if type(one) is array)


def _may_share(arrays: list[Any], blocks: Mapping[int, tuple[Any, Any]]) -> list[Any]:
    """Return those of some arrays that may be one memory in a file; ``blocks``: of frames, by address of the array.

    Frames that know of each other are not: each copies what they share before it writes.
    """
    if not copies_on_write():
        return arrays
    return [array for array in arrays if not (id(array) in blocks and _has_others(blocks[id(array)][1]))]


def one_memory(one: Any, other: Any) -> bool:
    """Tell whether two arrays that share memory are of kinds that a file can lay out together."""
    array = sys.modules["numpy"].ndarray
    if type(one) is not array or type(other) is not array:
        return False
    return one.dtype.kind == other.dtype.kind == "O" or not (one.dtype.hasobject or other.dtype.hasobject)


def _has_others(block: Any) -> bool:
    """Whether other frames have the memory of a block: it will be copied before it is written."""
    refs = getattr(block, "refs", None)
    return refs is None or bool(refs.has_reference())


def copies_on_write() -> bool:
    """Tell whether frames that share memory copy it before one of them is changed."""
    pandas = sys.modules.get("pandas")
    if pandas is None or not hasattr(pandas, "__version__"):
        return False
    if int(pandas.__version__.partition(".")[0]) >= 3:
        return True
    try:
        return bool(pandas.get_option("mode.copy_on_write") is True)
    except Exception:
        return False


def span(array: Any) -> tuple[int, int]:
    """Return the first address of an array's memory, and the one behind its last."""
    low = high = array.__array_interface__["data"][0]
    if not array.size:
        return low, low
    for length, step in zip(array.shape, array.strides, strict=True):
        if step < 0:
            low += (length - 1) * step
        else:
            high += (length - 1) * step
    return low, high + array.itemsize


def overlap(one: Any, other: Any) -> bool:
    """Tell whether two arrays have an element in common."""
    try:
        return bool(sys.modules["numpy"].shares_memory(one, other, max_work=_EFFORT))
    except RuntimeError:  # numpy's TooHardError
        return True


def _overlapping(arrays: list[Any]) -> Iterator[list[Any]]:
    """Yield groups of arrays whose spans overlap, each in the order in which its arrays came."""
    places = sorted((*span(array), number) for number, array in enumerate(arrays))
    group: list[int] = []
    reached = 0
    for low, high, number in [*places, (sys.maxsize, sys.maxsize, -1)]:
        if low >= reached:
            if len(group) > 1:
                yield [arrays[number] for number in sorted(group)]
            group = []
        group.append(number)
        reached = max(reached, high)


def _any_share(arrays: list[Any]) -> bool:
    return len(arrays) > _FEW or any(itertools.starmap(overlap, itertools.combinations(arrays, 2)))


def _can_be_base(array: Any) -> bool:
    """Whether others can be laid out on the memory of an array: it is in one piece, and may be written."""
    flags = array.flags
    is_whole = flags.c_contiguous or (flags.f_contiguous and array.dtype.kind != "O")
    return bool(is_whole and is_writeable(array) and array.ndim)


def _key(array: Any) -> tuple[Any, ...]:
    return array.__array_interface__["data"][0], array.shape, array.strides, array.dtype.str
