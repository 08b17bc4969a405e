"""What grows with the number of tasks: run.py [--sizes 10,1000,100000] [--shapes chain,fan,diamonds,random].

Pipelines of many tasks go through everything but the code of the tasks: an executor that takes no time writes their
products. Each phase runs in a process of its own, so that its time and the most memory that it held can be told.

- load: pipeline.yaml, every source and the DAG, nothing known before
- status: of all tasks, none of which ever ran
- schedule: a build of all tasks; again: status of all of them; no-op: a build with nothing to do
- edit: a build after the code of the task in the middle changed, whose products come out the same
- plan: `build --dry-run`; airflow, argo, aws-batch, kubeflow, slurm, snakemake: `export --to ...`, the whole command
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import shapes

TARGETS = ("airflow", "argo", "aws-batch", "kubeflow", "slurm", "snakemake")
PHASES = ("load", "status", "plan", "schedule", "again", "no-op", "edit", *TARGETS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="10,100,1000,10000,100000", help="numbers of tasks")
    parser.add_argument("--shapes", default=",".join(shapes.SHAPES), help="shapes of pipelines")
    parser.add_argument("--phases", default=",".join(PHASES), help="what to measure")
    parser.add_argument("--in", dest="folder", help="where to put the pipelines (default: the folder for such files)")
    options = parser.parse_args()
    os.environ["SOORGEON_CLONE_CACHE"] = "off"
    phases = options.phases.split(",")
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}; load {os.getloadavg()[0]:.1f}")
    print("milliseconds of computing a task, and the most megabytes that were held, in each phase\n")
    print(f"{'':>16}" + "".join(f"{phase:>17}" for phase in phases))
    for shape in options.shapes.split(","):
        for size in map(int, options.sizes.split(",")):
            with tempfile.TemporaryDirectory(prefix="scale-", dir=options.folder, ignore_cleanup_errors=True) as folder:
                root = Path(folder)
                shapes.write(root, shape, size)
                print(f"{shape:>8} {size:>7}", end="", flush=True)
                for phase in phases:
                    print(f"{_cell(measure(root, phase), size):>17}", end="", flush=True)
                print()


def measure(root: Path, phase: str) -> tuple[float, float]:
    """Seconds of computing and megabytes of one phase."""
    command = [sys.executable, str(Path(__file__).with_name("phase.py")), phase, str(root)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{phase} failed:\n{done.stdout[-2000:]}{done.stderr[-3000:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    return found["seconds"], found["megabytes"]


def _cell(measured: tuple[float, float], size: int) -> str:
    each = measured[0] / size * 1000
    return f"{each:.2f} ms {measured[1]:5.0f} MB"


if __name__ == "__main__":
    main()
