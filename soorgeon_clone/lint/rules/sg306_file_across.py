"""SG306: files that one section writes and another reads."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject


class FileAcrossSections:
    """A section reads a file that an earlier section wrote.

    Why:
        The sections depend on each other by a path, which no variable shows: an old file is read without a word when
        the writer did not run. `refactor` makes it an edge of the pipeline.

    Bad:
        ## Clean
        df.to_csv("clean.csv")
        ## Plot
        df = pd.read_csv("clean.csv")

    Good:
        ## Plot
        df.plot()
    """

    code = "SG306"
    name = "file-across-sections"
    severity: Severity = "info"
    default = False
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        from soorgeon_clone.lint.crossing import at_statement as at
        from soorgeon_clone.lint.crossing import beside, title

        facts = subject.facts
        if facts is None:
            return
        written: dict[str, int] = {}
        for statement in facts.statements:
            if statement.unknown_calls:
                continue
            for path in sorted(statement.files_read - {"*", ""}):
                if written.get(path, statement.section) != statement.section:
                    by = beside(facts, statement, "files_read", path)
                    yield at(statement, f"reads {path!r}, which {title(subject, written[path])} wrote{by}")
            for path in statement.files_written - {"*"}:
                written[path] = statement.section
