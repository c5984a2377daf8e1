"""Audit of data before training: what is wrong with it, one kind of finding a file of ``kinds/``."""
