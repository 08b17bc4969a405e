"""A difference -> its likely cause, and which sections would have to run together so that it cannot be."""

from __future__ import annotations

import re
from dataclasses import replace

from soorgeon_clone.refactor.model import Load, Task
from soorgeon_clone.verify.capture import departures
from soorgeon_clone.verify.compare import Comparison
from soorgeon_clone.verify.likeness import unlike
from soorgeon_clone.verify.model import Cause, CauseKind, Difference, SectionResult

# kind of cause -> what a section has that depends on such a thing, what one has that brings it about, and how to say so
_TRACES: dict[CauseKind, tuple[re.Pattern[str], re.Pattern[str], str]] = {
    "randomness": (
        re.compile(r"\brandom|\bsample\(|shuffle|train_test_split|\.fit\(|\.rvs\(|\brand"),
        re.compile(r"seed\("),
        "the section draws random numbers, and their generator is in another state than in the notebook",
    ),
    "file": (
        re.compile(r"\bopen\(|read_|\bload|listdir|glob|exists\("),
        re.compile(r"\bopen\(|\.to_\w+\(|write|savefig|\bsave|dump|makedirs|mkdir|copy|^\s*[!%]", re.MULTILINE),
        "the section reads files, and an earlier one writes some",
    ),
}
_DRAWING = re.compile(
    r"rcParams|style|set_theme|palette|set_context|plt\.(?:rc|figure|subplots)|%matplotlib|\bsns\.set"
)


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
        self.boundaries = comparison.straight.boundaries
        self.number = result.number
        self.task_number = self.layout.tasks[result.number]
        self.task: Task = self.layout.plan.tasks[self.task_number]
        self.run = comparison.built.tasks.get(self.task.name)

    def cause(self, difference: Difference) -> Cause:
        if (edited := self._edited(difference)) is not None:
            text = f"task {edited} has other code than the notebook: one of them was changed after `refactor`"
            return Cause("other code", text, self.number, self.number)
        if difference.kind == "variable" and difference.variable is not None and "arrives" in difference.what:
            return self._arrived(re.split(r"[\[.]", difference.variable, maxsplit=1)[0])
        if difference.kind == "failure":
            return self._failure(difference)
        if "(image/" in difference.notebook + difference.pipeline:
            text = "an earlier section sets what drawings depend on (style, size, fonts, an open figure)"
            return self._brought_about("drawing", text, _DRAWING)
        return self._from_traces()

    # -- a person changed a task, or the notebook -------------------------------------------------------------------

    def _edited(self, difference: Difference) -> str | None:
        """Return the task, this one or the one that gave the variable, whose code is not the notebook's."""
        at: int | None = self.task_number
        if difference.kind == "variable" and difference.variable is not None and "arrives" in difference.what:
            at = self._provider(re.split(r"[\[.]", difference.variable, maxsplit=1)[0])
        if at is None or not self.comparison.edited(at):
            return None
        return self.layout.plan.tasks[at].name

    # -- a variable that arrives as another value ------------------------------------------------------------------

    def _arrived(self, name: str) -> Cause:
        provider = self._provider(name)
        if provider is None:
            return self._from_traces()
        first = self.layout.first(provider)
        given = self.layout.plan.tasks[provider].name
        source = self.comparison.built.tasks.get(given)
        saved = source.left.portraits.get(name) if source else None
        arrived = self.run.arrived.portraits.get(name) if self.run else None
        if saved is not None and (arrived is None or unlike(saved, arrived)):
            text = (
                f"`{name}` is another value when it is loaded than when task {given} saved it: pickling it does not "
                "keep all of its state"
            )
            return Cause("lost when saved", text, first, self.number)
        changer = self._changer(name, self.layout.last(provider))
        if changer is not None:
            title = self.layout.sections[changer].title
            text = f"section '{title}' changes `{name}`, which nothing in its code lets see"
            return Cause("changed unseen", text, first, self.number)
        return Cause("unknown", f"`{name}` comes from task {given}, which gives it another value", first, self.number)

    def _provider(self, name: str) -> int | None:
        for step in self.task.steps:
            if isinstance(step, Load) and name in step.names:
                return next((n for n, task in enumerate(self.layout.plan.tasks) if task.name == step.task), None)
        return None

    def _changer(self, name: str, saved: int) -> int | None:
        """Return the first section after ``saved`` at whose end the notebook itself has another value."""
        value = self._value(saved, name)
        for number in range(saved + 1, self.layout.first(self.task_number)):
            now = self._value(number, name)
            if value is not None and now is not None and unlike(value, now):
                return number
        return None

    def _value(self, number: int, name: str) -> object:
        boundary = self.boundaries.get(number)
        return boundary.portraits.get(name) if boundary else None

    # -- a task that fails -------------------------------------------------------------------------------------------

    def _failure(self, difference: Difference) -> Cause:
        error = self.run.error if self.run else None
        if error is None:
            return self._from_traces()
        name, value = error.ename, error.evalue
        if name in ("NameError", "UnboundLocalError") and (found := re.search(r"name '(\w+)'", value)):
            return self._missing(found[1])
        # Python 3.13 says of a local object that is saved what others say of a global one that is missing
        saving = difference.cell is None and ".dump(" in error.source
        found = re.search(r"[Cc]an't (?:get|find) (?:local )?(?:attribute|object) '([\w.<>]+)'", value)
        if found and not saving:
            return self._missing(found[1].split(".")[0])
        if saving or (difference.cell is None and "pickle" in f"{name} {value}".lower()):
            return self._unsaved(error.source, error.line)
        if name in ("FileNotFoundError", "NotADirectoryError"):
            text = "an earlier section writes the file, and nothing lets see that this one reads it"
            return self._brought_about("file", text, _TRACES["file"][1])
        return self._from_traces()

    def _missing(self, name: str) -> Cause:
        first = next((n for n in sorted(self.boundaries) if name in self.boundaries[n].names), None)
        if first is None or first >= self.layout.first(self.task_number):
            return self._from_before("missing input", f"`{name}` is missing")
        title = self.layout.sections[first].title
        text = f"`{name}`, which section '{title}' defines, is missing: nothing lets see that it is needed here"
        return Cause("missing input", text, first, self.number)

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

    def _from_traces(self) -> Cause:
        source = self._source(self.number)
        for kind, (depends, brings, text) in _TRACES.items():
            if depends.search(source) and any(brings.search(self._source(n)) for n in range(self.number)):
                return self._brought_about(kind, text, brings)
        return self._from_before("unknown", "an earlier section leaves behind something that is in no variable")

    def _brought_about(self, kind: CauseKind, text: str, brings: re.Pattern[str]) -> Cause:
        """A cause that lies in the nearest earlier section of another task whose code looks like it."""
        for number in range(self.layout.first(self.task_number) - 1, -1, -1):
            if brings.search(self._source(number)):
                title = self.layout.sections[number].title
                return Cause(kind, f"{text} (it may be section '{title}')", number, self.number)
        return self._from_before(kind, text)

    def _from_before(self, kind: CauseKind, text: str) -> Cause:
        """A cause of which is only known that it lies before: the task before is the first to try."""
        before = self.layout.first(self.task_number - 1) if self.task_number else 0
        return Cause(kind, text, before, self.number)

    def _source(self, number: int) -> str:
        return "\n".join(cell.source for cell in self.layout.sections[number].cells if cell.kind == "code")
