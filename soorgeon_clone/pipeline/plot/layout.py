"""Drawing -> PlacedDrawing: tasks in layers from top to bottom, few crossings, short arrows (Sugiyama, simply).

1. a task's layer is the length of the longest way to it; arrows over several layers get a bend in each
2. within layers, the order is improved by sweeps: each node goes to the mean position of its neighbours
3. x coordinates: as near to the neighbours as the order and the sizes allow
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from soorgeon_clone.pipeline.plot.model import Drawing, PlacedArrow, PlacedBox, PlacedDrawing, width

_CHARACTER = 7.4
_HEIGHT = 44.0
_GAP_X = 32.0
_GAP_Y = 58.0
_FIRST_ROW = 31.0  # from a gap's top to the middle of its first labels
_ROW = 18.0  # from one row of labels to the next
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


def place(drawing: Drawing) -> PlacedDrawing:
    """The drawing with coordinates. The same drawing gets the same coordinates."""
    layer_of = _layers(drawing)
    nodes = {
        box.name: _Node(
            box.name, layer_of[box.name], max(70.0, 24 + _CHARACTER * max(width(box.name), width(box.note)))
        )
        for box in drawing.boxes
    }
    layers: list[list[_Node]] = [[] for _ in range(max(layer_of.values(), default=-1) + 1)]
    for node in nodes.values():
        layers[node.layer].append(node)
    bends = [_bends(nodes[arrow.source], nodes[arrow.target], layers) for arrow in drawing.arrows]
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


def _bends(source: _Node, target: _Node, layers: list[list[_Node]]) -> list[_Node]:
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


def _finish(drawing: Drawing, nodes: Mapping[str, _Node], bends: list[list[_Node]]) -> PlacedDrawing:
    depth = max((node.layer for node in nodes.values()), default=0)
    tops, y = [_MARGIN], _MARGIN
    labels: list[tuple[float, float]] = [(0.0, 0.0)] * len(bends)
    for layer in range(1, depth + 1):
        # A label stands in the gap above the arrow's end, where arrows from one task have parted.
        here = [index for index, chain in enumerate(bends) if chain[-1].layer == layer]
        y += _HEIGHT
        gap, places = _label_places([(bends[i][-2].x, bends[i][-1].x, drawing.arrows[i].label) for i in here])
        for index, (x, down) in zip(here, places, strict=True):
            labels[index] = x, y + down
        y += gap
        tops.append(y)

    everything = [(node.x, node.width) for chain in bends for node in chain]
    everything += [(node.x, node.width) for node in nodes.values()]
    everything += [(x, _label_width(arrow.label)) for (x, _), arrow in zip(labels, drawing.arrows, strict=True)]
    left = min((x - width / 2 for x, width in everything), default=0.0) - _MARGIN
    right = max((x + width / 2 for x, width in everything), default=0.0) + _MARGIN

    boxes = []
    for box in drawing.boxes:
        node = nodes[box.name]
        boxes.append(PlacedBox(box, node.x - left, tops[node.layer] + _HEIGHT / 2, node.width, _HEIGHT))
    arrows = []
    for chain, arrow, (x, y_label) in zip(bends, drawing.arrows, labels, strict=True):
        points = [(chain[0].x - left, tops[chain[0].layer] + _HEIGHT)]
        for bend in chain[1:-1]:
            points += [(bend.x - left, tops[bend.layer]), (bend.x - left, tops[bend.layer] + _HEIGHT)]
        points.append((chain[-1].x - left, tops[chain[-1].layer]))
        arrows.append(PlacedArrow(arrow, tuple(points), (x - left, y_label)))
    return PlacedDrawing(tuple(boxes), tuple(arrows), right - left, tops[depth] + _HEIGHT + _MARGIN)


def _label_width(label: str) -> float:
    return width(label) * 6.4 + 8


def _label_places(arrows: Sequence[tuple[float, float, str]]) -> tuple[float, list[tuple[float, float]]]:
    """Return the height of a gap, and where in it each label stands: on its arrow, in a row where it covers no other.

    ``arrows`` are x at the upper and the lower end of the gap, and the label; places are x, and y from the gap's top.
    """
    places = [(lower, 0.0) for _, lower, _ in arrows]
    todo = sorted((i for i, arrow in enumerate(arrows) if arrow[2]), key=lambda i: arrows[i][0] + arrows[i][1])
    for rows in itertools.count(1):
        gap = _GAP_Y + (rows - 1) * _ROW
        taken: list[list[tuple[float, float]]] = [[] for _ in range(rows)]
        for index in todo:
            upper, lower, label = arrows[index]
            half = _label_width(label) / 2
            for row, others in enumerate(taken):
                down = _FIRST_ROW + row * _ROW
                x = _x_at(upper, lower, down / gap)
                if all(x + half < start or end < x - half for start, end in others):
                    others.append((x - half, x + half))
                    places[index] = x, down
                    break
            else:
                break
        else:
            return gap, places
    raise AssertionError("as many rows as labels are enough")


def _x_at(upper: float, lower: float, share: float) -> float:
    """Return the x of the curve that leaves and arrives vertically, at a share of its height."""

    def height(t: float) -> float:
        return 1.5 * t - 1.5 * t**2 + t**3

    low, high = 0.0, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if height(middle) < share else (low, middle)
    return upper + (lower - upper) * (3 * low**2 - 2 * low**3)
