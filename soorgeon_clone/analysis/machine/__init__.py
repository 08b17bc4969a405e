"""Instructions -> what they do to names and objects, in order of execution."""
