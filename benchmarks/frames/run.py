"""A large frame on its way from one task to the next: run.py [--gigabytes 1] [--steps NAME,...] [--in FOLDER].

What `refactor --df-format parquet` writes against a pickle, and what a store gets of the pickle: seconds, the most
memory beyond the frame itself, and bytes. Each step runs in a process of its own. zstd needs the library zstandard.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from soorgeon_clone.pipeline.products.compression import Compression

ROW = 48  # bytes of a row in memory, about


def frame(gigabytes: float) -> Any:
    """Numbers of every kind, times, categories and short texts, as a table of sales has them."""
    import numpy as np
    import pandas as pd

    rows = int(gigabytes * 1e9 / ROW)
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "time": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(rows) // 3, unit="s"),
            "shop": pd.Categorical.from_codes(random.integers(0, 200, rows), [f"shop {n}" for n in range(200)]),
            "amount": random.integers(1, 20, rows),
            "price": random.integers(100, 90_000, rows) / 100,
            "noise": random.standard_normal(rows),
            "day": (np.arange(rows) // 50_000).astype("int32"),
            "good": random.random(rows) > 0.1,
            "customer": random.integers(0, 1_000_000, rows),
        },
        copy=False,  # it would be there twice for a moment
    )


def frames() -> types.ModuleType:
    """The module that refactor writes beside pipeline.yaml."""
    from soorgeon_clone.refactor.frames import frames_module

    module = types.ModuleType("frames")
    exec(frames_module("parquet", "pickle"), module.__dict__)
    return module


def save_pickle(value: Any, path: str) -> None:
    with Path(path).open("wb") as file:
        pickle.dump(value, file, protocol=5)


def load_pickle(path: str) -> Any:
    with Path(path).open("rb") as file:
        return pickle.load(file)


def pack(how: Compression, path: str) -> None:
    from soorgeon_clone.pipeline.products.compression import pack

    Path(f"{path}.{how}").unlink(missing_ok=True)
    if not pack(Path(path), Path(f"{path}.{how}"), how):
        raise SystemExit(f"{path} is no smaller with {how}")


def unpack(how: str, path: str) -> None:
    from soorgeon_clone.pipeline.products.compression import unpack

    Path(f"{path}.back").unlink(missing_ok=True)
    assert unpack(Path(f"{path}.{how}"), Path(f"{path}.back"))


def step(name: str, gigabytes: float, path: str) -> dict[str, float]:
    """Do one step, and tell what it took."""
    kind, _, what = name.partition(" ")
    file = {"parquet": f"{path}.parquet"}.get(what, f"{path}.pkl")
    value = frame(gigabytes) if kind == "save" else None
    actions: dict[str, Callable[[], object]] = {
        "save pickle": lambda: save_pickle(value, file),
        "load pickle": lambda: load_pickle(file),
        "save parquet": lambda: frames().save_frame(value, file, f"{path}-exact.pkl"),
        "load parquet": lambda: frames().load_frame(file, f"{path}-exact.pkl"),
        "pack gzip": lambda: pack("gzip", file),
        "pack zstd": lambda: pack("zstd", file),
        **{f"unpack {how}": lambda how=how: unpack(how, file) for how in ("gzip", "zstd")},
    }
    import pandas  # noqa: F401  (its memory is not the frame's)

    before = _now()
    began, computed = time.perf_counter(), time.process_time()
    actions[name]()
    seconds, computed = time.perf_counter() - began, time.process_time() - computed
    size = Path(f"{file}.{what}" if kind in ("pack", "unpack") else file).stat().st_size
    return {"seconds": seconds, "computed": computed, "peak": _most() - before, "size": size}


def _now() -> int:
    """Bytes that this process holds; from here on, the most is counted anew."""
    Path("/proc/self/clear_refs").write_text("5")
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _most() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--in", dest="folder", help="where to put the files (default: the folder for such files)")
    parser.add_argument("--steps", help="what to measure, for example 'save pickle,pack zstd' (default: all)")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--path", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        print(json.dumps(step(options.step, options.gigabytes, options.path)))
        return
    packers = ["gzip", *(["zstd"] if importlib.util.find_spec("zstandard") else [])]
    names = ["save pickle", "load pickle", "save parquet", "load parquet"]
    names += [f"{kind} {how}" for how in packers for kind in ("pack", "unpack")]
    names = options.steps.split(",") if options.steps else names
    print(f"{options.gigabytes:g} GB in memory; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    print("| step | seconds | of computing | memory beyond what was there | bytes |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="frames-", dir=options.folder) as folder:
        for name in names:
            arguments = ["--step", name, "--path", f"{folder}/x", "--gigabytes", str(options.gigabytes)]
            ran = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True)
            if ran.returncode:
                sys.exit(ran.stderr[-2000:])
            found = json.loads(ran.stdout.splitlines()[-1])
            took = f"{found['seconds']:.1f} | {found['computed']:.1f}"
            print(f"| {name} | {took} | {found['peak'] / 1e9:.2f} GB | {found['size'] / 1e9:.3f} GB |")


if __name__ == "__main__":
    main()
