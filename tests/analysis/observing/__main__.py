"""Runs the examples of one table: ``python -m observing pandas [DataFrame.drop]``, one deviation a line as JSON."""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Iterator

from observing.compare import observe
from observing.examples import read_examples
from observing.world import fresh_folder, note_open, restore, settings
from soorgeon_clone.analysis.knowledge.effects import table_of


def run(library: str, only: str | None = None) -> Iterator[tuple[str, str, str]]:
    table = table_of(library)
    setup, examples, _ = read_examples(library)
    sys.addaudithook(note_open)
    for call, lines in examples.items():
        if only and call != only:
            continue
        for code in lines:
            saved = settings()
            with fresh_folder():
                try:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        for deviation in observe(table, call, code, setup):
                            yield call, code, deviation
                except AttributeError as error:
                    if type(error.obj).__module__ in {"_ast", "ast", "observing.call"}:
                        raise
                    if code.startswith("try:"):
                        continue
                    if "has no attribute" not in str(error) and "was removed" not in str(error):
                        yield call, code, f"{type(error).__name__}: {error}"
                    elif only:
                        print(call, code, error, file=sys.stderr)
                except Exception as error:
                    if code.startswith("try:"):
                        continue
                    if only:
                        raise
                    yield call, code, f"{type(error).__name__}: {str(error)[:120]}"
            restore(saved)


if __name__ == "__main__":
    os.environ["MPLBACKEND"] = "agg"
    for deviation in run(*sys.argv[1:3]):
        print(json.dumps(deviation))
