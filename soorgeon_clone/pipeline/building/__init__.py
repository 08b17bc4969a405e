"""A build: what is stale is run or brought back, in order, and its products get to their places."""
