"""Baselines against scikit-learn by hand, and the history of a resumed fit."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from litclf import BinaryClassifier, CirclesDataModule, MNISTDataModule, MulticlassClassifier
from litclf.data.base import ClassificationDataModule, Split
from litclf.training.callbacks.curves import Curves, baselines

REAL = Path(__file__).parents[4] / "shared" / "data"
pytestmark = pytest.mark.filterwarnings("ignore:The number of training batches")


class Uneven(ClassificationDataModule):
    input_shape = (3,)
    class_names = ("few", "many", "some")

    def __init__(self, held_out=True):
        super().__init__(None, 1, 1, 0)
        self.held_out = held_out

    def load(self):
        generator = torch.Generator().manual_seed(0)
        y = torch.tensor([0] * 10 + [1] * 60 + [2] * 30)
        x = torch.randn(100, 3, generator=generator) + y[:, None]
        order = torch.randperm(100, generator=generator)
        x, y = x[order], y[order]
        held = Split(x[70:], y[70:]) if self.held_out else Split(x[:0], y[:0])
        return {"train": Split(x[:70], y[:70]), "val": held, "test": Split(x[:0], y[:0])}


@pytest.mark.parametrize("held_out", [True, False])
def test_baselines_are_those_of_scikit_learn(held_out):
    data = Uneven(held_out)
    x, y = (tensor.numpy() for tensor in data.splits["train"])
    held_x, held_y = (tensor.numpy() for tensor in data.splits["val" if held_out else "train"])
    prior = DummyClassifier(strategy="prior").fit(x, y)
    line = LogisticRegression().fit(x, y)
    found = baselines(data)
    for name, model in (("majority class", prior), ("logistic regression", line)):
        assert found[name]["accuracy"] == pytest.approx(model.score(held_x, held_y))
        wanted = log_loss(held_y, model.predict_proba(held_x), labels=[0, 1, 2])
        assert found[name]["loss"] == pytest.approx(wanted, rel=1e-3)


def test_a_model_is_held_against_the_regression_on_the_same_samples():
    data = Uneven()
    torch.manual_seed(0)
    model = MulticlassClassifier(hidden_dims=[4], input_shape=[3], num_classes=3)
    (x, y), (held_x, held_y) = data.splits["train"], data.splits["val"]
    line = LogisticRegression().fit(x.numpy(), y.numpy()).predict(held_x.numpy()) == held_y.numpy()
    own = (model(held_x).argmax(1) == held_y).numpy()
    found = baselines(data, model)["logistic regression"]
    assert found["rows"] == 70
    told = [found[name] for name in ("samples", "right", "only_model", "only_baseline")]
    assert told == [30, line.sum(), (own & ~line).sum(), (line & ~own).sum()]
    assert own.sum() < line.sum()
    assert "samples" not in baselines(Uneven(held_out=False), model)["logistic regression"]


def test_a_class_that_is_missing_from_training_leaves_the_majority_alone():
    data = Uneven()
    x, y = data.splits["train"]
    data.splits["train"] = Split(x[y != 0], y[y != 0])
    assert list(baselines(data)) == ["majority class"]


def test_the_history_of_a_resumed_fit_is_whole(make_trainer, tmp_path):
    def fit(epochs, ckpt_path=None):
        torch.manual_seed(0)
        model, curves = BinaryClassifier(hidden_dims=[4]), Curves()
        data = CirclesDataModule(batch_size=None, repeat=5, steps_per_execution=5)
        trainer = make_trainer(max_epochs=epochs, callbacks=[curves])
        trainer.fit(model, datamodule=data, ckpt_path=ckpt_path, weights_only=True)
        return trainer, curves

    trainer, _ = fit(2)
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    _, whole = fit(4)
    _, resumed = fit(4, tmp_path / "a.ckpt")
    assert resumed.history == whole.history
    assert whole.history["val/loss"][0] == [5, 10, 15, 20]


@pytest.mark.skipif(not (REAL / "MNIST" / "raw").is_dir(), reason="needs the real MNIST files")
def test_images_are_prepared_and_flat():
    found = baselines(MNISTDataModule(data_dir=REAL, val_size=1000))
    assert 0.09 < found["majority class"]["accuracy"] < 0.14
    assert 0.8 < found["logistic regression"]["accuracy"] < 0.93
    assert np.isfinite(found["logistic regression"]["loss"])
