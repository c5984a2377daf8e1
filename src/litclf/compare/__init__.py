"""Runs side by side: what was set differently, what came of it, and whether the difference is more than chance."""

from litclf.compare.command import main

__all__ = ["main"]
