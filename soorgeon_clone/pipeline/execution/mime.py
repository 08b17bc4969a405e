"""MIME bundle -> the same as JSON gives it back, as a kernel's message would have carried it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any


def as_json(bundle: Mapping[str, Any]) -> dict[str, Any]:
    """Bytes become base64, keys strings, numpy numbers numbers; TypeError where nothing fits."""
    if all(type(key) is str and type(value) is str for key, value in bundle.items()):
        return dict(bundle)
    try:
        text = json.dumps(bundle, default=_default, allow_nan=False)
    except ValueError:  # NaN is not JSON; a kernel writes its repr
        text = json.dumps(_without_nan(bundle), default=_default)
    clean: dict[str, Any] = json.loads(text)
    return clean


def _default(value: Any) -> Any:
    import base64
    import datetime
    import numbers

    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, Iterable):
        return list(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    raise TypeError(f"{value!r} is not JSON serializable")


def _without_nan(value: Any) -> Any:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return repr(value)
    if isinstance(value, Mapping):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [_without_nan(each) for each in value]
    return value
