"""A fork of the warm parent differs from a fresh process in nothing but its speed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from soorgeon_clone.pipeline.execution.executor import open_executor
from soorgeon_clone.pipeline.execution.model import Executor, Job
from soorgeon_clone.pipeline.execution.preload import survives_fork

from .notebooks import notebook, printed, run

MODULES = ("numpy", "pandas", "sklearn.linear_model", "matplotlib.pyplot", "random", "no_such_module")


@pytest.fixture(scope="module")
def executor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Executor]:
    with open_executor("fork", modules=MODULES, cwd=tmp_path_factory.mktemp("run"), blas_threads=2) as executor:
        yield executor


def out(executor: Executor, folder: Path, source: str, **options: object) -> str:
    outcome, outputs = run(executor, folder, source, **{"modules": MODULES, **options})
    assert outcome.status == "ok", outcome
    return printed(outputs[0])


IS_WARM = "import sys; print('pandas' in sys.modules, 'sklearn.linear_model' in sys.modules)"


def test_the_modules_of_a_task_are_there(executor: Executor, tmp_path: Path) -> None:
    assert out(executor, tmp_path, IS_WARM) == "True True\n"


def test_a_module_that_cannot_be_imported_is_the_tasks_problem(executor: Executor, tmp_path: Path) -> None:
    outcome, _ = run(executor, tmp_path, "import no_such_module", modules=MODULES)
    assert outcome.error and outcome.error.ename == "ModuleNotFoundError"


def test_unseeded_generators_differ_from_task_to_task(executor: Executor, tmp_path: Path) -> None:
    draw = "import random, numpy as np, uuid, tempfile, os\n" + (
        "print(random.random(), np.random.rand(), np.random.default_rng().random(), uuid.uuid4(), os.urandom(4),"
        " tempfile.mktemp())"
    )
    first, second = out(executor, tmp_path, draw).split(), out(executor, tmp_path, draw).split()
    assert not set(first) & set(second)


def test_seeded_generators_and_hashes_do_not_differ(executor: Executor, tmp_path: Path) -> None:
    draw = "import random, numpy as np\nrandom.seed(1); np.random.seed(1)\n" + (
        "print(random.random(), np.random.rand(), hash('text'), {'b', 'a', 'c'})"
    )
    assert out(executor, tmp_path, draw) == out(executor, tmp_path, draw)


def test_a_library_that_draws_while_it_is_imported_draws_in_each_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "drawing.py").write_text("import random; random.random()")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    source = "import random\nrandom.seed(1)\nimport drawing\nprint(random.random())"
    with open_executor("fork", modules=("drawing",), cwd=tmp_path, blas_threads=1) as executor:
        second = random.Random(1)
        second.random()
        assert out(executor, tmp_path, source, modules=()) == f"{second.random()}\n"
        look = "import sys; print('drawing' in sys.modules)"
        assert out(executor, tmp_path, look, modules=("drawing",)) == "True\n"


def test_a_library_that_imports_what_is_asked_for_draws_in_each_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """scikit-learn imports a submodule when it is first asked for as an attribute."""
    (tmp_path / "site" / "lazy").mkdir(parents=True)
    (tmp_path / "site" / "lazy" / "__init__.py").write_text(
        "def __getattr__(name):\n    import importlib\n    return importlib.import_module(f'lazy.{name}')"
    )
    (tmp_path / "site" / "lazy" / "drawing.py").write_text("import random; random.random()")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    source = "import random as rd\nrd.seed(1)\nfrom lazy import drawing\nprint(rd.random())"
    with open_executor("fork", modules=("lazy", "lazy.drawing"), cwd=tmp_path, blas_threads=1) as executor:
        second = random.Random(1)
        second.random()
        assert out(executor, tmp_path, source, modules=()) == f"{second.random()}\n"


def test_local_modules_are_read_anew_by_each_task(executor: Executor, tmp_path: Path) -> None:
    module = tmp_path / "own_module.py"
    for value in ("one", "other"):
        module.write_text(f"VALUE = {value!r}")
        assert out(executor, tmp_path, "import own_module; print(own_module.VALUE)") == f"{value}\n"


def test_a_local_module_that_has_the_name_of_an_installed_one_is_the_one_imported(tmp_path: Path) -> None:
    (tmp_path / "pandas.py").write_text("VALUE = 'local'")
    with open_executor("fork", modules=("pandas", "json"), cwd=tmp_path, blas_threads=1) as executor:
        assert out(executor, tmp_path, "import pandas; print(pandas.VALUE)") == "local\n"


def test_directory_environment_and_path_are_the_tasks_own(
    executor: Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "import os, sys; print(os.getcwd(), os.environ.get('OWN'), '' in sys.path, _dh)"
    assert out(executor, tmp_path, source, environment={"OWN": "1"}) == f"{tmp_path} 1 True [{tmp_path!r}]\n"
    assert out(executor, tmp_path, source) == f"{tmp_path} None True [{tmp_path!r}]\n"


def test_nothing_that_a_task_does_reaches_the_next(executor: Executor, tmp_path: Path) -> None:
    change = (
        "import os, sys, builtins, warnings, pandas as pd, matplotlib as mpl\n"
        "os.environ['LEFT'] = '1'; sys.path.append('left'); builtins.left = 1; pd.options.display.max_rows = 3\n"
        "warnings.simplefilter('error'); mpl.rcParams['lines.linewidth'] = 9; left = 1; os.chdir('/')"
    )
    look = (
        "import os, sys, builtins, warnings, pandas as pd, matplotlib as mpl\n"
        "print('LEFT' in os.environ, 'left' in sys.path, hasattr(builtins, 'left'), pd.options.display.max_rows,\n"
        "      mpl.rcParams['lines.linewidth'], 'left' in globals(), os.getcwd(), len(warnings.filters))"
    )
    before = out(executor, tmp_path, look)
    out(executor, tmp_path, change)
    assert out(executor, tmp_path, look) == before


def test_filters_of_libraries_that_a_task_does_not_import_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    for name in ("one", "other"):
        text = f"import warnings; warnings.filterwarnings('ignore', message='{name}-filter')"
        (tmp_path / "site" / f"{name}_lib.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    look = "import warnings; print([m for m in ('one', 'other') if f'{m}-filter' in str(warnings.filters)])"
    with open_executor("fork", modules=("one_lib", "other_lib"), cwd=tmp_path, blas_threads=1) as executor:
        assert out(executor, tmp_path, look, modules=("other_lib", "one_lib")) == "['one', 'other']\n"
        assert out(executor, tmp_path, look, modules=("one_lib",)) == "['one']\n"
        assert out(executor, tmp_path, look, modules=("json",)) == "[]\n"


def test_a_package_that_speaks_when_it_is_imported_is_heard_in_each_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, project = tmp_path / "site", tmp_path / "project"
    (place / "noisy").mkdir(parents=True)
    project.mkdir()
    (place / "noisy" / "__init__.py").write_text("print('hello'); from noisy import inner")
    (place / "noisy" / "inner.py").write_text("")
    (place / "quiet.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(place))
    with open_executor("fork", modules=("quiet", "noisy", "noisy.inner"), cwd=project, blas_threads=1) as executor:
        source = "import sys; print('quiet' in sys.modules); import noisy"
        for _ in range(2):
            assert out(executor, project, source, modules=("quiet", "noisy")) == "True\nhello\n"


def test_a_package_that_starts_a_thread_makes_its_tasks_fresh_processes_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "quiet.py").write_text("")
    (tmp_path / "site" / "threaded.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,), daemon=True).start()"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    look = "import sys; print('quiet' in sys.modules, 'threaded' in sys.modules)"
    with open_executor("fork", modules=("threaded", "quiet"), cwd=tmp_path, blas_threads=1) as executor:
        for name in "ab":
            executor.start(Job(name, notebook(look + "; import threaded"), None, tmp_path))
        executor.start(Job("c", notebook(look + "; import quiet"), None, tmp_path))
        done = []
        while executor.running():
            done += executor.wait(60)
        logs = {outcome.name: outcome.log for outcome in done}
        assert logs == {"a": "False False\n", "b": "False False\n", "c": "True False\n"}
        assert out(executor, tmp_path, look, modules=("threaded",)) == "False False\n"


@pytest.mark.parametrize(
    ("module", "expected"),
    [("numpy", True), ("tensorflow", False), ("tensorflow.keras", False), ("pyspark.sql", False), ("tensor", True)],
)
def test_libraries_with_threads_or_contexts_are_known(module: str, expected: bool) -> None:
    assert survives_fork(module) is expected


def test_a_task_that_imports_such_a_library_is_a_fresh_process(executor: Executor, tmp_path: Path) -> None:
    assert out(executor, tmp_path, IS_WARM, modules=("pandas", "ray")) == "False False\n"


THREADS = """\
from threadpoolctl import threadpool_info
import numpy as np, os
np.random.rand(300, 300) @ np.random.rand(300, 300)
print(sorted({each['num_threads'] for each in threadpool_info() if each['user_api'] == 'blas'}),
      os.environ.get('OMP_NUM_THREADS'), len(os.listdir('/proc/self/task')) > 2)
