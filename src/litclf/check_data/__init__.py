"""A look at data before training: classes, missing values, leaks, duplicates, damaged files."""

from litclf.check_data.command import main

__all__ = ["main"]
