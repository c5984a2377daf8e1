"""Drafts of configs for the data at hand."""
