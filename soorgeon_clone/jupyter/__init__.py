"""The pipeline in Jupyter: tasks that open with their values, and the magic `%pipeline`."""
