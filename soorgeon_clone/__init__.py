"""Turn a Jupyter notebook into a pipeline that computes the same."""

__version__ = "0.1.0"
