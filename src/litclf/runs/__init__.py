"""Runs on disk: folder, lock, checkpoint files and what is looked up in them, record, history."""
