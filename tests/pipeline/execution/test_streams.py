"""What Python, C and other processes write, in the order in which they wrote it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import soorgeon_clone

SCRIPT = """\
import json, os, subprocess, sys, threading
sys.path.insert(0, {root!r})
from soorgeon_clone.pipeline.execution.streams import FileCapture, PipeCapture, Stream
heard, out = [], os.dup(1)
streams = (Stream("stdout", 1), Stream("stderr", 2))
capture = {kind}(streams, lambda name, text: heard.append([name, text]))
streams[0].write("nobody listens")
capture.start()
sys.stdout, sys.stderr = streams
{code}
capture.stop()
print("after", end="")
os.write(out, json.dumps([heard, streams[0].heard]).encode())
"""

CASES = {
    "Python, C, a process, Python": (
        "print('a'); os.write(1, b'b\\n'); subprocess.run(['echo', 'c']); print('d'); os.write(2, b'e')",
        [["stdout", "a\nb\nc\nd\n"], ["stderr", "e"]],
    ),
    "two streams": (
        "print('a', end=''); print('b', file=sys.stderr); print('c')",
        [["stdout", "a"], ["stderr", "b\n"], ["stdout", "c\n"]],
    ),
    "a letter in two writes": ("os.write(1, b'\\xc3'); capture.flush(); os.write(1, b'\\xa4')", [["stdout", "ä"]]),
    "not UTF-8": ("os.write(1, b'\\xff!')", [["stdout", "\ufffd!"]]),
    "more than a pipe holds": ("subprocess.run(['head', '-c', '300000', '/dev/zero'])", [["stdout", "\0" * 300_000]]),
    "a forked process": (
        "\nif os.fork() == 0:\n    print('child', flush=True)\n    os._exit(0)\nos.wait(); print('parent')",
        [["stdout", "child\nparent\n"]],
    ),
    "threads": (
        "t = threading.Thread(target=print, args=('thread',)); t.start(); t.join(); print('main')",
        [["stdout", "thread\nmain\n"]],
    ),
    "a closed descriptor": ("print('a'); os.close(1); print('b', flush=True)", [["stdout", "a\nb\n"]]),
    "not text": ("\ntry:\n    sys.stdout.write(b'x')\nexcept TypeError as e:\n    print(e)", None),
}


@pytest.mark.parametrize("kind", ["PipeCapture", "FileCapture"])
@pytest.mark.parametrize("case", CASES)
def test_what_is_heard(kind: str, case: str) -> None:
    code, expected = CASES[case]
    root = str(Path(soorgeon_clone.__file__).parents[1])
    script = SCRIPT.format(root=root, kind=kind, code=code)
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True)
    heard, dropped = json.loads(done.stdout)
    merged: list[list[str]] = []
    for name, text in heard:
        if merged and merged[-1][0] == name:
            merged[-1][1] += text
        else:
            merged.append([name, text])
    assert merged == (expected or [["stdout", "write() argument must be str, not <class 'bytes'>\n"]])
    assert dropped == ["nobody listens", "after"]
