"""``soorgeon-clone clean PATH...``: formats code, sorts imports, and on request takes outputs and counts out."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from soorgeon_clone.cli import say
from soorgeon_clone.cli.completing import files
from soorgeon_clone.errors import OtherLanguage, UserError
from soorgeon_clone.files.regular import did_you_mean
from soorgeon_clone.visible import one_line


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", shell_complete=files)
@click.option("--strip-outputs", is_flag=True, help="Take all outputs and execution counts out.")
@click.option("--strip-counts", is_flag=True, help="Take execution counts out.")
@click.option("--no-format", is_flag=True, help="Leave the code as it is.")
@click.option("--no-sort-imports", is_flag=True, help="Leave imports in their order.")
@click.option("--check", is_flag=True, help="Change nothing; exit code 1 if something would change.")
@click.option("--diff", is_flag=True, help="Show what would change, and change nothing.")
def command(
    paths: tuple[str, ...],
    strip_outputs: bool,
    strip_counts: bool,
    no_format: bool,
    no_sort_imports: bool,
    check: bool,
    diff: bool,
) -> None:
    """Format the code of notebooks with ruff's formatter (magics stay as they are) and sort their imports.

    PATH is a notebook, a folder, a pattern, or - for standard input, whose result goes to standard output. Nothing
    else in a file changes. Exit codes: 0 done, 1 with --check or --diff if something would change, 2 trouble.
    """
    from soorgeon_clone.cli.lint_fix import difference
    from soorgeon_clone.files import regular
    from soorgeon_clone.lint.discover import discover
    from soorgeon_clone.lint.replace import replace_file
    from soorgeon_clone.lint.tidy import formatted, stripped
    from soorgeon_clone.notebook.read import parse

    changed = troubles = seen = 0
    for path in [*([None] if "-" in paths else []), *discover([one for one in paths if one != "-"])]:
        seen += 1
        name = "standard input" if path is None else one_line(str(path))
        try:
            old = sys.stdin.buffer.read() if path is None else regular.read_bytes(path)
            parse(old, path)
            new = old
            if strip_outputs or strip_counts:
                new = stripped(old, outputs=strip_outputs, counts=True)
            if not no_format:
                tidied = formatted(new, path, imports=not no_sort_imports)
                new = tidied.data
                troubles += bool(tidied.invalid)
                for invalid in tidied.invalid:
                    say.error(invalid)
                for left in tidied.left:
                    say.note(left)
        except FileNotFoundError:
            troubles += 1
            say.error(f"{name}: no such file", did_you_mean(Path(name)))
            continue
        except OtherLanguage as error:
            say.note(error.message)
            new = old
        except OSError as error:
            troubles += 1
            say.error(f"{name} cannot be read: {error.strerror or error}")
            continue
        except UserError as error:
            troubles += 1
            say.error(str(error))
            continue
        if path is None and not (check or diff):
            say.data(new)
        if new == old:
            continue
        changed += 1
        if diff:
            say.data(difference(name, old, new))
        elif check:
            say.echo(f"{name} would change")
        elif path is not None:
            try:
                replace_file(path, new, paths)
            except UserError as error:  # the others are cleaned all the same
                troubles += 1
                say.error(str(error))
            else:
                say.echo(f"{name} cleaned")
    if not changed and not troubles and "-" not in paths:
        say.echo("Nothing to change." if seen else "No notebooks found.", err=True)
    sys.exit(2 if troubles else 1 if changed and (check or diff) else 0)
