"""pyproject.toml and the command line -> which rules are on for which file, and their limits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.lint.model import SEVERITIES, Limits, Severity
from soorgeon_clone.lint.registry import codes_of, default_codes
from soorgeon_clone.pyproject import nearest, read_section

SECTION = "tool.soorgeon-clone.lint"
_KEYS = ("select", "extend-select", "ignore", "per-file-ignores", "severity", "limits", "exclude")


@dataclass(frozen=True)
class Settings:
    """``select`` None means the default rules. ``folder`` is pyproject.toml's: patterns are relative to it."""

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    severity: Mapping[str, Severity] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    exclude: tuple[str, ...] = ()
    folder: Path | None = None

    def codes_for(self, path: Path | None) -> frozenset[str]:
        """Return the codes of the rules that are on for a file."""
        chosen = set(default_codes()) if self.select is None else _expand(self.select)
        chosen |= _expand(self.extend_select)
        chosen -= _expand(self.ignore)
        if path is not None:
            for pattern, ignored in self.per_file_ignores.items():
                if matches(path, pattern, self.folder):
                    chosen -= _expand(ignored)
        return frozenset(chosen)

    @property
    def needs_analysis(self) -> bool:
        """Whether a rule is on that asks what `refactor` asks: modules beside the notebook, the user's effects."""
        return any(code.startswith("SG3") for code in _expand((*(self.select or ()), *self.extend_select)))

    def severity_of(self, code: str, otherwise: Severity) -> Severity:
        """Return a rule's severity: of the longest selector in the configuration that means it."""
        best = max((s for s in self.severity if code in codes_of(s)), key=len, default=None)
        return self.severity[best] if best is not None else otherwise


def matches(path: Path, pattern: str, folder: Path | None) -> bool:
    """Tell whether a file is meant by a glob: of its name, or of its path from the folder of pyproject.toml."""
    absolute = path.absolute()
    if _fits(path.name, pattern):
        return True
    try:
        relative = absolute.relative_to(folder.absolute()) if folder else path
    except ValueError:
        relative = absolute
    posix = relative.as_posix()
    return _fits(posix, pattern) or posix.startswith(pattern.rstrip("/") + "/")


def _fits(name: str, pattern: str) -> bool:
    try:
        return fnmatch(name, pattern)
    except re.error:  # [z-a], before Python 3.11
        return False


def _expand(selectors: Iterable[str]) -> set[str]:
    return {code for selector in selectors for code in codes_of(selector)}


def is_folder(path: Path) -> bool:
    """Tell whether a path is a folder. A name that is too long for one is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def settings_for(path: Path) -> Settings:
    """Return what the pyproject.toml nearest to a file says. Raises UserError if it cannot be understood."""
    folder = path if is_folder(path) else path.parent
    return _settings_in(folder.absolute())


@cache
def _settings_in(folder: Path) -> Settings:
    file = nearest(folder)
    return parse_settings(read_section(file, SECTION), file) if file is not None else Settings()


def parse_settings(section: Mapping[str, Any], file: Path) -> Settings:
    """Return the settings in a table as it stands in ``file``."""
    if unknown := [key for key in section if key not in _KEYS]:
        raise UserError(
            f"{file}: [{SECTION}] has no setting {unknown[0]!r}", hint=f"It has: {', '.join(_KEYS)}.", exit_code=2
        )
    select = _texts(section, "select", file) if "select" in section else None
    ignores = section.get("per-file-ignores", {})
    severity = section.get("severity", {})
    if not isinstance(ignores, dict) or not isinstance(severity, dict):
        raise _wrong(file, "per-file-ignores" if not isinstance(ignores, dict) else "severity", "a table")
    settings = Settings(
        select,
        _texts(section, "extend-select", file),
        _texts(section, "ignore", file),
        {pattern: _texts(ignores, pattern, file) for pattern in ignores},
        {selector: _severity(value, selector, file) for selector, value in severity.items()},
        _limits(section.get("limits", {}), file),
        _texts(section, "exclude", file),
        file.parent,
    )
    try:
        _expand([*(select or ()), *settings.extend_select, *settings.ignore, *severity])
        for selectors in settings.per_file_ignores.values():
            _expand(selectors)
    except UserError as error:
        raise UserError(f"{file}, [{SECTION}]: {error.message}", hint=error.hint, exit_code=2) from None
    return settings


def _texts(table: Mapping[str, Any], key: str, file: Path) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _wrong(file, key, "a list of texts")
    return tuple(value)


def _severity(value: Any, selector: str, file: Path) -> Severity:
    if value not in SEVERITIES:
        raise _wrong(file, f"severity.{selector}", " or ".join(SEVERITIES))
    result: Severity = value
    return result


def _limits(table: Any, file: Path) -> Limits:
    if not isinstance(table, dict):
        raise _wrong(file, "limits", "a table")
    known = {name.replace("_", "-"): name for name in Limits._fields}
    chosen = {}
    for key, value in table.items():
        if key not in known:
            raise UserError(f"{file}: no limit is called {key!r}", hint=f"There are: {', '.join(known)}.", exit_code=2)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise _wrong(file, f"limits.{key}", "a number")
        chosen[known[key]] = value
    return Limits(**chosen)


def _wrong(file: Path, key: str, wanted: str) -> UserError:
    name = f"{SECTION}.{key}" if key else SECTION
    return UserError(f"{file}: {name} must be {wanted}", exit_code=2)


def with_options(settings: Settings, select: Sequence[str], ignore: Sequence[str], extend: Sequence[str]) -> Settings:
    """Return the settings as the command line changes them: ``--select`` replaces, the others add."""
    changed = replace(settings, select=tuple(select)) if select else settings
    return replace(
        changed,
        ignore=(*changed.ignore, *ignore) if not select else tuple(ignore),
        extend_select=(*changed.extend_select, *extend) if not select else tuple(extend),
    )
