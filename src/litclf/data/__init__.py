"""Where samples come from: LightningDataModules over in-memory tensors."""
