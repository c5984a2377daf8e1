import pytest
import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.callbacks import (
    BatchSizeFinder,
    EMAWeightAveraging,
    GradientAccumulationScheduler,
    LearningRateFinder,
)
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau, StepLR

from litclf import BinaryClassifier, CirclesDataModule, InputError, MulticlassClassifier
from litclf.data.loading.limits import check_trainer
from litclf.training.trainer_args import check_last_batch


def data(most):
    return CirclesDataModule(num_samples=20, batch_size=8, steps_per_execution=most)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"accumulate_grad_batches": 2}, "trainer.accumulate_grad_batches: cannot be 2"),
        ({"val_check_interval": 0.5}, "trainer.val_check_interval: cannot be 0.5"),
        ({"val_check_interval": 2}, "trainer.val_check_interval: cannot be 2"),
        ({"val_check_interval": "00:00:01:00"}, "trainer.val_check_interval: cannot be a time"),
        ({"overfit_batches": 2}, "trainer.overfit_batches: cannot be 2"),
        ({"limit_train_batches": 0.5}, "trainer.limit_train_batches: cannot be 0.5"),
        ({"callbacks": [LearningRateFinder()]}, "trainer.callbacks: cannot be LearningRateFinder"),
        ({"callbacks": [BatchSizeFinder()]}, "trainer.callbacks: cannot be BatchSizeFinder"),
        ({"callbacks": [EMAWeightAveraging()]}, "trainer.callbacks: cannot be EMAWeightAveraging"),
        ({"callbacks": [GradientAccumulationScheduler({1: 2})]}, "trainer.callbacks: cannot be GradientAccumul.*"),
    ],
)
def test_setting_that_an_execution_would_falsify_is_refused_with_the_way_out(settings, message, make_trainer):
    trainer = make_trainer(max_epochs=1, **settings)
    with pytest.raises(InputError, match=f"^{message} while .* pass --data.steps_per_execution 1"):
        check_trainer(trainer)
    with pytest.raises(InputError, match=f"^{message}"):
        trainer.fit(BinaryClassifier(), datamodule=data(3))


@pytest.mark.parametrize(
    "settings",
    [
        {"limit_train_batches": 2},
        {"limit_train_batches": 1.0},
        {"gradient_clip_val": 1.0},
        {"precision": "bf16-mixed"},
        {"max_steps": 2},
        {"fast_dev_run": True},
    ],
)
def test_other_settings_pass(settings, make_trainer):
    trainer = make_trainer(**{"max_epochs": 1} | settings)
    check_trainer(trainer)
    trainer.fit(BinaryClassifier(), datamodule=data(3))
    assert trainer.global_step >= 1


def test_with_plain_batches_lightning_keeps_its_own_settings(make_trainer):
    trainer = make_trainer(max_epochs=2, accumulate_grad_batches=2)
    trainer.fit(BinaryClassifier(), datamodule=data(1))
    assert trainer.global_step == 2


class Plain(LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)

    def validation_step(self, batch, batch_idx):
        pass

    def training_step(self, batch, batch_idx):
        return self.layer(batch[0]).mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


class OwnStep(BinaryClassifier):
    def optimizer_step(self, *args, **kwargs):
        super().optimizer_step(*args, **kwargs)


class OwnZeroGrad(BinaryClassifier):
    def optimizer_zero_grad(self, *args):
        super().optimizer_zero_grad(*args)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (Plain, "steps_per_execution: must be 1 for Plain, which takes ordinary batches only"),
        (OwnStep, "OwnStep.optimizer_step: is not called"),
        (OwnZeroGrad, "OwnZeroGrad.optimizer_zero_grad: is not called"),
    ],
)
def test_module_that_an_execution_would_bypass_is_refused(module, message, make_trainer):
    with pytest.raises(InputError, match=f"^{message}"):
        make_trainer(max_epochs=1).fit(module(), datamodule=data(3))


def scheduled(make):
    class Scheduled(BinaryClassifier):
        def configure_optimizers(self):
            optimizer = torch.optim.SGD(self.parameters(), 0.1)
            return {"optimizer": optimizer, "lr_scheduler": make(optimizer)}

    return Scheduled()


@pytest.mark.filterwarnings("ignore:The lr scheduler dict contains the key")  # Lightning's own word on the last one
@pytest.mark.parametrize(
    "make",
    [
        lambda optimizer: StepLR(optimizer, 1),
        lambda optimizer: {"scheduler": StepLR(optimizer, 1), "interval": "step", "frequency": 2},
        lambda optimizer: {"scheduler": ReduceLROnPlateau(optimizer), "interval": "step", "monitor": "train/loss"},
    ],
)
def test_schedule_that_moves_otherwise_than_by_step_is_refused(make, make_trainer):
    with pytest.raises(InputError, match=r"^configure_optimizers: \w+ must move with every optimizer step"):
        make_trainer(max_epochs=1).fit(scheduled(make), datamodule=data(3))


def test_own_schedule_by_step_moves_with_every_step(make_trainer):
    model = scheduled(lambda optimizer: {"scheduler": StepLR(optimizer, 1), "interval": "step"})
    trainer = make_trainer(max_epochs=1)
    trainer.fit(model, datamodule=data(2))
    assert trainer.optimizers[0].param_groups[0]["lr"] == pytest.approx(0.1 * 0.1**trainer.global_step)


@pytest.mark.parametrize(
    ("samples", "batch_size", "refused"), [(9, 4, True), (9, 5, False), (8, 4, False), (1, None, True)]
)
def test_a_last_mini_batch_of_one_is_refused_where_batch_norm_needs_two(samples, batch_size, refused):
    network = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(4), nn.Linear(4, 3))
    model = MulticlassClassifier(network=network, input_shape=[1, 2, 2], num_classes=3)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    if refused:
        with pytest.raises(InputError, match=rf"data.batch_size: {batch_size} leaves one of {samples} samples"):
            check_last_batch(model, samples, batch_size)
    else:
        check_last_batch(model, samples, batch_size)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_batch_norm_over_many_places_takes_one_sample():
    network = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3))
    check_last_batch(MulticlassClassifier(network=network, input_shape=[1, 2, 2], num_classes=3), 9, 4)
