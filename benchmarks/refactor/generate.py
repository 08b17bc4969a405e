"""A number of code cells -> a notebook such as people write, always the same one: sections of ten cells with Markdown.

Soorgeon can refactor it too: functions do not read globals.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

SECTION = 10


def cells(count: int) -> Iterator[str]:
    """Yield the source of ``count`` code cells."""
    yield "import math\nimport random\nfrom collections import Counter\n\nimport numpy as np\nimport pandas as pd"
    yield "rng = np.random.RandomState(0)\ndf = pd.DataFrame({'x': rng.rand(200), 'y': rng.rand(200)})\ndf.head()"
    for n in range(2, count):
        yield PATTERNS[n % len(PATTERNS)].format(n=n, before=max(n - 6, 2))


PATTERNS = (
    "v{n} = df['x'].mean() + {n}\nprint(f'mean {{v{n}:.3f}}')",
    "def scale_{n}(values, by=2.0, *, shift=0):\n    # first shift, then scale\n"
    "    moved = [v + shift for v in values]\n"
    "    return [v * by for v in moved if v is not None]\n\nv{n} = scale_{n}(df['y'].tolist()[:5], by={n})\nv{n}[:2]",
    "v{n} = {{}}\nfor i, row in df.head(20).iterrows():\n    if row['x'] > 0.5:\n        v{n}[i] = row['y']\n"
    "    else:\n        v{n}[i] = -row['y']\nlen(v{n})",
    "part{n} = df[df['x'] > 0.2].copy()\npart{n}['z'] = part{n}['x'] * part{n}['y']\n"
    "v{n} = part{n}.groupby(part{n}['z'].round(1))['z'].agg(['mean', 'count'])\nv{n}.tail(3)",
    "v{n} = [round(math.sin(k), 1) for k in range({n})]\nCounter(v{n}).most_common(3)",
    "try:\n    v{n} = 1 / ({n} - {n} % 7)\nexcept ZeroDivisionError:\n    v{n} = None\n    print('no')",
    "df['c{n}'] = np.where(df['x'] > df['x'].median(), 1, 0)\nv{n} = df['c{n}'].sum()\nv{n}",
)


def notebook(count: int) -> str:
    """Return an .ipynb with ``count`` code cells."""
    parts = []
    for number, source in enumerate(cells(count)):
        if number % SECTION == 0:
            parts.append(_cell("markdown", f"## Part {number // SECTION + 1}\n\nWhat happens here, and why."))
        parts.append(_cell("code", source))
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return json.dumps({"cells": parts, "metadata": kernel, "nbformat": 4, "nbformat_minor": 4}, indent=1)


def write(count: int, path: Path) -> Path:
    """Write the notebook and return its path."""
    path.write_text(notebook(count), encoding="utf-8")
    return path


def _cell(kind: str, source: str) -> dict[str, object]:
    extra = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "metadata": {}, **extra, "source": source}
