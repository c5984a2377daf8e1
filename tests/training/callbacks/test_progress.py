"""Bar and lines on a clock that stands still unless a step or a validation moves it."""

import sys
import time
from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch
from lightning.pytorch import Callback, LightningModule
from lightning.pytorch.callbacks import ModelCheckpoint
from torch.utils.data import DataLoader, TensorDataset
from tqdm import tqdm

from litclf import BinaryClassifier, CirclesDataModule, ImageRestoration, RestorationDataModule, fit
from litclf.engines.execution import Sums, pieces
from litclf.engines.kernel import engine as kernel
from litclf.training.callbacks.progress import BarProgress, PlainProgress
from litclf.training.trainer import trainer_defaults
from litclf.utilities.data_spec import DataSpec

pytestmark = [
    pytest.mark.filterwarnings("ignore:The number of training batches"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
]


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(time, "monotonic", made)
    return made


@pytest.fixture
def drawn(clock, monkeypatch):
    """What the bar shows, each time it is drawn: seconds since the first time, steps, total and text."""
    found = []
    refresh = tqdm.refresh

    def record(bar, *args, **kwargs):
        begin = found[0].clock if found else clock.now
        text = f"{bar.desc}|{bar.postfix or ''}"
        found.append(SimpleNamespace(clock=clock.now, at=clock.now - begin, n=bar.n, total=bar.total, text=text))
        return refresh(bar, *args, **kwargs)

    monkeypatch.setattr(tqdm, "refresh", record)
    yield found
    assert not tqdm._instances  # no bar is left open


def make_model(clock, seconds, validation=0.0, **settings):
    """A model whose steps and validation batches take so many seconds."""

    class Slow(BinaryClassifier):
        def step(self, x, y):
            clock.now += seconds
            return super().step(x, y)

        def validation_step(self, batch, batch_idx):
            clock.now += validation
            super().validation_step(batch, batch_idx)

    torch.manual_seed(0)
    return Slow(**settings)


def make_data(most, repeat, **settings):
    return CirclesDataModule(num_samples=100, batch_size=None, repeat=repeat, steps_per_execution=most, **settings)


@pytest.fixture
def show(make_trainer):
    """Fits under a bar; returns the Trainer."""

    def run(model, data, callbacks=(), ckpt_path=None, **settings):
        trainer = make_trainer(callbacks=[BarProgress(), *callbacks], enable_progress_bar=True, **settings)
        loaders = (data, data) if isinstance(data, DataLoader) else (None, None, data)
        trainer.fit(model, *loaders, ckpt_path=ckpt_path, weights_only=True)
        return trainer

    return run


def gaps(drawn):
    return [after.clock - before.clock for before, after in pairwise(drawn)]


def test_prints_a_plain_line_an_epoch_and_a_summary(clock, tmp_path, capsys):
    result = fit(make_model(clock, 0.5), make_data(5, 5), max_epochs=3, default_root_dir=tmp_path)
    first, _, last, summary = capsys.readouterr().out.splitlines()
    assert first.startswith("epoch 1/3  step 5  train/loss ")
    assert first.endswith("  2 steps/s  00:05 left")
    assert last.startswith("epoch 3/3  step 15  train/loss ")
    assert f"  val/loss {result.metrics['val/loss']:.4f}  val/accuracy {result.metrics['val/accuracy']:.4f}  " in last
    assert last.endswith("  2 steps/s  00:00 left")
    assert summary == f"15 steps in 7.50 s, 2 steps/s, best val/loss {result.metrics['best']['score']:.4f}"


def test_lines_of_an_endless_fit_tell_no_time_left(clock, make_trainer, capsys):
    class Stop(Callback):
        def on_train_epoch_end(self, trainer, pl_module):
            trainer.should_stop = trainer.current_epoch == 1

    trainer = make_trainer(max_epochs=-1, callbacks=[PlainProgress(), Stop()], enable_progress_bar=True)
    trainer.fit(make_model(clock, 0.01), datamodule=make_data(5, 5))
    *lines, summary = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["epoch 1", "epoch 2"]
    assert lines[-1].endswith("  100 steps/s")
    assert summary == "10 steps in 0.10 s, 100 steps/s"  # no checkpoints, no best one


def test_can_be_switched_off(tmp_path, capsys):
    fit(BinaryClassifier(), make_data(5, 5), max_epochs=1, default_root_dir=tmp_path, enable_progress_bar=False)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("terminal", "kind"), [(True, BarProgress), (False, PlainProgress)])
def test_the_bar_is_for_terminals(terminal, kind, monkeypatch):
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: terminal))
    callbacks = trainer_defaults({}, DataSpec.of(make_data(5, 5)), None)["callbacks"]
    assert [type(callback) for callback in callbacks] == [kind]


class OwnEngine:
    """An engine of the user's own: it does nothing, slowly, and says how far it is."""

    def __init__(self, clock, seconds):
        self.clock, self.seconds = clock, seconds

    def run(self, learner, execution, tell=None):
        for start, end in pieces(execution, tell):
            self.clock.now += (end - start) * self.seconds
        return Sums(torch.zeros(len(execution.steps)), None)


