"""One file an output format; `soorgeon_clone.lint.reports.FORMATS` lists them."""
