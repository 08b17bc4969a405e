"""One file a rule. A rule is added by adding its file: `soorgeon_clone.lint.registry` walks this folder."""
