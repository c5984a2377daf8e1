"""Fits that are saved and taken up again, in the middle of an epoch or after it: the weights of the whole fit."""

import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from litclf import BinaryClassifier
from tests.models.fits import EPOCHS, RECIPES, STEPS, fit, make_data, make_model, weights

# Most fits here hold nothing out.
pytestmark = pytest.mark.filterwarnings("ignore:Total length of `list` across ranks is zero")


def with_all_pairs(*cases):
    """What the full product adds to the cases of the default suite."""
    return [pytest.param(*case, marks=pytest.mark.slow) for case in cases]


@pytest.mark.filterwarnings("ignore:Using ModelCheckpoint with manual optimization")
def test_checkpoints_hold_the_weights_of_exactly_their_step(make_trainer, tmp_path):
    saved = {}
    for most in (1, 100):
        folder = tmp_path / str(most)
        callback = ModelCheckpoint(folder, "{step}", every_n_train_steps=6, save_top_k=-1)
        fit(most, make_trainer, RECIPES["adam"], callbacks=[callback], enable_checkpointing=True)
        loaded = {path.name: torch.load(path, weights_only=True) for path in folder.iterdir()}
        assert sorted(loaded) == ["step=12.ckpt", "step=18.ckpt", "step=24.ckpt", "step=6.ckpt"]
        assert all(name == f"step={found['global_step']}.ckpt" for name, found in loaded.items())
        saved[most] = loaded
    for name in saved[1]:
        for key, value in saved[1][name]["state_dict"].items():
            assert torch.equal(value, saved[100][name]["state_dict"][key])


@pytest.mark.filterwarnings("ignore:Using ModelCheckpoint with manual optimization")
@pytest.mark.filterwarnings("ignore:Checkpoint directory .* exists and is not empty")
@pytest.mark.parametrize(
    ("most", "other", "step"),
    [
        *((1, 1, 17), (5, 100, 17), (100, 5, 17), (1, 5, 14)),
        *with_all_pairs((5, 5, 17), (100, 100, 17), (1, 5, 17), (1, 1, 14), (5, 5, 14), (5, 100, 14)),
    ],
)
def test_a_fit_resumed_in_or_after_an_epoch_ends_on_the_same_weights(most, other, step, make_trainer, tmp_path):
    recipe = RECIPES["adam"] | {"lr_schedule": "cosine"}
    whole, _ = fit(most, make_trainer, recipe)

    def keeping():
        callback = ModelCheckpoint(tmp_path, "{step}", every_n_train_steps=step, save_top_k=-1)
        return {"callbacks": [callback], "enable_checkpointing": True}

    fit(most, make_trainer, recipe, **keeping())
    model, trainer = make_model(recipe), make_trainer(max_epochs=EPOCHS, **keeping())
    trainer.fit(model, datamodule=make_data(other), ckpt_path=tmp_path / f"step={step}.ckpt", weights_only=True)
    assert trainer.global_step == STEPS
    assert torch.equal(weights(model), weights(whole))


@pytest.mark.filterwarnings("ignore:Using ModelCheckpoint with manual optimization")
@pytest.mark.filterwarnings("ignore:Checkpoint directory .* exists and is not empty")
@pytest.mark.parametrize(
    ("most", "other", "holdout"),  # with and without validation, after which the checkpoint is written
    [
        *((1, 1, 0), (5, 1, 0.2), (1, 5, 0), (100, 5, 0.2)),
        *with_all_pairs((1, 1, 0.2), (5, 1, 0), (1, 5, 0.2), (100, 5, 0), (5, 100, 0), (5, 100, 0.2)),
    ],
)
def test_a_fit_resumed_from_the_checkpoint_of_an_epoch_may_change_k(most, other, holdout, make_trainer, tmp_path):
    recipe, data = RECIPES["adam"], {"holdout": holdout}
    whole, made = fit(most, make_trainer, recipe, data)

    def keeping():
        return {"callbacks": [ModelCheckpoint(tmp_path, "{epoch}", save_top_k=-1)], "enable_checkpointing": True}

    fit(most, make_trainer, recipe, data, **keeping())
    model, trainer = make_model(recipe), make_trainer(max_epochs=EPOCHS, **keeping())
    trainer.fit(model, datamodule=make_data(other, **data), ckpt_path=tmp_path / "epoch=0.ckpt", weights_only=True)
    assert trainer.global_step == made.global_step
    assert torch.equal(weights(model), weights(whole))


def test_a_model_loaded_from_a_checkpoint_counts_a_new_fit_from_0(make_trainer, tmp_path):
    _, trainer = fit(5, make_trainer, RECIPES["sgd"])
    trainer.save_checkpoint(tmp_path / "end.ckpt")
    model = BinaryClassifier.load_from_checkpoint(tmp_path / "end.ckpt", weights_only=True)
    again = make_trainer(max_epochs=1)
    again.fit(model, datamodule=make_data(5))
    assert again.global_step == STEPS // 2
