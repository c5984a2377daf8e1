"""Inference: a trained model is loaded, predicts, is exported, served, compared."""
