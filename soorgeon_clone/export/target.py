"""What an export target is: a module with these names, and a row in ``targets.TARGETS``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from soorgeon_clone.export.model import Choices, Settings, Workflow
from soorgeon_clone.export.names import Rule
from soorgeon_clone.export.readers import Readers


class Target(Protocol):
    """What an engine takes, and a pure function from a workflow to its files.

    All that engines have in common is in the workflow that they get (see `steps`), and what builds the image, or the
    frozen placeholders of a shared folder, is added to their files (see `targets`).
    """

    ABOUT: str
    """What it writes, one line for --help."""
    TASK_NAMES: Rule
    """What the engine takes for the name of a task."""
    TITLES: Rule
    """What it takes for the name of a pipeline."""
    KEYS: Readers
    """What ``export: {TARGET: ...}`` takes at the top of pipeline.yaml, beside what all targets take."""
    TASK_KEYS: Readers
    """What it takes at the top and in tasks."""
    TRIES_AGAIN: bool
    """Whether the engine starts a task again that failed; else the program does."""
    IN_IMAGE: tuple[str, ...]
    """Files and folders of the export that tasks read."""

    def in_folder(self, settings: Settings, choices: Choices) -> bool:
        """Whether tasks run in the project's folder, which all machines see, and not in containers."""
        ...

    def files(self, flow: Workflow) -> dict[str, str]:
        """The files of the export: path in its folder -> text."""
        ...

    def use(self, flow: Workflow, files: Mapping[str, str]) -> list[str]:
        """What a person does next, a line each, and what may go wrong."""
        ...
