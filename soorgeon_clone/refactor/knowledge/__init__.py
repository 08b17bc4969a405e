"""Facts about the world outside that change with it: tables, no logic."""
