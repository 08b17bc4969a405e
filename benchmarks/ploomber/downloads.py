"""What the examples download, made here: tables with the columns that they read, served on this machine.

``with served(folder) as replace`` fills ``folder`` and serves it; ``replace(text)`` is a text with the addresses of the
examples changed to where it is served. The numbers are random, from one seed.
"""

from __future__ import annotations

import csv
import hashlib
import io
import pickle
import random
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

_HOSTS = ("https://raw.githubusercontent.com", "https://archive.org")
SEABORN = "raw.githubusercontent.com/mwaskom/seaborn-data/master"
_COUNTIES = "raw.githubusercontent.com/nytimes/covid-19-data/master/live/us-counties.csv"
_TESTING = "raw.githubusercontent.com/Ayushijain09/Regression-on-COVID-dataset/master/COVID-19_Daily_Testing.csv"
_ARCHIVE = "archive.org/download/stackexchange/arduino.stackexchange.com.7z"
_PLACES = ("Torgersen", "Biscoe", "Dream")


_IMAGES = "cifar-10-python.tar.gz"
_IMAGES_CLASS = "torchvision.datasets.CIFAR10("


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing of what is asked for."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that go before they have all."""


@contextmanager
def served(folder: Path) -> Iterator[Callable[[str], str]]:
    """Serve what the examples download from ``folder`` while the block runs."""
    _make(folder)
    images = _images(folder)
    server = _Server(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    here = f"http://127.0.0.1:{server.server_address[1]}"

    def replace(text: str) -> str:
        for host in _HOSTS:
            text = text.replace(host, f"{here}/{host.partition('//')[2]}")
        if images:  # a class that checks what it downloads: one of the same with other sums
            made = {**images, "url": f"{here}/{_IMAGES}"}
            text = text.replace(_IMAGES_CLASS, f"type('CIFAR10', ({_IMAGES_CLASS[:-1]},), {made!r})(")
        return text

    try:
        yield replace
    finally:
        server.shutdown()


def _make(folder: Path) -> None:
    draw = random.Random(0)
    rows = [
        (
            draw.choice(["Adelie", "Gentoo", "Chinstrap"]),
            draw.choice(_PLACES),
            *(round(draw.gauss(mean, mean / 10), 1) for mean in (44, 17, 200, 4200)),
            draw.choice(["MALE", "FEMALE", ""]),
        )
        for _ in range(300)
    ]
    _table(
        folder / SEABORN / "penguins.csv",
        "species island bill_length_mm bill_depth_mm flipper_length_mm body_mass_g sex",
        rows,
    )
    counties = [
        ("2022-05-13", f"County {n}", f"State {n % 5}", 1000 + n, draw.randint(100, 9000), draw.randint(0, 90))
        for n in range(200)
    ]
    _table(folder / _COUNTIES, "date county state fips cases deaths", counties)
    groups = ["Age 0-17", "Age 18-29", "Age 30-39", "Female", "Male", "Gender Unknown"]
    days = [
        (
            f"{1 + n % 12:02}-{1 + n % 28:02}-20",
            "Sunday",
            f"{(tests := draw.randint(9000, 90000)):,}",
            f"{tests // 9:,}",
            *(draw.randint(0, 900) for _ in groups),
        )
        for n in range(120)
    ]
    _table(folder / _TESTING, ["Date", "Day", "Tests", "Cases", *(f"People Tested - {one}" for one in groups)], days)
    _stack_exchange(folder / _ARCHIVE, draw)


def _table(path: Path, head: str | Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(head.split() if isinstance(head, str) else head)
        writer.writerows(rows)


def _stack_exchange(path: Path, draw: random.Random) -> None:
    """Make the archive of XML files, if there is a program that can (7z)."""
    if not shutil.which("7z"):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    tables = {
        "Users": [{"Id": n, "Location": draw.choice(_PLACES), "UpVotes": draw.randint(0, 9)} for n in range(60)],
        "Comments": [{"Id": n, "PostId": draw.randint(0, 30), "Text": "x"} for n in range(90)],
        "Posts": [{"Id": n, "Body": "x" * draw.randint(1, 300)} for n in range(31)],
    }
    files = []
    for name, rows in tables.items():
        marks = (" ".join(f'{key}="{value}"' for key, value in row.items()) for row in rows)
        text = "".join(f"<row {mark}/>" for mark in marks)
        files.append(path.parent / f"{name}.xml")
        files[-1].write_text(f"<{name.lower()}>{text}</{name.lower()}>", encoding="utf-8")
    subprocess.run(
        ["7z", "a", path.name, *(file.name for file in files)], cwd=path.parent, check=True, stdout=subprocess.DEVNULL
    )


def _images(folder: Path) -> dict[str, object]:
    """Make an archive as that of CIFAR-10, with few images, and return the sums that its class looks for; nothing where
    there is no numpy, which is what the archive holds."""
    try:
        import numpy as np
    except ImportError:
        return {}
    draw = np.random.default_rng(0)
    labels = ["plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    parts: dict[str, object] = {"batches.meta": {"label_names": labels}}
    for name in ("data_batch_1", "data_batch_2", "test_batch"):
        pixels = draw.integers(0, 256, (40, 3072), dtype=np.uint8)
        parts[name] = {"data": pixels, "labels": [number % 10 for number in range(40)]}
    sums = {}
    with tarfile.open(folder / _IMAGES, "w:gz") as archive:
        for name, part in parts.items():
            data = pickle.dumps(part, protocol=2)
            sums[name] = hashlib.md5(data).hexdigest()
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return {
        "tgz_md5": hashlib.md5((folder / _IMAGES).read_bytes()).hexdigest(),
        "train_list": [[name, sums[name]] for name in sums if name.startswith("data")],
        "test_list": [["test_batch", sums["test_batch"]]],
        "meta": {"filename": "batches.meta", "key": "label_names", "md5": sums["batches.meta"]},
    }
