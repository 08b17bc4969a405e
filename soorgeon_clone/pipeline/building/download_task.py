"""A URL -> the file that a task ``class: DownloadFromURL`` makes, in the task's own process."""

from __future__ import annotations

from soorgeon_clone.errors import UserError

_SCHEMES = ("http://", "https://", "ftp://")
_CHUNK = 1 << 20
_WAIT = 60.0  # seconds without an answer


def check(url: str) -> str | None:
    """Return what is wrong with a URL."""
    if url.lower().startswith(_SCHEMES):
        return None
    return f"{url} is no URL that can be downloaded: it begins with none of {', '.join(_SCHEMES)}"


def run(url: str, product: str) -> None:
    """Write what the URL gives. Raises UserError."""
    from urllib import request

    if (problem := check(url)) is not None:
        raise UserError(problem)
    try:
        with request.urlopen(url, timeout=_WAIT) as answer, open(product, "wb") as file:  # noqa: PTH123
            while chunk := answer.read(_CHUNK):
                file.write(chunk)
    except OSError as error:
        raise UserError(f"{url} cannot be downloaded: {error}") from None
