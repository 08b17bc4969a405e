"""One file a guard: what is looked at before a task's own cells run, and after."""
