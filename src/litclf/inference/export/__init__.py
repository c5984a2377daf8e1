"""Export of a trained model as a file for other programs, checked before it counts."""
