"""The nouns of the analysis: what one top-level statement does, what a section does, what the notebook does."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

from soorgeon_clone.analysis.because import Because
from soorgeon_clone.analysis.evidence import Places, Reason, Why
from soorgeon_clone.analysis.lower.cells import Statement, StatementKind
from soorgeon_clone.analysis.objects.heap import Heap, Obj
from soorgeon_clone.analysis.objects.policy import Assumed
from soorgeon_clone.analysis.objects.state import Binding

OF_MODULE = "."  # stands in names of variables of modules beside the notebook: "helpers.limit"
AT_RANDOM = "volatile"  # in `varies`: the clock, chance, the process
AMBIENT = "@"  # names of ambient states that are carried like variables begin with this: "@numpy_random"


@dataclass
class StatementFacts:
    """What one top-level statement does. Filled in during the walk and only read afterwards.

    ``first`` and ``last`` are 1-based rows in the cell with index ``cell``, ``text`` is the statement as it is written
    if it shares them with others; ``reads`` are the notebook variables read in it (also by functions that it calls),
    ``read_bindings`` what they denoted then; ``binds`` maps a name to whether it is certainly bound; ``changes`` are
    objects made before it that it may change in place. ``lists_names``: it shows which variables there are. ``shows``:
    it may display a value, ``gives_result``: it certainly does, and `_` is that from then on. ``may_be_left_out``: it
    may end anywhere, or not be reached, and the notebook goes on below its cell. ``writes_again``: it would write its
    files anew if it were repeated, and does not just fetch what is not there (``!git clone``). ``why`` has a reason for
    every fact, which `NotebookFacts.because` puts in words.
    """

    index: int
    section: int
    cell: int
    first: int
    last: int
    kind: StatementKind
    lowered: Statement
    text: str | None = None
    reads: set[str] = field(default_factory=set)
    binds: dict[str, bool] = field(default_factory=dict)
    changes: set[Obj] = field(default_factory=set)
    sets: set[str] = field(default_factory=set)
    draws: set[str] = field(default_factory=set)
    draws_on_import: bool = False
    seeds: set[str] = field(default_factory=set)
    files_read: set[str] = field(default_factory=set)
    files_written: set[str] = field(default_factory=set)
    varies: set[str] = field(default_factory=set)
    """On what, besides names and files, it depends what its expressions give: settings, or `AT_RANDOM`."""
    opaque: str | None = None
    tells_copies: set[str] = field(default_factory=set)
    """How it can tell a value from a copy of it that was in a file, in words."""
    unknown_calls: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)
    """Names that it reads since a text says them, which may come from another statement: the formula of a model."""
    prints: bool = False
    lists_names: bool = False
    shows: bool = False
    gives_result: bool = False
    may_be_left_out: bool = False
    writes_again: bool = False
    read_bindings: dict[str, Binding] = field(default_factory=dict)
    unbound: dict[str, int] = field(default_factory=dict)
    """Names read that nothing has bound at that point -> row in the cell; only in code that certainly runs."""
    why: Why = field(default_factory=dict, repr=False)
    assumed: dict[Assumed, Reason] = field(default_factory=dict, repr=False)
    """What it is taken not to do although nobody knows, and what would do it."""

    @property
    def is_pure(self) -> bool:
        """Whether repeating the statement does nothing but bind its names again."""
        changes = (self.changes, self.sets, self.draws, self.seeds, self.files_written, self.unknown_calls)
        return not (any(changes) or self.opaque or self.prints)


@dataclass(frozen=True)
class SectionFacts:
    """What a section does, as data flow sees it.

    ``uses``: names read before the section certainly binds them -> the first statement that does. ``binds``: names it
    may bind -> whether it certainly does. ``after``: the bindings that it leaves, of the names it may bind.
    ``changes``: objects that it may change.
    """

    index: int
    statements: tuple[StatementFacts, ...]
    uses: Mapping[str, int]
    binds: Mapping[str, bool]
    after: Mapping[str, Binding]
    changes: frozenset[Obj]


@dataclass(frozen=True)
class ModuleFacts:
    """A module beside the notebook: the statement that imports it first, and whether importing it does more than to
    make what it holds, so that no other task may import it anew. ``reads`` are variables of other ones that it reads
    then. ``unreadable`` says why nothing is known of it, if so."""

    imported_by: int
    is_noisy: bool
    reads: frozenset[str] = frozenset()
    unreadable: str = ""


@dataclass(frozen=True)
class NotebookFacts:
    """What all sections do, in order, over one heap.

    ``names`` are all names that the notebook's code mentions, ``modules`` what was imported from beside the notebook.
    """

    sections: tuple[SectionFacts, ...]
    heap: Heap
    names: frozenset[str]
    places: Places
    modules: Mapping[str, ModuleFacts] = field(default_factory=dict)

    @property
    def bound(self) -> frozenset[str]:
        """The names that the notebook may bind."""
        return frozenset(name for section in self.sections for name in section.binds)

    @property
    def statements(self) -> tuple[StatementFacts, ...]:
        return tuple(statement for section in self.sections for statement in section.statements)

    def because(self, statement: StatementFacts, kind: str, item: Hashable = None) -> Because | None:
        """Return why a statement does something; None if it does not.

        ``kind`` is ``reads``, ``binds``, ``changes``, ``sets``, ``draws``, ``seeds``, ``files_read``,
        ``files_written``, ``unknown_calls``, ``opaque``, ``tells_copies``, ``prints``, ``identity`` (it may tell that
        two names are one object) or ``order`` (the order of a set matters to it). ``item`` is the name or object, None
        for ``opaque`` and ``prints``.
        """
        reason = statement.why.get((kind, item))
        return self.places.because(reason) if reason is not None else None

    def assumed(self, statement: StatementFacts, assumed: Assumed) -> Because:
        """Return what would make a statement do what it is assumed not to do."""
        return self.places.because(statement.assumed[assumed])

    def made(self, obj: Obj) -> Because:
        """Return what made an object first."""
        return self.places.because(obj.made_for)

    def held(self, obj: Obj, part: Obj) -> Because | None:
        """Return why ``obj`` may hold ``part``, if it holds it directly: what is known comes before what is feared."""
        reasons = [reason for value, reason in obj.held_for if part in value]
        return self.places.because(min(reasons, key=lambda reason: reason.feared)) if reasons else None

    def viewed(self, one: Obj, other: Obj) -> Because | None:
        """Return why two objects share memory, if one of them was made as a view of the other."""
        reason = self.heap.viewed_for(one, other)
        return self.places.because(reason) if reason is not None else None
