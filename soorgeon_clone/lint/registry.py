"""The folder `rules` -> all rules by code."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from soorgeon_clone.errors import UserError
from soorgeon_clone.lint import rules as folder
from soorgeon_clone.lint.rule import Rule


@cache
def all_rules() -> Mapping[str, Rule]:
    """Return all rules by code, in the order of their codes."""
    return {code: rule_of(code) for code in sorted(_modules())}


@cache
def rule_of(code: str) -> Rule:
    """Return the rule that has a code; the others are not imported for it. Raises KeyError if there is none."""
    module = importlib.import_module(_modules()[code])
    for value in vars(module).values():
        if isinstance(value, type) and value.__module__ == module.__name__ and hasattr(value, "code"):
            rule: Rule = value()
            return rule
    raise TypeError(f"{module.__name__} holds no rule")


@cache
def _modules() -> Mapping[str, str]:
    """Return the modules of the rules by code: each is named after its rule."""
    names = (module.name for module in pkgutil.iter_modules(folder.__path__))
    return {name.partition("_")[0].upper(): f"{folder.__name__}.{name}" for name in names}


@cache
def codes_of(selector: str) -> tuple[str, ...]:
    """Return the codes that a selector means: ``SG201``, a beginning such as ``SG2``, a name, or ``ALL``.

    Raises UserError if there are none.
    """
    rules = all_rules()
    wanted = selector.strip()
    if wanted.upper() == "ALL":
        return tuple(rules)
    found = tuple(
        code for code, rule in rules.items() if code.startswith(wanted.upper()) or rule.name == wanted.lower()
    )
    if not found or not wanted:
        import difflib

        known = [*rules, *(rule.name for rule in rules.values())]
        near = difflib.get_close_matches(wanted, known, n=1)
        hint = f"Did you mean {near[0]}?" if near else "Codes are SG1 to SG5, SG201, ...; `lint --rules` lists them."
        raise UserError(f"no rule is called {selector!r}", hint=hint, exit_code=2)
    return found


@cache
def default_codes() -> tuple[str, ...]:
    """Return the codes of the rules that are on when nothing is selected."""
    return tuple(code for code, rule in all_rules().items() if rule.default)
