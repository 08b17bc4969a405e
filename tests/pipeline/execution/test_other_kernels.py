"""Tasks in R and bash, where their kernels are installed."""

from __future__ import annotations

import pytest
from project_folder import Folder

from soorgeon_clone.pipeline.run import build
from soorgeon_clone.pipeline.status.project import Project


def _need(kernel: str) -> None:
    pytest.importorskip("nbclient")
    client = pytest.importorskip("jupyter_client.kernelspec")
    if kernel not in client.KernelSpecManager().find_kernel_specs():
        pytest.skip(f"there is no Jupyter kernel {kernel} here")


def built(folder: Folder) -> list[str]:
    with Project(folder.root) as project:
        report = build(project)
    assert report.ok, [run.error for run in report.runs]
    return [run.name for run in report.runs if run.result == "ran"]


def test_r(folder: Folder) -> None:
    _need("ir")
    pytest.importorskip("nbconvert")
    folder.write(
        "load.R",
        """
        # + tags=["parameters"]
        upstream = NULL
        product = NULL
        n = NULL
        # -

        write.csv(data.frame(x = 1:n), product$data)
        """,
    )
    folder.write(
        "sum.Rmd",
        """
        # The sum

        ```{r tags=c("parameters")}
        upstream = list('load')
        product = NULL
        ```

        ```{r}
        sum(read.csv(upstream$load$data)$x)
        ```
        """,
    )
    folder.declare(source="load.R", product={"nb": "output/load.ipynb", "data": "output/x.csv"}, params={"n": 4})
    folder.declare(source="sum.Rmd", product="output/sum.ipynb")
    assert built(folder) == ["load", "sum"]
    assert "10" in folder.outputs("output/sum.ipynb")
    assert built(folder) == []
    folder.write("load.R", (folder.root / "load.R").read_text() + "stop('no more')\n")
    with Project(folder.root) as project:
        (run,) = build(project).failed
    assert "no more" in (run.error or "")


def test_bash(folder: Folder) -> None:
    _need("bash")
    folder.write(
        "a.md",
        '```bash tags=["parameters"]\nupstream=\n```\n\n```bash\necho $n > ${product[x]}; cat ${product[x]}\n```\n',
    )
    folder.declare(source="a.md", product={"nb": "output/a.ipynb", "x": "output/x.txt"}, params={"n": "$(echo 1) 2"})
    assert built(folder) == ["a"]
    assert folder.outputs("output/a.ipynb") == "$(echo 1) 2\n"
