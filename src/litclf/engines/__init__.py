"""How K optimizer steps are carried out: engines behind one call."""
