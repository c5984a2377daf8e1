"""Models: LightningModules that share one step for training, validation and test."""
