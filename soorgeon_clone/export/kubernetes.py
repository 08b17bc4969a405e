"""What Argo and Airflow's pods say in the same way: quantities, secrets, volumes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.export import names
from soorgeon_clone.export.model import Container
from soorgeon_clone.export.readers import Raw, raw_of

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


@dataclass(frozen=True)
class Mount:
    """What a container sees at ``path``: the volume ``name`` of its pod. ``source`` is as Kubernetes writes it."""

    path: str
    name: str
    source: Raw
    sub_path: str | None = None
    read_only: bool = False

    @property
    def entry(self) -> dict[str, Any]:
        """The entry in volumeMounts."""
        found: dict[str, Any] = {"name": self.name, "mountPath": self.path}
        if self.sub_path:
            found["subPath"] = self.sub_path
        return {**found, "readOnly": True} if self.read_only else found


def mounts(container: Container) -> list[Mount]:
    """The volumes of a container: ``CLAIM``, ``CLAIM/folder/in/it``, or any volume of Kubernetes, as
    ``{secret: {secretName: x}, subPath: y, readOnly: true}``. One that is mounted twice is one volume."""
    found = []
    for path, told in container.volumes:
        if isinstance(told, str):
            claim, _, folder = told.partition("/")
            source = raw_of({"persistentVolumeClaim": {"claimName": claim}})
            found.append(Mount(path, volume_name(claim), source, folder.strip("/") or None))
            continue
        source_told = told.value
        sub_path, read_only = source_told.pop("subPath", None), source_told.pop("readOnly", False)
        kinds = [key for key in source_told if key in _KINDS]
        if len(source_told) != 1 or not kinds:
            raise UserError(
                f"pipeline.yaml, export, volumes: {path} is no volume of Kubernetes",
                hint=f"Name a claim, or give one of {', '.join(sorted(_KINDS))}, with subPath and readOnly if need be.",
                exit_code=2,
            )
        source = raw_of(source_told)
        found.append(Mount(path, volume_name(f"{kinds[0]} {source.text}"), source, sub_path, bool(read_only)))
    return found


def volume_name(claim: str) -> str:
    """The name of a volume in a pod, after the claim that it mounts."""
    return names.engine_name(claim, names.KUBERNETES)


# What a volume of a pod may be: https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/volume
_KINDS = frozenset(
    """
    awsElasticBlockStore azureDisk azureFile cephfs cinder configMap csi downwardAPI emptyDir ephemeral fc flexVolume
    flocker gcePersistentDisk gitRepo glusterfs hostPath image iscsi nfs persistentVolumeClaim photonPersistentDisk
    portworxVolume projected quobyte rbd scaleIO secret storageos vsphereVolume
    """.split()
)
