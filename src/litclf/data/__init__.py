"""Data: LightningDataModules over in-memory tensors."""
