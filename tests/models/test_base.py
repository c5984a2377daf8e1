"""What a fit logs of training, and the exact losses of the tables, with ordinary batches and with executions."""

import numpy as np
import pytest
import torch
import yaml
from torch import nn
from torch.nn import functional as F

from litclf import (
    BinaryClassifier,
    CirclesDataModule,
    ImageRestoration,
    InputError,
    MulticlassClassifier,
    RestorationDataModule,
    TableDataModule,
)
from litclf.cli.presets import preset_path
from litclf.engines.eager import EagerEngine
from litclf.models.base import SteppedModule
from litclf.models.optimizers import Recipe

pytestmark = pytest.mark.filterwarnings("ignore:Total length of `list` across ranks is zero")
SAMPLES, SEED, LR = 43, 42, 0.5


def means_by_hand(batch, repeat, steps):
    """Loss and accuracy over the last pass of the epochs, as a plain loop meets them while it trains."""
    x, y = CirclesDataModule(num_samples=SAMPLES, holdout=0).splits["train"]
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 10), nn.ReLU(), nn.Linear(10, 1))
    optimizer = torch.optim.SGD(network.parameters(), LR)
    met, per_pass = [], -(-SAMPLES // batch)
    for number in range(-(-steps // per_pass)):
        rows = torch.from_numpy(np.random.default_rng((SEED, number, 0)).permutation(SAMPLES))
        for chosen in rows.split(batch):
            logits = network(x[chosen]).flatten()
            loss = F.binary_cross_entropy_with_logits(logits, y[chosen].float())
            met.append((loss.item(), ((logits > 0) == y[chosen]).sum().item(), len(chosen)))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    per_epoch = per_pass * repeat
    found = []
    for first in range(0, steps, per_epoch):
        last = min(first + per_epoch, steps)
        losses, right, sizes = np.array(met[max(first, last - per_pass) : last]).T
        found.append(((losses * sizes).sum() / sizes.sum(), right.sum() / sizes.sum()))
    return found


@pytest.mark.parametrize("most", [1, 2, 7, 100])
@pytest.mark.parametrize(
    ("batch", "repeat", "max_steps"),
    [
        (8, 1, -1),
        (8, 3, -1),
        (43, 4, -1),
        (40, 2, -1),
        (8, 3, 26),
        (8, 3, 20),
    ],  # 6 steps a pass, the last has 3 samples
)
def test_train_loss_and_accuracy_are_means_over_the_last_pass(
    most, batch, repeat, max_steps, make_trainer, make_records
):
    records, epochs = make_records(), 2
    torch.manual_seed(0)
    model = BinaryClassifier(hidden_dims=[10], input_shape=[2], num_classes=2, lr=LR)
    data = CirclesDataModule(
        num_samples=SAMPLES, holdout=0, batch_size=batch, repeat=repeat, steps_per_execution=most, seed=SEED
    )
    trainer = make_trainer(max_epochs=epochs, max_steps=max_steps, logger=records, log_every_n_steps=1)
    trainer.fit(model, datamodule=data)
    steps = epochs * -(-SAMPLES // batch) * repeat if max_steps < 0 else max_steps
    expected = means_by_hand(batch, repeat, steps)
    for key, values in zip(("train/loss", "train/accuracy"), zip(*expected, strict=True), strict=True):
        assert [value for _, value in records.series(key)] == pytest.approx(values, rel=1e-5)


@pytest.mark.parametrize("accumulated", [1, 2])
def test_train_loss_step_is_the_mean_since_its_value_before(accumulated, make_trainer, make_records):
    charts = []
    for most, every in [(1, 1), (1, 3)] if accumulated > 1 else [(1, 1), (1, 3), (4, 3), (100, 3)]:
        torch.manual_seed(0)
        records, model = make_records(), BinaryClassifier(hidden_dims=[10], input_shape=[2], num_classes=2, lr=LR)
        data = CirclesDataModule(num_samples=SAMPLES, holdout=0, batch_size=11, repeat=2, steps_per_execution=most)
        settings = {"max_epochs": 2, "logger": records, "log_every_n_steps": every}
        trainer = make_trainer(accumulate_grad_batches=accumulated, **settings)
        trainer.fit(model, datamodule=data)
        charts.append(dict(records.series("train/loss_step")))
    single, *others = charts
    steps = range(2, 16 // accumulated, 3)
    assert list(single) == list(range(16 // accumulated))
    for points in others:
        assert points == pytest.approx(
            {step: np.mean([single[i] for i in range(step - 2, step + 1)]) for step in steps}
        )


class Recording(EagerEngine):
    """Keeps the loss of every step."""

    def __init__(self):
        self.losses = []

    def run(self, learner, execution, tell=None):
        sums = super().run(learner, execution, tell)
        self.losses += sums.losses.tolist()
        return sums


@pytest.mark.parametrize(
    ("preset", "kind", "known"),
    [
        ("logistic-table", BinaryClassifier, {0: 0.693147, 100: 0.134722, 500: 0.037261, 1000: 0.019852}),
        ("softmax-table", MulticlassClassifier, {0: 1.098612, 500: 0.467662, 1000: 0.248155}),
    ],
)
def test_tables_fall_to_the_known_losses(preset, kind, known, make_trainer):
    config = yaml.safe_load(preset_path(preset).read_text(encoding="utf-8"))
    model, data = kind(**config["model"]["init_args"]), TableDataModule(**config["data"]["init_args"])
    model.own_engine = Recording()
    trainer = make_trainer(max_epochs=config["trainer"]["max_epochs"])
    trainer.fit(model, datamodule=data)
    assert len(model.engine.losses) == trainer.global_step == 1001
    assert {step: round(model.engine.losses[step], 6) for step in known} == known
    x, y = data.splits["train"]
    assert torch.equal(model.classes(model(x)), y)


def test_executions_without_their_data_module_are_refused(make_trainer):
    data = CirclesDataModule(num_samples=20, steps_per_execution=4, batch_size=4)
    model = BinaryClassifier(input_shape=[2], num_classes=2)
    with pytest.raises(InputError, match=r"^datamodule: executions came without it; fix: pass the DataModule itself"):
        make_trainer(max_epochs=1).fit(model, data.train_dataloader(), data.val_dataloader())


def test_a_task_without_right_answers_logs_no_accuracy(make_trainer):
    for most in (1, 5):
        trainer = make_trainer(max_epochs=1)
        trainer.fit(ImageRestoration(), datamodule=RestorationDataModule(size=4, repeat=5, steps_per_execution=most))
        assert "train/loss" in trainer.callback_metrics
        assert "train/accuracy" not in trainer.callback_metrics


@pytest.mark.parametrize("most", [1, 4])
def test_schedule_over_an_endless_fit_is_refused(most, make_trainer):
    model = BinaryClassifier(lr_schedule="cosine")
    data = CirclesDataModule(num_samples=20, batch_size=4, steps_per_execution=most)
    with pytest.raises(InputError, match=r"^lr_schedule: cosine needs an end of the fit"):
        make_trainer(max_epochs=-1).fit(model, datamodule=data)


@pytest.mark.parametrize("most", [1, 4])
@pytest.mark.parametrize(("settings", "steps"), [({"max_epochs": 3}, 12), ({"max_epochs": -1, "max_steps": 7}, 7)])
def test_schedule_is_over_at_the_end_of_the_fit(most, settings, steps, make_trainer):
    trainer = make_trainer(**settings)
    data = CirclesDataModule(num_samples=20, batch_size=4, steps_per_execution=most)
    trainer.fit(BinaryClassifier(lr_schedule="cosine"), datamodule=data)
    assert trainer.global_step == steps
    assert trainer.optimizers[0].param_groups[0]["lr"] == pytest.approx(0, abs=1e-9)


def test_base_says_what_a_subclass_must_implement():
    with pytest.raises(NotImplementedError, match="SteppedModule must implement step"):
        SteppedModule(Recipe()).step(torch.zeros(1), torch.zeros(1))
