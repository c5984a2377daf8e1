import json
import os

import pytest
import torch
import yaml
from lightning.pytorch import Callback, LightningDataModule
from lightning.pytorch.callbacks import ModelCheckpoint
from sklearn.metrics import log_loss
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from litclf import BinaryClassifier, BlobsDataModule, CirclesDataModule, InputError, MulticlassClassifier, fit
from litclf.training.plan import Plan
from litclf.training.run import run
from litclf.utilities.threads import using_threads


def small_fit(tmp_path, name="small", epochs=2, **arguments):
    data = CirclesDataModule(num_samples=200, batch_size=16, repeat=2, steps_per_execution=5)
    model = BinaryClassifier(hidden_dims=[4], optimizer="adam", lr=0.01)
    return fit(model, data, name=name, max_epochs=epochs, default_root_dir=tmp_path, **arguments)


def events(folder):
    accumulator = EventAccumulator(str(folder), size_guidance={"tensors": 0, "scalars": 0})
    accumulator.Reload()
    return accumulator


def test_the_run_folder_holds_all_that_a_run_makes(circles_run):
    names = {path.name for path in circles_run.folder.iterdir()}
    assert names - {name for name in names if name.startswith("events.out.tfevents.")} == {
        "checkpoints",
        "config.yaml",
        "hparams.yaml",
        "metrics.csv",
        "metrics.json",
    }
    assert sum(name.startswith("events") for name in names) == 1
    assert {path.name for path in (circles_run.folder / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt"}
    assert circles_run.folder.parts[-3:] == ("lightning_logs", "circles", "version_0")


def test_metrics_json_holds_final_metrics_under_their_log_keys(circles_run):
    metrics = json.loads((circles_run.folder / "metrics.json").read_text())
    assert metrics == circles_run.metrics
    for stage in ("val", "test"):
        for name in ("loss", "accuracy", "f1", "precision", "recall", "auroc", "calibration_error"):
            assert f"{stage}/{name}" in metrics
    assert metrics["global_step"] == 100
    assert metrics["seed"] == 42
    assert metrics["fit_seconds"] > 0
    assert metrics["versions"]["torch"] == torch.__version__.split("+")[0]


def test_the_test_metrics_are_those_of_the_best_checkpoint(circles_run):
    model = BinaryClassifier.load_from_checkpoint(circles_run.folder / "checkpoints" / "best.ckpt", weights_only=True)
    x, y = circles_run.trainer.datamodule.splits["test"]
    with torch.no_grad():
        probabilities = model.probabilities(model(x).double()).numpy()
    assert circles_run.metrics["test/loss"] == pytest.approx(log_loss(y, probabilities), abs=1e-6)


def test_hparams_and_config_rebuild_the_run(circles_run):
    hparams = yaml.safe_load((circles_run.folder / "hparams.yaml").read_text())
    assert hparams["hidden_dims"] == [8]
    assert hparams["num_samples"] == 2000
    config = yaml.safe_load((circles_run.folder / "config.yaml").read_text())
    assert config["model"]["class_path"] == "litclf.models.binary.BinaryClassifier"
    assert config["data"]["init_args"]["num_samples"] == 2000


def test_tensorboard_has_scalars_hparams_graph_and_text(circles_run):
    accumulator = events(circles_run.folder)
    tags = accumulator.Tags()
    assert {"train/loss", "train/accuracy", "val/loss", "val/auroc", "test/accuracy"} <= set(tags["scalars"])
    assert [event.step for event in accumulator.Scalars("val/loss")] == [49, 99]
    assert tags["graph"]
    assert b"linear" in accumulator.Graph().SerializeToString()
    assert "config/text_summary" in tags["tensors"]
    assert b"BinaryClassifier" in accumulator.Tensors("config/text_summary")[0].tensor_proto.string_val[0]
    plugins = accumulator.SummaryMetadata("_hparams_/session_start_info")
    assert plugins.plugin_data.plugin_name == "hparams"
    assert b"hidden_dims" in plugins.plugin_data.content
    assert "custom_scalars__config__" in tags["tensors"]


def test_runs_of_one_name_are_numbered(tmp_path):
    folders = [small_fit(tmp_path, epochs=1, enable_progress_bar=False).folder.name for _ in range(2)]
    assert folders == ["version_0", "version_1"]


def test_a_seed_decides_weights_and_order(tmp_path):
    results = [small_fit(tmp_path, epochs=1, seed=seed, enable_progress_bar=False) for seed in (1, 1, 2)]
    losses = [result.metrics["train/loss"] for result in results]
    assert losses[0] == losses[1] != losses[2]


@pytest.mark.parametrize(
    ("steps_per_execution", "stop_at"),
    [
        *((1, 33), (7, 10), (7, 20)),  # within the second epoch; between executions; at the end of an epoch
        *(pytest.param(*place, marks=pytest.mark.slow) for place in ((1, 10), (1, 20), (7, 33))),
    ],
)
def test_a_run_stopped_anywhere_resumes_to_the_same_weights(tmp_path, steps_per_execution, stop_at):
    def parts():
        data = BlobsDataModule(
            num_samples=160, holdout=0, batch_size=16, repeat=2, steps_per_execution=steps_per_execution
        )
        return MulticlassClassifier(hidden_dims=[8], optimizer="adam", lr=0.01, lr_schedule="cosine"), data

    def save():
        return [ModelCheckpoint(filename="{step}", every_n_train_steps=stop_at, save_top_k=-1)]

    whole = fit(*parts(), max_epochs=3, default_root_dir=tmp_path, enable_progress_bar=False, callbacks=save())
    model, data = parts()
    path = whole.folder / "checkpoints" / f"step={stop_at}.ckpt"
    resumed = fit(
        model,
        data,
        max_epochs=3,
        ckpt_path=path,
        default_root_dir=tmp_path,
        enable_progress_bar=False,
        enable_checkpointing=False,
    )
    assert resumed.folder.resolve() == whole.folder.resolve()
    assert resumed.metrics["global_step"] == whole.metrics["global_step"] == 60
    for own, theirs in zip(model.parameters(), whole.model.parameters(), strict=True):
        assert torch.equal(own, theirs)


def test_resuming_loses_and_doubles_no_row(tmp_path):
    small_fit(tmp_path, "whole", epochs=4, enable_progress_bar=False)
    first = small_fit(tmp_path, "cut", epochs=2, enable_progress_bar=False)
    second = small_fit(
        tmp_path, epochs=4, enable_progress_bar=False, ckpt_path=first.folder / "checkpoints" / "last.ckpt"
    )
    assert second.folder.resolve() == first.folder.resolve()

    def training_rows(folder):
        lines = (folder / "metrics.csv").read_text().splitlines()[1:]
        return [line for line in lines if int(line.split(",")[0]) < 80]  # the test's row is that of step 80

    whole = training_rows(tmp_path / "lightning_logs" / "whole" / "version_0")
    assert len(whole) == 64 + 8
    assert training_rows(second.folder) == whole


def test_callbacks_of_the_user_replace_those_of_their_kind(tmp_path):
    own = ModelCheckpoint(filename="mine", monitor="val/accuracy", mode="max")
    result = small_fit(tmp_path, callbacks=[own], enable_progress_bar=False)
    assert [path.name for path in (result.folder / "checkpoints").iterdir()] == ["mine.ckpt"]


def test_checkpoints_and_loggers_can_be_switched_off(tmp_path, capsys):
    result = small_fit(tmp_path, enable_checkpointing=False, logger=False, enable_progress_bar=False)
    assert "no metrics.csv and no TensorBoard events" in capsys.readouterr().err
    assert {path.name for path in result.folder.iterdir()} == {"config.yaml", "metrics.json"}


def test_fast_dev_run_leaves_nothing(tmp_path):
    result = small_fit(tmp_path, fast_dev_run=True, enable_progress_bar=False)
    assert result.folder is None
    assert result.metrics["global_step"] == 1
    assert list(tmp_path.iterdir()) == []


def test_a_fit_to_a_single_batch_stays_lightnings_own(tmp_path):
    data = CirclesDataModule(num_samples=100, batch_size=20)
    settings = {"max_epochs": 2, "default_root_dir": tmp_path, "enable_progress_bar": False}
    with pytest.warns(UserWarning, match="requested to overfit"):
        result = fit(BinaryClassifier(hidden_dims=[4]), data, overfit_batches=1, **settings)
    assert result.metrics["global_step"] == 2


def test_a_typo_in_a_trainer_argument_is_an_error(tmp_path):
    with pytest.raises(InputError, match="has no argument max_epoch; fix: did you mean max_epochs"):
        fit(BinaryClassifier(), CirclesDataModule(), max_epoch=1, default_root_dir=tmp_path)


def test_what_the_trainer_refuses_leaves_no_folder(tmp_path):
    with pytest.raises(InputError, match="invalid accelerator name"):
        small_fit(tmp_path, accelerator="abacus")
    with pytest.raises(InputError, match=r"trainer\.accumulate_grad_batches: cannot be 2"):
        small_fit(tmp_path, accumulate_grad_batches=2)
    assert list((tmp_path / "lightning_logs" / "small").iterdir()) == []


def test_anyones_datamodule_trains(tmp_path):
    class Theirs(LightningDataModule):
        def loader(self):
            x, y = CirclesDataModule(num_samples=100).splits["train"]
            return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=20)

        train_dataloader = val_dataloader = loader

    model = BinaryClassifier(hidden_dims=[4], input_shape=[2], num_classes=2)
    result = fit(model, Theirs(), max_epochs=2, default_root_dir=tmp_path, enable_progress_bar=False)
    assert result.metrics["global_step"] == 8
    assert "val/auroc" in result.metrics


class Look(Callback):
    """Notes the threads and the seed variable in a fit."""

    def on_train_start(self, trainer, module):
        self.found = torch.get_num_threads(), os.environ["PL_GLOBAL_SEED"]


@pytest.mark.parametrize("seed", ["7", None])
def test_a_fit_puts_threads_and_seed_of_the_process_back(seed, tmp_path, monkeypatch):
    if seed is not None:
        monkeypatch.setenv("PL_GLOBAL_SEED", seed)
    before, look = torch.get_num_threads(), Look()
    small_fit(tmp_path, epochs=1, threads=before + 1, seed=3, callbacks=[look], enable_progress_bar=False)
    assert look.found == (before + 1, "3")
    assert (torch.get_num_threads(), os.environ.get("PL_GLOBAL_SEED")) == (before, seed)


def test_the_order_of_samples_follows_the_seed_of_the_run_whatever_the_variable_says(tmp_path, monkeypatch):
    monkeypatch.setenv("PL_GLOBAL_SEED", "7")
    model, data = BinaryClassifier(hidden_dims=[4]), CirclesDataModule(num_samples=100)
    settings = {"max_epochs": 1, "log_every_n_steps": 1, "default_root_dir": tmp_path, "enable_progress_bar": False}
    folder = run(Plan(model, data, "own", config="", seed=5, trainer_args=settings)).folder
    saved = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    assert saved["CirclesDataModule"]["order_seed"] == 5


def test_small_models_get_one_thread_and_the_user_may_override():
    model = BinaryClassifier(hidden_dims=[10], input_shape=[2], num_classes=2)
    assert Plan(model, CirclesDataModule(), "a", config="", seed=1).num_threads == 1
    assert Plan(model, CirclesDataModule(), "a", config="", seed=1, threads=2).num_threads == 2


def test_large_steps_get_all_threads_by_their_multiplications():
    # The convolution takes 9 for each of 2 x 6 x 6 outputs, the last layer 72 for each of 3: 864 in all.
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Flatten(), torch.nn.Linear(72, 3))
    model = MulticlassClassifier(network=network, input_shape=[1, 8, 8], num_classes=3)

    class Theirs(LightningDataModule):
        def __init__(self, batch_size):
            super().__init__()
            self.batch_size = batch_size

    with using_threads(2):
        for batch_size, threads in ((115_740, 1), (115_741, 2)):
            assert Plan(model, Theirs(batch_size), "a", config="", seed=1).num_threads == threads


def test_last_is_the_latest_epoch_also_where_an_earlier_one_was_best(tmp_path):
    data = BlobsDataModule(num_samples=80, cluster_std=5, holdout=0.5, batch_size=4, steps_per_execution=10)
    model = MulticlassClassifier(hidden_dims=[32], optimizer="adam", lr=0.05, engine="eager")
    result = fit(model, data, max_epochs=30, default_root_dir=tmp_path, enable_progress_bar=False)
    best, last = (
        torch.load(result.folder / "checkpoints" / f"{name}.ckpt", weights_only=True)["global_step"]
        for name in ("best", "last")
    )
    assert best < last == 300
