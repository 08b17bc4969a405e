"""An endless recursion has a thousand frames: what they cost is counted, and they look as IPython shows them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import soorgeon_clone

SCRIPT = """\
import inspect, json, os, sys, tempfile
from pathlib import Path
sys.path.insert(0, {root!r})
from soorgeon_clone.pipeline.execution.cells import blank, run_cells
from soorgeon_clone.pipeline.execution.journal import Journal
from soorgeon_clone.pipeline.execution.recording import Recorder
from soorgeon_clone.pipeline.execution.shell import ZMQInteractiveShell, open_shell
shell, asked, laid_out = open_shell(Path(tempfile.mkdtemp())), 0, 0
is_module, structured = inspect.ismodule, shell.InteractiveTB.structured_traceback
def count(thing):
    global asked
    asked += 1
    return is_module(thing)
def count_tracebacks(*arguments, **more):
    global laid_out
    laid_out += 1
    return structured(*arguments, **more)
inspect.ismodule, shell.InteractiveTB.structured_traceback = count, count_tracebacks
shown = []
for plainly in (False, True):
    if plainly:  # as IPython does it alone
        class Slow(dict):
            def __contains__(self, name):
                return "ipykernel_" not in str(name) and super().__contains__(name)
        inspect.modulesbyfile = Slow(inspect.modulesbyfile)
    source = "def endless(n):\\n    return endless(n + 1)\\nendless(0)\\n"
    cell = {{"cell_type": "code", "metadata": {{}}, "execution_count": None, "outputs": [], "source": source}}
    notebook = blank({{"cells": [cell], "metadata": {{}}}})
    shell.recorder = Recorder(notebook["cells"], limit=None, journal=Journal(None))
    shell.execution_count, asked, laid_out = 1, 0, 0
    run_cells(shell, notebook, shell.recorder, straight=True, record_timing=False, on_cell=lambda *_: None)
    shown.append([asked, laid_out, notebook["cells"][0]["outputs"]])
print(json.dumps(shown))
"""


def test_a_recursion_without_end() -> None:
    script = SCRIPT.format(root=str(Path(soorgeon_clone.__file__).parents[1]))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    ours, plain = json.loads(done.stdout)
    assert ours[2] == plain[2] and ours[2][0]["ename"] == "RecursionError"
    frames = len(ours[2][0]["traceback"])
    assert ours[1] == 1, "the traceback is laid out once"
    assert frames > 500 and ours[0] < 20 * frames, "loaded modules are not gone through for each frame"
