"""The command line: finds the command's file, runs it, turns a UserError into a message and an exit code."""

from __future__ import annotations

import atexit
import gc
import importlib
import sys
from typing import Any

import click

from soorgeon_clone import __version__
from soorgeon_clone.cli import say
from soorgeon_clone.cli.stopping import stop_on_sigterm
from soorgeon_clone.errors import UserError

INTERRUPTED = 130  # the exit code of what Ctrl-C ended: 128 and the number of the signal

# name -> (module with an attribute `command`, one line for --help). A module is imported only when its command runs.
COMMANDS: dict[str, tuple[str, str]] = {
    "refactor": ("soorgeon_clone.cli.refactor", "Turn a notebook into a pipeline."),
    "explain": ("soorgeon_clone.cli.explain", "Write a page about a notebook's data flow."),
    "build": ("soorgeon_clone.cli.build", "Run the tasks of a pipeline that are stale."),
    "status": ("soorgeon_clone.cli.status", "Show which tasks are stale, and why."),
    "plot": ("soorgeon_clone.cli.plot", "Draw the pipeline."),
    "task": ("soorgeon_clone.cli.task", "Run one task."),
    "debug": ("soorgeon_clone.cli.debug", "Open the debugger where a task failed."),
    "report": ("soorgeon_clone.cli.report", "Write a page about the pipeline."),
    "scaffold": ("soorgeon_clone.cli.scaffold", "Create the missing sources of declared tasks."),
    "nb": ("soorgeon_clone.cli.nb", "Inject or remove the cell that lets a task run in Jupyter."),
    "interact": ("soorgeon_clone.cli.interact", "Open a session with the pipeline loaded."),
    "cache": ("soorgeon_clone.cli.cache", "Show or shrink the cache of products."),
    "export": ("soorgeon_clone.cli.export", "Write the files that run a pipeline on another engine."),
    "join": ("soorgeon_clone.cli.join", "Write a pipeline as one notebook."),
    "verify": ("soorgeon_clone.cli.verify", "Run a notebook and its pipeline, and compare."),
    "lint": ("soorgeon_clone.cli.lint", "Find what keeps a notebook from running again."),
    "clean": ("soorgeon_clone.cli.clean", "Format a notebook's code, sort imports, strip outputs."),
    "test": ("soorgeon_clone.cli.test", "Run a notebook from top to bottom."),
}

# Commands that people know from Ploomber -> what does it here.
_OF_PLOOMBER = {
    "examples": "Instead: soorgeon-clone scaffold NAME, or git clone https://github.com/ploomber/projects",
    "install": "Instead: pip install -r requirements.txt",
    "run": "Instead: soorgeon-clone build",
    "execute": "Instead: soorgeon-clone build",
    "dltr": "Instead: soorgeon-clone debug NAME",
}


class LazyGroup(click.Group):
    """A group that imports a command only when it runs, so that --help is instant."""

    # click overloads `main` by standalone_mode; here it is one method
    def main(self, args: Any = None, prog_name: str | None = None, **options: Any) -> Any:  # type: ignore[override]
        """Run as click does, and exit, but let nothing be printed that quotes arguments as they are."""
        try:
            code = super().main(args, prog_name, **{**options, "standalone_mode": False})
        except click.ClickException as error:
            say.refusal(error)
            code = error.exit_code
        except click.Abort as abort:
            interrupted = isinstance(abort.__cause__, KeyboardInterrupt)
            say.echo("Stopped." if interrupted else "Nothing was answered: stopped.", err=True)
            code = INTERRUPTED if interrupted else 1
        sys.exit(code if isinstance(code, int) else 0)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, Any, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" {_OF_PLOOMBER[args[0]]}." if args[0] in _OF_PLOOMBER else ""
            hint = f" Did you mean '{near[0]}'?" if near and not hint else hint
            ctx.fail(f"No such command '{args[0]}'.{hint}")
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="soorgeon-clone")
def app() -> None:
    """Turn a Jupyter notebook into a pipeline that computes the same, and run it."""


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 work that could not be done, 2 wrong input or usage, 130 Ctrl-C."""
    # A process that ends looks for cycles in all that it has, which can take longer than its start.
    atexit.register(gc.freeze)
    say.speak_for_python()
    stop_on_sigterm()
    try:
        app.main(args=args, prog_name="soorgeon-clone", standalone_mode=True)
    except UserError as error:
        say.error(error.message, error.hint)
        sys.exit(error.exit_code)
