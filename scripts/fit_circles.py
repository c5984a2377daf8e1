"""Tells two circles apart with a small ReLU network: the preset `circles` as a script."""

from litclf import BinaryClassifier, CirclesDataModule, fit


def main() -> None:
    """Fits 2000 full-batch steps, about two seconds."""
    data = CirclesDataModule(num_samples=1000, noise=0.03, batch_size=None, repeat=200)
    model = BinaryClassifier(hidden_dims=[10, 10], activation="relu", optimizer="sgd", lr=0.1)
    result = fit(model, data, name="circles", max_epochs=10)
    print(f"test accuracy {result.metrics['test/accuracy']:.4f}, run folder {result.folder}")


if __name__ == "__main__":
    main()
