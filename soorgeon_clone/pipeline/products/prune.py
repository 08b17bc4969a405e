"""A store, or the cache -> what it holds, by task and age; and the same without what no pipeline of today can use.

A manifest is of use if a task of today has the own parts (code, params, libraries) that it was made with, whatever its
upstream was; an object, if a manifest that stays names it, or a build that runs has a lease on it.

Others may build meanwhile. Who publishes reads `store.PRUNING`, puts objects, then a manifest, and reads it again. Here
it is written first, then manifests are listed, and at the end it is written once more: so either a new manifest is seen
here, or who put it sees that the store was pruned, waits until that is over, and sends again what is missing.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from soorgeon_clone.pipeline.products.cache import Cache
from soorgeon_clone.pipeline.products.manifest import Manifest, files, from_json
from soorgeon_clone.pipeline.products.remote import THREADS, Remote
from soorgeon_clone.pipeline.products.store import GOES_ON, LEASES, LONGEST_PRUNING, PRUNING

OTHERS = "(other projects)"
# Builds do not take longer: a lease that is older was left by one that was killed.
_LONGEST_BUILD = 7 * 24 * 3600.0


@dataclass(frozen=True)
class Held:
    """What one manifest holds. ``task`` is None for one of no task of today, ``current`` is whether it is of use.

    ``made`` is in seconds since 1970.
    """

    key: str
    task: str | None
    current: bool
    made: float
    bytes: int
    digests: frozenset[str]


@dataclass(frozen=True)
class Survey:
    """What a store holds: by manifest, and the objects that no manifest names, by key, with their sizes."""

    held: tuple[Held, ...]
    objects: Mapping[str, tuple[int, float]]

    @property
    def bytes(self) -> int:
        return sum(size for size, _ in self.objects.values())


@dataclass(frozen=True)
class Pruned:
    """What goes: keys of manifests and objects, and the bytes of these."""

    manifests: tuple[str, ...]
    objects: tuple[str, ...]
    bytes: int


def survey(remote: Remote, families: Mapping[str, str], products: Mapping[frozenset[str], str]) -> Survey:
    """Look at a store. ``families`` are those of today's tasks, with the tasks; ``products`` are their paths."""
    objects = remote.details("objects")
    sizes = {key.rpartition("/")[2]: size for key, (size, _) in objects.items()}
    details = remote.details("manifests")
    held = []
    for key, manifest in _read(remote, details).items():
        own = key.split("/")[2] if key.count("/") == 4 else ""
        digests = frozenset(digest for _, digest in files(manifest)) if manifest else frozenset()
        held.append(
            Held(
                key,
                families.get(own) or (products.get(frozenset(manifest.products)) if manifest else None),
                own in families,
                (manifest.finished if manifest else 0.0) or details[key][1],
                sum(sizes.get(digest, 0) for digest in digests),
                digests,
            )
        )
    return Survey(tuple(held), objects)


def survey_cache(
    remote: Remote, caches: Iterable[Cache], families: Mapping[str, str], products: Mapping[frozenset[str], str]
) -> Survey:
    """Look at the cache of this machine. What other projects than those of ``caches`` have there is of use to them."""
    found = survey(remote, families, products)
    others = {
        one.key
        for one in found.held
        if not one.current and not any(cache.is_of_project(one.key.split("/")[2]) for cache in caches)
    }
    held = (replace(one, task=OTHERS, current=True) if one.key in others else one for one in found.held)
    return replace(found, held=tuple(held))


def _read(remote: Remote, keys: Iterable[str]) -> dict[str, Manifest | None]:
    keys = [key for key in keys if key.endswith(".json")]

    def read(key: str) -> Manifest | None:
        text = remote.read(key)
        return None if text is None else from_json(text)

    with ThreadPoolExecutor(THREADS) as pool:
        return dict(zip(keys, pool.map(read, keys), strict=True))


def prunable(found: Survey, leased: frozenset[str], before: float) -> Pruned:
    """What a store can lose: manifests of no use and objects that none names, both written before a moment."""
    manifests = tuple(one.key for one in found.held if not one.current and one.made < before)
    gone = set(manifests)
    needed = set(leased).union(*(one.digests for one in found.held if one.key not in gone))
    objects = {
        key: size
        for key, (size, written) in found.objects.items()
        if written < before and key.rpartition("/")[2] not in needed
    }
    return Pruned(manifests, tuple(objects), sum(objects.values()))


def leased(remote: Remote, now: float) -> frozenset[str]:
    """The objects that builds which run need."""
    found: set[str] = set()
    for key, (_, written) in remote.details(LEASES).items():
        if written > now - _LONGEST_BUILD:
            found.update(json.loads(remote.read(key) or b"[]"))
    return frozenset(found)


def prune(remote: Remote, look: Callable[[], Survey], before: float) -> Pruned:
    """Remove what a store can lose. ``look`` surveys it, which is done when others know of this."""
    name = uuid.uuid4().hex.encode()
    remote.write(PRUNING, GOES_ON + b" " + name)
    try:
        deadline = time.monotonic() + LONGEST_PRUNING
        going = prunable(look(), leased(remote, time.time()), before)

        def remove(key: str) -> None:
            if time.monotonic() < deadline:  # later, others do not wait any more
                remote.remove(key)

        with ThreadPoolExecutor(THREADS) as pool:
            for keys in (going.manifests, going.objects):
                list(pool.map(remove, keys))
        return going
    finally:
        remote.write(PRUNING, b"done " + name)
