"""A trained model as a file for other programs, checked before it counts."""

from litclf.export.command import main

__all__ = ["main"]
