"""Metadata of a notebook -> the names that the platform on which it was made gives to every notebook.

Sources: docs.databricks.com (notebooks), learn.microsoft.com (Fabric and Synapse notebooks), sparkmagic's kernels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DATABRICKS = "application/vnd.databricks.v1+notebook"  # the key of its notebooks' metadata

_SPARK = frozenset({"spark", "sc", "sqlContext"})
# key of the metadata -> names
_BY_KEY = {
    DATABRICKS: _SPARK | {"dbutils", "displayHTML", "table", "sql", "udf", "getArgument"},
    "trident": _SPARK | {"mssparkutils", "notebookutils", "displayHTML"},
    "a365ComputeOptions": _SPARK | {"mssparkutils", "notebookutils", "displayHTML"},
    "synapse_widget": _SPARK | {"mssparkutils", "displayHTML"},
}
# how the name of a kernel begins -> names
_BY_KERNEL = {
    "synapse_pyspark": _SPARK | {"mssparkutils", "notebookutils", "displayHTML"},
    "pyspark": _SPARK,
    "sparkmagic": _SPARK,
    "glue_pyspark": _SPARK,
}


def names_of_platform(metadata: Mapping[str, Any]) -> frozenset[str]:
    """Return the names; none for a notebook of Jupyter itself."""
    spec = metadata.get("kernelspec")
    kernel = str(spec.get("name", "")).lower() if isinstance(spec, Mapping) else ""
    found = [names for key, names in _BY_KEY.items() if key in metadata]
    found += [names for begin, names in _BY_KERNEL.items() if kernel.startswith(begin)]
    return frozenset[str]().union(*found)
