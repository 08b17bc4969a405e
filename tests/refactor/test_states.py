"""Every setting that a table says how to save and put back is, in another process, what it was in the first."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from soorgeon_clone.analysis.knowledge.effects import FOLDER
from soorgeon_clone.refactor.carriers.states import State, state_of

CHANGES = {
    "numpy_print": "numpy.set_printoptions(precision=2, suppress=True)",
    "numpy_errors": 'numpy.seterr(divide="raise", under="ignore")',
    "pandas_options": 'pandas.set_option("display.precision", 2, "styler.format.precision", 1, "display.width", 9)',
    "matplotlib": 'matplotlib.rcParams.update({"lines.linewidth": 7, "font.family": ["serif"]})',
    "matplotlib_colors": 'matplotlib.colors.colorConverter.colors["b"] = (0.5, 0.25, 0.0)',
    "sklearn_config": 'sklearn.set_config(transform_output="pandas")',
    "warnings": 'warnings.filterwarnings("error", message="x.*", category=FutureWarning)',
    "locale": 'locale.setlocale(locale.LC_ALL, "C")',
    "decimal": "decimal.getcontext().prec = 5; decimal.getcontext().traps[decimal.Inexact] = True",
    "environ": 'os.environ["OURS"] = "1"; os.environ.pop("HOME", None)',
    "directory": 'os.makedirs("inside", exist_ok=True); os.chdir("inside")',
    "recursion_limit": "sys.setrecursionlimit(4321)",
}


def tables() -> list[str]:
    paths = [path for path in sorted(FOLDER.rglob("*.yaml")) if path.parent.name != "examples"]
    return [path.read_text(encoding="utf-8") for path in paths]


def run(state: State, *statements: str) -> str:
    """Run statements in a process of their own; return what the setting holds at the end."""
    begin = state.begin or "None"
    lines = ["import pickle", *state.imports, f"begin = {begin}", *statements, f"print(repr({state.get}))"]
    code = "\n".join(lines).replace("{begin}", "begin")
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("setting", sorted(CHANGES))
def test_a_setting_crosses(setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    state = state_of(setting)
    assert state is not None
    for statement in state.imports:
        pytest.importorskip(statement.split()[1].partition(".")[0])
    file = tmp_path / "state.pkl"
    changed = run(state, CHANGES[setting], f"with open({str(file)!r}, 'wb') as f: pickle.dump({state.get}, f)")
    assert setting == "locale" or changed != run(state)
    put = state.put.replace("{value}", "value")
    assert run(state, f"value = pickle.load(open({str(file)!r}, 'rb'))", put) == changed


def test_every_state_is_tried() -> None:
    assert {setting for text in tables() for setting in yaml.safe_load(text).get("states") or {}} == CHANGES.keys()


def test_a_state_is_of_a_setting_that_a_table_sets() -> None:
    for setting in CHANGES:
        assert any(re.search(rf"sets: \[?[^}}\]]*\b{setting}\b", text) for text in tables()), setting


def test_what_no_table_says_has_no_state() -> None:
    assert [state_of(one) for one in ("modules", "other:csv", "ipython", "numpy_random", "no_such_library")] == [
        None
    ] * 5
