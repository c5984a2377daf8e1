"""Callbacks: what is watched in a fit, one thing a file."""
