"""What the code of tasks and of local modules says without being run: facts, digests, what it imports."""
