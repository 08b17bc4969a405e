"""A URL -> a place for bytes under keys, in a folder or a bucket: whole or not at all, and tried again when it fails.

Nothing here knows what the bytes are. Credentials are found where the storage's own programs find them (environment,
profile, role of the machine); they are never read, shown or written here.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.atomic import scratch_name
from soorgeon_clone.files.regular import NotRegular, is_regular, open_regular, read_bytes
from soorgeon_clone.files.scratch import copy_new, new_file, remove

# Storage in which an object appears only when all of its bytes are there.
_ATOMIC = frozenset("s3 s3a gs gcs az abfs abfss".split())
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "az": "az", "abfs": "az", "abfss": "az"}
_REFUSED = re.compile(r"Credential|Forbidden|Unauthori[sz]ed|AccessDenied|InvalidAccessKey|SignatureDoesNotMatch")
# More bytes than anything has that is read at once.
_HUGE = 2**33
_STORES = "A store is a folder, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix."
ATTEMPTS = 6
PAUSE = 0.2
THREADS = 32

Result = TypeVar("Result")


class Backend(Protocol):
    """What a kind of storage can do. Raises FileNotFoundError for a key that is not there."""

    def names(self, folder: str, begin: str = "") -> list[str]:
        """The keys in a folder and below it that go on with ``begin``; none if there is no such folder."""

    def exists(self, key: str) -> bool: ...

    def read(self, key: str) -> bytes: ...

    def fetch(self, key: str, target: Path) -> None: ...

    def write(self, key: str, content: bytes) -> None:
        """Either the whole content appears under the key, or nothing."""

    def send(self, source: Path, key: str) -> None:
        """The same for a file."""

    def details(self, folder: str) -> dict[str, tuple[int, float]]:
        """The keys in a folder and below it, with their bytes and when they were written (seconds since 1970)."""

    def remove(self, key: str) -> None: ...


class Remote:
    """A backend with patience. May be used from many threads."""

    def __init__(self, url: str, backend: Backend) -> None:
        self.url = url
        self.backend = backend

    def names(self, folder: str, begin: str = "") -> list[str]:
        """See Backend."""
        return self._try("listed", folder, lambda: self.backend.names(folder, begin))

    def exists(self, key: str) -> bool:
        """Whether there is something under the key."""
        return self._try("read", key, lambda: self.backend.exists(key))

    def read(self, key: str) -> bytes | None:
        """The bytes under a key; None if there is nothing."""
        try:
            return self._try("read", key, lambda: self.backend.read(key))
        except FileNotFoundError:
            return None

    def fetch(self, key: str, target: Path) -> bool:
        """Copy what is under a key to a file; False if there is nothing."""
        try:
            self._try("read", key, lambda: self.backend.fetch(key, target))
        except FileNotFoundError:
            return False
        return True

    def write(self, key: str, content: bytes) -> None:
        """Put bytes under a key."""
        self._put(key, lambda: self.backend.write(key, content))

    def send(self, source: Path, key: str) -> None:
        """Put a file under a key."""
        self._put(key, lambda: self.backend.send(source, key))

    def details(self, folder: str) -> dict[str, tuple[int, float]]:
        """See Backend."""
        return self._try("listed", folder, lambda: self.backend.details(folder))

    def remove(self, key: str) -> None:
        """Have nothing under a key."""
        with contextlib.suppress(FileNotFoundError):
            self._try("written", key, lambda: self.backend.remove(key))

    def _put(self, key: str, action: Callable[[], None]) -> None:
        try:
            self._try("written", key, action)
        except FileNotFoundError as error:
            raise UserError(
                f"the store {self.url} cannot be written: {_one_line(error)}",
                hint="The bucket or folder must exist: create it, or correct 'store' in pipeline.yaml or --store.",
            ) from None

    def _try(self, what: str, key: str, action: Callable[[], Result]) -> Result:
        for attempt in range(ATTEMPTS):
            try:
                return action()
            except FileNotFoundError:
                raise
            except Exception as error:
                if isinstance(error, PermissionError) or _REFUSED.search(f"{type(error).__name__} {error}"):
                    raise UserError(
                        f"the store {self.url} cannot be {what} ({key}): access is refused: {_one_line(error)}",
                        hint="Check the credentials in the environment or profile, and what they are allowed to do.",
                    ) from None
                if attempt == ATTEMPTS - 1:
                    raise UserError(
                        f"the store {self.url} cannot be {what} ({key}): {_one_line(error)}",
                        hint=f"It was tried {ATTEMPTS} times. Check the network and the address. "
                        "What is done is kept, so run the command again; '--store off' goes without the store.",
                    ) from error
            # from many threads not all at once
            time.sleep(PAUSE * 2**attempt * random.uniform(0.5, 1.5))
        raise AssertionError("unreachable")


def check_url(url: str) -> None:
    """Raise UserError for a URL that tells a secret, or that cannot be that of a store."""
    protocol, separator, path = url.partition("://")
    if separator and protocol != "file" and "::" not in protocol:
        wrong = f"Protocol not known: {protocol}" if not _is_known(protocol) else "it names no bucket"
        if not path.strip("/") or not _is_known(protocol):
            raise UserError(f"the store {url} cannot be used: {wrong}", hint=_STORES, exit_code=2)
    if re.search(r"//[^/]*@", url) and not url.startswith(("abfs", "az")):
        raise UserError(
            "the URL of the store holds a user name or a password",
            hint="Leave it out: credentials come from the environment (for S3: AWS_ACCESS_KEY_ID, AWS_PROFILE, ...).",
            exit_code=2,
        )


def _is_known(protocol: str) -> bool:
    """Whether there are libraries for a protocol; without fsspec, which knows them, none is refused."""
    if protocol in _EXTRAS:
        return True
    try:
        from fsspec.registry import known_implementations, registry
    except ImportError:
        return True
    return protocol in known_implementations or protocol in registry


def open_remote(url: str, root: Path) -> Remote:
    """The place that a URL names; a path is relative to ``root``."""
    check_url(url)
    protocol, separator, path = url.partition("://")
    if not separator or protocol == "file":
        return Remote(url, Folder(root / Path(path if separator else url).expanduser()))
    return Remote(url, _bucket(protocol, url))


class Folder:
    """A folder that several machines see."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def names(self, folder: str, begin: str = "") -> list[str]:
        found = []
        top = self.path / folder
        for current, folders, names in os.walk(top):
            if Path(current) == top:
                folders[:] = [name for name in folders if name.startswith(begin)]
                names = [name for name in names if name.startswith(begin)]
            inner = Path(current).relative_to(self.path).as_posix()
            found += [f"{inner}/{name}" for name in names if not name.startswith(".")]
        return found

    def exists(self, key: str) -> bool:
        return is_regular(self.path / key)

    def read(self, key: str) -> bytes:
        return self._there(key, read_bytes)

    def fetch(self, key: str, target: Path) -> None:
        remove(target)
        self._there(key, lambda path: copy_new(path, target))

    def _there(self, key: str, action: Callable[[Path], Result]) -> Result:
        """What is no file is as good as nothing: a pipe, a device, a folder."""
        try:
            return action(self.path / key)
        except (NotRegular, IsADirectoryError, NotADirectoryError) as error:
            raise FileNotFoundError(str(error)) from None

    def write(self, key: str, content: bytes) -> None:
        self._aside(key, lambda aside: _write_through(aside, content))

    def send(self, source: Path, key: str) -> None:
        self._aside(key, lambda aside: _copy_through(source, aside))

    def details(self, folder: str) -> dict[str, tuple[int, float]]:
        found = {}
        for key in self.names(folder):
            with contextlib.suppress(OSError):
                status = (self.path / key).lstat()
                found[key] = status.st_size, status.st_mtime
        return found

    def remove(self, key: str) -> None:
        (self.path / key).unlink()

    def _aside(self, key: str, make: Callable[[Path], None]) -> None:
        """Write beside and rename: who looks meanwhile sees nothing, and who is killed leaves nothing that counts."""
        target = self.path / key
        if not self.path.is_dir():
            self.path.mkdir(exist_ok=True)  # only this one: a share that is not mounted must not be invented
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = scratch_name(target)
        try:
            make(aside)
            if os.path.lexists(target) and not is_regular(target):
                remove(target)
            aside.replace(target)
        finally:
            with contextlib.suppress(OSError):
                aside.unlink()


