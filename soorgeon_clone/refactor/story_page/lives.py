"""Lives -> an HTML table: a row for each variable, a column for each section, a mark where it is met."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from soorgeon_clone.analysis.model import AMBIENT
from soorgeon_clone.refactor.story import Act, Kind, Life, Story, Way
from soorgeon_clone.visible import markup, one_line

# Kind -> mark; the first that occurs in a section is the one to be seen.
MARKS: dict[Kind, str] = {"changed": "◆", "may be changed": "◇", "bound": "●", "may be bound": "◌", "used": "○"}
GROUPS: dict[Way, str] = {
    "carried": "Saved by one task, loaded by another",
    "exported": "In exported.py, imported by tasks",
    "repeated": "Repeated in the tasks that need it",
    "stays": "Asked for in no later task",
}


def lives_html(story: Story, numbers: Mapping[str, int]) -> str:
    """Return the table of lives that go on in a later section. ``numbers`` are those of the variables' anchors."""
    rows = []
    for way, title in GROUPS.items():
        lives = [life for life in story.lives if life.way == way and len(life.sections) > 1]
        if lives:
            span = len(story.scene.sections) + 1
            rows.append(f'<tbody><tr><th class="group" scope="rowgroup" colspan="{span}">{title}</th></tr>')
            rows += [_row(story, life, numbers[life.name]) for life in lives]
            rows.append("</tbody>")
    if not rows:
        return "<p>No variable lives on in a later section.</p>"
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Lives of variables">'
        '<table class="lives" aria-label="Lives of variables">'
        f'<thead><tr><th scope="col">variable</th>{"".join(_heads(story))}</tr></thead>{"".join(rows)}</table></div>'
    )


def legend_html() -> str:
    """Return what the marks mean."""
    return ", ".join(f'<span aria-hidden="true">{mark}</span> {kind}' for kind, mark in MARKS.items())


def shown_name(name: str) -> str:
    """Return a variable as a reader knows it, in one line; the state of a generator has no name of its own."""
    return one_line(f"{name.removeprefix(AMBIENT)} (state)" if name.startswith(AMBIENT) else name)


def _heads(story: Story) -> Iterator[str]:
    for index, section in enumerate(story.scene.sections):
        title = markup(one_line(section.title))
        yield (
            f'<th scope="col" class="{_border(story, index)}" title="{title}"><a href="#s{index}">'
            f"<b>{index + 1}</b> {title}</a></th>"
        )


def _row(story: Story, life: Life, number: int) -> str:
    by_section: dict[int, list[Act]] = {}
    for act in life.acts:
        by_section.setdefault(act.section, []).append(act)
    alive = life.sections
    cells = []
    for index in range(len(story.scene.sections)):
        inside = " alive" if index in alive else ""
        text = _mark(by_section[index]) if index in by_section else ""
        cells.append(f'<td class="{_border(story, index)}{inside}">{text}</td>')
    name = markup(shown_name(life.name))
    return (
        f'<tr data-name="{name}"><th scope="row"><a href="#v{number}"><code>{name}</code></a></th>{"".join(cells)}</tr>'
    )


def _mark(acts: Sequence[Act]) -> str:
    found = {act.kind: act for act in reversed(acts)}
    kind = next(kind for kind in MARKS if kind in found)
    first = found[kind]
    words = ", ".join(_words(acts))
    return (
        f'<a class="act" tabindex="-1" href="#c{first.cell}-{first.row}" title="{words}" aria-label="{words}">'
        f"{MARKS[kind]}</a>"
    )


def _words(acts: Iterable[Act]) -> Iterator[str]:
    """Yield each kind of act with the cells where it happens, once."""
    cells: dict[Kind, list[int]] = {}
    for act in acts:
        cells.setdefault(act.kind, []).append(act.cell)
    for kind, found in cells.items():
        numbers = [str(cell) for cell in dict.fromkeys(found)]
        yield f"{kind} in cell{'s' if len(numbers) > 1 else ''} {' and '.join(numbers)}"


def _border(story: Story, index: int) -> str:
    """Return the class of a column: whether it begins a task, and whether that task is an odd one."""
    owners = [story.scene.task_of(number) for number in range(index + 1)]
    places = {name: place for place, name in enumerate(dict.fromkeys(owners))}
    begins = " begins" if index == 0 or owners[index] != owners[index - 1] else ""
    return f"{'odd' if places[owners[index]] % 2 else 'even'}{begins}"
