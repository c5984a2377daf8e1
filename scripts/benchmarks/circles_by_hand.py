"""Circles by hand: what a person writes without litclf, in one file; `costs.py` times it beside the whole command.

    python scripts/benchmarks/circles_by_hand.py circles.png

The same data, network, optimizer and 2000 steps as the preset; it looks at the test data after each step, and draws the
decision boundary and the curves. No checkpoints, no dashboard, no report.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib
import torch
from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.nn import functional as F

matplotlib.use("Agg")

STEPS, SEED = 2000, 42


def data() -> list[Tensor]:
    """Training and test inputs, then training and test targets."""
    x, y = make_circles(n_samples=1000, noise=0.03, random_state=SEED)
    tensors = torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
    return list(train_test_split(*tensors, test_size=0.2, random_state=SEED))


def train(network: nn.Module, x: Tensor, x_test: Tensor, y: Tensor, y_test: Tensor) -> list[tuple[float, float]]:
    """Training and test loss of every step."""
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    losses = []
    for _ in range(STEPS):
        network.train()
        loss = F.binary_cross_entropy_with_logits(network(x).squeeze(1), y)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        network.eval()
        with torch.inference_mode():
            losses.append((loss.item(), F.binary_cross_entropy_with_logits(network(x_test).squeeze(1), y_test).item()))
    return losses


def draw(network: nn.Module, x: Tensor, y: Tensor, losses: list[tuple[float, float]], path: Path) -> None:
    """The probability over the plane with the training data, and the curves beside it."""
    from matplotlib import pyplot as plt

    side = torch.linspace(-1.3, 1.3, 100)
    first, second = torch.meshgrid(side, side, indexing="xy")
    with torch.inference_mode():
        points = torch.stack([first.ravel(), second.ravel()], 1)
        probabilities = network(points).squeeze(1).sigmoid().reshape(100, 100)
    figure, (plane, curves) = plt.subplots(1, 2, figsize=(10, 4))
    plane.contourf(first, second, probabilities)
    plane.scatter(x[:, 0], x[:, 1], c=y, s=5)
    curves.plot(losses, label=["train", "test"])
    curves.legend()
    figure.savefig(path)


def main(path: Path) -> None:
    """Trains, draws and prints the test accuracy."""
    x, x_test, y, y_test = data()
    torch.manual_seed(SEED)
    network = nn.Sequential(nn.Linear(2, 10), nn.ReLU(), nn.Linear(10, 10), nn.ReLU(), nn.Linear(10, 1))
    losses = train(network, x, x_test, y, y_test)
    draw(network, x, y, losses, path)
    with torch.inference_mode():
        right = (network(x_test).squeeze(1) > 0) == (y_test > 0.5)
    print(f"test accuracy {right.float().mean():.4f}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "circles.png"))
