"""Modules, and the distributions on PyPI that hold them: what is installed here, and what a table knows."""
