"""Answers one question: does the pipeline show what the notebook shows?

`shown` says what a cell showed and where two cells differ, `running` runs a notebook file straight and as a pipeline,
`alignment` pairs the cells of both, `small` does all of it in one process for notebooks of a few lines.
"""
