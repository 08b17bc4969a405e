"""A notebook file -> diagnostics: reads it, asks the rules that are on, takes out what is silenced."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from soorgeon_clone.errors import OtherLanguage, UserError
from soorgeon_clone.lint import noqa
from soorgeon_clone.lint.config import Settings
from soorgeon_clone.lint.model import Diagnostic, FileResult, Finding, Planned
from soorgeon_clone.lint.registry import all_rules
from soorgeon_clone.lint.rule import Rule
from soorgeon_clone.lint.subject import Subject
from soorgeon_clone.notebook.model import Notebook, Place
from soorgeon_clone.notebook.read import parse_with_json
from soorgeon_clone.notebook.size import heaviest, is_heavy

STDIN = "standard input"


def check_bytes(
    data: bytes,
    path: Path | None,
    settings: Settings,
    codes: Collection[str] | None = None,
    planned: Planned | None = None,
) -> FileResult:
    """Return what the rules say about the notebook in ``data``. ``codes`` are those that are on, if already known.

    Findings of rules that look around the notebook are still to be `confirmed`.
    """
    file = str(path) if path is not None else STDIN
    try:
        notebook, raw = parse_with_json(data, path)
    except OtherLanguage as error:
        return FileResult(file, note=error.message)
    except UserError as error:
        return FileResult(file, trouble=str(error))
    if trouble := too_large(notebook, file):
        return FileResult(file, trouble=trouble)
    enabled = settings.codes_for(path) if codes is None else frozenset(codes)
    subject = Subject(notebook, settings.limits, raw, planned)
    try:
        found = check(subject, file, settings, enabled)
    except UserError as error:  # what pyproject.toml says about effects
        return FileResult(file, trouble=str(error))
    except RecursionError:
        return FileResult(file, trouble=f"{file}: its code is nested too deeply")
    if any(one.finding.fix for one in found):
        from soorgeon_clone.lint.document import can_edit

        if not can_edit(data, raw):
            found = [one._replace(finding=one.finding._replace(fix=None)) for one in found]
    return FileResult(file, tuple(found))


def too_large(notebook: Notebook, file: str) -> str:
    """Return why a notebook is not linted, if it has more code than can be looked at in seconds; else ""."""
    if not is_heavy(cell.source for cell in notebook.cells if cell.kind == "code"):
        return ""
    cell = heaviest(notebook.cells)
    size = f"{len(cell.source):,} characters" if len(cell.source) > 10_000 else f"{len(notebook.cells):,} cells"
    return (
        f"{Place(file, cell.index)}: the notebook has too much code to be linted ({size})\n"
        "Keep data in a file beside it, or make it several notebooks."
    )


def check(subject: Subject, file: str, settings: Settings, enabled: Collection[str]) -> list[Diagnostic]:
    """Return the diagnostics of one notebook, sorted by place."""
    rules = [rule for code, rule in all_rules().items() if code in enabled]
    found = [(rule, finding) for rule in rules for finding in rule.check(subject)]
    silencers = noqa.Silencers(noqa.suppressions(subject.notebook))
    kept: list[tuple[Rule, Finding]] = [one for one in found if not silencers.silence(*one)]
    if noqa.UNUSED in enabled and silencers.found:
        everything = tuple(all_rules().values())
        judge = all_rules()[noqa.UNUSED]
        unneeded = noqa.unused(silencers.found, silencers.used, enabled, everything)
        listed = noqa.Silencers([one for one in silencers.found if one.codes])
        kept += [(judge, finding) for finding in unneeded if not listed.silence(judge, finding)]
    named = {finding.cell for _, finding in kept if finding.cell is not None}
    rows = {index: subject.notebook.cells[index].source.split("\n") for index in named}
    diagnostics = [_diagnostic(rule, finding, subject.notebook, rows, file, settings) for rule, finding in kept]
    return sorted(set(diagnostics), key=lambda one: one.position)


def _diagnostic(
    rule: Rule, finding: Finding, notebook: Notebook, rows: Mapping[int, Sequence[str]], file: str, settings: Settings
) -> Diagnostic:
    severity = settings.severity_of(rule.code, rule.severity) if settings.severity else rule.severity
    cell = notebook.cells[finding.cell] if finding.cell is not None else None
    lines: tuple[str, ...] = ()
    if cell is not None and finding.row is not None:
        lines = tuple(rows[cell.index][finding.row - 1 : finding.row])
    return Diagnostic(rule.code, rule.name, severity, file, finding, cell.id if cell else None, lines)
