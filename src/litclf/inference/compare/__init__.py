"""Comparison of runs side by side."""
