"""A job in a real Jupyter kernel, through nbclient."""

from __future__ import annotations

from soorgeon_clone.errors import UserError


def require_nbclient() -> None:
    """Raises UserError where the extra is not installed."""
    from importlib.util import find_spec

    if find_spec("nbclient") is None:
        raise UserError(
            "isolation 'kernel' needs nbclient, which is not installed",
            hint="Install it: pip install 'soorgeon-clone[kernel]'",
        )
