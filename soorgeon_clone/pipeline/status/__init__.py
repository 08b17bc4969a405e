"""A pipeline on disk: whether each task is stale, and why."""
