"""Reads a notebook file, keeps IPython syntax aside, finds headings, cuts sections."""
