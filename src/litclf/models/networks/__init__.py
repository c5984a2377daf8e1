"""Networks of logits: fully connected, convolutional, and those of torchvision."""
