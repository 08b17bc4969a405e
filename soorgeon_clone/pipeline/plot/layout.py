"""Drawing -> Layout: tasks in layers from top to bottom, few crossings, short arrows (Sugiyama's method, simply).

1. a task's layer is the length of the longest way to it; arrows over several layers get a bend in each
2. within layers, the order is improved by sweeps: each node goes to the mean position of its neighbours
3. x coordinates: as near to the neighbours as the order and the sizes allow
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

from soorgeon_clone.pipeline.plot.model import Drawing, Layout, PlacedArrow, PlacedBox

_CHARACTER = 7.4
_HEIGHT = 44.0
_GAP_X = 32.0
_GAP_Y = 58.0
_MARGIN = 20.0
_SWEEPS = 8


@dataclass
class _Node:
    """A box, or the bend of an arrow (then ``name`` is None)."""

    name: str | None
    layer: int
    width: float
    order: int = 0
    x: float = 0.0
    above: list[_Node] = field(default_factory=list)
    below: list[_Node] = field(default_factory=list)


def place(drawing: Drawing) -> Layout:
    """The drawing with coordinates. The same drawing gets the same coordinates."""
    layer_of = _layers(drawing)
    nodes = {
        box.name: _Node(box.name, layer_of[box.name], max(70.0, 24 + _CHARACTER * max(len(box.name), len(box.note))))
        for box in drawing.boxes
    }
    layers: list[list[_Node]] = [[] for _ in range(max(layer_of.values(), default=-1) + 1)]
    for node in nodes.values():
        layers[node.layer].append(node)
    bends = [_bends(nodes[arrow.source], nodes[arrow.target], arrow.label, layers) for arrow in drawing.arrows]
    _order(layers)
    _spread(layers)
    return _finish(drawing, nodes, bends)


def _layers(drawing: Drawing) -> dict[str, int]:
    upstream: dict[str, list[str]] = {box.name: [] for box in drawing.boxes}
    for arrow in drawing.arrows:
        upstream[arrow.target].append(arrow.source)
    layer: dict[str, int] = {}
    for box in drawing.boxes:  # in the DAG's order, so what is needed has its layer already
        layer[box.name] = max((layer[name] + 1 for name in upstream[box.name]), default=0)
    return layer


def _bends(source: _Node, target: _Node, label: str, layers: list[list[_Node]]) -> list[_Node]:
    chain = [source]
    for layer in range(source.layer + 1, target.layer):
        bend = _Node(None, layer, 8.0)
        layers[layer].append(bend)
        chain.append(bend)
    chain.append(target)
    for upper, lower in itertools.pairwise(chain):
        upper.below.append(lower)
        lower.above.append(upper)
    return chain


def _order(layers: list[list[_Node]]) -> None:
    _number(layers)
    best = [list(layer) for layer in layers]
    fewest = _crossings(layers)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        down = sweep % 2 == 0
        for layer in layers if down else reversed(layers):
            layer.sort(key=lambda node: _mean(node.above if down else node.below, node.order))
            for position, node in enumerate(layer):
                node.order = position
        crossings = _crossings(layers)
        if crossings < fewest:
            fewest, best = crossings, [list(layer) for layer in layers]
    for layer, ordered in zip(layers, best, strict=True):
        layer[:] = ordered
    _number(layers)


def _number(layers: list[list[_Node]]) -> None:
    for layer in layers:
        for position, node in enumerate(layer):
            node.order = position


def _mean(neighbours: list[_Node], otherwise: int) -> float:
    return sum(node.order for node in neighbours) / len(neighbours) if neighbours else float(otherwise)


def _crossings(layers: list[list[_Node]]) -> int:
    count = 0
    for layer in layers:
        pairs = [(node.order, below.order) for node in layer for below in node.below]
        if len(pairs) > 2000:
            return 1  # too many to count; sweep on
        pairs.sort()
        count += sum(
            one[1] > other[1] for index, one in enumerate(pairs) for other in pairs[index + 1 :] if one[0] < other[0]
        )
    return count


def _spread(layers: list[list[_Node]]) -> None:
    for layer in layers:
        x = 0.0
        for node in layer:
            node.x = x + node.width / 2
            x += node.width + _GAP_X
        for node in layer:
            node.x -= (x - _GAP_X) / 2
    for turn in range(_SWEEPS):
        down = turn % 2 == 0
        for layer in layers if down else reversed(layers):
            wanted = [_wanted(node, down=down) for node in layer]
            for node, x in zip(layer, _without_overlap(layer, wanted), strict=True):
                node.x = x


def _wanted(node: _Node, *, down: bool) -> float:
    near = (node.above or node.below) if down else (node.below or node.above)
    return sum(one.x for one in near) / len(near) if near else node.x


def _without_overlap(layer: list[_Node], wanted: list[float]) -> list[float]:
    """Positions nearest to the wanted ones that keep the order and the gaps: blocks that touch move as one."""
    blocks: list[tuple[float, int]] = []  # (sum of wanted positions of the first node, count)
    offsets = [0.0]
    for left, right in itertools.pairwise(layer):
        offsets.append(offsets[-1] + (left.width + right.width) / 2 + _GAP_X)
    for x, offset in zip(wanted, offsets, strict=True):
        total, count = x - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / count:
            before, number = blocks.pop()
            total, count = total + before, count + number
        blocks.append((total, count))
    starts = [total / count for total, count in blocks for _ in range(count)]
    return [start + offset for start, offset in zip(starts, offsets, strict=True)]


def _finish(drawing: Drawing, nodes: Mapping[str, _Node], bends: list[list[_Node]]) -> Layout:
    everything = [node for chain in bends for node in chain] + list(nodes.values())
    left = min((node.x - node.width / 2 for node in everything), default=0.0) - _MARGIN
    right = max((node.x + node.width / 2 for node in everything), default=0.0) + _MARGIN
    for chain, arrow in zip(bends, drawing.arrows, strict=True):
        middle = (chain[0].x + chain[1].x) / 2
        left = min(left, middle - len(arrow.label) * 3.2 - 4)
        right = max(right, middle + len(arrow.label) * 3.2 + 4)
    depth = max((node.layer for node in nodes.values()), default=0)

    def top(layer: int) -> float:
        return _MARGIN + layer * (_HEIGHT + _GAP_Y)

    boxes = tuple(
        PlacedBox(
            box, nodes[box.name].x - left, top(nodes[box.name].layer) + _HEIGHT / 2, nodes[box.name].width, _HEIGHT
        )
        for box in drawing.boxes
    )
    arrows = []
    for chain, arrow in zip(bends, drawing.arrows, strict=True):
        points = [(chain[0].x - left, top(chain[0].layer) + _HEIGHT)]
        for bend in chain[1:-1]:
            points += [(bend.x - left, top(bend.layer)), (bend.x - left, top(bend.layer) + _HEIGHT)]
        points.append((chain[-1].x - left, top(chain[-1].layer)))
        # The label stands by the arrow's end, where arrows from one task have parted.
        (x0, y0), (x1, y1) = points[-2], points[-1]
        arrows.append(PlacedArrow(arrow, tuple(points), (x0 + (x1 - x0) * 0.6, y0 + (y1 - y0) * 0.55)))
    return Layout(boxes, tuple(arrows), right - left, top(depth) + _HEIGHT + _MARGIN)
