"""What Argo and Airflow's pods say in the same way: quantities, secrets, volumes."""

from __future__ import annotations

from soorgeon_clone.errors import UserError
from soorgeon_clone.export import names
from soorgeon_clone.export.model import Container

_UNITS = (("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("T", 10**12), ("G", 10**9), ("M", 10**6), ("k", 10**3))


def quantity(amount: float) -> str:
    """Cores or bytes as Kubernetes writes them: 0.5 -> 500m, 2 -> 2, 2**30 -> 1Gi, 4e9 -> 4G."""
    if amount != int(amount):
        return f"{max(1, round(amount * 1000))}m"
    amount = int(amount)
    for unit, size in _UNITS:
        if amount and amount % size == 0:
            return f"{amount // size}{unit}"
    return str(amount)


def gpu_key(container: Container) -> dict[str, str]:
    """The limit that asks for GPUs."""
    return {"nvidia.com/gpu": str(container.gpus)} if container.gpus else {}


def secret_of(variable: str, reference: str) -> tuple[str, str]:
    """The name of a Secret and the key in it."""
    name, slash, key = reference.partition("/")
    if not slash or not name or not key or "/" in key:
        raise UserError(
            f"pipeline.yaml, export, secrets: '{reference}' for {variable} is no reference to a Secret of Kubernetes",
            hint=f"Write {variable}: SECRET/KEY, for example {variable}: database/password.",
            exit_code=2,
        )
    return name, key


def volume_name(claim: str) -> str:
    """The name of a volume in a pod, after the claim that it mounts."""
    return names.engine_name(claim, names.KUBERNETES)
