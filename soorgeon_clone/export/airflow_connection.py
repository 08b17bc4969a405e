"""A Connection of Airflow -> the environment variables with which tasks on its workers reach the store."""

from __future__ import annotations

import re
from collections.abc import Mapping

from soorgeon_clone.errors import UserError
from soorgeon_clone.export import readers
from soorgeon_clone.export.model import Operator, Workflow
from soorgeon_clone.pipeline.declared.yaml_tree import Item

# Scheme of the store -> variables, and what of the Connection they hold.
_OF_AWS = {
    "AWS_ACCESS_KEY_ID": "login",
    "AWS_SECRET_ACCESS_KEY": "password",
    "AWS_SESSION_TOKEN": "extra_dejson.get('aws_session_token', '')",
    "AWS_DEFAULT_REGION": "extra_dejson.get('region_name', '')",
    "AWS_ENDPOINT_URL": "extra_dejson.get('endpoint_url', '')",
}
_OF_AZURE = {"AZURE_STORAGE_ACCOUNT_NAME": "login", "AZURE_STORAGE_ACCOUNT_KEY": "password"}
_OF_GOOGLE = {"GOOGLE_APPLICATION_CREDENTIALS": "extra_dejson.get('key_path', '')"}
_VARIABLES: Mapping[str, Mapping[str, str]] = {
    **dict.fromkeys(("s3", "s3a"), _OF_AWS),
    **dict.fromkeys(("az", "abfs", "abfss"), _OF_AZURE),
    **dict.fromkeys(("gs", "gcs"), _OF_GOOGLE),
}


def read(item: Item) -> str:
    """Return the name of a Connection, which becomes part of a template. Raises UserError."""
    found = readers.line(item)
    if not re.fullmatch(r"[\w.-]+", found, re.ASCII):
        raise item.error("expected the name of a Connection of Airflow")
    return found


def credentials(flow: Workflow, operator: Operator) -> tuple[tuple[str, str], ...]:
    """Return the variables that a Connection gives to each task, as templates of Airflow. Raises UserError."""
    name = flow.settings.own.get("store_connection")
    if name is None:
        return ()
    if operator == "kubernetes":
        raise UserError(
            "pipeline.yaml, export: 'store_connection' is for tasks on Airflow's workers; a pod cannot see Connections",
            hint="Give the pods a 'service_account' that may use the store, or 'secrets' of Kubernetes.",
            exit_code=2,
        )
    store = flow.settings.store or ""
    scheme = store.partition("://")[0] if "://" in store else ""
    if scheme not in _VARIABLES:
        raise UserError(
            f"pipeline.yaml, export: 'store_connection' does not go with the store {store or 'that there is not'}",
            hint="It is for s3://, gs:// and az:// stores.",
            exit_code=2,
        )
    found = f"conn.get({name!r})"
    return tuple((variable, f"{{{{ {found}.{part} or '' }}}}") for variable, part in _VARIABLES[scheme].items())