class Bucket:
    """Anything that fsspec knows."""

    def __init__(self, filesystem: Any, path: str, *, atomic: bool) -> None:
        self.fs = filesystem
        self.path = path.rstrip("/")
        self.atomic = atomic

    def names(self, folder: str, begin: str = "") -> list[str]:
        top = f"{self.path}/{folder}"
        try:
            found: Iterable[str]
            if not begin:
                found = self.fs.find(top)
            elif self.atomic:
                found = self.fs.find(top, prefix=begin)
            else:
                inside = [name for name in self.fs.ls(top, detail=False) if name.rpartition("/")[2].startswith(begin)]
                found = [name for one in inside for name in self.fs.find(one)]
        except FileNotFoundError:
            return []
        bare = self.path.lstrip("/")
        inner = [name.lstrip("/")[len(bare) + 1 :] for name in found]
        return [one for one in inner if one.startswith(f"{folder}/{begin}") and "/." not in one]

    def exists(self, key: str) -> bool:
        # One byte: for object storage this is one request, where asking "exists" also looks for a folder.
        try:
            self.fs.cat_file(f"{self.path}/{key}", start=0, end=1)
        except FileNotFoundError:
            return False
        except OSError as error:
            if "InvalidRange" in str(error) or "range" in str(error).lower():
                return True  # it is there, and empty
            raise
        return True

    def read(self, key: str) -> bytes:
        path = f"{self.path}/{key}"
        # With a range this is one request, where reading all would ask for the size before.
        content: bytes = self.fs.cat_file(path, start=0, end=_HUGE) if self.atomic else self.fs.cat_file(path)
        return content

    def fetch(self, key: str, target: Path) -> None:
        self.fs.get_file(f"{self.path}/{key}", str(target))

    def write(self, key: str, content: bytes) -> None:
        self._put(key, lambda path: self.fs.pipe_file(path, content))

    def send(self, source: Path, key: str) -> None:
        self._put(key, lambda path: self.fs.put_file(str(source), path))

    def details(self, folder: str) -> dict[str, tuple[int, float]]:
        try:
            found = self.fs.find(f"{self.path}/{folder}", detail=True)
        except FileNotFoundError:
            return {}
        bare = self.path.lstrip("/")
        return {
            name.lstrip("/")[len(bare) + 1 :]: (int(told.get("size") or 0), _written(told))
            for name, told in found.items()
        }

    def remove(self, key: str) -> None:
        self.fs.rm_file(f"{self.path}/{key}")

    def _put(self, key: str, put: Callable[[str], object]) -> None:
        target = f"{self.path}/{key}"
        if self.atomic:
            put(target)
            return
        folder, _, name = target.rpartition("/")
        self.fs.makedirs(folder, exist_ok=True)
        aside = f"{folder}/.{name}.{uuid.uuid4().hex[:8]}.part"
        put(aside)
        try:
            self.fs.mv(aside, target)
        except OSError:
            # Some file systems do not rename onto a file; what is there is as good.
            if not self.fs.exists(target):
                raise
            self.fs.rm_file(aside)


