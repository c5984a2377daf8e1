"""How raw inputs become those of a network: rows of numbers, tables, images."""
