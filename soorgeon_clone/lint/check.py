"""A notebook file -> diagnostics: reads it, asks the rules that are on, takes out what is silenced."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import OtherLanguage, UserError
from soorgeon_clone.lint import noqa
from soorgeon_clone.lint.config import Settings
from soorgeon_clone.lint.model import Diagnostic, FileResult, Finding, Rule
from soorgeon_clone.lint.registry import all_rules, live_rules
from soorgeon_clone.lint.subject import Subject
from soorgeon_clone.notebook.model import Notebook
from soorgeon_clone.notebook.read import parse

STDIN = "standard input"


def check_bytes(
    data: bytes,
    path: Path | None,
    settings: Settings,
    codes: Collection[str] | None = None,
    merges: tuple[tuple[tuple[str, ...], str], ...] = (),
) -> FileResult:
    """Return what the rules say about the notebook in ``data``. ``codes`` are those that are on, if already known.

    Findings of rules that look around the notebook are still to be `confirmed`.
    """
    file = str(path) if path is not None else STDIN
    try:
        notebook = parse(data, path)
    except OtherLanguage as error:
        return FileResult(file, note=error.message)
    except UserError as error:
        return FileResult(file, trouble=str(error))
    enabled = settings.codes_for(path) if codes is None else frozenset(codes)
    subject = Subject(notebook, settings.limits, raw_json(data), merges)
    try:
        return FileResult(file, tuple(check(subject, file, settings, enabled)))
    except RecursionError:
        return FileResult(file, trouble=f"{file}: its code is nested too deeply")


def check(subject: Subject, file: str, settings: Settings, enabled: Collection[str]) -> list[Diagnostic]:
    """Return the diagnostics of one notebook, sorted by place."""
    rules = [rule for code, rule in all_rules().items() if code in enabled]
    found = [(rule, finding) for rule in rules for finding in rule.check(subject)]
    silencers = noqa.suppressions(subject.notebook)
    used: set[int] = set()
    kept: list[tuple[Rule, Finding]] = []
    for rule, finding in found:
        by = [number for number, one in enumerate(silencers) if noqa.applies(one, rule, finding)]
        used.update(by)
        if not by:
            kept.append((rule, finding))
    if noqa.UNUSED in enabled and silencers:
        everything = tuple(all_rules().values())
        judge = all_rules()[noqa.UNUSED]
        for finding in noqa.unused(silencers, used, enabled, everything):
            if not any(noqa.applies(one, judge, finding) for one in silencers if one.codes):
                kept.append((judge, finding))
    diagnostics = [_diagnostic(rule, finding, subject.notebook, file, settings) for rule, finding in kept]
    return sorted(set(diagnostics), key=lambda one: one.position)


def confirmed(result: FileResult, path: Path | None) -> FileResult:
    """Return a result without what the notebook's surroundings say is no finding: modules that are there after all."""
    rules = live_rules()
    if not any(one.code in rules for one in result.diagnostics):
        return result
    from soorgeon_clone.lint.surroundings import Surroundings

    surroundings = Surroundings(path.parent if path is not None else Path())
    modules = tuple({one.finding.subject: None for one in result.diagnostics if one.finding.subject})
    kept = []
    for one in result.diagnostics:
        rule = rules.get(one.code)
        if rule is None or rule.confirm(one.finding, modules, surroundings):
            kept.append(one)
    return replace(result, diagnostics=tuple(kept))


def _diagnostic(rule: Rule, finding: Finding, notebook: Notebook, file: str, settings: Settings) -> Diagnostic:
    severity = settings.severity_of(rule.code, rule.severity) if settings.severity else rule.severity
    cell = notebook.cells[finding.cell] if finding.cell is not None else None
    lines: tuple[str, ...] = ()
    if cell is not None and finding.row is not None:
        lines = tuple(cell.source.split("\n")[finding.row - 1 : finding.row])
    return Diagnostic(rule.code, rule.name, severity, file, finding, cell.id if cell else None, lines)


def raw_json(data: bytes) -> Mapping[str, Any] | None:
    """Return the JSON of an .ipynb file; None if it is a script."""
    if data.lstrip()[:1] != b"{" and not data.startswith((b"\xef\xbb\xbf{", b"\xff\xfe", b"\xfe\xff")):
        return None
    import json

    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
