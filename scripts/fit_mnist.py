"""Reads handwritten digits: the preset `mnist` as a script; pass the folder that holds MNIST/raw, or it downloads."""

import sys

from litclf import MNISTDataModule, MulticlassClassifier, fit


def main() -> None:
    """Fits 20 epochs, a few minutes."""
    data_dir = sys.argv[1] if len(sys.argv) > 1 else None
    data = MNISTDataModule(data_dir=data_dir, val_size=5000, batch_size=32)
    model = MulticlassClassifier(hidden_dims=[256, 128, 64], activation="relu", optimizer="adam", lr=0.01)
    result = fit(model, data, name="mnist", max_epochs=20)
    print(f"test accuracy {result.metrics['test/accuracy']:.4f}, run folder {result.folder}")


if __name__ == "__main__":
    main()
