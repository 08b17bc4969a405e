"""Solution -> the constraints of its plan: what crosses and how, and which tasks wait for the files of others."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from soorgeon_clone.analysis.model import AMBIENT
from soorgeon_clone.analysis.objects.heap import Value
from soorgeon_clone.analysis.objects.state import IMPORTED
from soorgeon_clone.refactor.carriers import file, session, states, table
from soorgeon_clone.refactor.carriers.borders import Borders
from soorgeon_clone.refactor.carriers.carrier import Taken, Want, about
from soorgeon_clone.refactor.model import Carry, MustPrecede
from soorgeon_clone.refactor.solve import Solution
from soorgeon_clone.refactor.why import because_of, cite

_MOST = 4  # statements that are named for what gave or changed a value


def carried(solution: Solution) -> Iterator[Carry]:
    """Yield how each name comes to each unit that asks for it.

    Because of the last statements before that gave or changed it, and of the one that asks.
    """
    wiring, borders = solution.wiring, solution.wiring.borders
    changes: dict[Value, list[int]] = {}
    for (name, begin), taken in wiring.taken.items():
        if taken.how == session.HOW:
            continue
        binding = borders.before(name, begin)
        # what a module beside the notebook has from its own import, no statement gives
        defs = binding.defs - IMPORTED if binding is not None else {statement.index for statement in taken.repeats}
        giving = sorted(defs)
        if states.is_state(name):
            setting = name.removeprefix(AMBIENT)
            giving = [s.index for s in borders.settings if setting in s.sets and s.index < borders.starts[begin]]
        if binding is not None and binding.defs:
            since = giving[-1] if giving else -1
            if binding.value not in changes:
                changes[binding.value] = sorted({number for obj in binding.value for number in obj.changed})
            changing = changes[binding.value]
            giving += changing[bisect_right(changing, since) : bisect_left(changing, borders.starts[begin])][-_MOST:]
        objects = binding.value if binding is not None and len(binding.value) <= _MOST else ()
        facts = about(name, objects)
        because = [because_of(borders, number, "gives it", facts) for number in giving[-_MOST:]]
        because.append(because_of(borders, wiring.askers[name, begin], "asks for it", (("reads", name),)))
        source = solution.cut.home(giving[-1]).begin if giving else begin
        yield Carry(name, source, begin, taken.how, tuple(because))


@dataclass(frozen=True)
class SharedFile:
    """A file that two tasks touch, at least one of them writing, and the first statement of each that does."""

    path: str
    earlier: int
    later: int


def file_order(solution: Solution) -> Mapping[int, Mapping[int, SharedFile]]:
    """Return, by unit, the earlier units that it must come after, since they read or write the same files."""
    wiring, borders = solution.wiring, solution.wiring.borders
    moves = min((s.index for s in borders.statements if "directory" in s.sets), default=len(borders.statements))
    for unit in solution.cut.units:
        repeated = (borders.statements[number] for number in sorted(wiring.repeats[unit.begin]))
        use = file.use_of(unit.begin, unit.statements, repeated, moved=moves < unit.stop)
        if use.reads or use.writes:
            wiring.ledger.files.append(use)
    order: dict[int, dict[int, SharedFile]] = {}
    for use in wiring.ledger.files:
        earlier = order.setdefault(use.at, {})
        for mark, files in ((file.READ, use.reads), (file.WRITTEN, use.writes)):
            for path, asker in sorted(files.items(), key=lambda item: (item[0] == "*", item)):  # known ones are told
                taken = table.take(Want(f"{mark}{path}", use.at, None, asker, asker + 1), wiring.ledger)
                for before, number in taken.after if isinstance(taken, Taken) else ():
                    earlier.setdefault(before, SharedFile(path, number, asker))
    return order


def must_precede(borders: Borders, first: int, last: int, shared: SharedFile) -> MustPrecede:
    """Return the constraint that a file sets to the order of two tasks."""
    path = "a file that cannot be known" if shared.path == "*" else f"`{shared.path}`"
    what = f"{path} is touched by {cite(borders, shared.earlier)} and by {cite(borders, shared.later)}."
    statements = [borders.statements[number] for number in (shared.earlier, shared.later)]
    files = {*(("files_written", path) for s in statements for path in s.files_written)}
    files |= {("files_read", path) for s in statements for path in s.files_read}
    facts = sorted(files, key=lambda fact: (fact[1] != shared.path, fact[0] != "files_written", fact))
    because = tuple(because_of(borders, statement.index, file.HOW, facts) for statement in statements)
    return MustPrecede(first, last, what, shared.path, because)
