"""``soorgeon-clone lint``: notebooks -> findings, in the format that people or programs want, and fixes.

Exit codes: 0 clean or information only, 1 findings that are warnings or errors (or, with --diff, files that would
change), 2 trouble: bad usage, unreadable files.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from soorgeon_clone.cli import say
from soorgeon_clone.cli.completing import files, rule_codes
from soorgeon_clone.errors import UserError

if TYPE_CHECKING:
    from soorgeon_clone.lint.config import Settings
    from soorgeon_clone.lint.model import FileResult
    from soorgeon_clone.lint.run import Request

_MOST_NOTES = 5
_NEW_OBJECTS = 200_000  # before Python looks for cycles among them: the trees of some notebooks
_FORMATS = ["text", "concise", "json", "github", "sarif", "gitlab"]


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...", shell_complete=files)
@click.option(
    "--select",
    multiple=True,
    metavar="RULES",
    shell_complete=rule_codes,
    help="Only these rules: SG2, SG201, a name, ALL; commas.",
)
@click.option("--extend-select", multiple=True, metavar="RULES", shell_complete=rule_codes, help="These rules as well.")
@click.option("--ignore", multiple=True, metavar="RULES", shell_complete=rule_codes, help="Not these rules.")
@click.option("--fix", is_flag=True, help="Mend what can be mended safely.")
@click.option("--unsafe-fixes", is_flag=True, help="Mend also where the notebook may compute something else.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, and change nothing.")
@click.option("--check-run", is_flag=True, help="With --fix: run the result, and keep it only if it runs.")
@click.option(
    "--output-format", type=click.Choice(_FORMATS), default="text", show_default=True, help="How findings are shown."
)
@click.option("--output-file", type=click.Path(dir_okay=False), help="Write the findings there.")
@click.option("--statistics", is_flag=True, help="Show only how often each rule spoke.")
@click.option("--explain", metavar="RULE", help="Show a rule's manual.")
@click.option("--rules", is_flag=True, help="List all rules.")
@click.option("--no-cache", is_flag=True, help="Neither use nor keep results of earlier runs.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Processes; as many as there are cores if not given.")
@click.option("-q", "--quiet", is_flag=True, help="Print findings only.")
def command(
    paths: tuple[str, ...],
    select: tuple[str, ...],
    extend_select: tuple[str, ...],
    ignore: tuple[str, ...],
    fix: bool,
    unsafe_fixes: bool,
    diff: bool,
    check_run: bool,
    output_format: str,
    output_file: str | None,
    statistics: bool,
    explain: str | None,
    rules: bool,
    no_cache: bool,
    jobs: int | None,
    quiet: bool,
) -> None:
    """Flag notebooks that would not run again, without running them.

    PATH is a notebook (.ipynb, .py, .md, .Rmd, .qmd), a folder, a pattern such as "**/*.ipynb", or - for standard
    input. Rules are chosen here or in [tool.soorgeon-clone.lint] of pyproject.toml, and silenced with # noqa: SG201.
    """
    gc.set_threshold(_NEW_OBJECTS)
    if explain is not None:
        _explain(explain)
        return
    if rules:
        _list_rules()
        return
    if not paths:
        raise click.UsageError("Name a notebook or a folder: soorgeon-clone lint .")
    if check_run and not fix:
        raise click.UsageError("--check-run goes with --fix.")
    requests = _requests(paths, _split(select), _split(ignore), _split(extend_select))
    notes = list(_unused_rules(requests))
    changed = 0
    troubles: Sequence[str] = ()
    if fix or diff or unsafe_fixes:
        from soorgeon_clone.cli.lint_fix import fix_all

        fixing = fix_all(requests, paths, unsafe=unsafe_fixes, write=not diff, check_run=check_run)
        requests, changed, notes = fixing.requests, fixing.changed, [*notes, *fixing.notes]
        troubles = fixing.troubles
        if fixing.diff:
            say.data(fixing.diff)
        for request in requests if not diff else ():
            if request.path is None and request.data is not None:  # standard input, mended: what is found goes aside
                say.data(request.data)
                output_file, quiet = output_file or "-", True
    if diff:
        _tell(notes, quiet=quiet)
        sys.exit(1 if changed else 0)
    from soorgeon_clone.lint.run import run

    results = run(requests, jobs=jobs, use_cache=not no_cache)
    _report(results, output_format, output_file, statistics=statistics)
    _tell([*notes, *(one.note for one in results if one.note)], quiet=quiet)
    _finish(requests, results, troubles, quiet=quiet or output_format != "text" or statistics)


def _unused_rules(requests: Sequence[Request]) -> Iterator[str]:
    """Yield a note where a rule is on that finds nothing, because what it needs is not installed."""
    from soorgeon_clone.lint.credentials import can_find

    if not can_find() and any("SG406" in request.settings.codes_for(request.path) for request in requests):
        yield "SG406 looks for no credentials here: pip install 'soorgeon-clone[secrets]'"


def _requests(
    paths: Sequence[str], select: Sequence[str], ignore: Sequence[str], extend: Sequence[str]
) -> list[Request]:
    from soorgeon_clone.lint.config import settings_for, with_options
    from soorgeon_clone.lint.discover import discover
    from soorgeon_clone.lint.run import Request

    if select or ignore or extend:
        from soorgeon_clone.lint.registry import codes_of

        for selector in (*select, *ignore, *extend):
            codes_of(selector)
    requests = []
    if "-" in paths:
        settings = with_options(settings_for(Path.cwd()), select, ignore, extend)
        requests.append(Request(None, settings, sys.stdin.buffer.read()))
    by_folder: dict[Path, Settings] = {}
    for path in discover([one for one in paths if one != "-"]):
        folder = path.parent
        if folder not in by_folder:
            by_folder[folder] = with_options(settings_for(path), select, ignore, extend)
        requests.append(Request(path, by_folder[folder]))
    return [_with_plan(request) for request in requests]


_OF_THE_PLAN = frozenset({"SG303", "SG308"})


def _with_plan(request: Request) -> Request:
    """Return the request with what `refactor` would do, where a rule that tells is on."""
    if not request.settings.needs_analysis or _OF_THE_PLAN.isdisjoint(request.settings.codes_for(request.path)):
        return request
    from dataclasses import replace

    from soorgeon_clone.lint.model import Planned
    from soorgeon_clone.notebook.read import parse, read
    from soorgeon_clone.notebook.sections import split
    from soorgeon_clone.notebook.syntax import CellSyntaxError
    from soorgeon_clone.refactor.model import Carry
    from soorgeon_clone.refactor.plan import make_plan

    try:
        notebook = parse(request.data or b"", None) if request.path is None else read(request.path)
        titles = {section.name: section.title for section in split(notebook)}
        plan = make_plan(notebook)
    except (UserError, CellSyntaxError, RecursionError):
        return request
    merges = tuple((tuple(titles.get(name, name) for name in merge.sections), merge.reason) for merge in plan.merges)
    carries = (one for one in plan.constraints if isinstance(one, Carry))
    comes = frozenset((one.name, plan.section_tasks[one.target], one.how) for one in carries)
    return replace(request, planned=Planned(merges, plan.section_tasks, comes))


def _split(selectors: Sequence[str]) -> list[str]:
    return [one.strip() for selector in selectors for one in selector.split(",") if one.strip()]


def _report(results: Sequence[FileResult], name: str, file: str | None, *, statistics: bool) -> None:
    from soorgeon_clone.lint.reports import render

    if statistics:
        text = _statistics(results)
    else:
        text = render(name, results, say.style if file is None else None)
    if file == "-":
        if text:
            say.echo(text, err=True)
    elif file is not None:
        from soorgeon_clone.files.named import write_made

        write_made(file, text + "\n")
    elif text:
        say.echo(text)


def _statistics(results: Sequence[FileResult]) -> str:
    from collections import Counter

    counts = Counter((one.code, one.name) for result in results for one in result.diagnostics)
    fixable = Counter(one.code for result in results for one in result.diagnostics if one.finding.fix)
    rows = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    return "\n".join(
        f"{count:>6}  {code}  {name}" + (f"  ({fixable[code]} with a fix)" if fixable[code] else "")
        for (code, name), count in rows
    )


def _tell(notes: Sequence[str], *, quiet: bool) -> None:
    if quiet:
        return
    for note in notes[:_MOST_NOTES]:
        say.note(note)
    if len(notes) > _MOST_NOTES:
        say.note(f"{len(notes) - _MOST_NOTES} more files were skipped")


def _finish(
    requests: Sequence[Request], results: Sequence[FileResult], unwritten: Sequence[str], *, quiet: bool
) -> None:
    troubles = [*unwritten, *(one.trouble for one in results if one.trouble)]
    for trouble in troubles:
        say.error(trouble)
    found = [one for result in results for one in result.diagnostics]
    if not quiet:
        files = sum(bool(result.diagnostics) for result in results)
        if found:
            fixable = sum(map(_mendable, requests, results))
            more = f"; {fixable} can be mended with --fix" if fixable else ""
            say.echo(f"\n{_plural(len(found), 'finding')} in {_plural(files, 'notebook')}{more}.")
        elif not troubles:
            say.echo("No findings." if results else "No notebooks found.")
    matters = any(one.severity != "info" for one in found)
    sys.exit(2 if troubles else 1 if matters else 0)


def _mendable(request: Request, result: FileResult) -> int:
    """Return how many findings --fix would mend: which ones go with the order of cells, only mending tells."""
    from soorgeon_clone.lint.model import ORDER_RULES

    if any(one.code in ORDER_RULES for one in result.diagnostics):
        from soorgeon_clone.cli.lint_fix import read_request
        from soorgeon_clone.lint.fix import mendable

        if (data := read_request(request)) is not None:
            return mendable(data, request.path, request.settings)
    return sum(one.finding.fix is not None and one.finding.fix.safe for one in result.diagnostics)


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _explain(selector: str) -> None:
    from soorgeon_clone.lint.manual import manual_of
    from soorgeon_clone.lint.registry import all_rules, codes_of

    say.echo("\n".join(manual_of(all_rules()[code]).text for code in codes_of(selector)), nl=False)


def _list_rules() -> None:
    from soorgeon_clone.lint.manual import manual_of
    from soorgeon_clone.lint.registry import all_rules

    for code, rule in all_rules().items():
        on = " " if rule.default else "off"
        say.echo(f"{code}  {rule.name:<28} {rule.severity:<8} {on:<4} {manual_of(rule).what}")
