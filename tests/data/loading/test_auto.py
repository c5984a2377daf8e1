"""Executions that ``auto`` chooses: where, how long, and ordinary batches for what needs them."""

import lightning
import pytest
import torch
from lightning.pytorch import Callback, LightningModule
from lightning.pytorch.callbacks import EMAWeightAveraging, LearningRateFinder
from lightning.pytorch.tuner import Tuner

from litclf import BinaryClassifier, CirclesDataModule, InputError
from litclf.engines.execution import Execution
from litclf.training.run import fit


class Follows(Callback):
    def on_train_batch_end(self, *args):
        pass


class Looks(Callback):
    """Sees steps within executions, and so stops none of them; counts how often it was called."""

    def __init__(self):
        self.sizes = []

    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        self.sizes.append(len(batch.steps) if isinstance(batch, Execution) else 1)

    def on_steps(self, trainer, module, steps):
        pass


class Plain(LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)

    def training_step(self, batch, batch_idx):
        x, _ = batch
        return self.layer(x).mean()

    def validation_step(self, batch, batch_idx):
        pass

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


class OwnOptimizer(BinaryClassifier):
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


class OwnTraining(BinaryClassifier):
    def training_step(self, batch, batch_idx):
        x, y = batch
        return self.step(x, y)[0]


def data(**settings):
    return CirclesDataModule(num_samples=60, batch_size=8, **settings)  # 48 samples to train on, 6 steps an epoch


def sizes(make_trainer, module=None, of=None, **settings):
    """Steps of each Trainer batch of a fit."""
    looks, of = Looks(), of or data()
    callbacks = [looks, *settings.pop("callbacks", [])]
    make_trainer(**{"max_epochs": 2} | settings, callbacks=callbacks).fit(module or BinaryClassifier(), datamodule=of)
    return looks.sizes


def test_an_epoch_is_one_execution_in_a_plain_trainer_and_the_same_to_the_bit(make_trainer):
    first, second = BinaryClassifier(engine="eager"), BinaryClassifier(engine="eager")
    for model in (first, second):
        model.attach(data())
    second.load_state_dict(first.state_dict())
    assert sizes(make_trainer, first) == [6, 6]
    assert sizes(make_trainer, second, data(steps_per_execution=1)) == [1] * 12
    for own, theirs in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(own, theirs)


@pytest.mark.parametrize(
    ("module", "settings", "reason"),
    [
        (BinaryClassifier, {"accumulate_grad_batches": 2}, "trainer.accumulate_grad_batches cannot be 2"),
        (BinaryClassifier, {"overfit_batches": 2}, "trainer.overfit_batches cannot be 2"),
        (BinaryClassifier, {"callbacks": [EMAWeightAveraging()]}, "trainer.callbacks cannot be EMAWeightAveraging"),
        (BinaryClassifier, {"callbacks": [Follows()]}, "Follows.on_train_batch_end may count"),
        (Plain, {}, "must be 1 for Plain"),
        (OwnOptimizer, {}, "OwnOptimizer.configure_optimizers may count"),
        (OwnTraining, {}, "OwnTraining.training_step may count"),
    ],
)
@pytest.mark.filterwarnings("ignore:You requested to overfit")  # Lightning's own words on what is asked for here
def test_what_executions_would_falsify_gets_ordinary_batches_and_one_line(
    module, settings, reason, make_trainer, capsys
):
    assert set(sizes(make_trainer, module(), **settings)) == {1}
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("note")]
    assert len(lines) == 1
    assert reason in lines[0]


def test_a_fit_after_another_chooses_anew_and_a_loop_of_ones_own_has_batches(make_trainer):
    model, of = BinaryClassifier(), data()
    assert sizes(make_trainer, model, of) == [6, 6]
    x, y = next(iter(of.train_dataloader()))
    assert (x.shape, y.shape) == ((8, 2), (8,))
    assert sizes(make_trainer, model, of, accumulate_grad_batches=2) == [1] * 12
    assert model.engine_choice == "ordinary batches"
    assert sizes(make_trainer, model, of) == [6, 6]


def test_a_test_after_a_fit_leaves_its_count_of_steps(make_trainer):
    model, of, trainer = BinaryClassifier(), data(), make_trainer(max_epochs=2)
    trainer.fit(model, datamodule=of)
    trainer.test(model, datamodule=of, verbose=False)
    assert trainer.global_step == 12


@pytest.mark.filterwarnings("ignore:`weights_only` was not set")
def test_a_tuner_of_lightning_takes_its_steps_one_by_one(make_trainer, tmp_path, capsys):
    looks = Looks()  # which the tuner puts aside
    trainer, of = make_trainer(max_epochs=5, default_root_dir=tmp_path, callbacks=[looks]), data()
    model = BinaryClassifier()
    found = Tuner(trainer).lr_find(model, datamodule=of, num_training=20)
    assert len(found.results["lr"]) == 20
    assert "trainer.callbacks cannot be LearningRateFinder" in capsys.readouterr().err
    trainer.fit(model, datamodule=of)
    assert looks.sizes == [6] * 5


def test_a_fit_that_goes_on_without_its_finder_keeps_its_ordinary_batches(tmp_path):
    settings = {"default_root_dir": tmp_path, "enable_progress_bar": False}
    finder = LearningRateFinder(num_training_steps=10)
    begun = fit(BinaryClassifier(), data(), max_epochs=1, callbacks=[finder], **settings)
    again = {"callbacks": [LearningRateFinder(num_training_steps=10)], "ckpt_path": begun.folder, "max_epochs": 2}
    gone_on = fit(BinaryClassifier(), data(), **again, **settings)
    assert gone_on.metrics["steps_per_execution"] == begun.metrics["steps_per_execution"] == 1
    assert gone_on.metrics["engine"] == "ordinary batches"


def test_the_choice_is_recorded_beside_what_was_asked_for(tmp_path):
    result = fit(BinaryClassifier(), data(), max_epochs=1, default_root_dir=tmp_path, enable_progress_bar=False)
    assert result.metrics["steps_per_execution"] == 6
    assert "steps_per_execution: auto" in (result.folder / "config.yaml").read_text()
    saved = torch.load(result.folder / "checkpoints" / "last.ckpt", weights_only=True)
    assert saved["datamodule_hyper_parameters"]["steps_per_execution"] == "auto"


def test_a_typo_is_refused():
    with pytest.raises(InputError, match=r"^steps_per_execution: must be auto or a whole number, got 'autoo'; fix:"):
        data(steps_per_execution="autoo")


def test_inputs_that_an_execution_copies_are_bounded():
    class Large(CirclesDataModule):
        input_shape = (2**20,)

    trainer = lightning.Trainer(logger=False, enable_checkpointing=False, accelerator="cpu")
    large = Large(batch_size=1)
    assert large.choose_steps(trainer, BinaryClassifier()) is None
    assert large.steps_per_execution == 4
