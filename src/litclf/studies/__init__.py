"""Studies: many fits as one: cross-validation."""
