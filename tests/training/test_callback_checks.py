"""What callbacks cannot do in a run is refused before the first step, with a way out that works."""

import pytest
import torch
from lightning.pytorch import Callback
from lightning.pytorch.callbacks import (
    BackboneFinetuning,
    BaseFinetuning,
    EarlyStopping,
    EMAWeightAveraging,
    LearningRateMonitor,
    ModelCheckpoint,
)
from lightning.pytorch.callbacks.spike import SpikeDetection

from litclf import BinaryClassifier, CirclesDataModule, InputError, fit
from litclf.training.callback_checks import check_checkpoints


def run(root, *callbacks, model=None, **settings):
    of_data = {name: settings.pop(name) for name in ("holdout", "steps_per_execution") if name in settings}
    data = CirclesDataModule(num_samples=100, batch_size=20, **of_data)
    settings = {"max_epochs": 2, "default_root_dir": root, "enable_progress_bar": False, "name": "own", **settings}
    return fit(model or BinaryClassifier(hidden_dims=[4]), data, callbacks=list(callbacks), **settings)


@pytest.mark.parametrize(
    ("settings", "rule", "way_out"),
    [
        ({"filename": "{epoch}-{val/loss:.2f}"}, "no command finds", "auto_insert_metric_name false"),
        ({"filename": "best/{epoch}"}, "no command finds", "a file without a folder"),
        ({"filename": "../{epoch}"}, "no command finds", "a file without a folder"),
        ({"filename": "/tmp/best"}, "no command finds", "a file without a folder"),
        ({"filename": ".best"}, "no command finds", "drop the dot"),
        ({"filename": "{epoch:zz}"}, "cannot make a name", "write it as {epoch}-{step}"),
        ({"filename": "{epoch"}, "cannot make a name", "write it as {epoch}-{step}"),
        ({"dirpath": "elsewhere"}, "where no command finds them", "--trainer.default_root_dir"),
    ],
    ids=str,
)
def test_checkpoints_that_no_command_would_find_are_refused(settings, rule, way_out, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"^trainer\.callbacks: ModelCheckpoint") as refusal:
        run(tmp_path, ModelCheckpoint(**settings))
    assert rule in refusal.value.what
    assert way_out in refusal.value.fix
    assert not list((tmp_path / "lightning_logs" / "own").iterdir())


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"filename": "{epoch}-{step}"},
        {"filename": "{epoch:03d}-{val/loss:.2f}", "auto_insert_metric_name": False},
        {"filename": "best-{train/loss:.3e}", "auto_insert_metric_name": False},
        {"filename": "mine", "monitor": "val/accuracy"},
        {"dirpath": "run/checkpoints"},
        {"dirpath": "other/../run/checkpoints"},
    ],
    ids=str,
)
def test_other_names_and_the_run_folder_itself_are_taken(settings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_checkpoints([ModelCheckpoint(**settings)], tmp_path / "run" / "checkpoints")


def test_the_way_out_of_a_name_with_a_slash_works(tmp_path):
    pattern = "{epoch}-{val/loss:.2f}"
    result = run(tmp_path, ModelCheckpoint(filename=pattern, monitor="val/loss", auto_insert_metric_name=False))
    [path] = (result.folder / "checkpoints").iterdir()
    assert path.name == f"1-{result.metrics['best']['score']:.2f}.ckpt"


def test_weights_alone_are_not_kept_where_weights_are_averaged(tmp_path):
    with pytest.raises(InputError, match="before they are averaged; fix: drop save_weights_only"):
        run(tmp_path, ModelCheckpoint(save_weights_only=True), EMAWeightAveraging())


class Follows(Callback):
    """Someone's own average of weights, which takes each batch to be a step."""

    def on_train_batch_end(self, *_):
        """Takes the weights in."""


def test_a_callback_that_follows_batches_is_told_that_executions_are_many_steps(tmp_path, capsys):
    note = "note        Follows is called once for all steps of an execution; for a call after each pass --data.steps"
    run(tmp_path, Follows(), max_epochs=1, steps_per_execution=1)
    assert "Follows" not in capsys.readouterr().err
    run(tmp_path, Follows(), max_epochs=1, steps_per_execution=2)
    assert capsys.readouterr().err.count(note) == 1


@pytest.mark.parametrize(
    ("callback", "settings", "line"),
    [
        (EarlyStopping("val/acc"), {}, "EarlyStopping monitors val/acc, .*; fix: did you mean val/accuracy"),
        (EarlyStopping("val/loss"), {"holdout": 0}, "the data has no validation split; fix: did you mean train/loss"),
        (EarlyStopping("val/loss"), {"limit_val_batches": 0}, "limit_val_batches is 0; fix: did you mean train/loss"),
        (EarlyStopping("val/loss"), {"check_val_every_n_epoch": 3}, "is 3, the fit has 2 epochs; fix"),
        (ModelCheckpoint(monitor="val_loss"), {}, "ModelCheckpoint monitors val_loss, .*; fix: did you mean val/loss"),
        (ModelCheckpoint(filename="{epoch}-{val_loss:.2f}"), {}, "names its files by val_loss, .* mean val/loss"),
    ],
    ids=["unknown", "no split", "no batches", "too late", "misspelt", "in a name"],
)
def test_a_metric_that_is_never_logged_is_refused_before_the_first_step(callback, settings, line, tmp_path):
    with pytest.raises(InputError, match=line):
        run(tmp_path, callback, **settings)
    assert not list((tmp_path / "lightning_logs" / "own").iterdir())


@pytest.mark.parametrize("steps_per_execution", [1, 20])
@pytest.mark.parametrize("precision", ["64-true", "bf16-true"])
def test_weights_of_another_precision_are_trained_tested_and_calibrated(precision, steps_per_execution, tmp_path):
    result = run(tmp_path, precision=precision, steps_per_execution=steps_per_execution, pictures=True)
    assert {"test/accuracy", "calibration"} <= result.metrics.keys()
    assert (result.folder / "report.html").is_file()


def test_spikes_are_looked_for_in_training_alone(tmp_path):
    assert "test/accuracy" in run(tmp_path, SpikeDetection()).metrics


class Logs(Callback):
    """Someone's own callback, which logs a metric of its own."""

    def on_train_epoch_end(self, trainer, module):
        module.log("own/score", 1.0)


class OwnClassifier(BinaryClassifier):
    """Someone's own classifier, which logs more."""

    def validation_step(self, batch, batch_idx):
        super().validation_step(batch, batch_idx)
        self.log("val/own", 1.0)


@pytest.mark.parametrize(
    ("callbacks", "model"),
    [
        ([ModelCheckpoint(monitor="step", mode="max", filename="{step}")], None),
        ([LearningRateMonitor(), EarlyStopping("lr-SGD", strict=False)], None),
        ([Logs(), EarlyStopping("own/score")], None),
        ([EarlyStopping("val/own")], OwnClassifier(hidden_dims=[4])),
        ([EarlyStopping("val/f1"), ModelCheckpoint(monitor="train/accuracy")], None),
    ],
    ids=["step", "rate", "own callback", "own model", "two"],
)
def test_what_is_logged_is_monitored(callbacks, model, tmp_path):
    assert run(tmp_path, *callbacks, model=model).metrics["global_step"] > 0


def test_what_others_do_not_log_is_told_after_a_batch_of_validation(tmp_path):
    with pytest.raises(InputError, match=r"EarlyStopping monitors val/on, .*; fix: did you mean val/own"):
        run(tmp_path, EarlyStopping("val/on"), model=OwnClassifier(hidden_dims=[4]))
    assert not list((tmp_path / "lightning_logs" / "own").iterdir())


class Finetuning(BaseFinetuning):
    """Someone's own, which knows the network."""

    def freeze_before_training(self, module):
        self.freeze(module.network[0])

    def finetune_function(self, module, epoch, optimizer):
        self.unfreeze_and_add_param_group([] if epoch else module.network[0], optimizer)


def test_a_part_that_no_model_has_cannot_be_trained_later(tmp_path):
    with pytest.raises(InputError, match=r"BackboneFinetuning trains the part backbone .* BinaryClassifier has none"):
        run(tmp_path, BackboneFinetuning())
    with pytest.raises(InputError, match="BaseFinetuning leaves it to a class made from it what is trained when"):
        run(tmp_path, BaseFinetuning())
    assert not list((tmp_path / "lightning_logs" / "own").iterdir())


@pytest.mark.filterwarnings("ignore:The provided params to be frozen already exist")  # Lightning's hint
def test_anyones_plan_of_what_is_trained_when_is_followed(tmp_path):
    def first_layer(callback):
        return run(tmp_path, callback, max_epochs=1, limit_val_batches=0).model.network[0].weight

    untrained = run(tmp_path, max_steps=1, limit_val_batches=0, model=BinaryClassifier(hidden_dims=[4], lr=1e-30))
    assert torch.equal(first_layer(Frozen()), untrained.model.network[0].weight)
    assert not torch.equal(first_layer(Finetuning()), untrained.model.network[0].weight)


class Frozen(Finetuning):
    """Never trains the first layer."""

    def finetune_function(self, module, epoch, optimizer):
        """Leaves it as it is."""


class Looks(Callback):
    """A callback of one's own, that waits for nothing."""

    looked = False

    def on_sanity_check_start(self, trainer, module):
        self.looked = True


def test_our_models_need_no_look_at_a_batch_for_a_callback_that_waits_for_nothing(tmp_path):
    looks = Looks()
    run(tmp_path, looks)
    assert not looks.looked