@pytest.mark.parametrize("engine", ["own", "eager", "kernel"])
def test_a_long_execution_moves_the_bar_at_least_twice_a_second(engine, clock, drawn, show, monkeypatch):
    seconds, steps = 0.01, 1000
    if engine == "eager":
        model = make_model(clock, seconds)
    else:
        torch.manual_seed(0)
        model = BinaryClassifier(engine="kernel")
    if engine == "own":
        model.own_engine = OwnEngine(clock, seconds)
    if engine == "kernel":

        def slow(dims, rows, chosen=kernel._kernel):
            def run(batch, *args):
                clock.now += len(batch[2]) * seconds
                return chosen(dims, rows)(batch, *args)

            return run

        monkeypatch.setattr(kernel, "_kernel", slow)
    show(model, make_data(steps, steps), max_epochs=1)
    assert drawn[-1].at == pytest.approx(steps * seconds)  # 10 seconds in one execution
    assert max(gaps(drawn)) <= 0.5
    assert len(drawn) < 100
    counts = [each.n for each in drawn]
    assert counts == sorted(counts)
    assert (counts[0], counts[-1], drawn[0].total) == (0, steps, steps)
    for each in drawn[1:]:
        assert each.n == pytest.approx(each.at / seconds)
        assert ", 100 steps/s, 00:" in f", {each.text.split('|')[1]}"


def test_the_bar_shows_epoch_pace_time_left_loss_and_validation(clock, drawn, show):
    trainer = show(make_model(clock, 0.5), make_data(10, 10), max_epochs=3)
    metrics = trainer.callback_metrics
    assert drawn[0].text == "epoch 1/3|"
    assert "epoch 1/3|2 steps/s, 00:10 left" in [each.text for each in drawn if each.n == 10]
    loss, accuracy = float(metrics["train/loss_step"]), float(metrics["val/accuracy"])
    assert drawn[-1].text == f"epoch 3/3|2 steps/s, 00:00 left, loss {loss:.4f}, val accuracy {accuracy:.4f}"
    assert {each.total for each in drawn} == {30}


def test_a_model_without_accuracy_shows_what_it_measures(drawn, show):
    trainer = show(ImageRestoration(), RestorationDataModule(size=4, repeat=5, steps_per_execution=5), max_epochs=2)
    assert drawn[-1].text.endswith(f", val psnr {float(trainer.callback_metrics['val/psnr']):.4f}")


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


def test_validation_leaves_the_bar_where_it_is(clock, drawn, show):
    show(make_model(clock, 0.1, validation=3.0), make_data(5, 5), max_epochs=2)
    validating = [each for each in drawn if each.text.startswith("validation")]
    assert [(each.n, each.text.split("|")[0]) for each in validating] == [(5, "validation 1/2"), (10, "validation 2/2")]
    assert drawn[-1].text.startswith("epoch 2/2")


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


def test_prints_above_the_bar(clock, show, capsys):
    class Says(Callback):
        def on_train_epoch_end(self, trainer, pl_module):
            pl_module.print("hello", "there", sep=", ")

    show(make_model(clock, 0.2), make_data(5, 5), [Says()], max_epochs=2)
    shown = [line.split("\r")[-1] for line in capsys.readouterr().out.split("\n")]
    assert shown[:2] == ["hello, there"] * 2
    assert shown[2].startswith("epoch 2/2 |")
    assert shown[3:] == ["10 steps in 2.00 s, 5 steps/s", ""]


def test_disabled_it_shows_nothing_until_it_is_enabled(clock, drawn, make_trainer, capsys):
    bar = BarProgress()
    bar.disable()
    assert (bar.is_enabled, bar.is_disabled) == (False, True)

    class Enable(Callback):
        def on_train_epoch_end(self, trainer, pl_module):
            bar.print("unseen")
            assert trainer.current_epoch > 0 or capsys.readouterr().out == ""
            bar.enable()

    trainer = make_trainer(max_epochs=2, callbacks=[bar, Enable()], enable_progress_bar=True)
    trainer.fit(make_model(clock, 0.2), datamodule=make_data(5, 5))
    assert (drawn[0].n, drawn[0].text, drawn[-1].n) == (5, "epoch 2/2|", 10)


@pytest.mark.parametrize("kind", [BarProgress, PlainProgress])
def test_only_the_first_process_shows_progress(kind):
    progress = kind()
    progress.setup(SimpleNamespace(is_global_zero=False), None, "fit")
    progress.enable()  # as the learning-rate finder does on every process
    assert progress.is_disabled


def test_a_fit_that_fails_closes_its_bar(clock, drawn, show):
    class Fails(Callback):
        def on_train_batch_end(self, *args):
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        show(make_model(clock, 0.2), make_data(5, 5), [Fails()], max_epochs=2)
    assert drawn
