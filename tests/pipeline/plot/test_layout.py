"""A layout is readable: nothing overlaps, arrows go down, the same drawing is drawn the same."""

from __future__ import annotations

import itertools
import random

import pytest

from soorgeon_clone.pipeline.plot.layout import place
from soorgeon_clone.pipeline.plot.mermaid import mermaid_of
from soorgeon_clone.pipeline.plot.model import Arrow, Box, Drawing


def drawing(*edges: str, alone: str = "") -> Drawing:
    """``"a-b"``: b needs a."""
    pairs = [edge.split("-") for edge in edges]
    names = dict.fromkeys([name for pair in pairs for name in pair] + alone.split())
    return Drawing(tuple(Box(name, "stale") for name in names), tuple(Arrow(a, b, "x, y") for a, b in pairs))


def graph(seed: int) -> Drawing:
    chance = random.Random(seed)
    names = [f"task-{number}" * chance.choice([1, 2]) for number in range(chance.randrange(2, 30))]
    arrows = [
        Arrow(one, other, "df") for one, other in itertools.combinations(names, 2) if chance.random() < 2.0 / len(names)
    ]
    return Drawing(tuple(Box(name, "up to date", "1 s") for name in names), tuple(arrows))


DRAWINGS = {
    "one": drawing(alone="a"),
    "none": Drawing((), ()),
    "chain": drawing("a-b", "b-c"),
    "diamond": drawing("a-b", "a-c", "b-d", "c-d", "a-d"),
    "apart": drawing("a-b", "c-d", alone="e f"),
    **{f"random {seed}": graph(seed) for seed in range(12)},
}


@pytest.mark.parametrize("drawn", DRAWINGS.values(), ids=DRAWINGS)
def test_layouts(drawn: Drawing) -> None:
    layout = place(drawn)
    at = {box.box.name: box for box in layout.boxes}
    assert len(at) == len(drawn.boxes)
    for one, other in itertools.combinations(layout.boxes, 2):
        apart_x = abs(one.x - other.x) >= (one.width + other.width) / 2
        apart_y = abs(one.y - other.y) >= (one.height + other.height) / 2
        assert apart_x or apart_y, (one.box.name, other.box.name)
    for box in layout.boxes:
        assert box.width / 2 <= box.x <= layout.width - box.width / 2
        assert box.height / 2 <= box.y <= layout.height - box.height / 2
    for arrow in layout.arrows:
        ys = [y for _, y in arrow.points]
        assert ys == sorted(ys)
        assert arrow.points[0][0] == at[arrow.arrow.source].x
        assert arrow.points[-1][0] == at[arrow.arrow.target].x
    labels = [(arrow.label_at, len(arrow.arrow.label) * 6.1) for arrow in layout.arrows]
    for ((x, y), width), ((x2, y2), width2) in itertools.combinations(labels, 2):
        assert abs(x - x2) >= (width + width2) / 2 or abs(y - y2) >= 15, "one label covers another"
    for (x, y), width in labels:
        assert width / 2 <= x <= layout.width - width / 2
        assert not any(abs(y - box.y) < box.height / 2 + 7 for box in layout.boxes), "a label stands in a gap"
    assert place(drawn) == layout


def test_crossings_are_avoided() -> None:
    layout = place(drawing("a-y", "b-x", alone="x y"))
    at = {box.box.name: box.x for box in layout.boxes}
    assert (at["a"] < at["b"]) == (at["y"] < at["x"])


def test_a_thousand_tasks_are_placed() -> None:
    names = [f"t{number}" for number in range(1000)]
    arrows = [Arrow(names[(number - 1) // 3], names[number]) for number in range(1, 1000)]
    assert len(place(Drawing(tuple(Box(name, "stale") for name in names), tuple(arrows))).boxes) == 1000


def test_mermaid_escapes_what_it_would_read() -> None:
    text = mermaid_of(Drawing((Box('say "hi" [x]', "failed"),), ()))
    assert 't0["say #34;hi#34; #91;x#93;"]:::failed' in text
