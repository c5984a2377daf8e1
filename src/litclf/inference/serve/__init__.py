"""Service: a trained model behind HTTP, on this machine only."""
