"""Commands and programs on small pipelines, by Ploomber and by us: they end the same, and say and leave the same."""

from __future__ import annotations

import functools
import http.server
import json
import os
import re
import resource
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from ploomber_beside import ploomber

pytestmark = pytest.mark.long
__all__ = ["ploomber"]  # a fixture

HEAD = '# %% tags=["parameters"]\nupstream = None\nproduct = None\n\n# %%\n'
WRITES = HEAD + "x = 42\nopen(product['x'], 'w').write('1')\n"
FAILS = HEAD + "x = 42\nx / 0\n"
SAYS = HEAD.replace("product = None", 'product = {"nb": "out/a.ipynb", "x": "out/x.txt"}') + (
    "open(product['x'], 'w').write('1')\n"
)
A = {"source": "a.py", "product": {"nb": "out/a.ipynb", "x": "out/x.txt"}}


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    said: str
    cpu: float


@dataclass(frozen=True)
class Tool:
    """One of the two, in a folder of its own."""

    name: str
    command: tuple[str, ...]
    python: str
    folder: Path
    environment: Mapping[str, str]

    def __call__(self, line: str, given: str = "") -> Ended:
        """Run a command of the tool: ``build --force``."""
        return self._run([*self.command, *shlex.split(line)], given)

    def program(self, text: str) -> Ended:
        """Run a Python program."""
        return self._run([self.python, "-c", text], "")

    def put(self, files: Mapping[str, object]) -> None:
        """Write files: texts, or what JSON can say."""
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content))

    def text(self, name: str) -> str | None:
        """Return the text of a file, None where there is none."""
        path = self.folder / name
        return path.read_text() if path.is_file() else None

    def _run(self, command: Sequence[str], given: str) -> Ended:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, input=given, capture_output=True, text=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Ended(done.returncode, done.stdout + done.stderr, cpu)


@pytest.fixture
def tools(ploomber: Path, tmp_path: Path) -> list[Tool]:
    """Ploomber, and ours."""
    environment = {
        **os.environ,
        "PLOOMBER_STATS_ENABLED": "false",
        "SOORGEON_CLONE_CACHE": "off",
        "NO_COLOR": "1",
        "COLUMNS": "200",
    }
    made = []
    ours = (sys.executable, "-m", "soorgeon_clone")
    theirs = str(ploomber.with_name("python"))
    for name, command, python in (("ploomber", (str(ploomber),), theirs), ("ours", ours, sys.executable)):
        folder = tmp_path / name
        folder.mkdir()
        made.append(Tool(name, command, python, folder, environment))
    return made


def both(tools: Sequence[Tool], do: Callable[[Tool], object]) -> None:
    """Expect the same of the two."""
    theirs, ours = [do(tool) for tool in tools]
    assert ours == theirs


def prose(tool: Tool, name: str) -> list[str]:
    cells = json.loads(tool.text(name) or "{}")["cells"]
    return ["".join(cell["source"]) for cell in cells if "injected-parameters" not in cell["metadata"].get("tags", ())]


def test_prose_counts(tools: list[Tool]) -> None:
    def do(tool: Tool) -> object:
        text = HEAD + "# a remark\nopen(product['x'], 'w').write('1')\n\n# %% [markdown]\n# Some text\n"
        tool.put({"a.py": text, "pipeline.yaml": [A]})
        assert tool("build").code == 0
        tool.put({"a.py": text.replace("a remark", "another one").replace("Some text", "Other text")})
        assert tool("build").code == 0
        return [one for one in prose(tool, "out/a.ipynb") if "another one" in one or "Other text" in one]

    both(tools, do)


def test_what_is_logged_is_in_the_file_of_the_log(tools: list[Tool]) -> None:
    def do(tool: Tool) -> object:
        tool.put(
            {
                "tasks.py": "import logging\n\ndef a(product):\n    logging.getLogger('mine').info('it began')\n"
                "    logging.getLogger('mine').debug('details')\n    open(str(product), 'w').write('1')\n",
                "pipeline.yaml": {"executor": "serial", "tasks": [{"source": "tasks.a", "product": "out/a.txt"}]},
            }
        )
        if tool.name == "ploomber":  # whose tasks run elsewhere, and log nothing, unless it is told so
            executor = {"dotted_path": "ploomber.executors.Serial", "build_in_subprocess": False}
            tool.put(
                {"pipeline.yaml": {"executor": executor, "tasks": [{"source": "tasks.a", "product": "out/a.txt"}]}}
            )
        ended = tool("build --log info --log-file all.log")
        log = tool.text("all.log") or ""
        return ended.code, "it began" in log, "details" in log

    both(tools, do)


