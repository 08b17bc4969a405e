"""What a file keeps of metrics and optimizers of Keras: what they have counted and learnt, which Keras leaves out.

Without it, a metric starts again at zero in the next task, and an optimizer without its moments. Keras gives an
optimizer places for these when it first meets the variables that it is to train; what is loaded waits until then.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

_AWAITED = "_awaited_values"


def hooks() -> Iterator[tuple[type, Any]]:
    """Yield the kinds of metrics and optimizers that there are, and what is to reduce them: see `copyreg`."""
    keras: Any = sys.modules.get("keras")
    stack: list[Any] = [getattr(keras, name, None) for name in ("Metric", "Optimizer")]
    while stack:
        kind = stack.pop()
        if hasattr(kind, "variables"):
            yield kind, _reduced
            stack += kind.__subclasses__()


def _reduced(saved: Any) -> Any:
    make, args, *_ = saved.__reduce__()
    numpy: Any = sys.modules["numpy"]
    values = vars(saved).get(_AWAITED) or [numpy.array(variable) for variable in saved.variables]
    return resumed, (make, args, values)


def resumed(make: Callable[..., Any], args: tuple[Any, ...], values: list[Any]) -> Any:
    """Return what ``make(*args)`` gives, a metric or an optimizer, with these values of its variables."""
    made = make(*args)
    _assign(made, values)
    if len(values) <= len(made.variables):
        return made

    def build(variables: Any) -> None:
        del vars(made)["build"], vars(made)[_AWAITED]
        made.build(variables)
        _assign(made, values)

    vars(made).update({_AWAITED: values, "build": build})
    return made


def _assign(made: Any, values: list[Any]) -> None:
    for variable, value in zip(made.variables, values, strict=False):
        variable.assign(value)
