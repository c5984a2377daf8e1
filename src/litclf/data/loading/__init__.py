"""From a split to batches: the order of samples, executions, loaders."""
