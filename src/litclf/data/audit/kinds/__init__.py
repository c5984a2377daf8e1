"""Kinds of findings, one a file or a few that are closely related; each says its ``KINDS`` and how to ``find`` them."""
