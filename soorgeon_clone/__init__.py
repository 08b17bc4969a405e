"""Turn a Jupyter notebook into a pipeline that computes the same."""

from __future__ import annotations

__version__ = "0.1.0"
# What projects may import from here, and where it is: nothing of it is needed for the commands.
_OFFERED = {
    "DAGBuildEarlyStop": "soorgeon_clone.errors",
    "Pipeline": "soorgeon_clone.pipeline.api",
    "serializer": "soorgeon_clone.pipeline.serializers",
    "task": "soorgeon_clone.pipeline.functions",
    "unserializer": "soorgeon_clone.pipeline.serializers",
    # by the names that Jupyter's server and `%load_ext` look for
    "_jupyter_server_extension_points": "soorgeon_clone.jupyter.server",
    "load_ipython_extension": "soorgeon_clone.jupyter.magic",
}


def __getattr__(name: str) -> object:
    if name in _OFFERED:
        import importlib

        return getattr(importlib.import_module(_OFFERED[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
