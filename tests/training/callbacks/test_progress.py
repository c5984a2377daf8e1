"""What bar and lines show and when, on a clock that stands still unless a step or a validation moves it."""

import sys
from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch
from lightning.pytorch import Callback

from litclf import BinaryClassifier, ImageRestoration, RestorationDataModule, fit
from litclf.engines.execution import Sums, pieces
from litclf.engines.kernel import engine as kernel
from litclf.training.callbacks.progress import BarProgress, PlainProgress
from litclf.training.trainer import trainer_defaults
from litclf.utilities.data_spec import DataSpec
from tests.training.callbacks.timed import make_data, make_model

pytestmark = [
    pytest.mark.filterwarnings("ignore:The number of training batches"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
]


def gaps(drawn):
    return [after.clock - before.clock for before, after in pairwise(drawn)]


def test_prints_a_plain_line_an_epoch_and_a_summary(clock, tmp_path, capsys):
    result = fit(make_model(clock, 0.5), make_data(5, 5), max_epochs=3, default_root_dir=tmp_path)
    *_, first, _, last, summary = capsys.readouterr().out.splitlines()
    assert first.startswith("epoch 1/3  step 5  train/loss ")
    assert first.endswith("  2 steps/s  00:05 left")
    assert last.startswith("epoch 3/3  step 15  train/loss ")
    assert f"  val/loss {result.metrics['val/loss']:.4f}  val/accuracy {result.metrics['val/accuracy']:.4f}  " in last
    assert last.endswith("  2 steps/s  00:00 left")
    assert summary == f"15 steps in 7.50 s, 2 steps/s, best val/loss {result.metrics['best']['score']:.4f}"


def test_what_begins_to_train_is_told_before_its_first_step(clock, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")

    class Looks(Callback):
        def on_train_batch_end(self, trainer, *_):
            if trainer.global_step == 5:
                told.extend(capsys.readouterr().out.splitlines())

    told = []
    result = fit(make_model(clock, 0.5), make_data(5, 5), max_epochs=1, callbacks=[Looks()], default_root_dir=tmp_path)
    size = sum(parameter.numel() for parameter in result.model.parameters())
    assert told == [
        f"parameters  {size}",
        f"engine      {result.metrics['engine']}, 5 steps at once",
        f"threads     {torch.get_num_threads()}",
    ]


def test_threads_of_members_are_those_that_train_them(tmp_path, capsys):
    settings = {"members": 3, "threads": 2, "max_epochs": 1, "default_root_dir": tmp_path}
    result = fit(BinaryClassifier(engine="kernel"), make_data(5, 5), **settings)
    size = sum(parameter.numel() for parameter in result.model.network.members[0].parameters())
    told = capsys.readouterr().out
    assert f"parameters  {size}, each of 3 members\n" in told
    assert "threads     2\n" in told


def test_on_a_narrow_terminal_the_bar_keeps_what_tells_most(clock, drawn, show, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    trainer = show(make_model(clock, 0.5), make_data(10, 10), max_epochs=3)
    accuracy = float(trainer.callback_metrics["val/accuracy"])
    shown = drawn[-1].text.replace("|", "")
    assert len(shown) <= 60 - 14
    assert shown.endswith(f", val accuracy {accuracy:.4f}")


def test_lines_of_an_endless_fit_tell_no_time_left(clock, make_trainer, capsys):
    class Stop(Callback):
        def on_train_epoch_end(self, trainer, pl_module):
            trainer.should_stop = trainer.current_epoch == 1

    trainer = make_trainer(max_epochs=-1, callbacks=[PlainProgress(), Stop()], enable_progress_bar=True)
    trainer.fit(make_model(clock, 0.01), datamodule=make_data(5, 5))
    *lines, summary = capsys.readouterr().out.partition("threads     1\n")[2].splitlines()
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
            def run(mode, batch, *args):
                clock.now += len(batch[2]) * seconds
                return chosen(dims, rows)(mode, batch, *args)

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


def test_validation_leaves_the_bar_where_it_is(clock, drawn, show):
    show(make_model(clock, 0.1, validation=3.0), make_data(5, 5), max_epochs=2)
    validating = [each for each in drawn if each.text.startswith("validation")]
    assert [(each.n, each.text.split("|")[0]) for each in validating] == [(5, "validation 1/2"), (10, "validation 2/2")]
    assert drawn[-1].text.startswith("epoch 2/2")


def test_prints_above_the_bar(clock, show, capsys):
    class Says(Callback):
        def on_train_epoch_end(self, trainer, pl_module):
            pl_module.print("hello", "there", sep=", ")

    show(make_model(clock, 0.2), make_data(5, 5), [Says()], max_epochs=2)
    printed = capsys.readouterr().out.partition("threads     1\n")[2]
    shown = [line.split("\r")[-1] for line in printed.split("\n")]
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
