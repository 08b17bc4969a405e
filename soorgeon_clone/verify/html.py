"""Report -> one HTML page that needs nothing else: what was compared, and the first difference of each section."""

from __future__ import annotations

from soorgeon_clone.verify.model import Difference, Report, SectionResult
from soorgeon_clone.visible import markup

_STYLE = """
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1f2733;
  font: 15px/1.5 ui-sans-serif, system-ui, "Segoe UI", Helvetica, Arial, sans-serif; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .3rem .8rem .3rem 0;
  border-bottom: 1px solid #e3e7ee; vertical-align: top; }
td.count { text-align: right; }
.same { color: #1a7f37; } .different, .not-run { color: #b42318; } .not-deterministic { color: #9a6700; }
pre { background: #f4f6f9; border: 1px solid #e3e7ee; border-radius: 6px; padding: .6rem .75rem; margin: .2rem 0 .8rem;
  font: 13px/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; white-space: pre-wrap; overflow: auto; }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
"""


def html_of(report: Report) -> str:
    """Return the page."""
    verdict = "The pipeline does what the notebook does." if report.same else "The pipeline is not the notebook."
    rows = "".join(_row(section) for section in report.sections)
    details = "".join(_detail(section) for section in report.sections if section.difference)
    notes = "".join(f"<li>{markup(note)}</li>" for note in report.notes)
    title = f"verify {report.notebook}"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{markup(title)}</title><style>{_STYLE}</style></head>\n<body><h1>{markup(report.notebook)}</h1>"
        f'<p class="{"same" if report.same else "different"}"><strong>{verdict}</strong> '
        f"Compared with: {markup(report.pipeline)}.</p>"
        f"{f'<ul>{notes}</ul>' if notes else ''}"
        "<table><tr><th>section</th><th>task</th><th>verdict</th><th>cells</th><th>variables</th></tr>"
        f"{rows}</table>{details}</body></html>\n"
    )


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
