"""Loading: from a split to batches, by the order of samples, executions, loaders."""
