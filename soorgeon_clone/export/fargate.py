"""Cores and memory -> the smallest size of a container on Fargate that has both."""

from __future__ import annotations

from soorgeon_clone.errors import UserError

# https://docs.aws.amazon.com/batch/latest/APIReference/API_ResourceRequirement.html: vCPUs, least and most memory, and
# the step between, in MiB.
_SIZES: tuple[tuple[str, int, int, int], ...] = (
    ("0.25", 512, 2048, 512),
    ("0.5", 1024, 4096, 1024),
    ("1", 2048, 8192, 1024),
    ("2", 4096, 16384, 1024),
    ("4", 8192, 30720, 1024),
    ("8", 16384, 61440, 4096),
    ("16", 32768, 122880, 8192),
)


def fitting(cpus: float, mebibytes: int) -> tuple[str, int]:
    """The vCPUs and MiB to ask for."""
    for name, least, most, step in _SIZES:
        if float(name) < cpus or mebibytes > most:
            continue
        steps = -(-max(0, mebibytes - least) // step)
        size = least + steps * step
        return name, 2048 if (name, size) == ("0.25", 1536) else size
    raise UserError(
        f"pipeline.yaml: no size of Fargate has {cpus:g} cores and {mebibytes} MiB",
        hint="The largest has 16 and 122880 MiB; 'export: {aws-batch: {platform: EC2}}' has more.",
        exit_code=2,
    )
