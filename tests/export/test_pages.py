"""What the pages of the targets show of the key `export` is taken, and what they pass through arrives."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from export.pipelines import CHOICES, dag_of
from soorgeon_clone.export.targets import TARGETS, export

PAGES = Path(__file__).parents[2] / "docs"
TASKS = """
tasks:
- {source: a.py, name: fit-a, product: a.ipynb, retries: 2, resources: {memory: 1Gi}}
- {source: b.py, name: b, product: b.ipynb, upstream: [fit-a]}
"""


def blocks(target: str) -> list[str]:
    text = (PAGES / f"export-{target}.md").read_text(encoding="utf-8")
    found = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [block for block in found if "export:" in block]


SHOWN = [
    pytest.param(target, block, id=f"{target}-{n}") for target in TARGETS for n, block in enumerate(blocks(target))
]


@pytest.mark.parametrize(("target", "block"), SHOWN)
def test_what_a_page_shows_is_taken(target: str, block: str) -> None:
    said = yaml.safe_load(block)
    tasks = "" if "tasks" in said else TASKS
    choices = replace(CHOICES, store=said.get("store", CHOICES.store))
    if target == "aws-batch":  # secrets need a role, which another block of the page names
        said["export"][target].setdefault("execution_role", "arn:aws:iam::123456789012:role/run")
    made = export(target, dag_of(yaml.safe_dump(said) + tasks), choices)
    passed = said["export"].get(target, {})
    if target == "argo" and "workflow" in passed:
        spec = yaml.safe_load(made.files["workflow.yaml"])["spec"]
        for template in spec["templates"][1:3]:
            if template["name"].startswith("task"):
                assert holds(template, passed["template"]), template
                assert holds(template["container"], passed["container"]), template
                assert (template["nodeSelector"], template["serviceAccountName"]) == (
                    said["export"]["node_selector"],
                    said["export"]["service_account"],
                )
        assert holds(spec, passed["workflow"]), spec
    if target == "aws-batch" and "job_definition" in passed:
        plan = json.loads(made.files["jobs.json"])
        assert (plan["submit"], plan["region"]) == (passed["job"], passed["region"])
        for definition in plan["definitions"]:
            assert holds(definition, passed["job_definition"]), definition
            assert holds(definition["containerProperties"], passed["container_properties"]), definition


def holds(whole: Any, part: Any) -> bool:
    """Whether a document says all that a part of it says: of a list, in whatever place."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(key in whole and holds(whole[key], part[key]) for key in part)
    if isinstance(part, list):
        return isinstance(whole, list) and all(any(holds(one, wanted) for one in whole) for wanted in part)
    return bool(whole == part)