"""


@pytest.mark.parametrize("isolation", ["fork", "spawn"])
@pytest.mark.parametrize("threads", [1, 2])
def test_numerical_libraries_use_the_threads_that_are_allotted(
    tmp_path: Path, isolation: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    modules = ("numpy", "scipy.linalg", "sklearn.linear_model")
    with open_executor(isolation, modules=modules, cwd=tmp_path, blas_threads=threads) as executor:  # type: ignore[arg-type]
        expected = f"[{threads}] '{threads}' {threads > 1}\n".replace("'", "")
        assert out(executor, tmp_path, THREADS, modules=modules) == expected


def test_a_job_may_have_its_own_number_of_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also through its environment, and in libraries that are loaded already."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    modules, environment = ("numpy",), {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}
    with open_executor("fork", modules=modules, cwd=tmp_path, blas_threads=1) as executor:
        assert out(executor, tmp_path, THREADS, modules=modules, threads=2) == "[2] 2 True\n"
        assert out(executor, tmp_path, THREADS, modules=modules, environment=environment) == "[2] 2 True\n"
        assert out(executor, tmp_path, THREADS, modules=modules) == "[1] 1 False\n"


def test_models_of_scikit_learn_work_in_a_fork_also_in_parallel(executor: Executor, tmp_path: Path) -> None:
    source = """\
