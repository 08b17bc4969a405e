"""A call that nobody has described -> which of its feared effects are believed; the others are assumed not to happen.

Believing a fear costs tasks: what may be changed or shared must stay together. Assuming costs a check: the task says
what it takes for granted, and the run looks whether it was so. Hence only what a reader of the call would expect as
well is believed. The table `CASES` holds what that is, with an example for each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

from soorgeon_clone.analysis.objects.heap import Obj

Kind = Literal["changes", "amends", "shares", "draws", "sets", "binds"]
"""What is assumed not to happen: that objects change, or definitions; that some come to share what they did not; that
numbers are drawn from seeded generators; that settings are made; that a star import binds what the notebook binds."""

Belief = Literal[
    "receiver changes",
    "arguments change",
    "receiver keeps",
    "result is receiver's",
    "result is arguments'",
    "touches files",
]
BELIEFS: tuple[Belief, ...] = get_args(Belief)


class Fear(NamedTuple):
    """A call of which nobody knows what it does, as it looks to a reader.

    ``name`` is what is called, without what it is a part of. ``is_method``: of an object that is no module.
    ``is_dropped``: nothing is done with what it gives, which is not displayed either. ``keywords`` are those that it
    is given, with the source of what is constant. ``wraps``: it is given functions or classes, and nothing else.
    ``names_files``: it is given a text, which may be the path of a file.
    """

    name: str
    is_method: bool = False
    is_dropped: bool = False
    keywords: Mapping[str, str | None] = {}
    wraps: bool = False
    names_files: bool = False

    @property
    def verb(self) -> str:
        """Return the first word of the name: add of add_node, fit of fitTransform."""
        found = re.match(r"_*([A-Z]?[a-z]+|[A-Z]+)", self.name)
        return found[1].lower() if found is not None else ""


MEMORY = "memory"
DECORATOR = "a decorator"  # stands for the name of what a call gave, and a definition is decorated with


class Assumed(NamedTuple):
    """What a statement is assumed not to do.

    ``changes``: any of ``objects``, or what they hold, is changed. ``shares``: any two of them, or what they hold,
    come to have something in common; ``item`` is `MEMORY` where they do, and only the memory of arrays is meant, of
    which files keep nothing. ``draws``: ``item`` is the generator. ``sets`` and ``binds``: ``item`` is the
    library.
    """

    kind: Kind
    objects: frozenset[Obj] = frozenset()
    item: str = ""


_CHANGING = frozenset(
    """
    add append apply assign attach bind build clear compile connect delete discard drop enable extend fill fit freeze
    include inject insert load log merge mutate normalize pop push put refit register remove rename replace reset resize
    reverse seed set shuffle sort step subscribe swap train unfreeze unregister update warm write
    """.split()
)
# of tables, in every library that has some: where somebody wants what they give, that is a new one
_GIVING = frozenset("apply assign drop dropna fill fillna merge mutate rename replace sort".split())
_GIVING_BY_NAME = frozenset("reset_index set_axis set_index sort_index sort_values".split())
_KEEPING = frozenset("add append attach bind connect extend include inject insert push put register set update".split())
_LOOKING = frozenset(
    """
    assert check close compare count describe display draw evaluate explore export get has head hist info inspect is
    list look plot predict print profile render report repr save score show summarize summary tail test to transform
    validate view visualize write
    """.split()
)
_LOOKS_LIKE_PLOT = re.compile(r"(?i)plot|hist(ogram)?$|chart|heatmap|show|print|savefig|display|report|summary")
_IN_PLACE = frozenset({"inplace", "out", "overwrite", "in_place"})


_FILING = frozenset("checkpoint cleanup download dump export fetch load open read save unpack unzip write".split())


def _gives_a_table(call: Fear) -> bool:
    return not call.is_dropped and (call.verb in _GIVING or call.name in _GIVING_BY_NAME)


def _touches_files_unnamed(call: Fear) -> bool:
    return call.verb in _FILING and not call.names_files


def _says_in_place(call: Fear) -> bool:
    asked = any(key in _IN_PLACE and given not in ("False", "None") for key, given in call.keywords.items())
    return asked or call.keywords.get("copy") == "False"


def _ends_in_underscore(call: Fear) -> bool:
    return call.name.endswith("_") and not call.name.endswith("__")


def _only_looks(call: Fear) -> bool:
    return call.verb in _LOOKING or _LOOKS_LIKE_PLOT.search(call.name) is not None


def _is_class(call: Fear) -> bool:
    return call.name[:1].isupper() and not call.is_method


@dataclass(frozen=True)
class Case:
    """What a reader expects of a call of this look. ``example`` is one, where x is what somebody else uses too."""

    example: str
    looks: Callable[[Fear], bool]
    believed: tuple[Belief, ...]


CASES = (
    Case("lib.scale(x, inplace=True)", _says_in_place, ("receiver changes", "arguments change")),
    Case("x.clamp_(0, 1)", _ends_in_underscore, ("receiver changes", "arguments change")),
    Case(
        "y = x.fit(data)",
        lambda call: call.is_method and call.verb in _CHANGING and not _gives_a_table(call),
        ("receiver changes",),
    ),
    Case(
        "x.advance(1)",
        lambda call: call.is_method and call.is_dropped and not _only_looks(call),
        ("receiver changes",),
    ),
    Case("y = lib.train(x)", lambda call: not call.is_method and call.verb in _CHANGING, ("arguments change",)),
    Case(
        "lib.balance(x)",
        lambda call: not call.is_method and call.is_dropped and not _only_looks(call),
        ("arguments change",),
    ),
    Case("y.append(x)", lambda call: call.is_method and call.verb in _KEEPING, ("receiver keeps",)),
    Case('y = x.route("/")(f)', lambda call: call.is_method and call.name == DECORATOR, ("receiver keeps",)),
    Case("y = x.layer(0)", lambda call: call.is_method and not _only_looks(call), ("result is receiver's",)),
    Case("y = lib.jit(f)", lambda call: call.wraps, ("result is arguments'",)),
    Case("y = lib.Explainer(x)", _is_class, ("result is arguments'",)),
    Case("y = lib.download()", _touches_files_unnamed, ("touches files",)),
)


@dataclass(frozen=True)
class Policy:
    """What is believed of each statement besides `CASES`, by its number: what runs have shown, or nothing can check."""

    known: Mapping[int, frozenset[Kind]] = field(default_factory=dict)

    def believed(self, call: Fear) -> frozenset[Belief]:
        """Return which feared effects of a call are taken to happen."""
        return frozenset(belief for case in CASES if case.looks(call) for belief in case.believed)

    def knowing(self, more: Iterable[tuple[int, Kind]]) -> Policy:
        """Return the policy that believes more: statements, by number, to do something of a kind."""
        known = {number: set(kinds) for number, kinds in self.known.items()}
        for number, kind in more:
            known.setdefault(number, set()).add(kind)
        return Policy({number: frozenset(kinds) for number, kinds in known.items()})

    def knows(self, statement: int, kind: Kind) -> bool:
        """Whether a statement is known to do something of a kind, or has to be taken to."""
        return kind in self.known.get(statement, ())
