"""SG405: random numbers that are others at each run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.paths import calls
from soorgeon_clone.lint.subject import Subject

if TYPE_CHECKING:
    from soorgeon_clone.analysis.knowledge.effect_rules import Effect
    from soorgeon_clone.analysis.knowledge.effects import Knowledge

# Paths worth asking about: reading the tables takes longer than linting a small notebook.
_MAY_DRAW = r"random\.|numpy\.(?:random\.|matlib)|torch\.|scipy\.|sklearn\.(?:model_selection|utils|datasets)\."
_GENERATORS = frozenset(("numpy.random.default_rng", "numpy.random.RandomState", "random.Random"))
_GENERATOR_NAMES = tuple({path.rpartition(".")[2] for path in _GENERATORS})


class UnseededRandomness:
    """Random numbers are drawn, and nothing in the notebook seeds their generator.

    Why:
        Every run gives other results, so nobody can tell a change from chance. Which calls draw is what
        `soorgeon_clone.analysis.knowledge` knows; the first draw of each generator is reported.

    Bad:
        x = np.random.rand(100)
        train, test = train_test_split(df)

    Good:
        np.random.seed(0)
        x = np.random.rand(100)
        train, test = train_test_split(df, random_state=0)
    """

    code = "SG405"
    name = "unseeded-randomness"
    severity: Severity = "warning"
    default = True
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        found = [(call, path) for call, path in calls(subject.names) if re.match(_MAY_DRAW, path)]
        is_seeded = bool(found) and _seeds_somehow(subject)
        if is_seeded:
            found = [(call, path) for call, path in found if path.endswith(_GENERATOR_NAMES) and not call.args]
        if not found:
            return
        from soorgeon_clone.analysis.knowledge.effects import knowledge

        tables = knowledge()
        seeded: set[str] = set()
        draws: dict[str, tuple[ast.Call, str]] = {}
        for call, path in sorted(found, key=lambda one: (one[0].lineno, one[0].col_offset)):
            path = tables.canonical(path)
            if path in _GENERATORS and not call.args and not call.keywords:
                yield subject.at(call, f"`{path}()` without a seed gives other numbers at each run", rows=1)
                continue
            given = _given(call, tables.parameters(path))
            effect = tables.function(path, given)
            if effect is None:
                continue
            seeded.update(effect.seeds)
            for generator in _drawn(effect, given, path, call, tables):
                draws.setdefault(generator, (call, path))
        if is_seeded:
            return
        for generator, (call, path) in draws.items():
            if generator not in seeded:
                message = f"`{path}` draws random numbers, and nothing seeds {generator.replace('_', ' ')}"
                yield subject.at(call, message, rows=1, hint="Set a seed in the first cell, or pass random_state.")


def _seeds_somehow(subject: Subject) -> bool:
    """Tell whether a function of another library or of the notebook sets seeds (``seed_everything(0)``)."""
    called = (call.func for call in subject.names.of_kind(ast.Call))
    names = (node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "") for node in called)
    return any("seed" in name.lower() for name in names)


def _given(call: ast.Call, parameters: tuple[str, ...] | None) -> dict[str, str | None]:
    given: dict[str, str | None] = {}
    for name, value in zip(parameters or (), call.args, strict=False):
        given[name] = ast.unparse(value) if isinstance(value, ast.Constant) else None
    for keyword in call.keywords:
        value = keyword.value
        given[keyword.arg or "**"] = ast.unparse(value) if isinstance(value, ast.Constant) else None
    return given


def _drawn(
    effect: Effect, given: Mapping[str, str | None], path: str, call: ast.Call, tables: Knowledge
) -> tuple[str, ...]:
    unless = effect.draws_unless
    if unless is not None and (given.get(unless, "None") != "None" or "**" in given):
        return ()
    if path.startswith("sklearn.") and not path.endswith("train_test_split"):
        return ()  # an estimator draws when it is fitted; whether it does depends on much
    return effect.draws
