"""Scripts of other tools are read as cells, each with the sections that its writer saw."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from soorgeon_clone.errors import UserError
from soorgeon_clone.notebook.model import Notebook
from soorgeon_clone.notebook.read import parse
from soorgeon_clone.notebook.sections import split

SCRIPTS = yaml.safe_load(Path(__file__).with_name("dialects.yaml").read_text(encoding="utf-8"))


def read(text: str, extension: str = ".py") -> Notebook:
    return parse(text.encode(), None, extension)


@pytest.mark.parametrize("kind", SCRIPTS)
def test_scripts_have_the_sections_that_their_tool_shows(kind: str) -> None:
    sections = split(read(SCRIPTS[kind]))
    assert [section.title for section in sections] == ["Load", "Show"]
    code = [[cell.source for cell in section.cells if cell.kind == "code"] for section in sections]
    assert any("x = [1, 2]" in source for source in code[0])
    assert not any("x = [1, 2]" in source for source in code[1])
    assert code[1][-1].startswith("print(sum(x)")


LANGUAGES = """# Databricks notebook source
# MAGIC %sql
# MAGIC select 1

# COMMAND ----------

# MAGIC %pip install x

# COMMAND ----------

# MAGIC %python
# MAGIC a = 1

# COMMAND ----------

# DBTITLE 1,A title
b = 2
"""


def test_cells_of_databricks_in_other_languages() -> None:
    sources = [cell.source for cell in read(LANGUAGES).cells]
    assert sources == ["%%sql\nselect 1", "%pip install x", "a = 1", "b = 2"]


EXPORTED = """#!/usr/bin/env python
# coding: utf-8

# # Title
#
# text

# In[1]:


a = 1
# a comment of the code


# In[ ]:


b = 2

# a comment of the code, too


# ## More

# text
"""


def test_what_nbconvert_writes_is_read_as_it_was() -> None:
    assert [(cell.kind, cell.source) for cell in read(EXPORTED).cells] == [
        ("markdown", "# Title\n\ntext"),
        ("code", "a = 1\n# a comment of the code"),
        ("code", "b = 2\n\n# a comment of the code, too"),
        ("markdown", "## More"),
        ("markdown", "text"),
    ]


PLAIN = [
    "# %% Load\nx = 1\n",
    "# %%\n# a comment\nx = 1\n\n# %%\ny = 2\n",
    "# %% [markdown]\n# ## A\n\n# %% Load\nx = 1\n\n# %% Show\ny = 2\n",
    "# ---\n# jupyter:\n#   jupytext:\n#     text_representation:\n#       format_name: percent\n# ---\n\n"
    "# %% Load\nx = 1\n\n# %% Show\ny = 2\n",
]


@pytest.mark.parametrize("text", PLAIN)
def test_other_scripts_stay_as_they_are(text: str) -> None:
    assert len(read(text).cells) == text.count("# %%")


def test_markdown_without_code_is_no_notebook() -> None:
    with pytest.raises(UserError, match="without any code"):
        read("# Title\n\ntext\n", ".md")


def test_myst_markdown() -> None:
    cells = read("## A\n\n```{code-cell} ipython3\n:tags: [raises-exception]\n\nx = 1\n```\n", ".md").cells
    assert [(cell.kind, cell.source, cell.tags) for cell in cells] == [
        ("markdown", "## A", frozenset()),
        ("code", "x = 1", {"raises-exception"}),
    ]


def test_marimo_is_named() -> None:
    with pytest.raises(UserError, match="marimo"):
        read("import marimo\n\napp = marimo.App()\n\n\n@app.cell\ndef _():\n    return\n")
