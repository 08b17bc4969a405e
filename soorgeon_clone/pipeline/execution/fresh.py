"""A job in a fresh interpreter (isolation "spawn"), run as in a fork of the warm parent."""

from __future__ import annotations

import os
import pickle
import sys
from dataclasses import replace
from pathlib import Path

from soorgeon_clone.pipeline.execution import process, worker
from soorgeon_clone.pipeline.execution.channel import Channel
from soorgeon_clone.pipeline.execution.shell import open_shell
from soorgeon_clone.pipeline.execution.streams import Stream


def main(job_file: str) -> None:
    job, function, channel, journal, server, folder = pickle.loads(Path(job_file).read_bytes())
    process.die_with_parent(server)
    process.adopt_orphans()
    streams = (Stream("stdout", 1), Stream("stderr", 2))
    sys.stdout, sys.stderr = streams
    shell = open_shell(Path(folder))
    if function:
        job = replace(job, function=pickle.loads(function))
    worker.run(job, shell, streams, Channel(channel), journal, os.dup(2))
