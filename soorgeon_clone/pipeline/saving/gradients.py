"""What a file keeps of tensors that gradients go through: the gradient that one has, and that one was computed.

torch leaves both out. Without the first, an optimizer in the next task has nothing to go by, and does nothing; without
the second, a loss that comes out of a file prints otherwise, and its ``backward()`` reaches no model. The graph behind
a tensor goes into no file: what is loaded looks as if it had one, and says so where somebody goes back through it.
"""

from __future__ import annotations

import functools
import pickle
import sys
from collections.abc import Iterator
from typing import Any

LOST = (
    "this tensor comes from another task, and files do not keep how a tensor was computed, so that no gradients can "
    "go back through it. Compute it in the section that calls backward(): take the heading between the two away."
)


def hooks() -> Iterator[tuple[type, Any]]:
    """Yield the kinds of tensors that there are, and what is to reduce them: see `copyreg`."""
    tensor: Any = getattr(sys.modules.get("torch"), "Tensor", None)
    stack = [tensor] if tensor is not None else []
    while stack:
        kind = stack.pop()
        yield kind, _reduced
        stack += kind.__subclasses__()


def _reduced(tensor: Any) -> Any:
    if tensor.grad_fn is not None:
        return computed, (tensor.detach(), _name(tensor.grad_fn))
    made = tensor.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
    if not tensor.is_leaf or tensor.grad is None or len(made) != 2:
        return made
    # torch's own function sets attributes: nothing of ours is needed to load it
    return (*made, {"grad": tensor.grad}, None, None, sys.modules["torch"]._utils._set_obj_state)


def _name(function: Any) -> str:
    """Return the name by which torch shows what computed a tensor."""
    name = type(function).__name__
    return name if name != "CppFunction" else str(function.name()).rsplit("::", 1)[-1]


def computed(data: Any, name: str) -> Any:
    """Return a tensor that shows as one that ``name`` computed; going back through it raises RuntimeError."""
    torch = sys.modules["torch"]
    with torch.enable_grad():
        return _function(name).apply(data.requires_grad_())


@functools.cache
def _function(name: str) -> Any:
    def forward(context: Any, data: Any) -> Any:
        return data.clone()

    def backward(context: Any, gradient: Any) -> Any:
        raise RuntimeError(LOST)

    made: Any = type(
        "Computed",
        (sys.modules["torch"].autograd.Function,),
        {"forward": staticmethod(forward), "backward": staticmethod(backward)},
    )
    made._backward_cls.__name__ = name
    return made
