"""The page for those who come from Soopervisor: each of its rows is tried by tests, and these are there."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "coming-from-soopervisor.md").read_text(encoding="utf-8")
# How a row begins -> tests that try what it says; none for what is not there.
ROWS: dict[str, tuple[str, ...]] = {
    "`soopervisor export NAME`": ("cli/test_export.py::test_nothing_is_run_and_products_are_not_made",),
    "backends `argo-workflows`": (
        "cli/test_export.py::test_argo",
        "cli/test_export.py::test_airflow_and_aws_batch",
        "export/test_slurm.py::test_slurm_runs_it_and_a_failure_is_submitted_again",
        "export/test_kubeflow.py::test_its_local_runner_runs_it",
        "export/test_snakemake.py::test_snakemake_runs_it_and_agrees_on_what_is_stale",
    ),
    "backend `aws-lambda`": (),
    "Ploomber Cloud": (),
    "several environments": (
        "export/test_settings.py::test_environments_of_one_target",
        "cli/test_export.py::test_environments_go_to_folders_of_their_own",
    ),
    "`env.NAME.yaml`": ("export/test_freeze.py::test_the_file_of_another_environment",),
    "`--mode incremental`": (
        "cli/test_export.py::test_incremental_is_what_the_store_does_not_have",
        "export/test_steps.py::test_force",
    ),
    "`--task NAME`": ("cli/test_export.py::test_some_tasks",),
    "`--skip-tests`": ("export/test_check.py::test_what_is_missing", "export/test_check.py::test_on_the_command_line"),
    "`--skip-docker`": ("export/test_image.py::test_every_target_brings_what_builds_the_image",),
    "`--ignore-git`": ("export/test_image.py::test_the_image_holds_what_a_task_needs_and_no_more",),
    "`--lazy`": ("cli/test_export.py::test_nothing_is_run_and_products_are_not_made",),
    "`repository`": ("export/test_settings.py::test_the_command_line_wins",),
    "`include`": ("export/test_image.py::test_the_projects_own_rules_count_and_take_back_neither_secrets_nor_code",),
    "`requirements.lock.txt`": ("export/test_image.py::test_lock_files_and_packages",),
    "`setup.py`, `lib/`": (
        "export/test_image.py::test_lock_files_and_packages",
        "export/test_image.py::test_modules_that_are_not_beside_the_pipeline_are_found",
    ),
    "`requirements.fit-__": ("export/test_image.py::test_requirements_of_some_tasks_make_an_image_of_their_own",),
    "Argo's `mounted_volumes`": ("export/test_argo.py::test_volumes_of_every_kind_with_folders_in_them",),
    "Airflow's presets": ("export/test_airflow.py::test_bash", "export/test_airflow.py::test_docker"),
    "Batch's `job_queue`": ("export/test_aws_batch.py::test_dry_run_and_a_missing_queue",),
    "Batch's `container_properties`": (
        "export/test_settings.py::test_what_engines_know_is_passed_through",
        "export/test_settings.py::test_the_engines_schema_is_asked",
    ),
    "Batch's `task_resources`": ("export/test_settings.py::test_a_pattern_means_tasks",),
    "Slurm's `template.sh`": ("export/test_slurm.py::test_what_a_job_asks_for",),
    "`clients` (File)": ("export/test_steps.py::test_every_step_runs_the_task_with_the_store",),
    "products of earlier tasks": ("pipeline/building/test_foreach.py::test_machines_that_share_a_store_alone",),
    "an edited Dockerfile": (
        "export/test_write.py::test_an_edited_file_stays_and_ours_is_beside_it_while_there_is_something_to_see",
    ),
}


def rows() -> list[str]:
    """The first cells of the table."""
    table = [line for line in PAGE.splitlines() if line.startswith("|")][2:]
    return [line.strip("|").split(" | ")[0].strip() for line in table]


def test_every_row_has_its_tests() -> None:
    meant = {begin: [row for row in rows() if row.startswith(begin)] for begin in ROWS}
    assert all(len(found) == 1 for found in meant.values()), meant
    assert len(rows()) == len(ROWS)


@pytest.mark.parametrize("test", sorted({test for tests in ROWS.values() for test in tests}))
def test_the_tests_are_there(test: str) -> None:
    path, _, name = test.partition("::")
    tree = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
