"""How fast `refactor` is: run.py [--peer SOORGEON]. Prints ratios, side by side in one run; goals in brackets.

- `refactor` of a 100-cell notebook against `soorgeon refactor` [at most an eighth]
- `--help` against `python -c "import click"` [at most 1.5]
- the analysis against parso's parse of the same code by CPU, 100 to 10,000 cells [at most 2, per cell no growth]
- all of `refactor --dry-run` against the same [at most 4, from 1,000 cells on]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from generate import cells, write

from soorgeon_clone.notebook.model import Cell, Section


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", type=Path, help="path of a soorgeon command to compare with")
    parser.add_argument("--rounds", type=int, default=7, help="rounds; the best of each command counts")
    parser.add_argument("--cells", type=int, nargs="*", default=[100, 300, 1000, 3000, 10000])
    options = parser.parse_args()

    ours = [str(Path(sys.executable).with_name("soorgeon-clone"))]
    if not Path(ours[0]).exists():
        ours = [sys.executable, "-m", "soorgeon_clone"]
    refactoring(ours, options.peer, options.rounds)
    starting(ours, 3 * options.rounds)
    analysing(options.cells)
    planning([count for count in options.cells if count >= 1000])


def refactoring(ours: Sequence[str], peer: Path | None, rounds: int) -> None:
    """Print the seconds of `refactor` for 100 cells, and the ratio to the peer's."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for sub in ("ours", "peer"):
            (folder / sub).mkdir()
            write(100, folder / sub / "nb.ipynb")
        commands = {"ours": [*ours, "refactor", "nb.ipynb", "--force"]}
        if peer:
            commands["peer"] = [str(peer), "refactor", "nb.ipynb"]
        best = _best(commands, rounds, lambda which: folder / which)
    print(f"refactor, 100 cells: {best['ours']:.3f} s", end="")
    print(f", soorgeon {best['peer']:.3f} s: 1/{best['peer'] / best['ours']:.1f} [1/8]" if peer else "")


def starting(ours: Sequence[str], rounds: int) -> None:
    """Print the seconds of `--help`, and the ratio to an import of click."""
    commands = {"help": [*ours, "--help"], "click": [sys.executable, "-c", "import click"]}
    best = _best(commands, rounds, lambda which: Path.cwd())
    print(f"--help: {best['help']:.3f} s, import click {best['click']:.3f} s: {best['help'] / best['click']:.2f} [1.5]")


def analysing(counts: Sequence[int]) -> None:
    """Print the analysis's CPU in units of parso's, for notebooks of growing length."""
    import parso

    grammar = parso.load_grammar()
    _analyse_once = Section("s", "s", (Cell(0, "code", "x = 1"),))
    _anew([_analyse_once])
    for count in counts:
        sources = list(cells(count))
        code = [Cell(i, "code", source) for i, source in enumerate(sources)]
        sections = [Section(f"s{i}", f"s{i}", tuple(code[i : i + 10])) for i in range(0, count, 10)]
        rounds = max(1, min(5, 2000 // count))
        parse = min(_cpu(lambda s=sources: [grammar.parse(t, cache=False) for t in s]) for _ in range(rounds))
        whole = min(_cpu(lambda s=sections: _anew(s)) for _ in range(rounds))
        _print_beside_parso("analysis", count, whole, parse, 2)


def _anew(sections: Sequence[Section]) -> None:
    """Analyse sections whose cells nobody has read before."""
    from soorgeon_clone.analysis.analyse import analyse
    from soorgeon_clone.analysis.lower.cells import kept_tree

    kept_tree.cache_clear()
    analyse(sections)


def planning(counts: Sequence[int]) -> None:
    """Print the CPU of `refactor --dry-run` in units of parso's, its start-up taken off."""
    import parso
    from click.testing import CliRunner

    from soorgeon_clone.cli.app import app

    grammar = parso.load_grammar()
    with tempfile.TemporaryDirectory() as name:
        for count in (10, *counts):  # the first loads what all need
            path = str(write(count, Path(name) / f"nb{count}.ipynb"))
            parse = _cpu(lambda n=count: [grammar.parse(text, cache=False) for text in cells(n)])
            whole = _cpu(lambda p=path: CliRunner().invoke(app, ["refactor", p, "--dry-run"], catch_exceptions=False))
            if count in counts:
                _print_beside_parso("refactor --dry-run", count, whole, parse, 4)


def _print_beside_parso(what: str, count: int, seconds: float, parso: float, goal: int) -> None:
    ratio, per_cell = f"{seconds / parso:.2f} [{goal}]", f"{1e6 * seconds / count:6.0f} us a cell"
    print(f"{what}, {count:>6} cells: {seconds:7.3f} s, parso {parso:7.3f} s: {ratio}  {per_cell}")


def _best(commands: dict[str, list[str]], rounds: int, cwd: Callable[[str], Path]) -> dict[str, float]:
    """Run the commands in turns, and return the shortest time of each."""
    best = dict.fromkeys(commands, float("inf"))
    for _ in range(rounds):
        for name, command in commands.items():
            best[name] = min(best[name], _seconds(lambda c=command, n=name: _run(c, cwd(n))))
    return best


def _run(command: list[str], cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def _cpu(function: Callable[[], object]) -> float:
    started = time.process_time()
    function()
    return time.process_time() - started


def _seconds(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
