"""Sources and local modules -> their facts, read once for each version of a file, whichever command asks."""

from __future__ import annotations

import stat
from pathlib import Path

from soorgeon_clone.files.regular import did_you_mean
from soorgeon_clone.pipeline.declared.model import TaskSpec
from soorgeon_clone.pipeline.sources import source_facts as facts
from soorgeon_clone.pipeline.sources.local_modules import LocalModules
from soorgeon_clone.pipeline.sources.model import CodeFacts, SourceFacts
from soorgeon_clone.pipeline.sources.no_code import NO_CODE, facts_of
from soorgeon_clone.pipeline.sources.shell import shell_facts
from soorgeon_clone.pipeline.sources.split import split_facts
from soorgeon_clone.pipeline.sources.sql import sql_facts
from soorgeon_clone.pipeline.state.content import Memo, settled, stamp_now, stamp_of


class SourceMemo:
    """The facts of the sources of one project. ``memo`` outlives the process."""

    def __init__(self, root: Path, memo: Memo) -> None:
        self.local = LocalModules(root)
        self._root = root
        self._memo = memo
        self._stamps: dict[str, str] = {}
        self._modules: dict[str, tuple[str, CodeFacts | None]] = {}

    def path(self, task: TaskSpec) -> Path | None:
        """Return the file that a task's code stands in; None for a function of a module that is not in the project."""
        if task.source.kind in ("split", *NO_CODE):
            return None
        if task.source.kind != "function":
            return self._root / str(task.source.path)
        module = self.local.find(task.source.text.rpartition(".")[0])
        return Path(module) if module and module.endswith(".py") else None

    def is_unchanged(self, task: TaskSpec) -> bool:
        """Tell whether a task's source is what it was when it was last asked for."""
        path = self.path(task)
        return path is not None and _versioned(stamp_now(path)) == self._stamps.get(task.name)

    def of_task(self, task: TaskSpec) -> SourceFacts:
        """Return the facts of a task's source; where it cannot be read, they have a ``problem``."""
        if task.over is not None:
            return split_facts(task.over.task, task.over.key)
        if task.source.kind in NO_CODE:
            return facts_of(task.source.kind, task.source.path or task.source.text)
        path = self.path(task)
        if path is None:
            return SourceFacts(problem=f"there is no module {task.source.text.rpartition('.')[0]} in {self._root}")
        try:
            status = path.stat()
        except (OSError, ValueError):
            named = task.source.path or str(path)
            meant = did_you_mean(path).replace(f"{self._root}/", "")
            hint = f". {meant} Else" if meant else ":"
            return SourceFacts(problem=f"there is no {named}{hint} 'soorgeon-clone scaffold' creates it")
        if not stat.S_ISREG(status.st_mode) and not path.is_dir():
            return SourceFacts(problem=f"{task.source.path or path} is a pipe, a socket or a device, not a file")
        stamp = self._stamps[task.name] = _versioned(stamp_of(status))
        name = f"{task.source.path or task.source.text}\0source{task.kernel or ''}"
        known = self._memo.recall(name, stamp)
        if known and (remembered := facts.source_from_json(known)) is not None:
            return remembered
        function = task.source.kind == "function"
        if task.source.kind == "shell":
            found = shell_facts(path)
        elif task.source.kind == "sql":
            found = sql_facts(path, self._root, task.database.templates if task.database is not None else ())
        else:
            found = facts.function_facts(task.source.text, path) if function else facts.script_facts(path, task.kernel)
        borrows = task.source.kind == "sql" and found.code is not None and found.code.constants  # from other files
        if found.problem is None and not borrows and settled(status):
            self._memo.remember(name, stamp, facts.to_json(found))
        return found

    def of_module(self, path: str) -> CodeFacts | None:
        """Return the facts of a local module; None if it is no file that can be read as code."""
        try:
            status = Path(path).stat()
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        stamp = _versioned(stamp_of(status))
        if path in self._modules and self._modules[path][0] == stamp:
            return self._modules[path][1]
        name = f"{path}\0module"
        known = self._memo.recall(name, stamp)
        found = facts.code_from_json(known) if known else None
        if found is None:
            found = facts.module_facts(Path(path))
            if found is not None and settled(status):
                self._memo.remember(name, stamp, facts.to_json(found))
        if settled(status):
            self._modules[path] = (stamp, found)
        return found


def _versioned(stamp: str) -> str:
    """A stamp that holds as long as facts are made as they are now."""
    return f"{stamp}:{facts.VERSION}"