def _written(told: dict[str, Any]) -> float:
    """When something was written; now where a file system does not say: what may be new stays."""
    for key in ("LastModified", "last_modified", "mtime", "updated", "created"):
        value = told.get(key)
        if isinstance(value, str):
            with contextlib.suppress(ValueError):
                return datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, (int, float)):
            return float(value)
    return time.time()


def _bucket(protocol: str, url: str) -> Bucket:
    extra = _EXTRAS.get(protocol, "store")
    missing = UserError(
        f"the store {url} needs libraries that are not installed",
        hint=f"Run: pip install 'soorgeon-clone[{extra}]'"
        + ("" if extra != "store" else f" and what fsspec needs for {protocol}://"),
        exit_code=2,
    )
    try:
        import fsspec
    except ImportError:
        raise missing from None
    options: dict[str, Any] = {"skip_instance_cache": True, "use_listings_cache": False}
    if protocol in ("s3", "s3a"):
        # patience is ours; theirs would multiply with it
        options["config_kwargs"] = {
            "connect_timeout": 10,
            "read_timeout": 60,
            "max_pool_connections": THREADS,
            "retries": {"mode": "standard", "max_attempts": 1},
        }
    try:
        filesystem, path = fsspec.core.url_to_fs(url, **options)
    except ImportError:
        raise missing from None
    except ValueError as error:
        raise UserError(
            f"the store {url} cannot be used: {error}",
            hint=_STORES,
            exit_code=2,
        ) from None
    except Exception as error:
        raise UserError(f"the store {url} cannot be opened: {_one_line(error)}") from None
    if hasattr(filesystem, "retries"):
        filesystem.retries = 1
    return Bucket(filesystem, path, atomic=protocol in _ATOMIC)


def _write_through(path: Path, content: bytes) -> None:
    with new_file(path) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _copy_through(source: Path, target: Path) -> None:
    with open_regular(source) as old, new_file(target) as new:
        shutil.copyfileobj(old, new, 1 << 20)
        new.flush()
        os.fsync(new.fileno())


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else text[:300] + "..."
