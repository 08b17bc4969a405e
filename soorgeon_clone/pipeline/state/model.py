"""The nouns of this room: what a task's products depend on, why a task is stale, when it ran last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Reason(Enum):
    """Why a task is stale. The value is what status shows."""

    NEVER_RAN = "never ran"
    BROKEN = "source cannot be read"
    CODE = "code changed"
    ASSUMED = "it takes more for granted than was checked"
    FUNCTION = "an imported definition changed"
    PARAMS = "params changed"
    RESOURCE = "a resource changed"
    INPUT = "a file it reads changed"
    SETTINGS = "its entry in pipeline.yaml changed"
    ENVIRONMENT = "Python or a library changed"
    UPSTREAM = "upstream changed"
    UPSTREAM_STALE = "upstream is stale"
    PRODUCT_MISSING = "a product is missing"
    PRODUCT_CHANGED = "a product was changed by hand"
    FAILED = "the last run failed"
    AWAY = "files that it leaves are not in the store"
    PROSE = "its text changed"
    FORCED = "forced"


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason with what it is about: ``exported.clean``, ``output/load-df.pkl``, ``pandas 2.1 -> 2.2``."""

    reason: Reason
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.reason.value} ({self.detail})" if self.detail else self.reason.value


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a task's products depend on: part -> digest. Two equal fingerprints promise equal products.

    Parts are named ``code``, ``function:exported.clean``, ``param:n``, ``resource:x``, ``setting:on_finish``,
    ``library:pandas``, ``python``, ``upstream:load:df``, ``assumes``.
    """

    parts: Mapping[str, str]
    digest: str


@dataclass(frozen=True, slots=True)
class LastRun:
    """What the records say about a task's last run. ``started`` is in seconds since the epoch."""

    started: float
    seconds: float
    result: str
    peak_memory: int | None = None
