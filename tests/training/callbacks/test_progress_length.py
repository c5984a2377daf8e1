"""How long the bar is and where it stands: with limits, without an end, after a resumption, for anyone's module."""

import pytest
import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.callbacks import ModelCheckpoint
from torch.utils.data import DataLoader, TensorDataset

from tests.training.callbacks.timed import make_data, make_model

pytestmark = [
    pytest.mark.filterwarnings("ignore:The number of training batches"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
]


@pytest.mark.parametrize("most", [1, 4])
@pytest.mark.parametrize(
    ("settings", "total"),
    [
        ({"max_epochs": 2}, 20),
        ({"max_epochs": 2, "max_steps": 13}, 13),
        ({"max_epochs": -1, "max_steps": 13}, 13),
        ({"max_epochs": 3, "limit_train_batches": 4}, 12),
        ({"max_epochs": -1, "max_time": "00:00:00:02"}, None),
    ],
)
def test_the_bar_is_as_long_as_the_fit(most, settings, total, clock, drawn, show):
    trainer = show(make_model(clock, 0.2), make_data(most, 10), **settings)
    assert {each.total for each in drawn} == {total}
    assert drawn[-1].n == trainer.global_step
    assert total in (None, trainer.global_step)


def test_a_fit_without_an_end_shows_its_steps(clock, show, capsys):
    show(make_model(clock, 0.5), make_data(10, 10), max_epochs=-1, max_time="00:00:00:02")
    line = capsys.readouterr().out.splitlines()[-2].split("\r")[-1]
    assert line.startswith("epoch 1, 10 steps, 2 steps/s, loss ")


def test_gradient_accumulation_makes_the_bar_shorter(clock, drawn, show):
    trainer = show(make_model(clock, 0.2), make_data(1, 10), max_epochs=2, accumulate_grad_batches=4)
    assert (drawn[-1].n, drawn[-1].total, trainer.global_step) == (6, 6, 6)


@pytest.mark.parametrize("most", [1, 5])
@pytest.mark.filterwarnings("ignore:Checkpoint directory .* exists and is not empty")
@pytest.mark.filterwarnings("ignore:Using ModelCheckpoint with manual optimization")
def test_a_resumed_fit_goes_on_where_it_was_and_counts_its_own_steps(most, clock, drawn, show, make_trainer, tmp_path):
    keep = ModelCheckpoint(tmp_path, "{step}", every_n_train_steps=15, save_top_k=-1)
    settings = {"callbacks": [keep], "enable_checkpointing": True}
    make_trainer(max_epochs=2, **settings).fit(make_model(clock, 0.01), datamodule=make_data(most, 10))
    settings.update(max_epochs=4, ckpt_path=tmp_path / "step=15.ckpt")
    show(make_model(clock, 0.5), make_data(most, 10), **settings)
    assert (drawn[0].n, drawn[0].text) == (15, "epoch 2/4|")
    assert (drawn[-1].n, drawn[-1].total) == (40, 40)
    assert all("|2 steps/s, " in each.text for each in drawn if each.n > 15)


class Theirs(LightningModule):
    """Somebody's module, by automatic or manual optimization."""

    def __init__(self, clock, manual=False, name=None):
        super().__init__()
        self.layer, self.clock, self.name = torch.nn.Linear(2, 1), clock, name
        self.automatic_optimization = not manual

    def training_step(self, batch, batch_idx):
        self.clock.now += 0.25
        loss = self.layer(batch[0]).square().mean()
        if self.name:
            self.log(self.name, loss, prog_bar=True)
        if not self.automatic_optimization:
            optimizer = self.optimizers()
            for _ in range(2):
                optimizer.step()
        return loss

    def validation_step(self, batch, batch_idx):
        self.log("val_acc", 0.75)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.0)


@pytest.mark.parametrize(("name", "label"), [(None, "loss"), ("train_loss", "train_loss"), ("val_loss", "loss")])
def test_anyones_module_shows_its_loss(name, label, clock, drawn, show):
    module = Theirs(clock, name=name)
    show(module, DataLoader(TensorDataset(torch.ones(12, 2)), batch_size=3), max_epochs=2)
    loss = float(module.layer(torch.ones(3, 2)).square().mean().detach())
    parts = drawn[-1].text.split("|")[1].split(", ")
    assert parts[:3] == ["4 steps/s", "00:00 left", f"{label} {loss:.4f}"]
    assert parts[-1] == "val_acc 0.7500"
    assert sum("loss" in part for part in parts) == 1 + (name == "val_loss")
    assert (drawn[-1].n, drawn[-1].total) == (8, 8)


def test_a_module_that_makes_several_steps_of_a_batch_has_no_known_end(clock, drawn, show):
    show(Theirs(clock, manual=True), DataLoader(TensorDataset(torch.ones(12, 2)), batch_size=3), max_epochs=2)
    assert (drawn[-1].n, drawn[-1].total) == (16, None)
    assert drawn[-1].text.startswith("epoch 2/2|8 steps/s, loss ")
