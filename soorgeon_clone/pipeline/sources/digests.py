"""Text -> the short digest that names it in fingerprints, records and the cache."""

from __future__ import annotations

import hashlib


def digest(text: str | bytes) -> str:
    """A short digest of a text."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return hashlib.blake2b(data, digest_size=16).hexdigest()
