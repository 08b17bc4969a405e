"""Outputs of a cell -> what a reader sees of them, without addresses, timings and folders; and the first difference."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# What changes from run to run, or between a notebook and a script, without meaning anything.
NOISE: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        (r"\x1b\[[0-9;]*m", ""),
        (r"\b0x[0-9a-fA-F]{6,}\b", "0x"),
        (r"(?<=\bid=)\d{9,}", "0"),
        (r"\b(__main__|exported|builtins)\.(?=[A-Za-z_])", ""),
        (r"CPU times:.*", "CPU times"),
        (r"Wall time:.*", "Wall time"),
        (r"Compiler\s*:.*", "Compiler"),
        (r"[\d.,]+ (?:ns|[uµμ]s|ms|s|min)(?: \d+ \w+)? ± .*? per loop \(mean ± std\. dev\. of [^)]*\)", "timing"),
        (r"[\d.,]+ (?:ns|[uµμ]s|ms|s) per loop", "timing"),
        (r"peak memory: .*", "peak memory"),
        (r"(?:/[\w.-]+)*/ipykernel_\d+/\d+\.py", "<cell>"),
        (r"<ipython-input-[^>]*>", "<cell>"),
        (r"(sk-(?:container-id|estimator-id|cont)-)\d+(?:-[0-9a-f-]+)?", r"\1n"),
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "uuid"),
        (r"T_[0-9a-f]{5}", "T_style"),
        (r"(?<=\btable)\d{9,}", "n"),  # astropy: the address of the table
        (r"(altair-viz-)[0-9a-f]{32}", r"\1n"),
        # Bokeh and Panel number the parts of a drawing and what it is made of through a process, and draw lots for the
        # names of their connections; matplotlib's SVG holds the date and random names
        (r"(?<=[\"'])p\d{4,}(?=[\"'])", "p"),
        (r"([\"']?name[\"']? ?[:=] ?[\"'][A-Z]\w*?)\d{5}(?=[\"'])", r"\1"),
        (r"(\[\[)\d{15}(?=,)", r"\1"),
        (r"(data:image/svg\+xml;base64,)[\w+/=]+", r"\1"),
        (r"(comm_id\"?[:=] ?[\"'])[0-9a-f]{32}", r"\1"),
    )
)
# statsmodels and others print when a table was made
CLOCK = (
    (re.compile(r"(Date:\s+)\w{3}, \d\d \w{3} \d{4}"), r"\1today"),
    (re.compile(r"(Time:\s+)\d\d:\d\d:\d\d"), r"\1now"),
    (re.compile(r"(<th>(?:Date|Time):</th>\s*<td[^>]*>)[^<]*"), r"\1now"),
    (re.compile(r"(\\textbf\{(?:Date|Time):\}\s*&)[^&]*"), r"\1now"),
)
LAYOUT_ONLY = ("application/vnd.jupyter.widget-view+json", "application/vnd.holoviews_load.v0+json")


@dataclass(frozen=True)
class Piece:
    """One thing a cell showed: kind is stdout, stderr, error or a MIME type; content is text or bytes."""

    kind: str
    content: str | bytes


def quiet(text: str, folders: Iterable[str] = ()) -> str:
    """Return ``text`` without what may differ between two right runs."""
    for folder in folders:
        text = text.replace(folder, "<dir>")
    for pattern, replacement in (*NOISE, *CLOCK):
        text = pattern.sub(replacement, text)
    # a progress bar writes over its line; pty and Windows end lines with both
    lines = (line.rstrip().rsplit("\r", 1)[-1] for line in text.split("\n"))
    return "\n".join(lines).rstrip("\n")


def shown(outputs: Sequence[Mapping[str, Any]], folders: Iterable[str] = ()) -> tuple[Piece, ...]:
    """Return what ``outputs`` show, in order, standard error last and without warnings.

    A warning is printed once per process and place, so a task of its own may rightly repeat one.
    """
    folders = tuple(sorted(folders, key=len, reverse=True))
    pieces: list[Piece] = []
    errors: list[str] = []
    streamed: list[str] = []

    def flush() -> None:
        text = quiet("".join(streamed), folders)
        if text.strip():
            pieces.append(Piece("stdout", text))
        streamed.clear()

    for output in outputs:
        kind = output["output_type"]
        if kind == "stream":
            (errors if output.get("name") == "stderr" else streamed).append(_text(output["text"]))
            continue
        flush()
        if kind == "error":
            pieces.append(Piece("error", quiet(f"{output['ename']}: {output['evalue']}", folders)))
        elif not any(mime in LAYOUT_ONLY for mime in output.get("data", {})):
            pieces.extend(_rich(output["data"], folders))
    flush()
    said = quiet("".join(errors), folders)
    if said.strip() and "Warning" not in said and "it/s" not in said and "s/it" not in said and "%|" not in said:
        pieces.append(Piece("stderr", said))
    return tuple(pieces)


def difference(straight: Sequence[Piece], pipeline: Sequence[Piece]) -> str | None:
    """Return the first difference in words, or None."""
    for ours, theirs in zip(straight, pipeline, strict=False):
        if ours.kind != theirs.kind:
            return (
                f"notebook shows {ours.kind}, pipeline shows {theirs.kind}:\n{_excerpt(ours)}\n---\n{_excerpt(theirs)}"
            )
        if isinstance(ours.content, bytes):
            if problem := _image_difference(ours.content, theirs.content):
                return f"image: {problem}"
        elif ours.content != theirs.content:
            return f"{ours.kind} differs:\n{_line_difference(str(ours.content), str(theirs.content))}"
    if len(straight) > len(pipeline):
        missing = straight[len(pipeline)]
        return f"pipeline does not show {missing.kind}: {_excerpt(missing)}"
    if len(pipeline) > len(straight):
        extra = pipeline[len(straight)]
        return f"pipeline also shows {extra.kind}: {_excerpt(extra)}"
    return None


def _text(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else "".join(value)


def _rich(data: Mapping[str, Any], folders: Iterable[str]) -> Iterable[Piece]:
    for mime in sorted(data):
        value = data[mime]
        if mime in ("image/png", "image/jpeg"):
            yield Piece(mime, _decoded(_text(value)))
        elif mime == "image/svg+xml":
            yield Piece(mime, "drawn")
        else:
            text = _text(value) if isinstance(value, (str, list)) else repr(value)
            yield Piece(mime, quiet(text, folders))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:  # a broken image is still something that is shown
        return text.encode()


def _image_difference(one: str | bytes, other: str | bytes) -> str | None:
    if one == other:
        return None
    import matplotlib.image
    import numpy as np

    try:
        a, b = (matplotlib.image.imread(io.BytesIO(data)) for data in (one, other))  # type: ignore[arg-type]
    except (OSError, SyntaxError):
        return "not the same bytes, and no readable image"
    if a.shape != b.shape:
        return f"{a.shape[1]} x {a.shape[0]} pixels against {b.shape[1]} x {b.shape[0]}"
    share = float((np.abs(a.astype(float) - b.astype(float)) > 0.02).any(axis=-1).mean())
    return f"{share:.2%} of the pixels differ" if share > 0.0005 else None


def _excerpt(piece: Piece) -> str:
    return f"{len(piece.content)} bytes" if isinstance(piece.content, bytes) else piece.content[:300]


def _line_difference(one: str, other: str) -> str:
    ours, theirs = one.split("\n"), other.split("\n")
    for row in range(max(len(ours), len(theirs))):
        left = ours[row] if row < len(ours) else "<nothing>"
        right = theirs[row] if row < len(theirs) else "<nothing>"
        if left != right:
            same = next((n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), 0)
            part = slice(max(0, same - 60), same + 240)
            return f"  line {row + 1}\n  notebook: {left[part]}\n  pipeline: {right[part]}"
    return ""
