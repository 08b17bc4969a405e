"""Report -> one HTML page that needs nothing else: what was compared, and the first difference of each section."""

from __future__ import annotations

from soorgeon_clone.page.document import document
from soorgeon_clone.verify.model import Difference, Report, SectionResult
from soorgeon_clone.visible import markup

_STYLE = """
main { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
table { width: 100%; }
td, th { padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.count { text-align: right; }
.same { color: var(--good); } .different, .not-run { color: var(--bad); } .not-deterministic { color: var(--warn); }
pre { white-space: pre-wrap; }
.sides { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 1rem; }
@media (max-width: 40rem) { .sides { display: block; } }
"""


def html_of(report: Report) -> str:
    """Return the page."""
    verdict = "The pipeline does what the notebook does." if report.same else "The pipeline is not the notebook."
    rows = "".join(_row(section) for section in report.sections)
    details = "".join(_detail(section) for section in report.sections if section.difference)
    notes = "".join(f"<li>{markup(note)}</li>" for note in report.notes)
    body = (
        f"<main><h1>{markup(report.notebook)}</h1>"
        f'<p class="{"same" if report.same else "different"}"><strong>{verdict}</strong> '
        f"Compared with: {markup(report.pipeline)}.</p>"
        f"{f'<ul>{notes}</ul>' if notes else ''}"
        '<table aria-label="Sections"><tr><th>section</th><th>task</th><th>verdict</th><th class="count">cells</th>'
        '<th class="count">variables</th></tr>'
        f"{rows}</table>{details}</main>"
    )
    return document(f"verify {report.notebook}", body, style=_STYLE)


def _row(section: SectionResult) -> str:
    kind = section.verdict.replace(" ", "-")
    return (
        f"<tr><td>{markup(section.title)}</td><td>{markup(section.task)}</td>"
        f'<td class="{kind}">{section.verdict}</td><td class="count">{section.cells}</td>'
        f'<td class="count">{section.variables}</td></tr>'
    )


def _detail(section: SectionResult) -> str:
    difference = section.difference
    assert difference is not None
    cause = f"<p>Likely cause: {markup(difference.cause.text)}.</p>" if difference.cause else ""
    sides = ""
    if difference.notebook or difference.pipeline:
        sides = (
            f'<div class="sides"><div>notebook<pre>{markup(difference.notebook)}</pre></div>'
            f"<div>pipeline<pre>{markup(difference.pipeline)}</pre></div></div>"
        )
    return f"<h2>{markup(section.title)}</h2><p>{markup(subject(difference))}</p>{sides}{cause}"


def subject(difference: Difference) -> str:
    """Return what differs, in words: ``cell 5 prints another line 1``, ``df["price"][3] arrives ...``."""
    if difference.variable is not None:
        return f"{difference.variable} {difference.what}"
    if difference.cell is not None:
        what = difference.what.removeprefix("the cell ")
        return (
            f"cell {difference.cell + 1}: {what}"
            if what.startswith("no task")
            else f"cell {difference.cell + 1} {what}"
        )
    return difference.what