def test_what_a_notebook_prints_can_be_seen(tools: list[Tool]) -> None:
    def do(tool: Tool) -> object:
        task = {**A, "executor_params": {"log_output": True}}
        tool.put({"a.py": WRITES + "print('so far', x)\n", "pipeline.yaml": [task]})
        ended = tool("build --log info")
        return ended.code, "so far 42" in ended.said

    both(tools, do)


def test_hooks_of_the_pipeline_when_there_is_nothing_to_do(tools: list[Tool]) -> None:
    def do(tool: Tool) -> object:
        note = "def {0}():\n    open('notes.txt', 'a').write('{0} ')\n\n"
        hooks = note.format("rendered") + note.format("done")
        spec = {"on_render": "hooks.rendered", "on_finish": "hooks.done", "tasks": [A]}
        tool.put({"a.py": WRITES, "hooks.py": hooks, "pipeline.yaml": spec})
        return tool("build").code, tool("build").code, tool.text("notes.txt")

    both(tools, do)


FAILING_HOOKS = """
def note(*values):
    print(*values, file=open('notes.txt', 'a'))

def task_failed(task, product, params):
    note('task', task.name, sorted(params))

def failed(traceback, dag):
    note(sorted(traceback), 'no luck' in traceback['build'], list(dag))
"""


def test_hooks_of_a_build_that_fails(tools: list[Tool]) -> None:
    def do(tool: Tool) -> object:
        tasks = "def a(product, n):\n    raise ValueError('no luck')\n"
        task = {"source": "tasks.a", "product": "out/a.txt", "params": {"n": 1}, "on_failure": "hooks.task_failed"}
        tool.put({"tasks.py": tasks, "hooks.py": FAILING_HOOKS})
        tool.put({"pipeline.yaml": {"executor": "serial", "on_failure": "hooks.failed", "tasks": [task]}})
        ended = tool("build")
        return ended.code != 0, "no luck" in ended.said, tool.text("notes.txt"), tool.text("out/a.txt")

    both(tools, do)


def test_what_hooks_print_is_shown(tools: list[Tool]) -> None:
    def do(tool: Tool) -> object:
        hooks = "def done(report):\n    print(report)\n\ndef task_done(product):\n    print('made', product.name)\n"
        hooks = hooks.replace("product.name", "str(product).rpartition('/')[2]")
        tasks = "def a(product):\n    open(str(product), 'w').write('1')\n"
        task = {"source": "tasks.a", "product": "out/a.txt", "on_finish": "hooks.task_done"}
        tool.put({"tasks.py": tasks, "hooks.py": hooks})
        tool.put({"pipeline.yaml": {"executor": "serial", "on_finish": "hooks.done", "tasks": [task]}})
        ended = tool("build")
        return ended.code, "made a.txt" in ended.said, bool(re.search(r"a +True", ended.said))

    both(tools, do)


STOPS = """
class DAGBuildEarlyStop(Exception):
    pass

def stop():
    raise DAGBuildEarlyStop('nothing new')
"""


def test_an_early_stop_by_a_hook_of_a_task(tools: list[Tool]) -> None:
    def do(tool: Tool) -> object:
        imported = "from ploomber.exceptions import DAGBuildEarlyStop\n\n"
        tool.put(
            {
                "tasks.py": "def a(product):\n    open(str(product), 'w').write('1')\n\n"
                "def b(product, upstream):\n    upstream['a']\n    open(str(product), 'w').write('2')\n",
                # ours goes by the name
                "hooks.py": STOPS if tool.name == "ours" else imported + STOPS[STOPS.index("def stop") :],
                "pipeline.yaml": {
                    "executor": "serial",
                    "tasks": [
                        {"source": "tasks.a", "product": "out/a.txt", "on_finish": "hooks.stop"},
                        {"source": "tasks.b", "product": "out/b.txt"},
                    ],
                },
            }
        )
        ended = tool("build")
        # Ploomber leaves the product of the first, which is not up to date
        return ended.code, tool.text("out/b.txt"), tool("build").code

    both(tools, do)


