"""The door to Jinja: templates and expressions of others, which reach nothing but what they are given.

What reads a pipeline renders them too, so nothing of Python's can be got at, and no text grows beyond all bounds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from soorgeon_clone.errors import UserError

if TYPE_CHECKING:
    import jinja2
    from jinja2 import nodes

_MOST = 1_000_000  # characters or entries
_WIDEST = 10_000
_BITS = 10_000
_WIDTH = re.compile(r"%[^a-zA-Z%]*(\d{5}|\*)|\{[^}]*\d{5}|\{[^}]*\{")


def environment(where: str, **options: Any) -> jinja2.Environment:
    """Return an environment in which a name without a value is an error. Raises UserError where jinja2 is missing."""
    try:
        import jinja2
        from jinja2 import sandbox
    except ImportError:
        raise UserError(
            f"{where} needs jinja2, which is not installed", hint="pip install 'soorgeon-clone[sql]'", exit_code=2
        ) from None

    class Bounded(sandbox.SandboxedEnvironment):
        intercepted_binops = frozenset({"*", "**", "%"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            _check_operator(operator, left, right)
            return super().call_binop(context, operator, left, right)

        def call(self, context: Any, function: Any, *given: Any, **named: Any) -> Any:
            owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
            if isinstance(owner, str) and name in _METHODS:
                _METHODS[name]([owner, *given, *named.values()])
            return super().call(context, function, *given, **named)

    found = Bounded(undefined=jinja2.StrictUndefined, **options)
    for name, filter_of in list(found.filters.items()):
        if name in _CHECKS:
            found.filters[name] = _checked(filter_of, _CHECKS[name])
    return found


def evaluate(expression: str, values: Mapping[str, Any], where: str) -> Any:
    """Return what an expression of Jinja comes to. Raises UserError where it has no value."""
    template = environment(where)
    template.globals.clear()
    try:
        found = template.compile_expression(expression, undefined_to_none=False)(**values)
        text = str(found)
    except Exception as error:  # what an expression may raise
        raise UserError(f"{where}: {error}", exit_code=2) from None
    if len(text) > _MOST:
        raise UserError(f"{where}: its value has more than {_MOST:,} characters", exit_code=2)
    return found


def render(text: str, values: Mapping[str, Any], where: str) -> str:
    """Return a text whose statements (`{% if %}`, `{% set %}`) and comments are Jinja's. Raises UserError for others:
    what loops or calls itself could run for ever."""
    template = environment(where)
    template.globals.clear()
    from jinja2 import nodes

    try:
        for statement in template.parse(text).find_all(nodes.Stmt):
            if not isinstance(statement, (nodes.Output, nodes.If, nodes.Assign)):
                word = type(statement).__name__.lower()
                raise UserError(
                    f"{where}: a statement {{% {word} %}} is not read here",
                    hint="Write {% if %} or {% set %}; a value that takes more can be computed by a function "
                    "(`module::function`), and a grid makes a task of each value.",
                    exit_code=2,
                )
        found = template.from_string(text).render(**values)
    except UserError:
        raise
    except Exception as error:  # what a template may raise
        raise UserError(f"{where}: {error}", exit_code=2) from None
    if len(found) > _MOST:
        raise UserError(f"{where}: its value has more than {_MOST:,} characters", exit_code=2)
    return found


def parsed(text: str, where: str) -> nodes.Template:
    """Return the syntax of a template. Raises UserError that says where it is wrong."""
    template = environment(where)
    import jinja2

    try:
        return template.parse(text)
    except jinja2.TemplateSyntaxError as error:
        raise UserError(f"{where}, line {error.lineno}: {error.message}", exit_code=2) from None


def filled_in(text: str, values: Mapping[str, Any], where: str) -> str:
    """Return what a template comes to. Raises UserError where something has no value."""
    template = environment(where, keep_trailing_newline=True)
    import jinja2

    try:
        return template.from_string(text).render(values)
    except Exception as error:  # what an expression of a template may raise
        hint = f"There are: {', '.join(values)}." if isinstance(error, jinja2.UndefinedError) else None
        raise UserError(f"{where}: {error}", hint=hint) from error


def names(text: str, where: str) -> set[str]:
    """Return the names that a template reads. Raises UserError for what is none."""
    template = environment(where)
    from jinja2 import meta

    try:
        return meta.find_undeclared_variables(template.parse(text))
    except Exception as error:
        raise UserError(f"{where}: {error}", exit_code=2) from None


def _check_operator(operator: str, left: Any, right: Any) -> None:
    if operator == "*":
        for size, times in ((left, right), (right, left)):
            if isinstance(size, (str, list, tuple)) and isinstance(times, int) and len(size) * times > _MOST:
                raise OverflowError("the text would be too long")
    if operator in ("*", "**") and isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length() * right if operator == "**" else left.bit_length() + right.bit_length()
        if bits > _BITS:
            raise OverflowError("the number would be too large")
    if operator == "%" and isinstance(left, str) and _WIDTH.search(left):
        raise OverflowError("the text would be too long")


def _checked(function: Any, check: Any) -> Any:
    import functools

    @functools.wraps(function)
    def checked(*given: Any, **named: Any) -> Any:
        arguments = [one for one in (*given, *named.values()) if isinstance(one, (str, int, float, list, tuple, dict))]
        check(arguments)
        return function(*given, **named)

    return checked


def _narrow(arguments: list[Any]) -> None:
    if any(isinstance(one, (int, float)) and one > _WIDEST for one in arguments):
        raise OverflowError("the text would be too wide")


def _short(arguments: list[Any]) -> None:
    product = 1
    for one in arguments:
        product *= max(len(one), 1) if isinstance(one, (str, list, tuple, dict)) else 1
    if product > 100 * _MOST:
        raise OverflowError("the text would be too long")


def _plain_format(arguments: list[Any]) -> None:
    if any(isinstance(one, str) and _WIDTH.search(one) for one in arguments):
        raise OverflowError("the text would be too long")


_CHECKS = {
    **dict.fromkeys(("center", "indent", "wordwrap", "batch", "slice", "tojson", "round", "truncate"), _narrow),
    **dict.fromkeys(("replace", "join"), _short),
    "format": _plain_format,
}
_METHODS = {
    **dict.fromkeys(("center", "ljust", "rjust", "zfill", "expandtabs"), _narrow),
    **dict.fromkeys(("replace", "join", "translate"), _short),
    "format": _plain_format,
}
