"""The text of nested.py: saves values that are nested deeper than pickle goes, like linked lists and trees.

A module of the project and not of ours, since tasks run without this package. How deep a value is shows only in the
run. Loading is never deep: what a pickle says is done step by step.
"""

from __future__ import annotations

TEXT = '''\
"""Save values that hold one another, however deep."""

import pickle
import sys
import threading

_DEEP = 200_000  # calls within calls, of which each level takes about five
_STACK = 512 * 1024 * 1024  # bytes, of which only those are taken that are used


def save_nested(value, path):
    """Pickle a value; one that is too deep for pickle is saved by pickle's slower form, which is written in Python."""
    limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(min(limit, 1000))  # with a higher one, pickle itself may crash
        with open(path, "wb") as file:
            pickle.dump(value, file, protocol=5)
    except RecursionError:
        _save_deep(value, path)
    finally:
        sys.setrecursionlimit(limit)


def _save_deep(value, path):
    problems = []

    def save():
        try:
            with open(path, "wb") as file:
                pickle._Pickler(file, protocol=5).dump(value)
        except BaseException as problem:
            problems.append(problem)

    sys.setrecursionlimit(_DEEP)
    stack = threading.stack_size(_STACK)
    try:
        thread = threading.Thread(target=save)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(stack)
    for problem in problems:
        raise problem
'''
