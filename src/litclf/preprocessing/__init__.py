"""Preprocessing: from raw inputs to tensors, learned from training rows, kept as plain numbers and text."""
