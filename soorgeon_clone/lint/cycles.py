"""A graph -> its cycles, as groups of nodes that all reach each other (Tarjan, without recursion)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def cycles(graph: Mapping[int, Iterable[int]]) -> list[frozenset[int]]:
    """Return the groups of two or more nodes in which each reaches each."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    waiting: list[int] = []
    on_stack: set[int] = set()
    found: list[frozenset[int]] = []
    for root in graph:
        if root in index:
            continue
        work = [(root, iter(sorted(graph.get(root, ()))))]
        index[root] = low[root] = len(index)
        waiting.append(root)
        on_stack.add(root)
        while work:
            node, targets = work[-1]
            target = next(targets, None)
            if target is not None:
                if target not in index:
                    index[target] = low[target] = len(index)
                    waiting.append(target)
                    on_stack.add(target)
                    work.append((target, iter(sorted(graph.get(target, ())))))
                elif target in on_stack:
                    low[node] = min(low[node], index[target])
                continue
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[node])
            if low[node] == index[node]:
                group: list[int] = []
                while not group or group[-1] != node:
                    group.append(waiting.pop())
                    on_stack.discard(group[-1])
                if len(group) > 1:
                    found.append(frozenset(group))
    return found
