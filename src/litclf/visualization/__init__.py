"""Visualization: what a person looks at, plots from arrays and a page from a run folder."""
