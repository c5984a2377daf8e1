"""A commented config for the data at hand."""

from litclf.draft.command import main

__all__ = ["main"]
