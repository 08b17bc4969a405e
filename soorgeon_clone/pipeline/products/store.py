"""Products that all machines see: a second level behind the local cache, with the same layout.

    <url>/manifests/ab/<own>/<fingerprint>/<digest>.json
    <url>/objects/ab/<digest>

Objects are put first, the manifest last, each whole or not at all: what a manifest names is there, unless somebody
removed it, and then the task runs again. Names are digests of contents, so writers cannot disturb each other. Requests
are collected: what a build may need is asked for in a few listings, and everything moves through many threads.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.scratch import remove
from soorgeon_clone.pipeline.products.cache import Cache
from soorgeon_clone.pipeline.products.compression import COMPRESSIONS, Compression, pack, unpack
from soorgeon_clone.pipeline.products.manifest import Manifest, file_name, files, from_json, to_json
from soorgeon_clone.pipeline.products.remote import THREADS, Remote
from soorgeon_clone.pipeline.sources.digests import digest as digest_of
from soorgeon_clone.pipeline.state.content import file_digest

SWITCH = "SOORGEON_CLONE_STORE"
MODE_SWITCH = "SOORGEON_CLONE_STORE_MODE"
KEY_SWITCH = "SOORGEON_CLONE_STORE_KEY"
COMPRESSION_SWITCH = "SOORGEON_CLONE_STORE_COMPRESSION"
# Says who pruned the store last, and whether that goes on, which takes no longer than so many seconds.
PRUNING = "pruning.json"
GOES_ON = b"running"
LEASES = "leases"
LONGEST_PRUNING = 600.0
_SHORTEST_KEY = 16
OFF = ("", "0", "off", "no", "none", "false")
# From so many tasks on, all manifests are listed, in sixteen parts, rather than those of each task.
_MANY = 48
# So many manifests of a task are read before it is known which one is asked for.
_EAGER = 4


class Store:
    """The store of one project, from the main thread; threads of its own talk to the remote place.

    With ``read_only`` nothing is published. With a ``key`` manifests are signed, and others are not believed.
    ``compression`` is for what is sent; what comes back says itself how it was sent.
    """

    def __init__(
        self,
        url: str,
        connect: Callable[[], Remote],
        cache: Cache,
        *,
        read_only: bool = False,
        key: bytes | None = None,
        compression: Compression = "off",
    ) -> None:
        self.url = url
        self.cache = cache
        self.read_only = read_only
        self.problem: str | None = None
        self._key = key
        self._compression = compression
        self._connect = connect
        self._connecting = threading.Lock()
        self._remote: Remote | None = None
        self._pruning: bytes | None = None
        self._asked = False
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="store")
        self._keys: dict[str, dict[str, list[str]]] = {}  # family -> fingerprint -> keys of manifests
        self._read: dict[str, Future[Manifest | None]] = {}
        self._fetched: dict[str, Future[bool]] = {}
        self._sent: dict[str, Future[None]] = {}
        self._present: set[str] = set()  # objects that are known to be in the store
        self._damaged: set[str] = set()
        self._publications: dict[str, Future[None]] = {}

    @property
    def remote(self) -> Remote:
        """The connection, opened when there is something to ask: the libraries for it take a second to import."""
        with self._connecting:
            if self._remote is None:
                self._remote = self._connect()
            return self._remote

    def prepare(self, owns: Iterable[str]) -> None:
        """Learn what the store has of tasks with these own parts."""
        families = {name for own in owns if (name := family(own)) not in self._keys}
        if not families:
            return
        if len(families) < _MANY:
            listings = [self._pool.submit(self.remote.names, f"manifests/{name[:2]}/{name}") for name in families]
        else:
            listings = [self._pool.submit(self.remote.names, "manifests", digit) for digit in "0123456789abcdef"]
        found: dict[str, dict[str, list[str]]] = {name: {} for name in families}
        for keys in _results(listings):
            for key in keys:
                parts = key.split("/")
                if len(parts) == 5 and parts[2] in found and key.endswith(".json"):
                    found[parts[2]].setdefault(parts[3], []).append(key)
        self._keys.update(found)
        for fingerprints in found.values():
            if len(fingerprints) <= _EAGER:
                for keys in fingerprints.values():
                    for key in keys:
                        self._start_reading(key)

    def may_hold(self, own: str) -> bool:
        """Whether there is a manifest of a task with these own parts, whatever its upstream was."""
        self.prepare([own])
        return bool(self._keys[family(own)])

    def holds(self, own: str, fingerprint: str, manifest: Manifest) -> bool:
        """Whether this very manifest was found in the store, or published to it, by this process."""
        key = _key(own, fingerprint, manifest)
        published = self._publications.get(key)
        if published is not None:
            return published.done() and published.exception() is None
        reading = self._read.get(key)
        if reading is None or not reading.done() or reading.exception() is not None:
            return False
        return _same(reading.result(), manifest)

    def find(self, own: str, fingerprint: str, usable: Callable[[Manifest], bool]) -> Manifest | None:
        """A manifest of this fingerprint that is usable. What is none is passed over, and replaced by the next run."""
        self.prepare([own])
        keys = sorted(self._keys[family(own)].get(fingerprint, ()))
        for reading in [self._start_reading(key) for key in keys]:
            manifest = reading.result()
            if manifest is not None and usable(manifest):
                return manifest
        return None

    def begin_fetch(self, digests: Iterable[str]) -> list[Future[bool]]:
        """Begin to bring objects into the local cache."""
        return [self._start_fetching(digest) for digest in digests]

    def fetch(self, manifests: Sequence[Manifest]) -> bool:
        """Bring all objects of manifests into the local cache; False where one is missing or damaged."""
        digests = {digest for manifest in manifests for _, digest in files(manifest)}
        try:
            return all(_results(self.begin_fetch(sorted(digests))))
        finally:
            for digest in digests:  # the cache may lose it again, or the store get it later
                self._fetched.pop(digest, None)

    def publish(self, own: str, fingerprint: str, manifest: Manifest) -> Future[None]:
        """Begin to put a manifest and its objects, which are in the local cache, into the store."""
        key = _key(own, fingerprint, manifest)
        text = to_json(manifest, key=self._key, place=key)
        return self._publish(key, text, {digest for _, digest in files(manifest)})

    def note(self, own: str, fingerprint: str, manifest: Manifest) -> None:
        """Know that another machine published this."""
        done: Future[None] = Future()
        done.set_result(None)
        self._publications[_key(own, fingerprint, manifest)] = done
        self._present.update(digest for _, digest in files(manifest))

    def publish_files(self, digests: Iterable[str]) -> Future[None]:
        """Begin to put objects of the local cache into the store."""
        return self._publish(None, b"", set(digests))

    def lease(self, digests: Iterable[str]) -> str:
        """Say that a build needs objects which no manifest names; what to `release` afterwards."""
        key = f"{LEASES}/{uuid.uuid4().hex}.json"
        self.remote.write(key, json.dumps(sorted(digests)).encode())
        return key

    def release(self, lease: str) -> None:
        """Say that a build is done."""
        self.remote.remove(lease)

    def wait(self) -> list[str]:
        """Wait until everything is published; what could not be, one text for each different problem."""
        problems = []
        for future in list(self._publications.values()):
            error = future.exception()
            if error is not None and str(error) not in problems:
                problems.append(str(error))
        return problems

    def forget(self) -> None:
        """Know nothing of the store any more: time has passed, and others write to it."""
        for known in (self._keys, self._read, self._fetched, self._sent, self._publications):
            known.clear()
        self._present.clear()
        self._damaged.clear()

    def close(self) -> None:
        """Drop what waits, and end the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    # -- in threads ------------------------------------------------------------------------------------------------

    def _start_reading(self, key: str) -> Future[Manifest | None]:
        if key not in self._read:
            self._read[key] = self._pool.submit(self._read_manifest, key)
        return self._read[key]

    def _read_manifest(self, key: str) -> Manifest | None:
        text = self.remote.read(key)
        if text is None:
            return None
        manifest = from_json(text, key=self._key, place=key)
        if manifest is None and self._key is not None:
            self.problem = (
                f"{key} in the store {self.url} is not signed with the key in {KEY_SWITCH}, and was not used; "
                "what it is about is made here"
            )
        return manifest

    def _start_fetching(self, digest: str) -> Future[bool]:
        if digest not in self._fetched:
            self._fetched[digest] = self._pool.submit(self._fetch, digest)
        return self._fetched[digest]

    def _fetch(self, digest: str) -> bool:
        target = self.cache.object(digest)
        if target.is_file():
            with contextlib.suppress(OSError):
                os.utime(target)
            return True
        aside: Path | None = None
        try:
            aside = self.cache.aside(target)
            for _ in range(2):
                if not self.remote.fetch(_object(digest), aside):
                    return False
                if self._take(aside, target, digest):
                    return True
            self._damaged.add(digest)
            return False
        except OSError as error:
            raise UserError(
                f"the cache in {self.cache.folder} cannot be written: {error.strerror or error}",
                hint="Products from the store go through it; SOORGEON_CLONE_CACHE names another folder.",
            ) from error
        finally:
            if aside is not None:
                remove(aside)

    def _take(self, fetched: Path, target: Path, digest: str) -> bool:
        """Put what was fetched into the cache, if it is what it is called after; before that, unpack it."""
        unpacked: Path | None = None
        try:
            if file_digest(fetched) != digest:
                unpacked = self.cache.aside(target)
                if not unpack(fetched, unpacked) or file_digest(unpacked) != digest:
                    return False
            found = unpacked or fetched
            self.cache.stored += found.stat().st_size
            self.cache.put(found, target)
            return True
        finally:
            if unpacked is not None:
                remove(unpacked)

    def _publish(self, key: str | None, text: bytes, digests: set[str]) -> Future[None]:
        """Send what is missing of the objects; whoever sends the last one has the manifest put."""
        if self.read_only:
            nothing: Future[None] = Future()
            nothing.set_result(None)
            return nothing
        name = key or f"objects {digest_of(' '.join(sorted(digests)))}"
        known = self._publications.get(name)
        if known is not None and not (known.done() and known.exception()):
            return known
        done: Future[None] = Future()
        self._publications[name] = done
        sending = [self._start_sending(digest) for digest in digests - self._present]
        left = [len(sending) + 1]
        guard = threading.Lock()

        def one_less(sent: Future[None] | None) -> None:
            with guard:
                left[0] -= 1
                last = left[0] == 0
            if last:
                failed = next((one for one in sending if one.cancelled() or one.exception()), None)
                self._finish(key, text, digests, failed, done)

        for future in sending:
            future.add_done_callback(one_less)
        one_less(None)
        return done

    def _finish(
        self, key: str | None, text: bytes, digests: set[str], failed: Future[None] | None, done: Future[None]
    ) -> None:
        if failed is not None or key is None:
            error = None if failed is None else UserError("stopped") if failed.cancelled() else failed.exception()
            _settle(done, error)
            return
        try:
            putting = self._pool.submit(self._put, key, text, digests)
        except RuntimeError:  # closed meanwhile
            _settle(done, UserError("stopped"))
            return
        putting.add_done_callback(
            lambda put: _settle(done, UserError("stopped") if put.cancelled() else put.exception())
        )

    def _pruned(self) -> bytes | None:
        """What the store said of its pruning when this process first asked, before it looked for any object to send."""
        remote = self.remote
        with self._connecting:
            if not self._asked:
                self._pruning, self._asked = remote.read(PRUNING), True
            return self._pruning

    def _put(self, key: str, text: bytes, digests: set[str]) -> None:
        """Put a manifest; then what it names is there, also if somebody prunes the store at this moment (`prune`)."""
        self.remote.write(key, text)
        now = self.remote.read(PRUNING)
        if now == self._pruned() and not (now or b"").startswith(GOES_ON):
            return
        deadline = time.monotonic() + LONGEST_PRUNING
        while (now or b"").startswith(GOES_ON) and time.monotonic() < deadline:
            time.sleep(0.5)
            now = self.remote.read(PRUNING)
        for digest in digests:
            if not self.remote.exists(_object(digest)):
                self._send_packed(digest)

    def _start_sending(self, digest: str) -> Future[None]:
        known = self._sent.get(digest)
        if known is None or (known.done() and (known.cancelled() or known.exception())):
            self._sent[digest] = self._pool.submit(self._send, digest)
        return self._sent[digest]

    def _send(self, digest: str) -> None:
        key = _object(digest)
        self._pruned()
        if digest not in self._damaged and self.remote.exists(key):
            self._present.add(digest)
            return
        source = self.cache.object(digest)
        if not source.is_file():
            raise UserError(
                f"{source} is missing, and was to be put into the store {self.url}",
                hint="The local cache was cleared meanwhile. Run the command again.",
            )
        self._send_packed(digest)
        self._present.add(digest)

    def _send_packed(self, digest: str) -> None:
        """Send an object as it is, or with fewer bytes. A cache that has no room for these sends it as it is."""
        source = self.cache.object(digest)
        packed: Path | None = None
        try:
            if self._compression != "off":
                packed = self.cache.aside(source)
                with contextlib.suppress(OSError):
                    if pack(source, packed, self._compression):
                        source = packed
            self.remote.send(source, _object(digest))
        finally:
            if packed is not None:
                remove(packed)


