"""SG305: settings that later sections depend on."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject


class SettingAcrossSections:
    """A section changes a setting of the whole process, which all later sections see.

    Why:
        Options of pandas and matplotlib, the working directory, environment variables: code further down means
        something else because of them. `refactor` repeats them in each task. Settings in the first section are where
        they belong and not reported.

    Bad:
        ## Plot
        plt.style.use("ggplot")
        ## Report
        df.plot()

    Good:
        ## Setup
        plt.style.use("ggplot")
    """

    code = "SG305"
    name = "setting-across-sections"
    severity: Severity = "info"
    default = False
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        from soorgeon_clone.lint.crossing import at_statement as at
        from soorgeon_clone.lint.crossing import beside

        facts = subject.facts
        if facts is None:
            return
        last = len(facts.sections) - 1
        for statement in facts.statements:
            if statement.sets and 0 < statement.section < last:
                what = ", ".join(sorted(one.removeprefix("other:").replace("_", " ") for one in statement.sets))
                by = beside(facts, statement, "sets", min(statement.sets))
                yield at(statement, f"changes settings that later sections see: {what}{by}")
