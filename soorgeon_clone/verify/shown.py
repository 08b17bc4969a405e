"""Outputs of a cell -> what a reader sees of them, without times and addresses; and where those of two cells part."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from soorgeon_clone.verify.images import image_difference
from soorgeon_clone.verify.likeness import same_float
from soorgeon_clone.verify.model import Tolerance

_TIME = r"[\d.,]+ ?(?:ns|[uµμ]s|ms|s|sec|seconds|min|h)\b"
NOISE: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\x1b\[[0-9;?]*[A-Za-z]", ""),
        (r"\b0x[0-9a-fA-F]{6,}\b", "0x..."),
        (r"(?<=\bid=)\d{9,}", "..."),
        (r"\b(__main__|exported)\.(?=[A-Za-z_])", ""),
        (r"CPU times:.*", "CPU times"),
        (r"Wall time:.*", "Wall time"),
        (r"Compiler\s*:.*", "Compiler"),
        (rf"{_TIME}(?: {_TIME})? ± .*? per loop \(mean ± std\. dev\. of [^)]*\)", "timing"),
        (rf"{_TIME} per loop", "timing"),
        (r"peak memory: .*", "peak memory"),
        (r"(?:/[\w.-]+)*/ipykernel_\d+/\d+\.py", "<cell>"),
        (r"<ipython-input-[^>]*>", "<cell>"),
        (r"(?<=Cell In)\[\d+\]", ""),
        (r"(sk-(?:container-id|estimator-id|cont)-)\d+(?:-[0-9a-f-]+)?", r"\1n"),
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "uuid"),
        (r"T_[0-9a-f]{5}", "T_style"),
        # Bokeh and Panel number the parts of a drawing and what it is made of through a process, and draw lots for the
        # names of their connections; matplotlib's SVG holds the date and random names
        (r"(?<=[\"'])p\d{4,}(?=[\"'])", "p"),
        (r"([\"']?name[\"']? ?[:=] ?[\"'][A-Z]\w*?)\d{5}(?=[\"'])", r"\1"),
        (r"(\[\[)\d{15}(?=,)", r"\1"),
        (r"(data:image/svg\+xml;base64,)[\w+/=]+", r"\1"),
        (r"(comm_id\"?[:=] ?[\"'])[0-9a-f]{32}", r"\1"),
        (r"(Date:\s+)\w{3}, (?:\d\d \w{3}|\w{3} \d\d) \d{4}", r"\1today"),  # tables of statsmodels and arch
        (r"(Time:\s+)\d\d:\d\d:\d\d", r"\1now"),
        (r"(<th>(?:Date|Time):</th>\s*<td[^>]*>)[^<]*", r"\1now"),
        (r"(\\textbf\{(?:Date|Time):\}\s*&)[^&]*", r"\1now"),
    )
)
_PROGRESS = re.compile(r"(\d+%\|)|(it/s)|(s/it)|(?:^|\s)\d+/\d+ [\[━=]")
_NUMBER = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?")
_DRAWING_IDS = re.compile(r'\b(?:id|href|xlink:href)="[^"]*"|url\(#[^)]*\)|<dc:date>[^<]*</dc:date>')
_LAYOUT_ONLY = ("application/vnd.jupyter.widget-view+json", "application/vnd.holoviews_load.v0+json")
_CUT = 300


@dataclass(frozen=True)
class Piece:
    """One thing that a cell showed: ``kind`` is stdout, stderr, error or a MIME type."""

    kind: str
    content: str | bytes


@dataclass(frozen=True)
class Shift:
    """Where the outputs of two cells part."""

    what: str
    one: str
    other: str
    kind: str


def quiet(text: str, folders: Iterable[str] = ()) -> str:
    """Return ``text`` without addresses, times, folders and what a progress bar wrote over."""
    for folder in folders:
        text = text.replace(folder, "<folder>")
    for pattern, replacement in NOISE:
        text = pattern.sub(replacement, text)
    lines = (line.rstrip().rsplit("\r", 1)[-1] for line in text.split("\n"))
    return "\n".join(lines).rstrip("\n")


def shown(outputs: Sequence[Mapping[str, Any]], folders: Iterable[str] = ()) -> tuple[Piece, ...]:
    """Return what outputs show: in order, standard error last, without warnings and progress bars.

    A warning comes once in a process, so a task of its own may rightly repeat one.
    """
    folders = tuple(sorted(folders, key=len, reverse=True))
    pieces: list[Piece] = []
    printed: list[str] = []
    errors: list[str] = []

    def settle() -> None:
        text = "\n".join(line for line in quiet("".join(printed), folders).split("\n") if not _PROGRESS.search(line))
        if text.strip():
            pieces.append(Piece("stdout", text))
        printed.clear()

    for output in outputs:
        kind = output["output_type"]
        if kind == "stream":
            (errors if output.get("name") == "stderr" else printed).append(_text(output["text"]))
            continue
        settle()
        if kind == "error":
            pieces.append(Piece("error", quiet(f"{output['ename']}: {output['evalue']}", folders)))
        elif not any(mime in _LAYOUT_ONLY for mime in output.get("data", {})):
            pieces.extend(_rich(output["data"], folders))
    settle()
    said = quiet("".join(errors), folders)
    if said.strip() and "Warning" not in said and not _PROGRESS.search(said):
        pieces.append(Piece("stderr", said))
    return tuple(pieces)


def outputs_differ(
    notebook: Sequence[Mapping[str, Any]],
    pipeline: Sequence[Mapping[str, Any]],
    folders: Iterable[str],
    tolerance: Tolerance,
) -> Shift | None:
    """Return where the outputs of two cells first show something else, None if they show the same."""
    counted = [[{**output, "execution_count": None} for output in outputs] for outputs in (notebook, pipeline)]
    if counted[0] == counted[1]:
        return None
    folders = list(folders)
    return shift(shown(notebook, folders), shown(pipeline, folders), tolerance)


def shift(notebook: Sequence[Piece], pipeline: Sequence[Piece], tolerance: Tolerance) -> Shift | None:
    """Return where two cells first show something else, None if they show the same."""
    for one, other in zip(notebook, pipeline, strict=False):
        if one.kind != other.kind:
            return Shift("shows something of another kind", excerpt(one), excerpt(other), one.kind)
        if isinstance(one.content, bytes) and isinstance(other.content, bytes):
            if problem := image_difference(one.content, other.content, tolerance.pixels):
                return Shift(f"shows another image: {problem}", excerpt(one), excerpt(other), one.kind)
        elif not same_text(str(one.content), str(other.content), tolerance.rtol):
            row, left, right = _first_line(str(one.content), str(other.content))
            name = {"stdout": "prints", "stderr": "prints (standard error)"}.get(one.kind, "shows")
            return Shift(f"{name} another line {row}", left, right, one.kind)
    if len(notebook) != len(pipeline):
        longer = notebook if len(notebook) > len(pipeline) else pipeline
        piece = longer[min(len(notebook), len(pipeline))]
        nothing, something = "(nothing)", excerpt(piece)
        if longer is notebook:
            return Shift("does not show something", something, nothing, piece.kind)
        return Shift("shows something more", nothing, something, piece.kind)
    return None


def same_text(one: str, other: str, rtol: float) -> bool:
    """Tell whether two texts are the same, but for numbers that are ``rtol`` apart."""
    if one == other:
        return True
    if rtol <= 0 or _NUMBER.sub("#", one).split() != _NUMBER.sub("#", other).split():
        return False
    pairs = zip(_NUMBER.findall(one), _NUMBER.findall(other), strict=True)
    return all(a == b or same_float(float(a), float(b), rtol) for a, b in pairs)


def _rich(data: Mapping[str, Any], folders: Iterable[str]) -> Iterable[Piece]:
    for mime in sorted(data):
        value = data[mime]
        if mime in ("image/png", "image/jpeg"):
            yield Piece(mime, _decoded(_text(value)))
        elif mime == "image/svg+xml":
            yield Piece(mime, _DRAWING_IDS.sub("", quiet(_text(value), folders)))
        else:
            yield Piece(mime, quiet(_text(value) if isinstance(value, (str, list)) else repr(value), folders))


def _text(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else "".join(value)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:
        return text.encode()


def excerpt(piece: Piece) -> str:
    """Return the beginning of what a piece shows, for messages."""
    if isinstance(piece.content, bytes):
        return f"({piece.kind}, {len(piece.content):,} bytes)"
    text = piece.content.strip("\n")
    return text if len(text) <= _CUT else text[: _CUT - 3] + "..."


def _first_line(one: str, other: str) -> tuple[int, str, str]:
    mine, theirs = one.split("\n"), other.split("\n")
    for row in range(max(len(mine), len(theirs))):
        left = mine[row] if row < len(mine) else "(nothing)"
        right = theirs[row] if row < len(theirs) else "(nothing)"
        if left != right:
            return row + 1, *_around(left, right)
    return 1, one[:_CUT], other[:_CUT]


def _around(one: str, other: str) -> tuple[str, str]:
    """Cut two long lines to the place where they part."""
    if max(len(one), len(other)) <= _CUT:
        return one, other
    same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    start = max(0, same - 60)
    left, right = (("..." if start else "") + line[start : start + _CUT] for line in (one, other))
    return left, right
