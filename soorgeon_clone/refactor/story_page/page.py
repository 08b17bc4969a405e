"""Story -> one HTML page that needs nothing else: a drawing, the lives of variables, tasks with their cells, reasons.

Names, titles and code are those of the notebook: all goes through `visible.markup`, anchors are numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from soorgeon_clone.notebook.model import Cell, Section
from soorgeon_clone.page.code import code_html
from soorgeon_clone.page.document import document
from soorgeon_clone.page.drawing import zoomable
from soorgeon_clone.page.markdown import markdown_html
from soorgeon_clone.pipeline.plot.layout import place
from soorgeon_clone.pipeline.plot.model import Box, Drawing, arrow
from soorgeon_clone.pipeline.plot.svg import svg_of
from soorgeon_clone.refactor.model import Task
from soorgeon_clone.refactor.story import Life, Story, Way
from soorgeon_clone.refactor.story_page.lives import GROUPS, legend_html, lives_html, shown_name
from soorgeon_clone.refactor.story_page.told import points_html
from soorgeon_clone.visible import markup, one_line

_HERE = Path(__file__).parent


def page_of(story: Story) -> str:
    """Return the page."""
    name = one_line(story.scene.plan.notebook)
    numbers = {life.name: number for number, life in enumerate(story.lives)}
    tasks = "".join(_task(story, task, index) for index, task in enumerate(story.scene.plan.tasks))
    body = f"""<a class="skip" href="#lives">Skip to the lives of variables</a>
<header><h1>{markup(name)}</h1><p>{_summary(story)}</p></header>
<div class="columns"><nav aria-label="Parts of this page"><ul>
<li><a href="#pipeline">Pipeline</a></li><li><a href="#lives">Lives of variables</a></li>
<li><a href="#variables">Variables</a></li></ul>
<h2>Sections</h2><ol>{"".join(_contents(story))}</ol></nav>
<main>
<section id="pipeline"><h2>Pipeline</h2>{_drawing(story)}</section>
<section id="lives"><h2>Lives of variables</h2>
<p class="quiet">From definition to last use: {legend_html()}. Columns are sections, shaded by task. A mark leads to the
statement, a name to its reasons; with the arrow keys one goes from mark to mark.</p>
<p><label>Show names with <input type="search" id="filter" autocomplete="off" spellcheck="false"></label>
<span id="count" role="status"></span></p>
{lives_html(story, numbers)}</section>
<section id="tasks"><h2>Tasks</h2>{tasks}</section>
<section id="variables"><h2>Variables</h2>{"".join(_life(life, numbers[life.name]) for life in story.lives)}</section>
</main></div>"""
    return document(f"{name}: how data flows", body, style=_read("story.css"), script=_read("story.js"))


def _summary(story: Story) -> str:
    scene, ways = story.scene, [life.way for life in story.lives]
    counts = [f"{_count(ways.count(way), 'name')} {word}" for way, word in _SUMMARY.items() if ways.count(way)]
    idle = len(scene.plan.idle)
    merged = max(len(scene.sections) - len(scene.plan.tasks) - idle, 0)
    why = [f"{_count(idle, 'section')} only prepare{'s' * (idle == 1)} others"] * bool(idle)
    why += [f"{_count(merged, 'border')} could not be cut"] * bool(merged)
    joined = f" ({'; '.join(why)})" if why else ""
    facts = "" if scene.facts is not None else " Its code was not looked at closely, so there is little to tell."
    return markup(
        f"{_count(len(scene.sections), 'section')}, {_count(len(scene.plan.tasks), 'task')}{joined}"
        f"{': ' if counts else ''}{', '.join(counts)}.{facts}"
    )


_SUMMARY: dict[Way, str] = {
    "carried": "carried from task to task",
    "exported": "in exported.py",
    "repeated": "repeated",
    "stays": "asked for in no other task",
}


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _contents(story: Story) -> Iterator[str]:
    for index, section in enumerate(story.scene.sections):
        yield f'<li><a href="#s{index}">{markup(one_line(section.title))}</a></li>'


def _drawing(story: Story) -> str:
    plan = story.scene.plan
    boxes = tuple(Box(task.name, "planned", tip=task.title) for task in plan.tasks)
    arrows = []
    for task in plan.tasks:
        for before in task.upstream:
            names = [name for load in task.loads if load.task == before for name in load.names]
            arrows.append(arrow(before, task.name, names))
    return zoomable(svg_of(place(Drawing(boxes, tuple(arrows))), title="the pipeline, as the tasks below tell"))


def _task(story: Story, task: Task, number: int) -> str:
    scene = story.scene
    sections = [(i, s) for i, s in enumerate(scene.sections) if scene.task_of(i) == task.name]
    arrows = [(before, story.arrows[before, task.name]) for before in task.upstream]
    places = {other.name: place for place, other in enumerate(scene.plan.tasks)}
    waits = "".join(
        f'<h4>waits for <a href="#t{places[before]}">{markup(one_line(before))}</a></h4>{points_html(told.points)}'
        for before, told in arrows
    )
    others = [point for point in story.tasks[task.name].points if not point.what.startswith(("loads ", "waits for "))]
    parts = "".join(_section(section, index) for index, section in sections)
    merged = ' class="merged"' if sum(index not in scene.plan.idle for index, _ in sections) > 1 else ""
    return (
        f'<article id="t{number}" data-task="{markup(one_line(task.name))}"{merged}><h3>{markup(one_line(task.name))}'
        f"</h3>{waits}{'<h4>besides</h4>' if waits and others else ''}{points_html(others)}{parts}</article>"
    )


def _section(section: Section, index: int) -> str:
    code = [cell for cell in section.cells if cell.kind == "code"]
    lines = sum(cell.source.count("\n") + 1 for cell in code)
    cells = "".join(_cell(cell) for cell in section.cells)
    return (
        f'<details class="section" id="s{index}"><summary><b>{index + 1}</b> {markup(one_line(section.title))} '
        f'<span class="quiet">{_count(len(code), "cell")} of code, {_count(lines, "line")}</span></summary>'
        f"{cells}</details>"
    )


def _cell(cell: Cell) -> str:
    if not cell.source.strip():
        return ""
    if cell.kind == "markdown":
        return f'<div class="md">{markdown_html(cell.source, below=5)}</div>'
    number = cell.index + 1
    code = code_html(cell.source, anchor=f"c{number}") if cell.kind == "code" else markup(cell.source)
    return f'<figure id="c{number}"><figcaption>cell {number}</figcaption><pre><code>{code}</code></pre></figure>'


def _life(life: Life, number: int) -> str:
    name = markup(shown_name(life.name))
    return (
        f'<details class="life" id="v{number}" data-name="{name}"><summary><code>{name}</code> '
        f'<span class="quiet">{_where(life)}</span></summary>{points_html(life.told.points)}</details>'
    )


def _where(life: Life) -> str:
    cells: Sequence[int] = [act.cell for act in life.acts]
    way = GROUPS[life.way].lower() if life.way != "stays" else "asked for in no other task"
    return f"cells {min(cells)} to {max(cells)}; {way}" if min(cells) < max(cells) else f"cell {cells[0]}; {way}"


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
