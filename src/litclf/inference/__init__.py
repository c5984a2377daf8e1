"""A trained model: load, predict, export, serve, compare."""
