"""How this program was installed -> what pip installs to get it in another environment.

It is on no index as long as nobody has put it there, and then somebody else's program may be there under its name. pip
notes where a distribution came from (PEP 610): a repository, an archive or a folder, and a folder may be a clone.
"""

from __future__ import annotations

import json
import re
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

_NAME = "soorgeon-clone"
_REMOTE = re.compile(r'\[remote "origin"\][^\[]*?^\s*url\s*=\s*(\S+)\s*$', re.MULTILINE)
_SCP = re.compile(r"(?:[\w.-]+@)?[\w.-]+:(?!//)\S+")  # git@example.org:group/name.git


def requirement() -> str:
    """Return a requirement as PEP 508 has it, or the path of a folder."""
    try:
        told = metadata.distribution(_NAME).read_text("direct_url.json")
        found: Any = json.loads(told) if told else None
        url = str(found["url"]) if found else ""
    except (metadata.PackageNotFoundError, OSError, ValueError, KeyError, TypeError):
        return _NAME
    if not url:
        return _NAME
    if "vcs_info" in found:
        commit = found["vcs_info"].get("commit_id")
        return f"{_NAME} @ git+{_without_user(url)}{f'@{commit}' if commit else ''}"
    if "dir_info" not in found:
        return f"{_NAME} @ {_without_user(url)}"
    folder = Path(unquote(urlsplit(url).path))
    remote = _remote(folder)
    return f"{_NAME} @ git+{remote}" if remote else str(folder)


def _remote(folder: Path) -> str | None:
    """Return where a clone came from, as an address; None where that is a path, or nowhere."""
    try:
        configured = _REMOTE.search((folder / ".git" / "config").read_text("utf-8", "replace")[:100_000])
    except OSError:
        return None
    url = configured[1] if configured else ""
    if _SCP.fullmatch(url):
        return f"ssh://{url.replace(':', '/', 1)}"
    return _without_user(url) if urlsplit(url).scheme in ("https", "http", "ssh", "git") else None


def _without_user(url: str) -> str:
    """Return an address without what may be a secret."""
    parts = urlsplit(url)
    if parts.scheme in ("ssh", "git+ssh"):
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
