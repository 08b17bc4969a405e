"""SG403: imports that the project's requirements do not name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.rules.sg402_module_not_installed import ModuleNotInstalled

if TYPE_CHECKING:
    from soorgeon_clone.lint.subject import Subject
    from soorgeon_clone.lint.surroundings import Surroundings


class ModuleNotRequired:
    """A module is imported whose distribution is not in the project's requirements.

    Why:
        Whoever installs the requirements cannot run the notebook. Requirements are those of the nearest
        ``requirements.txt``, ``environment.yml`` or ``pyproject.toml`` that lists any; without them, nothing is said.

    Bad:
        # requirements.txt: pandas
        import seaborn as sns

    Good:
        # requirements.txt: pandas, seaborn
        import seaborn as sns
    """

    code = "SG403"
    name = "module-not-required"
    severity: Severity = "warning"
    default = True
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        for finding in ModuleNotInstalled().check(subject):
            yield finding._replace(message=f"module `{finding.subject}` is not in the project's requirements")

    def confirm(self, finding: Finding, others: tuple[str, ...], surroundings: Surroundings) -> bool:
        """Tell whether there are requirements, and none of them brings the module."""
        return surroundings.lacks_requirement(finding.subject)
