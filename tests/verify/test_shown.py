"""Outputs of two cells: the same to a reader, or not, and in what."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest

from soorgeon_clone.verify.model import Tolerance
from soorgeon_clone.verify.shown import shift, shown


def out(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def rich(**data: Any) -> dict[str, Any]:
    kinds = {"plain": "text/plain", "html": "text/html", "png": "image/png", "svg": "image/svg+xml"}
    return {"output_type": "display_data", "data": {kinds[kind]: value for kind, value in data.items()}, "metadata": {}}


def picture(dot: tuple[int, int] | None = None, *, size: int = 40, level: int = 0) -> str:
    from PIL import Image

    image = Image.new("RGB", (size, size), (250, 250, 250))
    if dot is not None:
        for x in range(8):
            for y in range(8):
                image.putpixel((dot[0] + x, dot[1] + y), (level, 0, 0))
    file = io.BytesIO()
    image.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


SAME: dict[str, tuple[list[Any], list[Any]]] = {
    "addresses": ([out("<A object at 0x7f11aabbccdd>")], [out("<A object at 0x7f99aabbccdd>")]),
    "where a class was defined": ([out("<class '__main__.A'>")], [out("<class 'exported.A'>")]),
    "times": ([out("CPU times: user 3 ms\nWall time: 8 ms")], [out("CPU times: user 1 ms\nWall time: 2.3 s")]),
    "timeit": (
        [out("1.2 ms ± 30 µs per loop (mean ± std. dev. of 7 runs, 10 loops each)")],
        [out("1.5 ms ± 90 ns per loop (mean ± std. dev. of 7 runs, 1,000 loops each)")],
    ),
    "progress bars": (
        [out("50%|##  | 1/2 [00:01<00:01,  1.2it/s]\r100%|####| 2/2 [00:02<00:00,  1.1it/s]\n", "stderr")],
        [out("100%|####| 2/2 [00:00<00:00, 99.1it/s]\n", "stderr")],
    ),
    "a line written over": ([out("step 1\rstep 2\rdone\n")], [out("done\n")]),
    "warnings": ([out("x.py:1: UserWarning: no\n", "stderr")], []),
    "streams in other pieces": ([out("a\n"), out("b\n")], [out("a\nb\n")]),
    "colours": ([out("\x1b[31mred\x1b[0m")], [out("red")]),
    "folders": ([out("/tmp/one/x.csv")], [out("/tmp/two/x.csv")]),
    "ids of a drawing": ([rich(svg='<g id="p1"/>')], [rich(svg='<g id="p2"/>')]),
    "ids of estimators": ([rich(html="sk-container-id-1")], [rich(html="sk-container-id-7")]),
    "pixels that nobody sees": ([rich(png=picture((3, 3), level=100))], [rich(png=picture((3, 3), level=103))]),
}


@pytest.mark.parametrize("name", SAME)
def test_the_same(name: str) -> None:
    one, other = SAME[name]
    folders = ["/tmp/one", "/tmp/two"]
    assert shift(shown(one, folders), shown(other, folders), Tolerance()) is None


OTHER: dict[str, tuple[list[Any], list[Any], str, str, str]] = {
    "a line": ([out("a\nb\n")], [out("a\nc\n")], "prints another line 2", "b", "c"),
    "nothing": ([out("a")], [], "does not show something", "a", "(nothing)"),
    "more": ([], [rich(plain="3")], "shows something more", "(nothing)", "3"),
    "a kind": ([out("a")], [rich(plain="a")], "shows something of another kind", "a", "a"),
    "an image": (
        [rich(png=picture((3, 3)))],
        [rich(png=picture((20, 3)))],
        "shows another image: 8.00% of the pixels differ",
        "",
        "",
    ),
    "an image's size": (
        [rich(png=picture())],
        [rich(png=picture(size=20))],
        "shows another image: 40 x 40 pixels became 20 x 20",
        "",
        "",
    ),
    "a drawing": ([rich(svg='<g id="p1"><a/></g>')], [rich(svg='<g id="p1"><b/></g>')], "shows another line 1", "", ""),
    "a long line": ([out("x" * 500 + "a")], [out("x" * 500 + "b")], "prints another line 1", "", ""),
}


@pytest.mark.parametrize("name", OTHER)
def test_something_else(name: str) -> None:
    one, other, what, left, right = OTHER[name]
    found = shift(shown(one), shown(other), Tolerance())
    assert found is not None and found.what == what
    assert len(found.one) <= 310
    if left:
        assert (found.one, found.other) == (left, right)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1.0000000001 a", "1.0 a", True),
        ("1.1 a", "1.0 a", False),
        ("1.0 a", "1.0 b", False),
        ("[1.  2.]", "[1. 2.]", True),
    ],
)
def test_tolerance_for_printed_numbers(one: str, other: str, same: bool) -> None:
    assert (shift(shown([out(one)]), shown([out(other)]), Tolerance(rtol=1e-6)) is None) is same
