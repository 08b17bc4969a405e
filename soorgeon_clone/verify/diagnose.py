"""A difference -> its likely cause, and which sections would have to run together so that it cannot be."""

from __future__ import annotations

import re
from dataclasses import replace

from soorgeon_clone.refactor.model import Load, Task
from soorgeon_clone.verify.capture import departures
from soorgeon_clone.verify.compare import Comparison
from soorgeon_clone.verify.likeness import unlike
from soorgeon_clone.verify.model import Cause, Difference, SectionResult

_DRAWS = re.compile(r"\brandom|\bsample\(|shuffle|train_test_split|default_rng|\.fit\(|rvs\(|manual_seed|\brng\b")
_FILES = re.compile(r"FileNotFoundError|No such file|\bopen\(|read_|to_csv|Path\(|load\(|os\.path|glob\(|listdir")


def with_cause(comparison: Comparison, result: SectionResult) -> SectionResult:
    """Return the result with the likely cause of its difference."""
    if result.difference is None or result.difference.kind == "not run":
        return result
    cause = _Diagnosis(comparison, result).cause(result.difference)
    return replace(result, difference=replace(result.difference, cause=cause))


class _Diagnosis:
    def __init__(self, comparison: Comparison, result: SectionResult) -> None:
        self.comparison = comparison
        self.layout = comparison.layout
        self.number = result.number
        self.task_number = self.layout.tasks[result.number]
        self.task: Task = self.layout.plan.tasks[self.task_number]
        self.run = comparison.built.tasks.get(self.task.name)

    def cause(self, difference: Difference) -> Cause:
        if difference.kind == "variable" and difference.variable is not None:
            name = re.split(r"[\[.]", difference.variable, maxsplit=1)[0]
            arrived = "arrives" in difference.what
            return self._arrived(name) if arrived else self._from_before("unknown", self._why_not_the_same())
        if difference.kind == "failure":
            return self._failure(difference)
        if difference.notebook.startswith("(image/") or difference.pipeline.startswith("(image/"):
            return self._from_before(
                "drawing",
                "an earlier section sets something that drawings depend on (style, size, fonts, an open figure)",
            )
        return self._from_before("unknown", self._why_not_the_same())

    # -- a variable that arrives as another value ------------------------------------------------------------------

    def _arrived(self, name: str) -> Cause:
        provider = self._provider(name)
        if provider is None:
            return self._from_before("unknown", self._why_not_the_same())
        first = self.layout.first(provider)
        given = self.layout.plan.tasks[provider].name
        source = self.comparison.built.tasks.get(given)
        saved = source.left.get(name) if source else None
        arrived = self.run.arrived.get(name) if self.run else None
        if saved is not None and (arrived is None or unlike(saved, arrived)):
            return Cause(
                "lost when saved",
                f"`{name}` is another value when it is loaded than when task {given} saved it: its class does not keep "
                "all of its state when it is pickled",
                first,
                self.number,
            )
        changer = self._changer(name, provider)
        if changer is not None:
            title = self.layout.sections[self.layout.first(changer)].title
            return Cause(
                "changed unseen",
                f"section '{title}' changes `{name}`, which nothing in its code lets see",
                first,
                self.number,
            )
        return Cause("unknown", f"`{name}` comes from task {given}, which gives it another value", first, self.number)

    def _provider(self, name: str) -> int | None:
        for step in self.task.steps:
            if isinstance(step, Load) and name in step.names:
                return next((n for n, task in enumerate(self.layout.plan.tasks) if task.name == step.task), None)
        return None

    def _changer(self, name: str, provider: int) -> int | None:
        """Return the first task after ``provider`` behind which the notebook itself has another value."""
        boundaries = self.comparison.straight.boundaries
        start = boundaries.get(provider, {}).get(name)
        for number in range(provider + 1, self.task_number):
            now = boundaries.get(number, {}).get(name)
            if start is not None and now is not None and unlike(start, now):
                return number
        return None

    # -- a task that fails -------------------------------------------------------------------------------------------

    def _failure(self, difference: Difference) -> Cause:
        error = self.run.error if self.run else None
        name = error.ename if error else ""
        value = error.evalue if error else ""
        if name in ("NameError", "UnboundLocalError") and (found := re.search(r"name '(\w+)'", value)):
            return self._missing(found[1])
        if name == "AttributeError" and (
            found := re.search(r"[Cc]an't get (?:attribute|local object) '([\w.<>]+)'", value)
        ):
            return self._missing(found[1].split(".")[0])
        if (
            error is not None
            and difference.cell is None
            and ("pickle" in f"{name} {value}".lower() or "save" in error.source)
        ):
            return self._unsaved(error.source, error.line)
        if name == "FileNotFoundError":
            return self._from_before(
                "file", "an earlier section writes the file, and nothing lets see that this one reads it"
            )
        return self._from_before("unknown", self._why_not_the_same())

    def _missing(self, name: str) -> Cause:
        names = self.comparison.straight.names
        first = next((number for number in sorted(names) if name in names[number]), None)
        if first is None or first >= self.task_number:
            return self._from_before("missing input", f"`{name}` is missing")
        section = self.layout.first(first)
        title = self.layout.sections[section].title
        text = f"`{name}`, which section '{title}' defines, is missing: nothing lets see that it is needed here"
        return Cause("missing input", text, section, self.number)

    def _unsaved(self, source: str, line: int | None) -> Cause:
        row = source.split("\n")[line - 1] if line else source
        names = [part.name for part in departures(self.task)]
        guilty = [name for name in names if re.search(rf"\b{re.escape(name)}\b", row)] or names
        users = [
            self.layout.last(number)
            for number, task in enumerate(self.layout.plan.tasks)
            for step in task.steps
            if isinstance(step, Load) and step.task == self.task.name and not set(step.names).isdisjoint(guilty)
        ]
        last = min(users, default=min(self.number + 1, len(self.layout.sections) - 1))
        listed = ", ".join(f"`{name}`" for name in guilty[:3])
        return Cause("cannot be saved", f"{listed} cannot be pickled", self.layout.first(self.task_number), last)

    # -- anything else -----------------------------------------------------------------------------------------------

    def _from_before(self, kind: str, text: str) -> Cause:
        """A cause of which is only known that it lies in an earlier section: the task before is the first to try."""
        before = self.layout.first(self.task_number - 1) if self.task_number else 0
        return Cause(kind, text, before, self.number)  # type: ignore[arg-type]

    def _why_not_the_same(self) -> str:
        source = "\n".join(cell.source for cell in self.layout.sections[self.number].cells if cell.kind == "code")
        if _DRAWS.search(source):
            return "the section may draw random numbers, and their generator is in another state than in the notebook"
        if _FILES.search(source):
            return "the section reads or writes files, and an earlier one may write them"
        return "the section depends on something that an earlier one leaves behind and that is in no variable"
