"""Pipelines as text, without sources on disk: what is exported depends on nothing else."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from soorgeon_clone.export.dependencies import pip
from soorgeon_clone.export.model import Choices
from soorgeon_clone.pipeline.declared.dag import order
from soorgeon_clone.pipeline.declared.model import DAG
from soorgeon_clone.pipeline.declared.spec import loads
from soorgeon_clone.pipeline.sources.model import SourceFacts

CHOICES = Choices(
    store="s3://bucket/prefix",
    image="registry/image:1",
    python="3.11.9",
    install="soorgeon-clone==0.1.0",
    dependencies=pip("requirements.txt"),
)


def dag_of(text: str, root: Path = Path("/srv/project")) -> DAG:
    """The DAG of a pipeline.yaml whose tasks declare their upstream."""
    text = "meta: {extract_upstream: false}\n" + textwrap.dedent(text)
    spec = loads(text, path=root / "pipeline.yaml")
    return order(spec, {task.name: SourceFacts() for task in spec.tasks})


def graph(edges: Mapping[str, Sequence[str]], top: str = "", **entry: Any) -> DAG:
    """The DAG of tasks with these upstreams; ``top`` goes before the tasks, ``entry`` into each."""
    import yaml

    tasks = [
        {"name": name, "source": "task.py", "product": f"output/{number}.ipynb", "upstream": list(upstream), **entry}
        for number, (name, upstream) in enumerate(edges.items())
    ]
    return dag_of(textwrap.dedent(top) + yaml.safe_dump({"tasks": tasks}, sort_keys=False))


# Targets whose tasks run in containers.
CONTAINERS = ("airflow", "argo", "aws-batch", "kubeflow")
DIAMOND = {"load": [], "left": ["load"], "right": ["load"], "join": ["left", "right"]}
# What a name may be in pipeline.yaml, and engines do not take.
ODD_NAMES = (
    "fit it",
    "fit_it",
    "fit-it",
    "Größe",
    "数据",
    "a" * 300,
    "1st",
    "x.y",
    "-".join("ab"),
    "UPPER",
    "_",
    "é" * 3,
)