def store_url(option: str | None, spec: str | None) -> str | None:
    """The store to use: what the option says, else the environment, else pipeline.yaml; None for none."""
    for chosen in (option, os.environ.get(SWITCH), spec):
        if chosen is not None:
            return None if chosen.strip().lower() in OFF else chosen.strip()
    return None


def read_only(option: str | None) -> bool:
    """Whether nothing is to be published: what the option says, else the environment. Raises UserError."""
    chosen = option or os.environ.get(MODE_SWITCH, "").strip() or "write"
    if chosen not in ("read", "write"):
        raise UserError(f"{MODE_SWITCH} is {chosen!r}", hint="It is 'read' or 'write'.", exit_code=2)
    return chosen == "read"


def compression(spec: str | None) -> Compression:
    """How to compress what is sent: as the environment says, else pipeline.yaml, else not at all. Raises UserError."""
    chosen = os.environ.get(COMPRESSION_SWITCH, "").strip() or spec or "off"
    for one in COMPRESSIONS:
        if one == chosen.lower():
            return one
    raise UserError(
        f"the compression of the store is {chosen!r}",
        hint=f"It is one of {', '.join(COMPRESSIONS)}: {COMPRESSION_SWITCH}, or 'store_compression' in pipeline.yaml.",
        exit_code=2,
    )


