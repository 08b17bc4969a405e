"""What a run made, as a text in the cache or the store <-> a value that can be used.

Whoever can write the store writes that text. `from_json` is the one place that reads it: it gives a manifest whose
every field has its type, or None. What a task may have left is another question: `leavings.refused` answers it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from soorgeon_clone.files.confine import relative_name
from soorgeon_clone.pipeline.sources.digests import digest as digest_of
from soorgeon_clone.pipeline.state.checked import checked, number, product_name, readable_name

# More than the list of a folder with a million files has.
LIMIT = 200_000_000
_DIGEST = re.compile(r"[0-9a-f]{40}")
_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_FIELDS = frozenset("products inputs written folders seconds traces finished prose signature".split())


@dataclass(frozen=True)
class Manifest:
    """What a run made. ``products`` maps a path to (digest of bytes, digest of meaning), ``written`` to one digest.

    ``prose`` is the digest of the text that its executed notebook shows. ``traces`` are files that a task left which is
    known to write others than its products; None where nobody looked.
    """

    products: Mapping[str, tuple[str, str]]
    inputs: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    seconds: float = 0.0
    traces: Mapping[str, str] | None = None
    finished: float = 0.0
    prose: str = ""


def files(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """All files of a manifest with their digests; those of a folder one by one."""
    for path, (digest, _) in manifest.products.items():
        if path in manifest.folders:
            yield from ((f"{path}/{name}", one) for name, one in manifest.folders[path].items())
        else:
            yield path, digest
    yield from ((path, digest) for path, digest in manifest.written.items() if digest)
    yield from (manifest.traces or {}).items()


def file_name(manifest: Manifest) -> str:
    """The name of a manifest's file: runs that read the same files have the same."""
    return f"{digest_of(json.dumps(dict(manifest.inputs), sort_keys=True))}.json"


def to_json(manifest: Manifest, *, key: bytes | None = None, place: str = "") -> bytes:
    """The text of a manifest's file; with a ``key`` it is signed, for this ``place`` in the store only."""
    data = _data(manifest)
    if key is not None:
        data["signature"] = _signature(data, key, place)
    return json.dumps(data, sort_keys=True).encode()


def from_json(text: bytes, *, key: bytes | None = None, place: str = "") -> Manifest | None:
    """The manifest in a file; None if it is none. With a ``key``: also if it was not signed with it for this place."""
    if len(text) > LIMIT:
        return None
    try:
        data: Any = json.loads(text)
        manifest = _manifest(data)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    if key is not None:
        signature = data.get("signature")
        if not isinstance(signature, str) or not _SIGNATURE.fullmatch(signature):
            return None
        if not hmac.compare_digest(signature, _signature(_data(manifest), key, place)):
            return None
    return manifest


def is_digest(value: object) -> bool:
    """Whether this is what `content` makes of a file. It becomes the name of a file."""
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def digest_or_none(value: object) -> str | None:
    """The digest, None for anything else."""
    return str(value) if is_digest(value) else None


def digest_or_empty(value: object) -> str | None:
    """A digest or "", None for anything else."""
    return "" if value == "" else digest_or_none(value)


def two_digests(value: object) -> tuple[str, str] | None:
    """A pair of digests, None for anything else."""
    if not isinstance(value, (list, tuple)) or len(value) != 2 or not all(map(is_digest, value)):
        return None
    return value[0], value[1]


def _manifest(data: Any) -> Manifest:
    """Raises ValueError or KeyError for anything but a manifest."""
    if not isinstance(data, dict) or not data.keys() <= _FIELDS:
        raise ValueError("no manifest")
    traces = data.get("traces")
    products = checked(data["products"], product_name, two_digests)
    folders = checked(
        data.get("folders", {}), products.__contains__, lambda inner: checked(inner, _inner_name, digest_or_none)
    )
    return Manifest(
        products=products,
        inputs=checked(data.get("inputs", {}), readable_name, digest_or_none),
        written=checked(data.get("written", {}), relative_name, digest_or_empty),
        folders=folders,
        seconds=number(data.get("seconds", 0.0)),
        traces=None if traces is None else checked(traces, relative_name, digest_or_none),
        finished=number(data.get("finished", 0.0)),
        prose=_prose(data.get("prose", "")),
    )


def _prose(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch("[0-9a-f]{0,64}", value):
        raise ValueError("no digest of a text")
    return value


def _inner_name(name: str) -> bool:
    return relative_name(name) is not None and ".git" not in name.lower().split("/")


def _data(manifest: Manifest) -> dict[str, Any]:
    return {
        "products": {path: list(digests) for path, digests in manifest.products.items()},
        "inputs": dict(manifest.inputs),
        "written": dict(manifest.written),
        "folders": {path: dict(found) for path, found in manifest.folders.items()},
        "seconds": manifest.seconds,
        "traces": None if manifest.traces is None else dict(manifest.traces),
        "finished": manifest.finished,
        **({"prose": manifest.prose} if manifest.prose else {}),
    }


def _signature(data: Mapping[str, Any], key: bytes, place: str) -> str:
    """Over the place as well: what one task made must not be shown as what another one did."""
    signed = json.dumps({**data, "signature": place}, sort_keys=True)
    return hmac.new(key, b"soorgeon-clone manifest\n" + signed.encode(), hashlib.sha256).hexdigest()
