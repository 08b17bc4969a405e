"""SG304: random numbers that depend on an earlier section."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject


class RandomnessAcrossSections:
    """A section draws from a generator that an earlier section seeded.

    Why:
        What it draws depends on how often everything in between drew: one more draw above changes all below. In a
        pipeline the generator's state is handed from task to task, which makes a chain of them.

    Bad:
        ## Setup
        np.random.seed(0)
        ## Sample
        x = np.random.rand(10)

    Good:
        ## Sample
        rng = np.random.default_rng(0)
        x = rng.random(10)
    """

    code = "SG304"
    name = "randomness-across-sections"
    severity: Severity = "info"
    default = False
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        from soorgeon_clone.lint.crossing import at_statement as at
        from soorgeon_clone.lint.crossing import title

        facts = subject.facts
        if facts is None:
            return
        seeded: dict[str, int] = {}
        told: set[tuple[str, int]] = set()
        for statement in facts.statements:
            for generator in sorted(statement.draws):
                section = seeded.get(generator, statement.section)
                because = facts.because(statement, "draws", generator)
                if because is not None and because.feared:
                    continue  # `refactor` takes for granted that it does not
                if section != statement.section and (generator, statement.section) not in told:
                    told.add((generator, statement.section))
                    what = generator.replace("_", " ")
                    yield at(statement, f"draws from {what}, which {title(subject, section)} seeded")
            for generator in statement.seeds:
                seeded[generator] = statement.section
