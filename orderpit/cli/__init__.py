"""The command line: `orderpit`, `python -m orderpit`, and run.py in a checkout."""

from ._main import main

__all__ = ["main"]
