"""What a fit prints of its test is what anybody gets who tests the checkpoint that it left."""

import json

import pytest
import torch
from lightning.pytorch import Callback
from lightning.pytorch.callbacks import (
    BatchSizeFinder,
    EMAWeightAveraging,
    StochasticWeightAveraging,
    WeightAveraging,
)

from litclf import CirclesDataModule, MulticlassClassifier, fit, load
from litclf.runs.checkpoint import Checkpoint


def blend(averaged, current, _):
    return 0.9 * averaged + 0.1 * current


class Swaps(Callback):
    """Someone's own average of weights, which is put in for validation and test, and is never in a checkpoint."""

    def on_train_start(self, trainer, module):
        self.own = {name: value.clone() for name, value in module.state_dict().items()}

    def on_test_start(self, trainer, module):
        theirs = {name: value.clone() for name, value in module.state_dict().items()}
        module.load_state_dict(self.own)
        self.own = theirs

    on_test_end = on_test_start


@pytest.mark.parametrize(
    "averaging",
    [
        lambda: EMAWeightAveraging(decay=0.9),
        lambda: WeightAveraging(avg_fn=blend),
        lambda: StochasticWeightAveraging(swa_lrs=0.05, swa_epoch_start=1),
        Swaps,
    ],
    ids=["EMA", "mean", "SWA", "own"],
)
def test_the_test_at_the_end_is_of_the_checkpoint_that_is_left(averaging, tmp_path):
    data = CirclesDataModule(num_samples=200, batch_size=20, repeat=5)
    model = MulticlassClassifier(hidden_dims=[8], optimizer="adam", lr=0.05)
    settings = {"default_root_dir": tmp_path, "enable_progress_bar": False}
    result = fit(model, data, max_epochs=3, callbacks=[averaging()], **settings)
    x, y = data.splits["test"]
    predicted = load(result.folder, calibrated=False).predict(x.numpy())
    loss = -torch.tensor(predicted.probabilities)[range(len(y)), y].log().mean()
    assert result.metrics["test/loss"] == pytest.approx(float(loss), abs=1e-5)
    tested = Checkpoint.tested(result.folder)
    for name, value in result.model.state_dict().items():
        assert torch.equal(value, tested.weights[name])


def test_weights_that_are_averaged_after_the_last_epoch_are_kept(tmp_path):
    data = CirclesDataModule(num_samples=100, batch_size=20, repeat=5)
    averaging = StochasticWeightAveraging(swa_lrs=0.05, swa_epoch_start=1)
    settings = {"default_root_dir": tmp_path, "enable_progress_bar": False}
    result = fit(MulticlassClassifier(hidden_dims=[4]), data, max_epochs=4, callbacks=[averaging], **settings)
    averaged = {
        name.removeprefix("module."): value for name, value in averaging.state_dict()["average_model_state"].items()
    }
    saved = Checkpoint.tested(result.folder)
    assert saved.path.name == "averaged.ckpt"
    assert torch.equal(saved.weights["network.0.weight"], averaged["network.0.weight"])
    assert json.loads((result.folder / "metrics.json").read_text())["best"] == {
        "path": "averaged.ckpt",
        "score": None,
        "step": 80,
    }


def test_a_finder_of_batch_sizes_looks_once(tmp_path):
    data = CirclesDataModule(num_samples=100, batch_size=20)
    finder = BatchSizeFinder(max_trials=2)
    looks = []
    finder.scale_batch_size = lambda trainer, _: looks.append(trainer.state.fn)
    settings = {"default_root_dir": tmp_path, "enable_progress_bar": False}
    result = fit(MulticlassClassifier(), data, max_epochs=1, callbacks=[finder], **settings)
    assert looks == ["fit"]
    assert finder in result.trainer.callbacks
