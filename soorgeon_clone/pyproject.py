"""pyproject.toml -> its tables: where users say how this tool shall work in their project."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.files import regular

_MOST_BYTES = 1_000_000
# A key of a hundred parts, for which the parser takes the square of that.
_DEEP_KEY = re.compile(r"""(?<![\w"'-])(?:["'\w-]+[ \t]*\.[ \t]*){100}""")


def nearest(folder: Path) -> Path | None:
    """Return the pyproject.toml in ``folder`` or in the nearest folder above it that has one."""
    return next((file for one in (folder, *folder.parents) if regular.is_regular(file := one / "pyproject.toml")), None)


def read_section(file: Path, section: str) -> dict[str, Any]:
    """Return the table ``[section]`` (dotted), empty if there is none. Raises UserError if it is no table."""
    table: Any = read_toml(file)
    for key in section.split("."):
        table = table.get(key, {})
        if not isinstance(table, Mapping):
            raise UserError(f"{file}: [{section}] must be a table", exit_code=2)
    return dict(table)


def read_toml(file: Path) -> dict[str, Any]:
    """Return what a TOML file holds. Raises UserError if it is none."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        text = regular.read_text(file, limit=_MOST_BYTES)
        if _DEEP_KEY.search(text):
            raise RecursionError
        data: dict[str, Any] = tomllib.loads(text)
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}", exit_code=2) from None
    except RecursionError:
        raise UserError(f"{file} is not read: it is nested too deeply", exit_code=2) from None
    except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError, a number of thousands of digits
        raise UserError(f"{file} is not valid TOML: {error}", exit_code=2) from None
    return data
