"""What must come before what -> which things may stay where they are, and a full order with as few moves as possible.

Two things are *at odds* when they stand in the wrong order. Those that may stay together are a set without two at
odds. Being at odds is itself a partial order, so a largest such set is a largest antichain, which a matching gives
(Dilworth's theorem; R. P. Dilworth, A decomposition theorem for partially ordered sets, 1950).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def closure(before: Mapping[int, set[int]]) -> list[int]:
    """Return for each thing, as bits, all that must come before it through any number of steps (no cycles)."""
    reach = [0] * len(before)
    done: set[int] = set()
    for root in before:
        stack = [root]
        while stack:
            thing = stack[-1]
            waiting = [other for other in before[thing] if other not in done]
            if waiting and thing not in done:
                stack += waiting
                continue
            stack.pop()
            if thing not in done:
                done.add(thing)
                for other in before[thing]:
                    reach[thing] |= reach[other] | 1 << other
    return reach


def fewest_moves(reach: Sequence[int]) -> list[int]:
    """Return a largest set of things that are in the right order among themselves, by position."""
    size = len(reach)
    # at_odds[i]: the j > i that must come before i
    at_odds = [[j for j in range(i + 1, size) if reach[i] >> j & 1] for i in range(size)]
    matched_left: list[int] = [-1] * size  # i -> j
    matched_right: list[int] = [-1] * size  # j -> i
    for start in range(size):
        _augment(start, at_odds, matched_left, matched_right)
    # König: a smallest cover of all pairs at odds is what an alternating walk from free left ends does not reach.
    left_seen = {i for i in range(size) if matched_left[i] < 0}
    right_seen: set[int] = set()
    waiting = list(left_seen)
    while waiting:
        for j in at_odds[waiting.pop()]:
            if j not in right_seen:
                right_seen.add(j)
                i = matched_right[j]
                if i >= 0 and i not in left_seen:
                    left_seen.add(i)
                    waiting.append(i)
    return [i for i in range(size) if i in left_seen and i not in right_seen]


def _augment(start: int, edges: Sequence[Sequence[int]], left: list[int], right: list[int]) -> None:
    """Find a path that makes the matching larger, breadth first, and flip it."""
    came_from: dict[int, int] = {}  # right end -> left end
    waiting = [start]
    for i in waiting:
        for j in edges[i]:
            if j in came_from:
                continue
            came_from[j] = i
            if right[j] < 0:
                while True:
                    i = came_from[j]
                    previous = left[i]
                    left[i], right[j] = j, i
                    if i == start:
                        return
                    j = previous
            waiting.append(right[j])


def merged(reach: Sequence[int], staying: Sequence[int]) -> tuple[int, ...]:
    """Return a full order: what stays keeps its order; what moves comes right before it is needed, or else as soon as
    all that it needs is there."""
    placed: list[int] = []
    bits = 0
    stays = set(staying)
    needed = 0
    for thing in staying:
        needed |= reach[thing]
    moving = [thing for thing in range(len(reach)) if thing not in stays]

    def place(thing: int) -> None:
        nonlocal bits
        placed.append(thing)
        bits |= 1 << thing

    def place_ready(last: int) -> None:
        """Place what nothing that stays needs, once its last requirement is there (or its own place has come)."""
        again = True
        while again:
            again = False
            for mover in moving:
                free = not (bits >> mover & 1) and not (reach[mover] & ~bits) and not (needed >> mover & 1)
                if free and (reach[mover] or mover < last):
                    place(mover)
                    again = True

    for thing in staying:
        for mover in _sorted_by_need(reach, [m for m in moving if reach[thing] >> m & 1 and not bits >> m & 1]):
            if not bits >> mover & 1:
                place(mover)
        place(thing)
        place_ready(thing)
    for mover in _sorted_by_need(reach, moving):
        if not bits >> mover & 1:
            place(mover)
    return tuple(placed)


def _sorted_by_need(reach: Sequence[int], things: Sequence[int]) -> list[int]:
    """Return things so that each comes behind all that it needs, otherwise in their own order."""
    return sorted(things, key=lambda thing: (bin(reach[thing]).count("1"), thing))
