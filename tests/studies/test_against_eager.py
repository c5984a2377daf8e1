"""Cross-validation of real tables, against the same network trained by a bare PyTorch loop on scikit-learn's inputs."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

from litclf import MulticlassClassifier, TableDataModule, cross_validate

EPOCHS, BATCH, LR = 15, 16, 0.01


def bare_accuracy(x, y, train, test, seed):
    """Test accuracy of a network that a bare loop has trained on ``train``, in an order of its own."""
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    network = torch.nn.Sequential(torch.nn.Linear(x.shape[1], 16), torch.nn.ReLU(), torch.nn.Linear(16, y.max() + 1))
    optimizer = torch.optim.Adam(network.parameters(), LR)
    scaler = StandardScaler().fit(x[train])
    inputs, targets = torch.tensor(scaler.transform(x), dtype=torch.float32), torch.tensor(y)
    for _ in range(EPOCHS):
        for rows in torch.tensor(train)[torch.randperm(len(train), generator=generator)].split(BATCH):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(network(inputs[rows]), targets[rows]).backward()
            optimizer.step()
    return float((network(inputs[test]).argmax(dim=1) == targets[test]).double().mean())


@pytest.mark.parametrize(
    "load",
    [load_iris, *(pytest.param(load, marks=pytest.mark.slow) for load in (load_wine, load_breast_cancer))],
)
def test_the_mean_of_a_bare_loop_on_the_same_splits_lies_in_the_interval(load, tmp_path):
    table = load(as_frame=True).frame
    path = tmp_path / "table.csv"
    table.to_csv(path, index=False)
    data = TableDataModule(path=str(path), target="target", val_size=0.0, batch_size=BATCH)
    model = MulticlassClassifier(hidden_dims=[16], optimizer="adam", lr=LR)
    settings = {"max_epochs": EPOCHS, "enable_progress_bar": False, "default_root_dir": tmp_path}
    found = cross_validate(model, data, folds=5, repeats=2, **settings)
    told = found.run.metrics["members"]["metrics"]["test/accuracy"]
    x, y = table.drop(columns="target").to_numpy(), table["target"].to_numpy()
    scores = [
        bare_accuracy(x, y, train, test, seed)
        for seed in (42, 43)
        for train, test in StratifiedKFold(5, shuffle=True, random_state=seed).split(x, y)
    ]
    assert told["low"] <= np.mean(scores) <= told["high"]
    assert told["mean"] == pytest.approx(np.mean(scores), abs=0.02)