def signing_key() -> bytes | None:
    """The key in the environment with which manifests are signed, None where there is none. Raises UserError."""
    key = os.environ.get(KEY_SWITCH, "").strip()
    if not key:
        return None
    if len(key) < _SHORTEST_KEY:
        raise UserError(
            f"the key in {KEY_SWITCH} is shorter than {_SHORTEST_KEY} characters",
            hint="Make one: python -c 'import secrets; print(secrets.token_hex(32))'",
            exit_code=2,
        )
    return key.encode("utf-8", "surrogateescape")


def _results(futures: Iterable[Future[list[str]]] | Iterable[Future[bool]]) -> list:  # type: ignore[type-arg]
    return [future.result() for future in futures]


def _settle(done: Future[None], error: BaseException | None) -> None:
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)


def _same(one: Manifest | None, other: Manifest) -> bool:
    return one is not None and dict(one.products) == dict(other.products)


def _object(digest: str) -> str:
    return f"objects/{digest[:2]}/{digest}"


def family(own: str) -> str:
    """The folder of the manifests of a task with these own parts."""
    # One prefix is one project: the place of a checkout must not matter.
    return digest_of(own)


def _key(own: str, fingerprint: str, manifest: Manifest) -> str:
    name = family(own)
    return f"manifests/{name[:2]}/{name}/{fingerprint}/{file_name(manifest)}"
