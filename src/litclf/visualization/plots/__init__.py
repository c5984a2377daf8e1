"""Plots from arrays, which know nothing of a run."""
