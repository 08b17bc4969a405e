"""Suppressions: ``# noqa`` on a line, a cell's tag, a comment for the whole notebook; and those that nothing needs.

    df.plot()  # noqa: SG201              this line, these rules (codes, beginnings of codes, or names)
    df.plot()  # noqa                     this line, all rules
    tags: ["noqa"], ["noqa: SG201,SG5"]   the whole cell
    # soorgeon-clone: noqa: SG5           anywhere in a code cell on a line of its own: the whole notebook
    <!-- soorgeon-clone: noqa: SG5 -->    the same in a Markdown cell

Codes of other linters are theirs; those that mean one of our rules (F401) silence it.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from soorgeon_clone.lint.model import Finding
from soorgeon_clone.lint.rule import Rule
from soorgeon_clone.notebook.model import Notebook

UNUSED = "SG001"

_LIST = r"(?P<codes>\s*:\s*[A-Za-z][\w-]*(?:(?:\s*,\s*|\s+)[A-Z][A-Za-z]*\d[\w-]*|\s*,\s*[a-z][\w-]+)*)?"
_LINE = r"#\s*noqa\b" + _LIST
_TAG = r"noqa" + _LIST + r"\s*"
_NOTEBOOK = r"^[ \t]*(?:#|<!--)\s*soorgeon-clone\s*:\s*noqa\b" + _LIST

# Of one comment: more than there are rules.
_MOST_CODES = 200


class Suppression(NamedTuple):
    """``codes`` are what is written, in capitals unless they are names; none mean all rules. ``cell`` and ``row``
    are None where it holds for more; ``column`` and ``written`` are for the report."""

    codes: tuple[str, ...]
    cell: int | None
    row: int | None
    column: int | None
    written: str
    at: tuple[int, int | None]

    def covers(self, finding: Finding) -> bool:
        if self.cell is None:
            return True
        if finding.cell != self.cell:
            return False
        if self.row is None:
            return True
        if finding.row is None:
            return self.row == 1
        return finding.row <= self.row <= max(finding.end_row or finding.row, finding.row)


def suppressions(notebook: Notebook) -> list[Suppression]:
    """Return all suppressions that the notebook holds."""
    found: list[Suppression] = []
    for cell in notebook.cells:
        for tag in sorted(cell.tags):
            if "noqa" not in tag.lower():
                continue
            if match := re.fullmatch(_TAG, tag, re.IGNORECASE):
                found.append(Suppression(_codes(match), cell.index, None, None, tag, (cell.index, None)))
        if "noqa" not in cell.source.lower():
            continue
        for match in re.finditer(_NOTEBOOK, cell.source, re.IGNORECASE | re.MULTILINE):
            row = cell.source.count("\n", 0, match.start() + len(match.group()) - len(match.group().lstrip())) + 1
            found.append(Suppression(_codes(match), None, None, None, match.group().strip(), (cell.index, row)))
        if cell.kind != "code":
            continue
        for row, line in enumerate(cell.source.split("\n"), 1):
            match = re.search(_LINE, line, re.IGNORECASE)
            if match and not re.match(_NOTEBOOK, line, re.IGNORECASE):
                codes = _codes(match)
                found.append(
                    Suppression(codes, cell.index, row, match.start() + 1, match.group().strip(), (cell.index, row))
                )
    return found


def _codes(match: re.Match[str]) -> tuple[str, ...]:
    text = match.group("codes")
    if text is None:
        return ()
    codes = dict.fromkeys(code for code in re.split(r"[\s,]+", text.strip().removeprefix(":").strip()) if code)
    return tuple(codes)[:_MOST_CODES]


def _means(suppression: Suppression, rule: Rule) -> bool:
    """Tell whether a suppression speaks of a rule."""
    if not suppression.codes:
        return True
    for code in suppression.codes:
        upper = code.upper()
        if (upper.startswith("SG") and rule.code.startswith(upper)) or code.lower() == rule.name:
            return True
        if upper in rule.aliases:
            return True
    return False


class Silencers:
    """Suppressions by rule and place, so that thousands of them and of findings meet in no more steps than there are
    pairs that belong together."""

    def __init__(self, found: Sequence[Suppression]) -> None:
        self.found = found
        self.used: set[int] = set()
        self._of_rule: dict[str, dict[tuple[int | None, int | None], list[int]]] = {}
        self._rows: dict[int, list[int]] = {}
        for one in found:
            if one.cell is not None and one.row is not None:
                self._rows.setdefault(one.cell, []).append(one.row)

    def silence(self, rule: Rule, finding: Finding) -> bool:
        """Tell whether any of them silences what a rule found, and remember those that do."""
        if not self.found:
            return False
        if rule.code not in self._of_rule:
            self._of_rule[rule.code] = self._meaning(rule)
        places = self._of_rule[rule.code]
        silenced = False
        for place in self._places(finding):
            if numbers := places.get(place):
                silenced = True
                if numbers[0] not in self.used:  # those of one place are used together
                    self.used.update(numbers)
        return silenced

    def _meaning(self, rule: Rule) -> dict[tuple[int | None, int | None], list[int]]:
        places: dict[tuple[int | None, int | None], list[int]] = {}
        for number, one in enumerate(self.found):
            if _means(one, rule):
                places.setdefault((one.cell, one.row), []).append(number)
        return places

    def _places(self, finding: Finding) -> Iterator[tuple[int | None, int | None]]:
        yield None, None
        if finding.cell is None:
            return
        yield finding.cell, None
        if finding.row is None:
            yield finding.cell, 1
            return
        rows = self._rows.get(finding.cell, [])
        last = max(finding.end_row or finding.row, finding.row)
        for index in range(bisect_left(rows, finding.row), bisect_right(rows, last)):
            yield finding.cell, rows[index]


def unused(
    found: Sequence[Suppression], used: set[int], enabled: Iterable[str], rules: Sequence[Rule]
) -> Iterator[Finding]:
    """Yield suppressions of our rules that silence nothing, as far as the rules they name were asked."""
    asked = set(enabled)
    for number, suppression in enumerate(found):
        ours = [code for code in suppression.codes if code.upper().startswith("SG") or _is_name(code, rules)]
        cell, row = suppression.at
        if unknown := [code for code in ours if not _is_known(code, rules)]:
            message = f"`{suppression.written}`: no rule is called {', '.join(unknown)}"
            yield Finding(message, cell=cell, row=row, column=suppression.column, hint="`lint --rules` lists them.")
            continue
        if number in used or not ours or len(ours) < len(suppression.codes):
            continue
        named = {
            rule.code for rule in rules for code in ours if rule.code.startswith(code.upper()) or rule.name == code
        }
        if named and not named <= asked:
            continue
        message = f"`{suppression.written}` silences nothing"
        yield Finding(message, cell=cell, row=row, column=suppression.column, hint="Take it out.")


def _is_known(code: str, rules: Sequence[Rule]) -> bool:
    return _is_name(code, rules) or any(rule.code.startswith(code.upper()) for rule in rules)


def _is_name(code: str, rules: Sequence[Rule]) -> bool:
    return any(rule.name == code.lower() for rule in rules)