REFUSED: dict[str, tuple[Mapping[str, object], Mapping[str, object]]] = {
    "a key that there is not": ({}, {"no_such_key": 1}),
    "a kernel that is not installed": ({}, {"kernelspec_name": "no-such-kernel"}),
    "a param that a function does not take": (
        {"tasks.py": "def b(product):\n    pass\n"},
        {"source": "tasks.b", "product": "out/b.txt", "params": {"n": 1}},
    ),
    "a param that a function needs": (
        {"tasks.py": "def b(product, n):\n    pass\n"},
        {"source": "tasks.b", "product": "out/b.txt"},
    ),
    "a function that there is not": (
        {"tasks.py": "def a(product):\n    pass\n"},
        {"source": "tasks.b", "product": "out/b.txt"},
    ),
    "a function without product": (
        {"tasks.py": "def b():\n    pass\n"},
        {"source": "tasks.b", "product": "out/b.txt"},
    ),
    "an undefined name": ({"b.py": HEAD + "print(nowhere)\n"}, {"static_analysis": "strict"}),
    "a syntax error": ({"b.py": HEAD + "if\n"}, {"static_analysis": "strict"}),
    "a param that is not declared": ({}, {"static_analysis": "strict", "params": {"n": 1}}),
    "upstream that there is not": ({"b.py": HEAD.replace("upstream = None", "upstream = ['nowhere']")}, {}),
    "a hook that there is not": ({"hooks.py": "x = 1\n"}, {"on_finish": "hooks.none"}),
    "a hook that asks for what it does not get": (
        {"hooks.py": "def h(weather):\n    pass\n"},
        {"on_finish": "hooks.h"},
    ),
    "a product that another task makes": ({}, {"product": {"nb": "out/b.ipynb", "x": "out/x.txt"}}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_before_anything_runs(case: str, tools: list[Tool]) -> None:
    files, more = REFUSED[case]

    def do(tool: Tool) -> object:
        second = {"source": "b.py", "product": {"nb": "out/b.ipynb", "y": "out/y.txt"}, **more}
        spec = {"executor": "serial", "tasks": [A, second]}
        tool.put(
            {"a.py": WRITES, "b.py": HEAD + "open(product['y'], 'w').write('1')\n", **files, "pipeline.yaml": spec}
        )
        return tool("build").code != 0, tool.text("out/x.txt")

    both(tools, do)


def test_a_build_with_nothing_to_do_costs_less(tools: list[Tool]) -> None:
    for tool in tools:
        tool.put({"a.py": WRITES, "pipeline.yaml": [A]})
        assert tool("build").code == 0
    theirs, ours = (tool("build") for tool in tools)
    assert theirs.code == ours.code == 0
    assert ours.cpu < theirs.cpu / 2


PLACES: dict[str, tuple[Mapping[str, object], str]] = {
    "a folder of scripts": ({"d/a.py": SAYS}, "build -e d"),
    "a pattern of scripts": ({"d/a.py": SAYS, "d/b.txt": ""}, "build -e 'd/*.py'"),
    "sources that say all themselves": (
        {"a.py": SAYS, "pipeline.yaml": {"meta": {"extract_product": True}, "tasks": ["a.py"]}},
        "build",
    ),
    "setup.cfg": (
        {"setup.cfg": "[ploomber]\nentry-point = sub/pipeline.yaml\n", "sub/a.py": WRITES, "sub/pipeline.yaml": [A]},
        "build",
    ),
    "a file by its name": ({"a.py": WRITES, "pipeline.other.yaml": [A]}, "build -e pipeline.other.yaml"),
    "a file in a package": (
        {"pack/__init__.py": "", "pack/a.py": WRITES, "pack/pipeline.yaml": [A]},
        "build -e pack::pipeline.yaml",
    ),
    "values of the env file of a pipeline": (
        {
            "tasks.py": "def a(product, n):\n    open(str(product), 'w').write(str(n))\n",
            "env.yaml": "n: 1\nout: out\n",
            "env.serve.yaml": "meta: {import_from: env.yaml}\nn: 2\n",
            "pipeline.serve.yaml": [{"source": "tasks.a", "product": "{{out}}/x.txt", "params": {"n": "{{n}}"}}],
        },
        "build -e pipeline.serve.yaml",
    ),
    "values of env.yaml": (
        {
            "tasks.py": "def a(product, n):\n    open(str(product), 'w').write(str(n))\n",
            "env.yaml": "n: 1\ndeep:\n  out: out\n",
            "pipeline.yaml": [{"source": "tasks.a", "product": "{{deep.out}}/x.txt", "params": {"n": "{{n}}"}}],
        },
        "build --env--n 5 --env--deep--out other",
    ),
}


@pytest.mark.parametrize("case", PLACES)
def test_where_pipelines_are_found(case: str, tools: list[Tool]) -> None:
    files, line = PLACES[case]

    def do(tool: Tool) -> object:
        tool.put(files)
        ended = tool(line)
        return ended.code, sorted((str(one.relative_to(tool.folder)), one.read_text()) for one in _texts(tool.folder))

    both(tools, do)


def _texts(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("x.txt") if ".soorgeon-clone" not in path.parts)


@pytest.mark.parametrize("names", [{"PLOOMBER_ENV_FILENAME": "env.dev.yaml"}, {"ENTRY_POINT": "pipeline.dev.yaml"}])
def test_what_the_environment_says(names: Mapping[str, str], tools: list[Tool]) -> None:
    def do(tool: Tool) -> object:
        tasks = "def a(product, n):\n    open(str(product), 'w').write(str(n))\n"
        tool.put({"tasks.py": tasks, "env.yaml": "n: 1\n", "env.dev.yaml": "n: 2\n"})
        for name in ("pipeline.yaml", "pipeline.dev.yaml"):
            tool.put({name: [{"source": "tasks.a", "product": f"out/{name}.txt", "params": {"n": "{{n}}"}}]})
        code = replace(tool, environment={**tool.environment, **names})("build").code
        return code, tool.text("out/pipeline.yaml.txt"), tool.text("out/pipeline.dev.yaml.txt")

    both(tools, do)


def test_a_package(tools: list[Tool]) -> None:
    def do(tool: Tool) -> object:
        product = {"nb": "{{root}}/out/a.ipynb", "x": "{{root}}/out/x.txt"}
        loader = {"module": "pack", "path": "code"}
        spec = {"meta": {"source_loader": loader}, "tasks": [{"source": "a.py", "product": product}]}
        tool.put({"setup.py": "", "src/pack/__init__.py": "", "src/pack/code/a.py": WRITES})
        tool.put({"src/pack/pipeline.yaml": spec})
        installed = {**tool.environment, "PYTHONPATH": str(tool.folder / "src")}
        return replace(tool, environment=installed)("build").code, tool.text("out/x.txt")

    both(tools, do)


def test_a_pipeline_above(tools: list[Tool]) -> None:
    def do(tool: Tool) -> object:
        tool.put({"a.py": WRITES, "deep/er/x": "", "pipeline.yaml": [A]})
        return replace(tool, folder=tool.folder / "deep/er")("build").code, tool.text("out/x.txt")

    both(tools, do)


def test_builds_of_parts(tools: list[Tool]) -> None:
    def do(tool: Tool) -> object:
        tasks = "".join(
            f"def {name}(product{', upstream' if needs else ''}):\n    {f'upstream[{needs!r}]' if needs else ''}\n"
            f"    print('{name}', end=' ', file=open('notes.txt', 'a'))\n    open(str(product), 'w').write('1')\n\n"
            for name, needs in (("load", ""), ("fit_a", "load"), ("fit_b", "load"), ("last", "fit_b"))
        )
        entries = [{"source": f"tasks.{name}", "product": f"out/{name}"} for name in ("load", "fit_a", "fit_b", "last")]
        tool.put({"tasks.py": tasks, "pipeline.yaml": {"executor": "serial", "tasks": entries}})
        first = tool("build -p fit_a").code, tool.text("notes.txt")
        more = tool("build -p 'fit_*'").code, tool("build -p fit_b -su -f").code, tool.text("notes.txt")
        return first, more, tool("build").code, tool.text("notes.txt")

    both(tools, do)


FACTORY = """
from ploomber import DAG
from ploomber.products import File
from ploomber.tasks import DownloadFromURL

def make():
    dag = DAG()
    DownloadFromURL({!r}, File('out/data.csv'), dag, name='get')
    return dag
"""


def test_a_download(tools: list[Tool], tmp_path: Path) -> None:
    (tmp_path / "served").mkdir()
    (tmp_path / "served/data.csv").write_text("a\n1\n")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "served"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/data.csv"

    def do(tool: Tool) -> object:
        if tool.name == "ploomber":  # whose pipeline.yaml takes a URL for a path: there it is for programs
            tool.put({"factory.py": FACTORY.format(url), "out/here": ""})
            tool.put({"pipeline.yaml": {"location": "factory.make"}})
        else:
            task = {"source": url, "class": "DownloadFromURL", "name": "get", "product": "out/data.csv"}
            tool.put({"pipeline.yaml": {"meta": {"extract_upstream": False}, "tasks": [task]}})
        return tool("build").code, tool.text("out/data.csv")

    try:
        both(tools, do)
    finally:
        server.shutdown()


LOADED = {
    "ploomber": "from ploomber.spec import DAGSpec\ndag = DAGSpec('pipeline.yaml', env={'n': 7}).to_dag()\n",
    "ours": "from soorgeon_clone import Pipeline\ndag = Pipeline('pipeline.yaml', env={'n': 7})\n",
}
USED = """
import os
print(list(dag), len(dag), 'a' in dag)
report = dag.build()
print(os.path.relpath(str(dag['a'].product)), sorted(dag['b'].upstream), dag['a'].params['n'])
print(dag['a'].load().x.tolist())
dag.build(force=True)
dag['b'].build(force=True)
print(open('notes.txt').read())
"""


NOTED = """
def note(name):
    open('notes.txt', 'a').write(name + ' ')

def a(product, n):
    note('a')
    open(str(product), 'w').write('x\\n' + str(n))

def b(product, upstream):
    note('b')
    open(str(product), 'w').write(open(str(upstream['a'])).read())
"""


def test_a_program(tools: list[Tool]) -> None:
    def do(tool: Tool) -> object:
        tool.put(
            {
                "tasks.py": NOTED,
                "env.yaml": "n: 1\n",
                "pipeline.yaml": [
                    {"source": "tasks.a", "product": "out/a.csv", "params": {"n": "{{n}}"}},
                    {"source": "tasks.b", "product": "out/b.csv"},
                ],
            }
        )
        ended = tool.program(LOADED[tool.name] + USED)
        return ended.code, [line for line in ended.said.splitlines() if line.startswith(("[", "out", "a b"))]

    both(tools, do)


def test_functions_in_a_program(tools: list[Tool]) -> None:
    def do(tool: Tool) -> object:
        functions = "def load(input_data):\n    return [1, input_data]\n\ndef clean(load):\n    return load * 2\n"
        tool.put({"funcs.py": functions})
        made = {
            "ploomber": "from ploomber.micro import dag_from_functions as make\n",
            "ours": "from soorgeon_clone import Pipeline as make\n",
        }[tool.name]
        made += "dag = make([load, clean], params={'load': {'input_data': 3}})\n"
        ended = tool.program(f"from funcs import clean, load\n{made}dag.build()\nprint(dag['clean'].load())\n")
        return ended.code, "[1, 3, 1, 3]" in ended.said

    both(tools, do)


def test_a_task_by_its_name(tools: list[Tool]) -> None:
    def do(tool: Tool) -> object:
        hook = "def done():\n    open('notes.txt', 'a').write('done ')\n"
        tool.put({"a.py": WRITES, "hooks.py": hook, "pipeline.yaml": [{**A, "on_finish": "hooks.done"}]})
        shown = tool("task a --source")
        state = tool("task a --status")
        ran = tool("task a"), tool("task a --force"), tool("task a --on-finish")
        nothing = tool("task nothing")
        return (
            [shown.code, "x = 42" in shown.said, state.code, "a" in state.said],
            [one.code for one in ran],
            tool.text("notes.txt"),
            nothing.code != 0,
        )

    both(tools, do)


@pytest.mark.parametrize("line", ["task a --debug", "build --debug"])
def test_the_debugger_opens_where_a_task_fails(line: str, tools: list[Tool]) -> None:
    def do(tool: Tool) -> object:
        tool.put({"a.py": FAILS, "pipeline.yaml": {"executor": "serial", "tasks": [A]}})
        ended = tool(line, given="p 'x is', x\nq\n")
        return bool(re.search(r"'x is', 42", ended.said))

    both(tools, do)


def test_debugging_later(tools: list[Tool]) -> None:
    def do(tool: Tool) -> object:
        tool.put({"a.py": FAILS, "pipeline.yaml": [A]})
        code = tool("build --debuglater").code
        kept = [*tool.folder.glob("*.dump"), *tool.folder.glob(".soorgeon-clone/**/*.dump*")]
        return code != 0, bool(kept) or "debug a" in tool("task a --debuglater").said

    both(tools, do)


def test_status_names_tasks_products_and_sources(tools: list[Tool]) -> None:
    def do(tool: Tool) -> object:
        tool.put({"a.py": WRITES, "pipeline.yaml": [A]})
        ended = tool("status" if tool.name == "ploomber" else "status --products")
        said = re.sub(r"\s+", "", ended.said)  # a table breaks its lines
        return ended.code, "x.txt" in said, "a.py" in said or "pipeline.yaml" in said

    both(tools, do)


def test_the_injected_cell_comes_and_goes(tools: list[Tool]) -> None:
    def do(tool: Tool) -> object:
        tool.put({"a.py": WRITES, "pipeline.yaml": [A]})
        put = tool("nb --inject").code
        there = "injected-parameters" in (tool.text("a.py") or "")
        return put, there, tool("nb --remove").code, "injected-parameters" in (tool.text("a.py") or "")

    both(tools, do)


def test_a_script_and_its_twin(tools: list[Tool]) -> None:
    def do(tool: Tool) -> object:
        tool.put({"a.py": WRITES, "pipeline.yaml": [A]})
        paired = tool("nb --pair notebooks").code
        twin = tool.text("notebooks/a.ipynb") or ""
        time.sleep(0.1)
        tool.put({"notebooks/a.ipynb": twin.replace("x = 42", "x = 43")})
        synced = tool("nb --sync").code
        known = [line for line in (tool.text("a.py") or "").splitlines() if "formats:" in line or "x = 4" in line]
        return paired, synced, known, tool("nb --inject").code, "injected" in (tool.text("notebooks/a.ipynb") or "")

    both(tools, do)


def test_an_interactive_session(tools: list[Tool]) -> None:
    def do(tool: Tool) -> object:
        tool.put({"a.py": WRITES, "pipeline.yaml": [A]})
        said = "print('names', list(dag), dag.get_downstream('a'))\nprint('in', str(dag['a'].product['x'])[-5:])\n"
        ended = tool("interact", given=said + "print('text', 'x = 42' in str(dag['a'].source))\nexit\n")
        return [line for line in ("names ['a'] []", "in x.txt", "text True") if line in ended.said]

    both(tools, do)


def test_scripts_become_notebooks(tools: list[Tool]) -> None:
    def do(tool: Tool) -> object:
        tool.put({"a.py": WRITES, "pipeline.yaml": [A]})
        return tool("nb --format ipynb").code, tool.text("a.ipynb") is not None, tool.text("a.py")

    both(tools, do)


def test_missing_sources_are_scaffolded(tools: list[Tool]) -> None:
    def do(tool: Tool) -> object:
        spec = [A, {"source": "more.b", "product": "out/b.txt"}]
        tool.put({"pipeline.yaml": spec, "more.py": ""})
        return tool("scaffold").code, "upstream" in (tool.text("a.py") or ""), "def b(" in (tool.text("more.py") or "")

    both(tools, do)


def test_a_new_project(tools: list[Tool]) -> None:
    both(tools, lambda tool: (tool("scaffold new").code, tool.text("new/pipeline.yaml") is not None))
    theirs, ours = tools
    assert replace(ours, folder=ours.folder / "new")("build").code == 0
    read = replace(ours, folder=theirs.folder / "new")("status")
    assert read.code == 0 and "tasks.features.sepal" in read.said


@pytest.mark.parametrize("options", ["", "--include-products"])
def test_plot(options: str, tools: list[Tool]) -> None:
    theirs, ours = tools
    for tool, backend in ((theirs, "-b mermaid"), (ours, "")):
        tool.put({"a.py": WRITES, "pipeline.yaml": [A]})
        code = tool(f"plot -o p.html {backend} {options}").code
        drawn = "a" in (tool.text("p.html") or "")
        # Ploomber's drawings need more than it installs
        assert (code, drawn) == (0, True) or tool is theirs
