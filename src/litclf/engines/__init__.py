"""Engines: how K optimizer steps are carried out, behind one call."""
