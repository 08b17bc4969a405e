"""A pipeline -> the files that run it on another engine: one module a target (`targets` lists them)."""
