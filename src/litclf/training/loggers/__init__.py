"""Loggers: what a run writes while it trains."""
