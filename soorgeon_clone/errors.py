"""The one exception that is meant for the user; anything else that escapes is our bug."""

from __future__ import annotations


class UserError(Exception):
    """A problem that the user can solve.

    ``message`` says what is wrong and where (file, cell, line), ``hint`` what to do. ``exit_code`` is 2 for wrong
    input or usage and 1 for work that could not be done (a notebook that cannot run, a task that failed).
    """

    def __init__(self, message: str, *, hint: str | None = None, exit_code: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class DAGBuildEarlyStop(Exception):
    """Raised by a task or a hook of a pipeline: the build ends here, and that is no failure.

    Any exception of this name does that, Ploomber's as well.
    """


class OtherLanguage(UserError):
    """A notebook in another language than Python. Where many files are worked on, it is skipped with a note."""
