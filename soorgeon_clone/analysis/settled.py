"""Facts -> those that count: what a module beside the notebook holds, and nothing changes, is there for all who ask."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from soorgeon_clone.analysis.model import OF_MODULE, ModuleFacts, NotebookFacts, SectionFacts
from soorgeon_clone.analysis.objects.heap import Obj
from soorgeon_clone.analysis.objects.state import IMPORTED, Binding


def without_settled(facts: NotebookFacts) -> NotebookFacts:
    """Return the facts without those about variables of modules that hold, at all times, what importing gives."""
    if not facts.modules:
        return facts
    facts = replace(facts, modules=_with_late_ones(facts))
    kept = _unsettled(facts)
    for statement in facts.statements:
        for name in [name for name in statement.reads if OF_MODULE in name and name not in kept]:
            statement.reads.discard(name)
            statement.read_bindings.pop(name, None)
    return replace(facts, sections=tuple(_without(section, kept) for section in facts.sections))


def _with_late_ones(facts: NotebookFacts) -> dict[str, ModuleFacts]:
    """Let no task import a module anew that a function imports first and that saw then what may be otherwise later."""
    kept = _unsettled(facts)

    def is_late(module: ModuleFacts) -> bool:
        importing = facts.statements[module.imported_by]
        if any(not importing.files_read.isdisjoint(s.files_written) for s in facts.statements[importing.index + 1 :]):
            return True  # it would read another text
        return importing.kind != "import" and not module.reads.isdisjoint(kept)

    return {
        path: replace(module, is_noisy=True) if is_late(module) else module for path, module in facts.modules.items()
    }


def _unsettled(facts: NotebookFacts) -> set[str]:
    bindings: dict[str, list[Binding]] = {}
    for section in facts.sections:
        for name, binding in section.after.items():
            if OF_MODULE in name:
                bindings.setdefault(name, []).append(binding)
    noisy = {path for path, module in facts.modules.items() if module.is_noisy}
    return {name for name, found in bindings.items() if name.rpartition(OF_MODULE)[0] in noisy or _moves(facts, found)}


def _moves(facts: NotebookFacts, bindings: Iterable[Binding]) -> bool:
    return any(b.defs != IMPORTED or any(map(_is_told, facts.heap.reach(b.value))) for b in bindings)


def _is_told(obj: Obj) -> bool:
    return bool(obj.changed or obj.compared_by or obj.order_seen_by or obj.finalized)


def _without(section: SectionFacts, kept: set[str]) -> SectionFacts:
    def counts(name: str) -> bool:
        return OF_MODULE not in name or name in kept

    return replace(
        section,
        uses={name: number for name, number in section.uses.items() if counts(name)},
        binds={name: certain for name, certain in section.binds.items() if counts(name)},
        after={name: binding for name, binding in section.after.items() if counts(name)},
    )
