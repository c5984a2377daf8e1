"""Small runs to be compared, trained once."""

import pytest

from litclf import BinaryClassifier, BlobsDataModule, CirclesDataModule, ImageRestoration, RestorationDataModule, fit
from litclf.inference.compare.contender import contenders


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """Run folders by name; ``noisy`` was tested on other samples than the rest, and ``image`` is no classifier."""
    root = tmp_path_factory.mktemp("compared")
    circles = {
        "num_samples": 200,
        "factor": 0.4,
        "holdout": 0.5,
        "batch_size": None,
        "repeat": 100,
        "steps_per_execution": 100,
    }
    parts = {
        "relu": (BinaryClassifier(hidden_dims=[10], lr=1.0, engine="eager"), CirclesDataModule(**circles)),
        "linear": (BinaryClassifier(lr=1.0, engine="eager"), CirclesDataModule(**circles)),
        "noisy": (BinaryClassifier(lr=1.0, engine="eager"), CirclesDataModule(**circles | {"noise": 0.1})),
        "blobs": (BinaryClassifier(), BlobsDataModule(num_samples=100, centers=2, num_features=3)),
        "image": (ImageRestoration(), RestorationDataModule(size=4, repeat=3)),
    }
    settings = {"max_epochs": 4, "enable_progress_bar": False, "default_root_dir": str(root)}
    return {name: fit(model, data, name=name, **settings).folder for name, (model, data) in parts.items()}


@pytest.fixture
def contend(folders):
    """Contenders of the runs of the given names."""
    return lambda *names: contenders([folders[name] for name in names])
