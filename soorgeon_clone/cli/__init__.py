"""One file a command; the only room that prints, asks and exits."""
