"""``soorgeon-clone explain``: a notebook -> a page that tells how its data flows, and why its pipeline is as it is."""

from __future__ import annotations

from pathlib import Path

import click

from soorgeon_clone.cli import say
from soorgeon_clone.cli.completing import files
from soorgeon_clone.cli.pipeline_options import split_option
from soorgeon_clone.visible import one_line


@click.command()
@click.argument("notebook", metavar="NOTEBOOK", shell_complete=files)
@click.option(
    "-o", "--output", shell_complete=files, default=None, help="The page to write (default: NAME-explained.html here)."
)
@split_option
@click.option("--force", is_flag=True, help="Go on where a name is never defined.")
def command(notebook: str, output: str | None, split_on: str, force: bool) -> None:
    """Write a page about NOTEBOOK: its sections, the life of each variable, what crosses between tasks, and why.

    Nothing is run. The page needs no network and nothing beside it; each reason links to the statement behind it.
    """
    from soorgeon_clone.cli.explained import scene_of
    from soorgeon_clone.cli.table import count
    from soorgeon_clone.files.named import write_made
    from soorgeon_clone.notebook.read import read
    from soorgeon_clone.refactor.plan import make_plan
    from soorgeon_clone.refactor.propose import chosen
    from soorgeon_clone.refactor.story import story
    from soorgeon_clone.refactor.story_page.page import page_of

    proposed = chosen(read(notebook), split_on)
    source, level = proposed.notebook, proposed.level
    scene = scene_of(source, make_plan(source, level=level, forced=force), level)
    target = output or f"{source.name}-explained.html"
    write_made(Path(target), page_of(story(scene)))
    say.echo(f"{one_line(target)}: {count(len(scene.plan.tasks), 'task')}", err=True)
