"""Names that a platform gives are known of notebooks that were made there, and of no others."""

from __future__ import annotations

import pytest

from soorgeon_clone.errors import UserError
from soorgeon_clone.notebook.platforms import names_of_platform
from soorgeon_clone.notebook.read import parse
from soorgeon_clone.refactor.plan import make_plan

METADATA = [
    ({"application/vnd.databricks.v1+notebook": {}}, "dbutils"),
    ({"kernelspec": {"name": "synapse_pyspark"}}, "mssparkutils"),
    ({"trident": {"lakehouse": {}}}, "spark"),
    ({"kernelspec": {"name": "PySpark3"}}, "sc"),
]


@pytest.mark.parametrize(("metadata", "name"), METADATA)
def test_metadata_say_the_platform(metadata: dict[str, object], name: str) -> None:
    assert name in names_of_platform(metadata)


def test_jupyter_gives_none() -> None:
    assert not names_of_platform({"kernelspec": {"name": "python3"}})
    assert not names_of_platform({"kernelspec": None})


CELLS = (
    "# MAGIC %md ## A\n\n# COMMAND ----------\n\ndf = spark.table('a')\n\n# COMMAND ----------\n\n# MAGIC %md ## B\n\n"
)
SCRIPT = f"# Databricks notebook source\n{CELLS}# COMMAND ----------\n\ndisplay(df)\n"


def test_a_notebook_that_uses_them_is_one_task() -> None:
    plan = make_plan(parse(SCRIPT.encode(), None, ".py"))
    assert len(plan.tasks) == 1
    assert "`spark` is its platform's" in plan.merges[0].reason


def test_a_name_that_the_notebook_binds_is_its_own() -> None:
    plan = make_plan(parse(SCRIPT.replace("df = ", "spark = {}\ndf = ").encode(), None, ".py"))
    assert not any("platform" in merge.reason for merge in plan.merges)


def test_elsewhere_they_are_unknown() -> None:
    with pytest.raises(UserError, match="spark"):
        make_plan(parse(b"# %%\nspark.table('a')\n", None, ".py"))
