"""Runs tasks, each in a process of its own: as a fork of a warm parent, as a fresh process, or in a Jupyter kernel."""