import numpy as np
from sklearn.ensemble import RandomForestRegressor, HistGradientBoostingRegressor
from joblib import Parallel, delayed
x = np.arange(2000).reshape(-1, 2) % 17.0
y = x[:, 0] * 2
print(RandomForestRegressor(4, n_jobs=2, random_state=0).fit(x, y).score(x, y) > 0.9,
      HistGradientBoostingRegressor(max_iter=5).fit(x, y).score(x, y) > 0.3,
      Parallel(n_jobs=2)(delayed(abs)(n) for n in (-1, -2)) == [1, 2])
"""
    assert out(executor, tmp_path, source) == "True True True\n"


END = {
    "file": "f = open('left.txt', 'w'); f.write('written'); print('x')",
    "global in a function": "def g():\n    global f\n    f = open('left.txt', 'w'); f.write('written')\ng()",
    "zip": "import zipfile; f = zipfile.ZipFile('left.txt', 'w'); f.writestr('a', 'written')",
    "del": "class D:\n    def __del__(self):\n        open('left.txt', 'w').write('written')\nd = D(); d.me = d",
    "atexit": "import atexit; atexit.register(lambda: open('left.txt', 'w').write('written'))",
    "thread": "import threading, time\n"
    "threading.Thread(target=lambda: (time.sleep(0.3), open('left.txt', 'w').write('written'))).start()",
    "pool": "from concurrent.futures import ThreadPoolExecutor\n"
    "ThreadPoolExecutor(2).submit(lambda: open('left.txt', 'w').write('written'))",
    "logging": "import logging; logging.basicConfig(filename='left.txt'); logging.warning('written')",
    "module": "import own_end",
}


@pytest.mark.parametrize("kind", END)
@pytest.mark.parametrize("isolation", ["fork", "spawn"])
def test_what_a_notebook_leaves_open_is_complete_when_its_task_has_ended(
    executor: Executor, tmp_path: Path, kind: str, isolation: str
) -> None:
    (tmp_path / "own_end.py").write_text("f = open('left.txt', 'w'); f.write('written')")
    modules = MODULES if isolation == "fork" else ("ray",)
    out(executor, tmp_path, END[kind], modules=modules)
    assert b"written" in (tmp_path / "left.txt").read_bytes()
