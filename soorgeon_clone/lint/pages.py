"""All rules -> the pages of docs/rules: one a rule, and a table of them all.

``python -m soorgeon_clone.lint.pages docs/rules`` writes them; a test says when they are out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from soorgeon_clone.files.atomic import write_text
from soorgeon_clone.lint.manual import manual_of
from soorgeon_clone.lint.registry import all_rules

_FAMILIES = {
    "SG0": "Suppressions",
    "SG1": "Execution: do counts and outputs fit the code?",
    "SG2": "Names: is what a cell uses there?",
    "SG3": "Crossing sections: what would `refactor` have to carry? (off unless selected: the analysis takes its time)",
    "SG4": "Environment: does it run elsewhere?",
    "SG5": "Shape: can it be read, and cut?",
}


def pages() -> Mapping[str, str]:
    """Return the text of each page by file name."""
    found = {f"{code}.md": manual_of(rule).markdown for code, rule in all_rules().items()}
    return {"README.md": _table(), **found}


def _table() -> str:
    lines = [
        "# Rules",
        "",
        "Written by `python -m soorgeon_clone.lint.pages docs/rules` from the rules themselves.",
        "`*`: has a fix. Rules that are off are on with `--select` or `extend-select`.",
    ]
    for family, title in _FAMILIES.items():
        lines += ["", f"## {family} {title}", "", "| code | name | finds | severity | on |", "|---|---|---|---|---|"]
        for code, rule in all_rules().items():
            if code.startswith(family):
                on = "yes" if rule.default else "no"
                star = " `*`" if code in WITH_FIX else ""
                what = manual_of(rule).what.replace("``", "`").replace("|", "\\|")
                lines.append(f"| [{code}]({code}.md) | {rule.name}{star} | {what} | {rule.severity} | {on} |")
    return "\n".join(lines) + "\n"


# Rules whose findings `--fix` mends, by itself or by putting cells in another order.
WITH_FIX = frozenset({"SG101", "SG102", "SG103", "SG201", "SG205", "SG207", "SG209", "SG505", "SG511"})


def main() -> None:
    """Write the pages to the folder that is named."""
    for name, text in pages().items():
        write_text(Path(sys.argv[1]), name, text)


if __name__ == "__main__":
    main()
