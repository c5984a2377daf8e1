"""What a finder has found is what is used and what is recorded."""

import pytest
import torch
import yaml
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import BatchSizeFinder, LearningRateFinder
from lightning.pytorch.tuner import Tuner

from litclf import BlobsDataModule, MulticlassClassifier, fit
from litclf.runs.checkpoint import Checkpoint
from litclf.training.callbacks.settings import without_finders


def run(root, callbacks=(), batch_size=32, lr=1e-4, repeat=5, lr_schedule="onecycle", **settings):
    most = settings.pop("steps_per_execution", "auto")
    data = BlobsDataModule(num_samples=200, batch_size=batch_size, repeat=repeat, steps_per_execution=most)
    model = MulticlassClassifier(hidden_dims=[4], lr=lr, lr_schedule=lr_schedule, momentum=0.9)
    torch.manual_seed(1)
    model.attach(data)
    settings = {"max_epochs": 2, "default_root_dir": root, "enable_progress_bar": False, "name": "own", **settings}
    return fit(model, data, callbacks=list(callbacks), **settings)


def recorded(folder, part, name):
    """What config, hparams and checkpoint of a run hold under a name."""
    config, hparams = (yaml.safe_load((folder / f"{file}.yaml").read_text()) for file in ("config", "hparams"))
    checkpoint = Checkpoint.tested(folder)
    saved = checkpoint.hparams if part == "model" else checkpoint.data_hparams
    return {config[part]["init_args"][name], hparams[name], saved[name]}


def test_a_learning_rate_that_was_found_is_used_and_recorded(tmp_path):
    found = run(tmp_path / "found", [LearningRateFinder(num_training_steps=20)])
    lr = found.model.hparams["lr"]
    assert lr != 1e-4
    assert recorded(found.folder, "model", "lr") == {lr}
    given = run(tmp_path / "given", lr=lr, steps_per_execution=1)
    for own, theirs in zip(found.model.parameters(), given.model.parameters(), strict=True):
        assert torch.equal(own, theirs)


def test_a_batch_size_that_was_found_is_used_and_recorded(tmp_path):
    found = run(tmp_path / "found", [BatchSizeFinder(max_trials=3)], batch_size=None, repeat=1)
    assert recorded(found.folder, "data", "batch_size") == {8}
    given = run(tmp_path / "given", batch_size=8, repeat=1, steps_per_execution=1)
    assert found.metrics["global_step"] == given.metrics["global_step"] == 2 * 160 / 8
    for own, theirs in zip(found.model.parameters(), given.model.parameters(), strict=True):
        assert torch.equal(own, theirs)


def test_a_finder_of_batch_sizes_ends_where_the_samples_do(tmp_path):
    found = run(tmp_path, [BatchSizeFinder(init_val=100)])
    assert recorded(found.folder, "data", "batch_size") == {160}


def test_a_run_with_a_finder_goes_on_by_what_was_found(tmp_path):
    def go(root, lr=1e-4, **settings):
        return run(root, [LearningRateFinder(num_training_steps=20)], lr=lr, lr_schedule="none", **settings)

    reference, first = go(tmp_path / "whole"), go(tmp_path, max_epochs=1)
    lr = first.model.hparams["lr"]
    resumed = go(tmp_path, lr=lr, ckpt_path=first.folder)
    assert recorded(resumed.folder, "model", "lr") == recorded(reference.folder, "model", "lr") == {lr}
    for own, theirs in zip(resumed.model.parameters(), reference.model.parameters(), strict=True):
        assert torch.equal(own, theirs)


def test_what_is_found_before_a_fit_is_what_it_uses(tmp_path):
    data, model = BlobsDataModule(num_samples=200, repeat=30), MulticlassClassifier(hidden_dims=[4], lr=1e-4)
    quiet = {"enable_progress_bar": False, "logger": False, "enable_checkpointing": False}
    trainer = Trainer(max_epochs=1, default_root_dir=tmp_path, **quiet)
    lr = Tuner(trainer).lr_find(model, datamodule=data, num_training=20).suggestion()
    result = fit(model, data, max_epochs=1, name="own", default_root_dir=tmp_path, enable_progress_bar=False)
    assert result.trainer.optimizers[0].param_groups[0]["lr"] == lr
    assert recorded(result.folder, "model", "lr") == {lr}


class Between(LearningRateFinder):
    """Finds a learning rate before the second epoch, as Lightning's pages show it."""

    def on_fit_start(self, *_):
        """Not yet."""

    def on_train_epoch_start(self, trainer, module):
        if trainer.current_epoch == 1:
            module.hparams["lr"] = trainer.optimizers[0].param_groups[0]["lr"] = 0.25


def test_what_is_found_between_two_epochs_is_recorded(tmp_path):
    result = run(tmp_path, [Between()], lr_schedule="none")
    config = yaml.safe_load((result.folder / "config.yaml").read_text())
    assert config["model"]["init_args"]["lr"] == Checkpoint.tested(result.folder).hparams["lr"] == 0.25


@pytest.mark.parametrize(("finder", "stays"), [(LearningRateFinder, False), (BatchSizeFinder, False), (Between, True)])
def test_only_what_looks_at_the_beginning_is_left_out_of_a_run_that_goes_on(finder, stays):
    assert bool(without_finders([finder()])) == stays
