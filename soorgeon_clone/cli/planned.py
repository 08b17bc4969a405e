"""What `refactor` plans or wrote -> lines on the terminal: tasks, why they wait, what was merged, what is next."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soorgeon_clone.cli import say
from soorgeon_clone.cli.table import count
from soorgeon_clone.errors import UserError
from soorgeon_clone.visible import one_line

if TYPE_CHECKING:
    from soorgeon_clone.notebook.model import Notebook
    from soorgeon_clone.refactor.propose import Proposed
    from soorgeon_clone.refactor.reasons import Reason
    from soorgeon_clone.refactor.scene import Evidence

_MOST_REASONS = 3  # of one merge
_MOST_NAMES = 4  # of one arrow that are told with their statements
_MOST_ARROWS = 40
_LONGEST = 200  # characters of a reason; `explain` has all of it
_LONGEST_STATEMENT = 60
_MOST_LINES = 400  # of a diff


def show(report: Mapping[str, Any], *, build: bool) -> None:
    """Print what happened in a few lines; ``report`` is what ``--json`` prints."""
    tasks, sections = report["tasks"], report["sections"] + report["idle_sections"]
    verb = "written" if report["written"] else "planned (nothing is written)"
    say.echo(
        f"{one_line(report['notebook'])}: {count(sections, 'section')} found, {count(len(tasks), 'task')} {verb}"
        f"{_assumed(report['assumptions'], told=not report['written'])}"
    )
    width = max((len(task["source"]) for task in tasks), default=0)
    for task in tasks:
        needs = f"  <- {', '.join(task['upstream'])}" if task["upstream"] else ""
        say.echo(f"  {task['source']:<{width if needs else 0}}{needs}")
    for sentence in [*report["hints"], *report["notes"]]:
        say.echo(sentence)
    if report["verified"] and report["verified"]["same"]:
        number = len(report["verified"]["repairs"])
        repairs = f", after {count(number, 'repair')}" if number else ""
        held = report["verified"]["held"]
        kept = f"; {count(held, 'assumption')} held" if held else ""
        say.echo(f"Verified: the pipeline shows what the notebook shows{repairs}{kept}.")
    files = report["files"]
    would = "" if report["written"] else "to be "
    changes = [f"{len(paths)} {'' if what == 'unchanged' else would}{what}" for what, paths in files.items() if paths]
    say.echo(f"Files: {', '.join(changes)}" if changes else "")
    for path in files["merged"]:
        say.echo(f"  {path} {would}merged: what you changed stays, what is new comes to it")
    for path in files["removed"]:
        say.echo(f"  {path} {would}removed: no section of the notebook makes it any more")
    if report["written"] and not build:
        folder = report["folder"]
        enter = "" if folder == "." else f"cd {one_line(shlex.quote(folder))} && "
        say.echo(f"Next: {enter}soorgeon-clone build")


def _assumed(assumptions: Sequence[Mapping[str, Any]], *, told: bool) -> str:
    """Return what is said of assumptions behind the number of tasks. ``told``: they are listed below."""
    number = len({(one["task"], one["kind"], *one["names"]) for one in assumptions})
    if not number:
        return ""
    verb = "is" if number == 1 else "are"
    where = "below" if told else "--dry-run says which"
    return f"; {count(number, 'assumption')} {verb} checked when the pipeline runs ({where})"


def show_proposed(proposed: Proposed) -> None:
    """Print where headings are proposed, if they are."""
    if not proposed.titles:
        return
    say.echo("Proposed headings (--write-headings FILE writes a copy of the notebook with them):")
    for index, title in proposed.titles.items():
        say.echo(one_line(f"  cell {index + 1:>3}  {title}"))


def write_headed(proposed: Proposed, original: Notebook, target: str, split_on: str, *, force: bool) -> None:
    """Write the notebook with the headings that were proposed. Raise UserError where there is nothing to write, or
    another file would be lost."""
    from soorgeon_clone.files.named import write_named
    from soorgeon_clone.notebook.write import to_ipynb, to_script
    from soorgeon_clone.refactor.propose import headed_cells

    if split_on != "auto":
        raise UserError("--write-headings writes what --split-on auto proposes", hint="Give both.", exit_code=2)
    suffix = Path(target).suffix.lower()
    if suffix not in (".ipynb", ".py"):
        raise UserError(f"{target}: the copy is an .ipynb or .py file", exit_code=2)
    if original.path is not None and Path(target).resolve() == original.path.resolve():
        raise UserError(f"{target} is the notebook itself", hint="Name another file.", exit_code=2)
    text = (to_ipynb if suffix == ".ipynb" else to_script)(headed_cells(proposed), original.metadata)
    path = Path(target)
    if not force and path.is_file() and path.read_bytes() != text.encode("utf-8", "backslashreplace"):
        raise UserError(
            f"{target} is there already, and is another file",
            hint="--force overwrites it; or name another file.",
            exit_code=2,
        )
    write_named(target, text)
    show_proposed(proposed)
    say.echo(f"{one_line(target)}: {count(len(proposed.titles), 'heading')}")


def show_differences(lines: Iterable[str]) -> None:
    """Print what would change in files that are there, in the colours of a diff."""
    colours = {"+": "green", "-": "red", "@": "cyan"}
    found = list(lines)
    for line in found[:_MOST_LINES]:
        say.echo(say.style(one_line(line), fg=colours.get(line[:1])))
    if len(found) > _MOST_LINES:
        say.echo(f"and {count(len(found) - _MOST_LINES, 'line')} more: --json has them all")


def show_merges(merges: Sequence[Mapping[str, Any]], reasons: Mapping[str, Sequence[Reason]]) -> None:
    """Print which sections are one task, why, and what would part them."""
    for merge in merges:
        head = f"Merged into {merge['task']}: {_listed(merge['sections'])}: "
        found = reasons.get(merge["task"], ())
        if not found:
            say.echo(one_line(head + merge["reason"]))
        for number, reason in enumerate(found[:_MOST_REASONS]):
            say.echo(one_line(f"{'  and: ' if number else head}{_sentence(reason)}"))
            if reason.remedy:
                say.echo(one_line(f"    {reason.remedy}"))
        if len(found) > _MOST_REASONS:
            say.echo(one_line(f"  and {len(found) - _MOST_REASONS} more: --explain {shlex.quote(merge['task'])}"))


def show_arrows(reasons: Mapping[tuple[str, str], Sequence[Reason]]) -> None:
    """Print what each task waits for: variables, the statement that gave them, what to write if it does not."""
    told: set[str] = set()
    if reasons:
        say.echo("Why tasks wait:")
    for (before, after), found in list(reasons.items())[:_MOST_ARROWS]:
        say.echo(one_line(f"  {after} waits for {before}"))
        for reason in found[:_MOST_NAMES]:
            say.echo(one_line(f"    {_sentence(reason)}"))
            if reason.remedy and reason.remedy not in told:
                told.add(reason.remedy)
                say.echo(one_line(f"      {reason.remedy}"))
        if len(found) > _MOST_NAMES:
            arrow = shlex.quote(f"{before}->{after}")
            say.echo(one_line(f"    and {len(found) - _MOST_NAMES} more: --explain {arrow}"))
    if len(reasons) > _MOST_ARROWS:
        say.echo(f"  and {len(reasons) - _MOST_ARROWS} more: `soorgeon-clone explain` shows all")


def show_assumed(reasons: Mapping[str, Sequence[Reason]]) -> None:
    """Print what tasks take for granted, with the statements that could make it wrong."""
    lines = [f"  {task}: {_sentence(reason)}" for task, found in reasons.items() for reason in found]
    if lines:
        say.echo("Taken for granted, and checked when the pipeline runs (`refactor --build` repairs what was wrong):")
    for line in lines[:_MOST_ARROWS]:
        say.echo(one_line(line))
    if len(lines) > _MOST_ARROWS:
        say.echo(f"  and {len(lines) - _MOST_ARROWS} more: `soorgeon-clone explain` shows all")


def _sentence(reason: Reason) -> str:
    what = reason.what if len(reason.what) <= _LONGEST else f"{reason.what[:_LONGEST].rstrip()} ..."
    return f"{what} ({'; '.join(_places(reason.places))})" if reason.places else what


def _places(places: Sequence[Evidence]) -> Iterator[str]:
    """Yield where it is: the first statement with its text."""
    for number, one in enumerate(places[:_MOST_REASONS]):
        source = one.source if len(one.source) <= _LONGEST_STATEMENT else f"{one.source[:_LONGEST_STATEMENT]} ..."
        yield f"cell {one.cell}, row {one.row}{'' if number else f': `{source}`'}"
    if len(places) > _MOST_REASONS:
        yield "..."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 8 else f"{', '.join(names[:6])}, ... ({len(names)} sections)"
