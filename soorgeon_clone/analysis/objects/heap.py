"""Abstract objects: what a name may denote, and which objects an object holds.

One abstract object stands for all objects that one place in the code makes (in one calling context). What an object
holds only grows, so two names that may share a part always do here. Values are sets of abstract objects.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

from soorgeon_clone.analysis.evidence import NOBODY, Reason, Why, keep
from soorgeon_clone.analysis.limits import Effort
from soorgeon_clone.analysis.objects.keys import AMENDED, ANY, BASES, KEYS, OF_CLASS
from soorgeon_clone.analysis.objects.types import LIB, NDARRAY, SETS, UNBOUND_TYPE

Item = TypeVar("Item", bound=Hashable)
Value = frozenset["Obj"]
EMPTY: Value = frozenset()


@dataclass(slots=True, eq=False, repr=False)
class Obj:
    """An abstract object. ``type`` is one of the words in `types` or a dotted path (``pandas.DataFrame``)."""

    type: str
    immutable: bool = False
    path: str = ""  # of a module or something in it; of what nobody knows: what gave it
    name: str = ""  # of a definition or method
    const: Any = None
    serial: int = 0
    fields: dict[str, Value] = field(default_factory=dict)
    code: Any = None  # of a function: its `Code`
    scope: Any = None  # of a function: where it was made, unless that is the notebook
    shares: Any = None  # of a cell: the scope whose variables functions share through it
    later: Any = None  # of an iterator: the `Deferred` code that runs when it is used
    bound: Any = None  # of what `functools.partial` and the like made: the `Arguments` that it was given
    made_with: dict[str, str | None] | None = None  # constants that its constructor was given, if that is known
    is_bare: bool = False  # whether its constructor was given nothing that it could hold
    views: set[Obj] = field(default_factory=set)
    origin: Obj | None = None  # of a view of an array: the array that has the memory
    memory: set[Obj] | None = None  # all objects that share memory with it, itself included
    lent: Lent | None = None  # frames that may share memory until one of them is written into
    is_memory: bool = False  # whether it stands for memory that others share
    is_lent: bool = False  # of such: whether frames that show it do not see what is written into each other
    is_same: bool = False  # whether a view of it may be the same object
    is_attributes: bool = False  # a dictionary that holds the attributes of an instance or class
    is_local: bool = False  # a class that a function made
    is_base: bool = False  # a class that others were found to derive from
    changed: set[int] = field(default_factory=set)  # statements that may change it
    made: int = -1  # the statement that made it first
    module: str = ""  # beside the notebook: where a function or class stands, or the module that this is
    imported: str = ""  # the module beside the notebook that made it when it was imported
    shown: bool = False  # whether its text may be printed or displayed
    compared_by: set[int] = field(default_factory=set)  # statements that may tell whether it is the same as another
    order_seen_by: set[int] | None = None  # of a set: statements to which its order matters
    order_of: set[Obj] | None = None  # sets on whose order its own order depends
    positions: tuple[str, ...] | None = None  # of a class: the fields that an instance is given by position, if any
    order: Any = None  # of a class: where its members are looked up, as `lineage` found it last
    finalized: bool = False  # whether code runs when it goes
    made_for: Reason = NOBODY  # why it was made first
    held_for: list[tuple[Value, Reason]] = field(default_factory=list)  # what it came to hold, and why
    keys: tuple[str, ...] | None = None  # that a dictionary, places that a list certainly has, and no others
    was_keyed: bool = False  # whether its keys have been known
    grown: int = 0  # when it came to hold something more last, by the clock of the heap

    def __hash__(self) -> int:
        return self.serial

    @property
    def classes(self) -> Value:
        """The classes that an instance may be of."""
        return self.fields.get(OF_CLASS, EMPTY)

    @property
    def bases(self) -> Value:
        """What a class derives from directly, in no order."""
        return self.fields.get(BASES, EMPTY)

    def take_from(self, other: Obj) -> None:
        """Be a copy of ``other`` but for what it holds."""
        self.path, self.name, self.code, self.scope = other.path, other.name, other.code, other.scope
        self.shares, self.later, self.bound = other.shares, other.later, other.bound

    def __repr__(self) -> str:
        return f"<{self.type} {self.path or self.name or self.const or ''}>"


class Lent(set[Obj]):
    """Frames that may share memory until one of them is written into; ``grown`` is when the last one came to them."""

    grown = 0


UNBOUND = Obj(UNBOUND_TYPE, immutable=True)
_MANY = 1_000  # objects: to look through more takes as long as to follow a function once more


class Heap:
    """All abstract objects of one analysis. ``version`` rises whenever an object comes to hold something more.

    So does ``clock``, and whenever a variable that functions share comes to have another value.
    """

    def __init__(self, effort: Effort) -> None:
        self.effort = effort
        self.has_all_constants = False  # whether what is no constant yet is none
        self.version = 0
        self.clock = 0
        self.round = 0  # in which what a statement does is looked at once, until a round shows nothing new; 0: in none
        self._serials = count(1)
        self._sites: dict[Any, Obj] = {}
        self._atoms: dict[Any, Obj] = {}
        self._origins: dict[Any, set[Obj]] = {}
        self.types: set[str] = set()  # of all mutable objects
        self.keyed: set[Obj] = set()  # dictionaries whose keys are known
        self.now = -1  # the statement that is walked
        self.importing = ""  # the module beside the notebook that is imported
        self.reason = NOBODY  # why what is done now is done
        self.why: Why = {}  # what the statement that is walked does, and why
        self._viewed_for: dict[tuple[int, int], Reason] = {}  # two that share memory, by their numbers, and why
        self._shown: dict[tuple[int, int], tuple[int, int, bool]] = {}  # how many views two had when they got memory
        self._grown: set[Obj] = set()  # objects that came to hold something more, since somebody last asked
        self._reach: dict[Value, frozenset[Obj]] = {}
        self._reach_asof = (-1, -1)
        self._hub: Hub | None = None

    def asof(self) -> tuple[int, int]:
        """Return what changes when there may be news to look at: in rounds, the next one does that."""
        return (self.round, 0 if self.round else self.version)

    def atom(self, type_: str, const: Any = None) -> Obj:
        """Return the one object that stands for all immutable values of a type (or for one constant)."""
        key = (type_, const if const is None or isinstance(const, (str, int, bool)) else None, type(const))
        found = self._atoms.get(key)
        if found is None:
            if self.has_all_constants and isinstance(const, str):
                return self.atom(type_)
            found = self._atoms[key] = Obj(type_, immutable=True, const=key[1], serial=next(self._serials))
        return found

    def lib(self, path: str) -> Obj:
        """Return the object for a module or for something in it."""
        return self._atoms.get(path) or self._known_by(path, LIB, path)

    def number(self, path: str) -> Obj:
        """Return the object for a number that equals only itself, known by its path: ``numpy.nan``."""
        key = ("number", path)
        return self._atoms.get(key) or self._known_by(key, "builtins.float", path)

    def _known_by(self, key: Any, type_: str, path: str) -> Obj:
        made = self._atoms[key] = Obj(type_, immutable=True, path=path, serial=next(self._serials))
        return made

    def make(self, site: Any, type_: str, *, immutable: bool = False, inside: Value = EMPTY) -> Obj:
        """Return the object that ``site`` (a node with its calling context) makes, which holds what is ``inside``."""
        key = (site, type_)
        found = self._sites.get(key)
        if found is None:
            found = self._sites[key] = Obj(type_, immutable=immutable, serial=next(self._serials))
            found.made = self.now if not self.importing else -1
            found.imported = self.importing
            found.made_for = self.reason
            self.types.add(type_)
        if inside:
            self.hold(found, ANY, inside)
        return found

    def make_view(self, site: Any, type_: str, viewed: Obj) -> Obj:
        """Return the view of ``viewed`` that ``site`` makes: views of two arrays at one site are two objects.

        Or the arrays would share memory through them. From some number on, they do.
        """
        origin = viewed.origin or viewed
        known = self._origins.setdefault(site, set())
        if origin not in known and len(known) >= self.effort.limits.views:
            return self.make(site, type_)
        known.add(origin)
        made = self.make((site, origin), type_)
        made.origin = origin
        return made

    def of_type(self, type_: str) -> list[Obj]:
        """Return all objects of a type that calls or definitions made."""
        return [obj for obj in self._sites.values() if obj.type == type_]

    def made_with_others(self, obj: Obj, given: dict[str, str | None] | None) -> None:
        """Let other constants be known of those with which an object was made, or which it got since."""
        if obj.made_with != given:
            obj.made_with = given
            obj.grown = self.tick()

    def made_with(self, parameter: str) -> Value:
        """Return all objects whose constructor was given something for a parameter, or that got it as an attribute."""
        given = (obj for obj in self._sites.values() if obj.made_with and parameter in obj.made_with)
        return frozenset(obj for obj in given if obj.made_with and obj.made_with[parameter] not in ("False", "None"))

    def hold(self, obj: Obj, key: str, value: Value) -> None:
        """Let ``obj`` hold ``value`` under ``key`` (a name, or one of the constants above)."""
        if obj.immutable or not value:
            return
        old = obj.fields.get(key, EMPTY)
        if not value <= old:
            obj.fields[key] = old | value
            obj.held_for.append((value, self.reason))
            self.version += 1
            self.grew(obj)

    def hold_item(self, obj: Obj, key: Value, value: Value) -> None:
        """Let a mapping hold ``value`` under ``key``."""
        const = next(iter(key)).const if len(key) == 1 else None
        self.hold(obj, f"[{const!r}]" if const is not None else ANY, value)
        self.hold_keys(obj, key)

    def hold_keys(self, obj: Obj, key: Value) -> None:
        """Let a mapping have ``key`` among its keys."""
        self.hold(obj, KEYS, frozenset(o for o in key if not o.immutable or o.path or _has_number(o)))

    def give_keys(self, obj: Obj, keys: tuple[str, ...]) -> None:
        """Let a dictionary that is made have these keys and no others, unless it was made there with others before."""
        if not obj.was_keyed:
            obj.was_keyed, obj.keys = True, keys
            self.keyed.add(obj)
        elif obj.keys != keys:
            self.lose_keys(obj)

    def lose_keys(self, obj: Obj) -> None:
        """Let nobody know any more which keys a dictionary has."""
        if obj.keys is not None:
            obj.keys = None
            self.keyed.remove(obj)
            self.version += 1  # what was called with them is looked at again
            obj.grown = self.tick()

    def hold_words(self, obj: Obj, key: str, words: str) -> None:
        """Let ``obj`` have ``words`` under `LOST` or `NAMED`, and which statement it has them from."""
        self.hold(obj, key, frozenset({self.atom("builtins.str", f"{self.now} {words}")}))

    def grew(self, obj: Obj) -> None:
        """Note that an object came to hold something more."""
        obj.grown = self.tick()
        self._grown.add(obj)
        if self._hub is not None:
            self._hub.grown.add(obj)

    def tick(self) -> int:
        """Return the time at which something grows."""
        self.clock += 1
        return self.clock

    def amendments(self, obj: Obj) -> Obj:
        """Return what stands for the attributes that are given to a class or function of the notebook by their names.

        Such a gift changes this and not the class: the definition, repeated, is then brought up to date by it.
        """
        made = self.make((AMENDED, obj), "builtins.namespace")
        made.made, made.imported = obj.made, obj.imported
        self.hold(obj, AMENDED, frozenset({made}))
        return made

    def attributes(self, obj: Obj) -> Obj:
        """Return the dictionary that holds the attributes of an instance or class."""
        made = self.make(("__dict__", obj), "builtins.dict")
        made.is_attributes = True
        return made

    def view(self, one: Obj, other: Obj, *, apart: bool = False, lent: bool = False) -> None:
        """Let two objects share memory. ``apart``: they share nothing else, they are certainly two objects.

        What is apart holds an object that stands for the memory, and not the other one. ``lent``: frames to which
        it is lent do not see what is written into each other, only arrays see that.
        """
        if one is other:
            return
        if apart and self._shown.get((one.serial, other.serial)) != (len(one.views), len(other.views), lent):
            cells = self._cells(one) | self._cells(other)
            if not cells:
                made = self.make(("memory", one, other), NDARRAY)
                made.is_memory, made.is_lent = True, lent
                cells = {made}
            self._link(one, cells)
            self._link(other, cells)
            for cell in cells:
                cell.is_lent = cell.is_lent and lent
                self._link(cell, cells - {cell})
            self._shown[one.serial, other.serial] = len(one.views), len(other.views), lent
        elif not apart and other not in one.views:
            one.is_same = other.is_same = True
            self._link(one, {other})
            self._link(other, {one})
        self._viewed_for[_pair(one, other)] = self.reason

    def viewed_for(self, one: Obj, other: Obj) -> Reason | None:
        """Return why two objects share memory, if one of them was made as a view of the other."""
        return self._viewed_for.get(_pair(one, other))

    def lend(self, one: Obj, other: Obj) -> None:
        """Let two frames share memory until one is written into: arrays that are taken out of one show the other."""
        one_group, other_group = one.lent or Lent({one}), other.lent or Lent({other})
        if one_group is other_group or one is other:
            return
        small, large = sorted((one_group, other_group), key=len)
        large |= small
        for obj in (*small, one, other):
            obj.lent = large
        self.version += 1
        large.grown = self.tick()

    def _link(self, one: Obj, others: set[Obj]) -> None:
        if others <= one.views:
            return
        one.views |= others
        for other in others:
            _pool(one, other)
        self.version += 1
        for obj in (one, *others):
            self.grew(obj)

    def _cells(self, obj: Obj) -> set[Obj]:
        """Return what stands for memory that ``obj`` shares."""
        return {view for view in obj.views if view.is_memory}

    def has_sets(self) -> bool:
        """Whether there are sets, whose order no file keeps."""
        return not self.types.isdisjoint(SETS)

    def note_order(self, value: Iterable[Obj]) -> None:
        """Note that the order of the sets among these matters to the statement that is walked."""
        for obj in spread((obj for obj in value if obj.type in SETS), lambda obj: obj.order_of or ()):
            obj.order_seen_by = {*(obj.order_seen_by or ()), self.now}
            keep(self.why, ("order", obj), self.reason)

    def note_identity(self, obj: Obj) -> None:
        """Note that the statement that is walked may tell whether this is the same object as another."""
        obj.compared_by.add(self.now)
        keep(self.why, ("identity", obj), self.reason)

    def derive_order(self, made: Iterable[Obj], sources: Iterable[Obj]) -> None:
        """Note that sets were made out of others: their order depends on the order of those."""
        origins = {obj for obj in sources if obj.type in SETS}
        for obj in made if origins else ():
            if obj.type in SETS:
                obj.order_of = {*(obj.order_of or ()), *(origins - {obj})}

    def take_grown(self) -> set[Obj]:
        """Return the objects that came to hold something more since the last time."""
        grown, self._grown = self._grown, set()
        return grown

    def has_grown(self, value: Iterable[Obj], since: int) -> bool:
        """Whether anything that can be reached may hold more than at a time; also where there is too much to look at.

        What iterators run later, and what methods are given with a call, is noted nowhere.
        """
        seen = set(value)
        stack = list(seen)
        while stack:
            obj = stack.pop()
            if obj.grown > since or obj.later is not None or obj.bound is not None or len(seen) > _MANY:
                return True
            if obj.lent is not None and obj.lent.grown > since:
                return True
            if obj.scope is not None and obj.scope.has_grown(obj, since):
                return True
            stack.extend(look_for_more(obj, seen))
        return False

    def reach(self, value: Value) -> frozenset[Obj]:
        """Return all mutable objects in ``value`` and held by them, through any number of steps."""
        if self._reach_asof != self.asof():
            self._reach.clear()
            self._reach_asof = self.asof()
        found = self._reach.get(value)
        if found is None:
            seen = self._reached(value)
            self.effort.steps += len(seen)
            found = self._reach[value] = frozenset(obj for obj in seen if not obj.immutable)
        return found

    def _reached(self, value: Value) -> set[Obj]:
        seen = set(value)
        stack = list(value)
        hub = self._hub
        by_hub: set[Obj] = set()
        while stack:
            if hub is not None and hub.obj in seen:
                by_hub, hub = hub.reach(), None
                seen |= by_hub
            obj = stack.pop()
            if not obj.immutable and obj not in by_hub:
                stack.extend(look_for_more(obj, seen))
        return seen

    def expect_in_most(self, obj: Obj) -> None:
        """Keep from now on what can be reached from ``obj``, which most others reach: it is not looked for anew."""
        if self._hub is None:
            self._hub = Hub(obj)


def _pair(one: Obj, other: Obj) -> tuple[int, int]:
    return (one.serial, other.serial) if one.serial < other.serial else (other.serial, one.serial)


def _pool(one: Obj, other: Obj) -> None:
    """Let two objects belong to one memory: those of the smaller one come to the larger one."""
    groups = one.memory or {one}, other.memory or {other}
    small, large = sorted(groups, key=len)
    if small is large:
        return
    large |= small
    for obj in (*small, one, other):
        obj.memory = large


class Hub:
    """An object with all that can be reached from it; ``grown`` came to hold something more since somebody asked."""

    def __init__(self, obj: Obj) -> None:
        self.obj = obj
        self.grown = {obj}
        self._reach = {obj}
        self._closures: list[Obj] = []  # what variables of functions come to be is noted nowhere

    def reach(self) -> set[Obj]:
        """Return all objects that can be reached now, through any number of steps."""
        stack = [*(self.grown & self._reach), *self._closures]
        self.grown.clear()
        while stack:
            obj = stack.pop()
            if obj.immutable:
                continue
            fresh = look_for_more(obj, self._reach)
            self._closures += [more for more in fresh if more.scope is not None]
            stack += fresh
        return self._reach


def is_module(obj: Obj) -> bool:
    """Whether an object is certainly a module, worth holding although nothing changes it: pickle asks."""
    return obj.type == LIB and "." not in obj.path


def look_for_more(obj: Obj, seen: set[Obj]) -> list[Obj]:
    """Return what ``obj`` holds and nobody has seen, and take it as seen; whole sets at a time, some are large."""
    fresh: list[Obj] = []
    groups = [*obj.fields.values(), obj.views]
    if obj.scope is not None:
        groups += obj.scope.captured_values(obj)
    for group in groups:
        more = group - seen
        if more:
            seen |= more
            fresh.extend(more)
    return fresh


def spread(found: Iterable[Item], more: Callable[[Item], Iterable[Item]]) -> set[Item]:
    """Return what was found, all that ``more`` gives for each of it, for each of that, and so on."""
    seen = set(found)
    stack = list(seen)
    while stack:
        if others := more(stack.pop()):
            fresh = set(others) - seen
            seen |= fresh
            stack += fresh
    return seen


def holds(obj: Obj) -> Iterable[Obj]:
    """Yield what ``obj`` holds directly."""
    for value in obj.fields.values():
        yield from value
    yield from obj.views
    if obj.scope is not None:
        yield from obj.scope.captured(obj)


def _has_number(obj: Obj) -> bool:
    """Whether a key is the number of an object (``id(x)``), or a tuple with one."""
    return obj.type == "builtins._id" or (
        obj.type == "builtins.tuple" and any(map(_has_number, EMPTY.union(*obj.fields.values())))
    )
