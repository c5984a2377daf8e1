"""A fit whose checkpoints nothing would read again is refused before its first step."""

from pathlib import Path

import numpy as np
import pytest
import torch
from lightning.pytorch import Callback, LightningModule
from lightning.pytorch.callbacks import LearningRateMonitor
from lightning.pytorch.callbacks.spike import SpikeDetection
from torch.nn import functional as F

from litclf import BinaryClassifier, CirclesDataModule, InputError, fit


class Theirs(LightningModule):
    """Somebody's module, with hyperparameters of theirs, and what a test puts into its checkpoints."""

    def __init__(self, kept=None, **given):
        super().__init__()
        self.save_hyperparameters(given)
        self.kept, self.steps = kept, 0
        self.network = torch.nn.Linear(2, 1)

    def training_step(self, batch, _):
        self.steps += 1
        loss = F.binary_cross_entropy_with_logits(self.network(batch[0]).flatten(), batch[1].float())
        self.log("train/loss", loss)
        return loss

    def validation_step(self, batch, _):
        pass

    def on_save_checkpoint(self, checkpoint):
        if self.kept is not None:
            checkpoint["kept"] = self.kept

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


class Noted(Callback):
    def state_dict(self):
        return {"seen": np.ones(3)}


def run(tmp_path, model, **settings):
    data = CirclesDataModule(num_samples=100, steps_per_execution=1)
    return fit(model, data, default_root_dir=tmp_path, enable_progress_bar=False, **{"max_epochs": 1, **settings})


@pytest.mark.parametrize(
    ("given", "settings", "message"),
    [
        ({"weights": [0.1] * 100_001}, {}, "model: its checkpoints .* holds more than 100000 values"),
        ({"folder": Path("a")}, {}, "model: its checkpoints would be refused: .* holds a PosixPath"),
        ({"kept": np.float64(1)}, {}, "checkpoint: would hold numpy.* beside tensors and plain values"),
        ({"kept": lambda: 1}, {}, "checkpoint: cannot be saved: .*lambda"),
        ({}, {"callbacks": [Noted()]}, "checkpoint: would hold numpy.*; fix: keep plain values, .* in state_dict"),
    ],
    ids=["large", "path", "numpy", "lambda", "callback"],
)
def test_what_would_not_be_read_is_refused_before_the_first_step(given, settings, message, tmp_path):
    model = Theirs(**given)
    with pytest.raises(InputError, match=message):
        run(tmp_path, model, **settings)
    assert model.steps == 0
    assert not list(tmp_path.rglob("*.ckpt"))


def test_without_checkpoints_anything_may_be_kept(tmp_path):
    model = Theirs(folder=Path("a"))
    run(tmp_path, model, enable_checkpointing=False)
    assert model.steps > 0


def test_a_fit_with_spike_detection_goes_on(tmp_path):
    """Lightning names what it loads otherwise than what it has."""
    result = run(tmp_path, BinaryClassifier(), callbacks=[SpikeDetection()])
    again = run(tmp_path, BinaryClassifier(), callbacks=[SpikeDetection()], max_epochs=2, ckpt_path=result.folder)
    assert again.metrics["global_step"] == 2 * result.metrics["global_step"]


def test_a_spike_that_ends_a_fit_is_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where Lightning notes the batches
    with pytest.raises(RuntimeError, match=r"^trainer\.callbacks: SpikeDetection has ended the fit: .*; fix: lower"):
        run(tmp_path, BinaryClassifier(lr=1e4), callbacks=[SpikeDetection(warmup=1, atol=0.0)])


def test_what_a_callback_of_lightning_refuses_is_one_line(tmp_path):
    with pytest.raises(InputError, match=r"^trainer: Cannot use `LearningRateMonitor`"):
        run(tmp_path, BinaryClassifier(), callbacks=[LearningRateMonitor()], logger=False)
