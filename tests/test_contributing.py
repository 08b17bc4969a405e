"""What CONTRIBUTING.md says about adding things is what was done for those that are there."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from soorgeon_clone.analysis.knowledge.effects import FOLDER
from soorgeon_clone.analysis.models import table as models
from soorgeon_clone.analysis.objects.kind import Kind
from soorgeon_clone.analysis.objects.table import kind_of
from soorgeon_clone.cli.app import COMMANDS
from soorgeon_clone.export.targets import TARGETS

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def paths(about: str) -> list[str]:
    """The paths that the item about something names; ``<name>`` stands for its name."""
    item = re.search(rf"^- \*\*{about}\*\*:(.*?)(?=^- |^#)", TEXT, re.MULTILINE | re.DOTALL)
    assert item, about
    return [word for word in re.findall(r"`([^`]+)`", item[1]) if re.search(r"/|\.md$", word)]


def there(path: str, name: str) -> bool:
    return any((ROOT / path.replace("<name>", one)).exists() for one in (name, name.replace("-", "_")))


@pytest.mark.parametrize("name", COMMANDS)
def test_commands(name: str) -> None:
    assert [path for path in paths("A command") if not there(path, name)] == []
    assert importlib.import_module(COMMANDS[name][0]).command.callback is not None
    assert re.search(rf"^\| `{name}\b", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", TARGETS)
def test_export_targets(name: str) -> None:
    found = paths("An export target")
    assert len(found) == 5
    assert [path for path in found if not there(path, name)] == []


def test_places_where_tasks_run() -> None:
    assert [path for path in paths("A place where tasks run") if not there(path, "")] == []


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.yaml")))
def test_effect_tables(name: str) -> None:
    assert [path for path in paths("An effect table") if not there(path, name)] == []


def test_models() -> None:
    found = paths("A model")
    folder = ROOT / next(path for path in found if "<name>" in path)
    for file in folder.parent.glob("*.py"):
        for path in re.findall(r'^    "([\w.]+)": \w+,$', file.read_text(encoding="utf-8"), re.MULTILINE):
            assert models.function(path) is not None, path
    assert [path for path in found if not there(path, "functools")] == []


def test_kinds_of_objects() -> None:
    found = paths("A kind of object")
    kinds = {type(kind_of(type_)) for type_ in ("?", "lib", "function", "class", "instance", "method", "builtins.dict")}
    for kind in kinds - {Kind}:
        name = kind.__module__.rpartition(".")[2]
        assert [path for path in found if not there(path, name)] == []
