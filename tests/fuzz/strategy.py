"""Random notebooks as a hypothesis strategy."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from fuzz.grammar import write_notebook


class _Drawn:
    """Chances that hypothesis chooses, and shrinks."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw

    def below(self, limit: int) -> int:
        number: int = self.draw(st.integers(0, limit - 1))
        return number


@st.composite
def notebooks(draw: Any, *further: str) -> tuple[str, ...]:
    """The sections of a notebook; most of them run without an error. ``further`` are files of more templates."""
    return write_notebook(_Drawn(draw), *further)
