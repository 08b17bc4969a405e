"""A name -> the folder of a new project, which builds at once and needs nothing but this program."""

from __future__ import annotations

import os
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.atomic import write_text
from soorgeon_clone.files.folders import make_folder
from soorgeon_clone.files.problems import told

_FILES = {
    "pipeline.yaml": """\
# `soorgeon-clone build` runs what is not up to date, `soorgeon-clone status` says what that is, and why.
tasks:
  - source: tasks/load.py
    product:
      nb: output/load.ipynb
      data: output/data.csv

  - source: tasks/summarize.py
    product:
      nb: output/summarize.ipynb
      summary: output/summary.json
    params:
      column: price
""",
    "tasks/load.py": """\
# %% [markdown]
# # Load
#
# Where the data come from.

# %% tags=["parameters"]
upstream = None
product = None

# %%
import csv

rows = [{"item": "pen", "price": 2}, {"item": "book", "price": 12}, {"item": "lamp", "price": 30}]

# %%
with open(product["data"], "w", newline="") as file:
    writer = csv.DictWriter(file, ["item", "price"])
    writer.writeheader()
    writer.writerows(rows)
""",
    "tasks/summarize.py": """\
# %% [markdown]
# # Summarize

# %% tags=["parameters"]
upstream = ["load"]
product = None
column = None

# %%
import csv
import json

with open(upstream["load"]["data"], newline="") as file:
    values = [float(row[column]) for row in csv.DictReader(file)]
summary = {"count": len(values), "mean": sum(values) / len(values), "largest": max(values)}
print(summary)

# %%
with open(product["summary"], "w") as file:
    json.dump(summary, file)
""",
    ".gitignore": "output/\n.soorgeon-clone/\n",
}


def create(name: str) -> Path:
    """Write the project into a new folder below the working folder; return it. Raises UserError."""
    if not name.strip() or Path(name).name != name or name in (".", "..") or name.startswith("-"):
        raise UserError(
            f"{name!r} is no name for a folder here",
            hint="Give a plain name: soorgeon-clone scaffold sales",
            exit_code=2,
        )
    here = Path.cwd()
    if os.path.lexists(here / name):
        raise UserError(f"{name} exists already", hint="Give the new project another name.", exit_code=2)
    with told(here / name):
        for path, text in _FILES.items():
            make_folder(here, f"{name}/{Path(path).parent}")
            write_text(here, f"{name}/{path}", text)
    return here / name
