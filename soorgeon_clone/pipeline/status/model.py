"""The nouns of this room: whether a task would run, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from soorgeon_clone.pipeline.products.manifest import Manifest
from soorgeon_clone.pipeline.sources.digests import digest
from soorgeon_clone.pipeline.state.model import Cause, Fingerprint, LastRun, Reason


@dataclass(frozen=True)
class Verdict:
    """Whether a task would run: ``causes`` say why. ``manifest`` is what the cache would bring back instead.

    ``proved``: there was no record, and the cache shows that the products on disk are the right ones. ``blind``: it is
    certain that the task has to run, and upstream contents are not known yet, so they are not in the fingerprint.
    ``partial``: the task leaves files under names that nobody knows, and the manifest may lack some of them; or there
    is a file now, which nobody knows, where one would be brought back. ``here``: its files are in the local cache.
    """

    fingerprint: Fingerprint
    causes: tuple[Cause, ...]
    manifest: Manifest | None = None
    proved: bool = False
    blind: bool = False
    partial: bool = False
    here: bool = False

    @property
    def only_text(self) -> bool:
        """Whether nothing changed but the text that the executed notebook shows."""
        return bool(self.causes) and all(cause.reason is Reason.PROSE for cause in self.causes)

    @property
    def restorable(self) -> Manifest | None:
        """What brings back all that the task made."""
        return None if self.partial else self.manifest


@dataclass(slots=True)
class Ahead:
    """What is known of products that are not here yet, for those who go through the tasks in their order.

    ``meanings`` maps the path of a product to what later tasks see of it, ``left`` a task to the mark of the run that
    made what it leaves beside its products.
    """

    meanings: dict[str, str] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)

    def expect(self, name: str, verdict: Verdict) -> None:
        """Take what a task's verdict says for what will be there."""
        if verdict.manifest is not None:
            self.left[name] = mark_of(verdict.fingerprint.digest, verdict.manifest.inputs)
        if verdict.restorable is not None:
            self.bring(verdict.restorable)

    def bring(self, manifest: Manifest) -> None:
        """Expect the products of a manifest."""
        self.meanings.update(meanings_of(manifest))


def meanings_of(manifest: Manifest) -> dict[str, str]:
    """Return what later tasks see of products, and of the files in those that are folders, by path."""
    found = {path: meaning for path, (_, meaning) in manifest.products.items()}
    found.update(
        (f"{path}/{name}", digest) for path, inner in manifest.folders.items() for name, digest in inner.items()
    )
    return found


def mark_of(fingerprint: str, inputs: Mapping[str, str]) -> str:
    """Return what stands for the files that a run left under names that nobody knows beforehand."""
    return digest(f"{fingerprint}\n{json.dumps(dict(inputs), sort_keys=True)}")


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """Whether a task would run, and why. ``cached``: its products would be brought back without running it, if
    ``in_store`` from the store."""

    name: str
    causes: tuple[Cause, ...]
    last_run: LastRun | None = None
    cached: bool = False
    in_store: bool = False

    def __str__(self) -> str:
        return f"{self.name}: {self.line}"

    @property
    def up_to_date(self) -> bool:
        return not self.causes

    @property
    def only_text(self) -> bool:
        """Whether nothing would run: only its notebook is made anew, with another text."""
        return bool(self.causes) and all(cause.reason is Reason.PROSE for cause in self.causes)

    @property
    def line(self) -> str:
        """The state in one line."""
        if not self.causes:
            return "up to date"
        why = "; ".join(str(cause) for cause in self.causes)
        return f"{'in store' if self.in_store else 'cached' if self.cached else 'stale'}: {why}"
