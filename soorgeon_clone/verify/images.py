"""Two images -> whether they look the same, pixel by pixel."""

from __future__ import annotations

import io

_VISIBLE = 6  # of 255: what a pixel may differ by without being counted


def image_difference(one: bytes, other: bytes, tolerance: float) -> str | None:
    """Return what is different, None if at most a share of ``tolerance`` of the pixels is."""
    if one == other:
        return None
    try:
        import numpy
        from PIL import Image
    except ImportError:
        return "not the same bytes (with Pillow installed, pixels would be compared)"
    try:
        a, b = (numpy.asarray(Image.open(io.BytesIO(data)).convert("RGBA"), dtype="int16") for data in (one, other))
    except (OSError, SyntaxError, ValueError):
        return "not the same bytes, and no image that can be read"
    if a.shape != b.shape:
        return f"{a.shape[1]} x {a.shape[0]} pixels became {b.shape[1]} x {b.shape[0]}"
    share = float((numpy.abs(a - b) > _VISIBLE).any(axis=-1).mean())
    return f"{share:.2%} of the pixels differ" if share > tolerance else None
