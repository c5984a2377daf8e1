import json
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from lightning.pytorch.callbacks import DeviceStatsMonitor

from litclf import CirclesDataModule
from litclf.cli.main import main
from litclf.cli.presets import preset_path, presets

pytestmark = pytest.mark.usefixtures("in_empty_folder")
SHORT = ["--trainer.max_epochs", "1", "--pictures", "false"]
EAGER = ["--model.engine", "eager"]
"""Spares compiling the kernel of wide networks, which is tested with the engines."""

NULL = ["--trainer.callbacks+=ModelCheckpoint", "--trainer.callbacks.save_top_k=null"]


def offline(monkeypatch):
    def refuse(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr("torchvision.datasets.mnist.download_and_extract_archive", refuse)


NEED_FILES = ("images", "table", "mnist")


@pytest.mark.parametrize("pictures", ["false", pytest.param("true", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", [name for name in presets() if not name.startswith(NEED_FILES)])
def test_every_preset_trains(name, pictures, capsys):
    changes = ["--data.repeat", "2"] if name != "centroids" else []
    assert main(["fit", "-c", name, *SHORT, *changes, "--pictures", pictures]) == 0
    out = capsys.readouterr().out
    assert f"run folder  lightning_logs/{name}/version_0" in out
    assert f"litclf dashboard lightning_logs/{name}/version_0" in out


def test_a_fit_draws_what_it_is_not_told_to_leave(tmp_path, capsys):
    assert main(["fit", "-c", "blobs", "--trainer.max_epochs", "1", "--data.repeat", "2"]) == 0
    folder = tmp_path / "lightning_logs/blobs/version_0"
    assert f"report      {folder.relative_to(tmp_path)}/report.html" in capsys.readouterr().out
    assert {"boundary.gif", "boundary.png", "curves.png", "report.html"} <= {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("name", list(presets()))
def test_every_preset_is_a_full_config(name, capsys):
    assert main(["fit", "-c", name, "--print_config"]) == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    preset = yaml.safe_load(preset_path(name).read_text())
    for part in ("model", "data"):
        assert preset[part]["init_args"].items() <= printed[part]["init_args"].items()
    assert preset["trainer"]["max_epochs"] == printed["trainer"]["max_epochs"]


def test_short_names_do_without_a_config(capsys):
    assert main(["fit", "--model", "BinaryClassifier", "--data", "CirclesDataModule", *SHORT]) == 0
    assert "run folder  lightning_logs/run/version_0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("preset", "model"), [("circles", "BinaryClassifier"), ("blobs", "MulticlassClassifier")], ids=["two", "four"]
)
def test_a_model_left_at_auto_is_that_of_the_number_of_classes(preset, model, tmp_path, capsys):
    data = ["--data", "CirclesDataModule" if preset == "circles" else "BlobsDataModule"]
    assert main(["fit", "--model", "auto", *data, "--model.hidden_dims", "[4]", *SHORT]) == 0
    best = tmp_path / "lightning_logs/run/version_0/checkpoints/best.ckpt"
    assert torch.load(best, weights_only=True)["hyper_parameters"]["model_class"] == model
    tested = json.loads((best.parents[1] / "metrics.json").read_text())["test/accuracy"]
    capsys.readouterr()
    assert main(["test", "--ckpt_path", str(best.parents[2])]) == 0
    assert json.loads((best.parents[1] / "test.json").read_text())["test/accuracy"] == tested


def test_what_a_fit_chose_on_validation_data_is_shown_and_applied(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    hard = ["--data.num_samples", "3000", "--data.noise", "0.3", "--data.repeat", "20", *SHORT]
    assert main(["fit", "-c", "circles", *hard, "--threshold_rule", "f1"]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("calibration ")]
    run = tmp_path / "lightning_logs/circles/version_0"
    stored = json.loads((run / "metrics.json").read_text())["calibration"]
    assert f"threshold {stored['threshold']:.4g} by f1" in line
    assert f"val {stored['ece_before']:.4f} -> {stored['ece_after']:.4f}" in line
    assert stored["threshold"] != 0.5
    assert stored["temperature"] != 1
    # Predictions of the test split are by the chosen threshold, as those of a file with the same rows are.
    assert main(["predict", "--ckpt_path", str(run)]) == 0
    rows = pd.read_csv(run / "predictions.csv")
    above = rows["probability of inner"] > stored["threshold"]
    assert (rows["predicted"] == np.where(above, "inner", "outer")).all()
    x = CirclesDataModule(num_samples=3000, noise=0.3, factor=0.8).splits["test"].x.numpy()
    pd.DataFrame(x, columns=["x1", "x2"]).to_csv("rows.csv", index=False)
    assert main(["predict", "--ckpt_path", str(run), "--input", "rows.csv", "--output", "out.csv"]) == 0
    own = pd.read_csv("out.csv")
    assert (own["predicted"] == rows["predicted"]).all()
    np.testing.assert_allclose(own["probability of inner"], rows["probability of inner"], atol=1e-5)


def test_a_fit_says_in_one_line_what_is_wrong_with_its_data(tmp_path, capsys):
    rows = [f"{number % 7},{number % 5},{number % 2}" for number in range(100)]
    Path("copies.csv").write_text("\n".join(["a,b,y", *rows]))
    assert main(["fit", "-c", "table", "--data.path", "copies.csv", "--data.target", "y", *SHORT, *EAGER]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("data: ")]
    assert len(lines) == 1
    assert "copies.csv line" in lines[0]
    found = json.loads((tmp_path / "lightning_logs/table/version_0/data_report.json").read_text())["findings"]
    assert "straddle" in [finding["kind"] for finding in found]


def test_flags_override_the_preset_and_are_kept(tmp_path):
    assert main(["fit", "-c", "circles", *SHORT, "--model.lr", "0.5", "--data.noise=0.1", "--name", "mine"]) == 0
    config = yaml.safe_load((tmp_path / "lightning_logs/mine/version_0/config.yaml").read_text())
    assert config["model"]["init_args"]["lr"] == 0.5
    assert config["data"]["init_args"]["noise"] == 0.1


def test_a_runs_config_repeats_it(trained, tmp_path):
    assert main(["fit", "-c", str(trained / "config.yaml"), "--trainer.default_root_dir", str(tmp_path)]) == 0
    first = json.loads((trained / "metrics.json").read_text())
    second = json.loads((tmp_path / "lightning_logs/config/version_0/metrics.json").read_text())
    assert first["train/loss"] == second["train/loss"]
    assert first["test/loss"] == second["test/loss"]


@pytest.mark.parametrize(
    ("args", "flag", "way_out"),
    [
        (["fit", "-c", "circles", "--model.lrr", "1"], "--model.lrr", "did you mean --model.lr?"),
        (["fit", "-c", "circles", "--data.nois", "1"], "--data.nois", "did you mean --data.noise?"),
        (["fit", "-c", "circles", "--trainer.max_epoch", "3"], "--trainer.max_epoch", "--trainer.max_epochs"),
        (["fit", "-c", "circles", "--traner.max_epochs", "3"], "--traner.max_epochs", "--trainer.max_epochs"),
        (["fit", "-c", "cirlces"], "-c", "did you mean circles?"),
        (["fit", "-c"], "-c", "pass -c circles"),
        (["fit", "-c", "circles", "--model.lr", "abc"], "--model.lr", "see litclf fit --help"),
        (["fit", "-c", "circles", "--model.lr", "-1"], "--model.lr", "0.1"),
        (["fit", "-c", "circles", "--data.batch_size", "0"], "--data.batch_size", "32"),
        (["fit", "-c", "circles", "--data.seed", "-3"], "--data.seed", "42"),
        (["fit", "-c", "circles", "--model.activation", "rellu"], "--model.activation", "did you mean relu?"),
        (["fit", "-c", "circles", "--model.momentum", "1.5"], "--model.momentum", "share"),
        (["fit", "-c", "circles", "--model.network", "cnn"], "--model.network", "pass mlp"),
        (["fit", "-c", "circles", "--model.network", "torch.nn.Linear"], "--model.network", "such as resnet18"),
        (["fit", "-c", "circles", "--threads", "0"], "--threads", "such as 1"),
        (["fit", "-c", "circles", "--name", "../up"], "--name", "without slashes"),
        (["fit", "-c", "circles", "--seed_everything", "-1"], "--seed_everything", "42"),
        (["fit", "-c", "circles", "--trainer.max_epochs", "x"], "--trainer.max_epochs", "see litclf fit --help"),
        (
            ["fit", "-c", "circles", "--data.steps_per_execution", "2", "--trainer.accumulate_grad_batches", "2"],
            *("--trainer.accumulate_grad_batches", "1"),
        ),
        (["fit", "-c", "circles", "--trainer.accelerator", "abacus"], "--trainer.accelerator", "change that setting"),
        (["fit", "-c", "circles", "--trainer.callbacks+=Foo"], "--trainer.callbacks", "see litclf fit --help"),
        (["fit", "-c", "circles", "--data.holdout", "null"], "--data.holdout", "such as 0.2"),
        (["fit", "-c", "circles", "--model.hidden_dims", "null"], "--model.hidden_dims", "[10]"),
        (["fit", "-c", "circles", "--model.network", "null"], "--model.network", "pass mlp"),
        (["fit", "-c", "circles", "--data", "null", "--data.noise", "1"], "--data", "pass -c PRESET"),
        (["fit", "-c", "circles", *NULL], "--trainer.callbacks.save_top_k", "see litclf fit --help"),
        # The model has an argument of that name too.
        (["fit", "-c", "restoration", "--data.rounds", "-1"], "--data.rounds", "such as 5"),
        (["fit", "-c", "restoration", "--model.rounds", "-1"], "--model.rounds", "such as 5"),
        (["fit", "--model", "BinaryClassifier", "--data", "BlobsDataModule"], "model", "MulticlassClassifier"),
        (["fit", "--model", "BinaryClasifier", "--data", "CirclesDataModule"], "--model", "BinaryClassifier"),
        (["fit", "--model", "BinaryClassifier"], "--data", "pass -c PRESET"),
        (["fit"], "--model", "pass -c PRESET"),
        (["fit", "-c", "images"], "--data.path", "pass --data.path VALUE"),
        (["fit", "mine.yaml"], "mine.yaml", "a config is passed by -c mine.yaml"),
        (["fit", "-c", "circles", "."], ".", "litclf init . drafts a config"),
        (["test"], "--ckpt_path", "litclf test --ckpt_path"),
        (["tst", "-c", "circles"], "tst", "did you mean test?"),
        (["test", "-c", "circles"], "--ckpt_path", "litclf test --ckpt_path"),
        (["predict", "-c", "circles"], "--ckpt_path", "litclf predict --ckpt_path"),
        (["test", "--ckpt_path", "nowhere.ckpt"], "--ckpt_path", "or a run folder"),
        (["fit", "--ckpt_path", "nowhere.ckpt"], "--ckpt_path", "path of a .ckpt file"),
        (["fit", "-c", "circles", "--threshold_rule", "f2"], "--threshold_rule", "did you mean f1?"),
        (["fit", "-c", "blobs", "--threshold_rule", "f1"], "--threshold_rule", "the most probable class is predicted"),
    ],
)
def test_wrong_input_is_one_line_with_a_way_out(args, flag, way_out, error_line, tmp_path):
    line = error_line(*args)
    assert line.startswith(f"error: {flag}: ")
    assert way_out in line.split("; fix: ")[1]
    assert not list(tmp_path.rglob("version_*"))


def test_missing_mnist_files_are_named(error_line, monkeypatch, tmp_path):
    offline(monkeypatch)
    line = error_line("fit", "-c", "mnist", "--data.data_dir", tmp_path)
    assert line.startswith("error: --data.data_dir: ")
    assert "train-images-idx3-ubyte" in line
    assert str(tmp_path / "MNIST" / "raw") in line
    assert not (tmp_path / "lightning_logs").exists()


def test_a_damaged_config_is_named(error_line, tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("model: {class_path: BinaryClassifier\n")
    assert error_line("fit", "-c", path).startswith(f"error: {path}: is no YAML")


# Lightning 2.6.6 calls what jsonargparse has deprecated since 4.49; litclf's own command line does not.
@pytest.mark.filterwarnings("ignore::DeprecationWarning:lightning.pytorch.cli")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:jsonargparse")
def test_the_modules_work_in_a_lightningcli_of_the_users_own(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["own"])
    from lightning.pytorch.cli import LightningCLI

    from litclf import BinaryClassifier, CirclesDataModule

    args = [
        "fit",
        "--seed_everything=7",
        "--trainer.max_epochs=1",
        f"--trainer.default_root_dir={tmp_path}",
        "--model.hidden_dims=[4]",
    ]
    args += ["--trainer.enable_progress_bar=false", "--trainer.logger=false", "--trainer.enable_checkpointing=false"]
    args += ["--data.batch_size=null", "--data.repeat=4", "--data.steps_per_execution=4"]
    cli = LightningCLI(BinaryClassifier, CirclesDataModule, save_config_callback=None, args=args)
    assert cli.trainer.global_step == 4
    assert "val/accuracy" in cli.trainer.callback_metrics


def test_a_callback_that_cannot_be_made_is_told_by_its_own_words(error_line):
    args = ["--trainer.callbacks+=Timer", "--trainer.callbacks.duration", "soon"]
    line = error_line("fit", "-c", "blobs", *args)
    assert line.startswith("error: Timer: cannot be made: `Timer(duration=")
    assert "DD:HH:MM:SS" in line


@pytest.mark.parametrize("logger", ["MLFlowLogger", "WandbLogger", "CometLogger"])
def test_a_logger_whose_package_is_not_there_says_what_to_install(logger, error_line):
    package = {"MLFlowLogger": "mlflow", "WandbLogger": "wandb", "CometLogger": "comet-ml"}[logger]
    if find_spec(package.replace("-", "_")):
        pytest.skip(f"{package} is installed")
    line = error_line("fit", "-c", "blobs", f"--trainer.logger+={logger}")
    rule = f"needs the package {package}, which is not installed; fix: pip install {package}, or leave it out"
    assert line == f"error: {logger}: {rule}"


@pytest.mark.parametrize(
    ("flags", "files"),
    [
        (["--trainer.logger+=CSVLogger", "--trainer.logger.save_dir=own"], {"metrics.csv", "hparams.yaml"}),
        (["--trainer.logger", "CSVLogger", "--trainer.logger.save_dir=own"], {"metrics.csv", "hparams.yaml"}),
        (["--trainer.logger", "false"], set()),
    ],
)
def test_loggers_take_nothing_from_the_run_folder_and_what_it_lacks_is_not_offered(flags, files, capsys, tmp_path):
    assert main(["fit", "-c", "circles", *SHORT, "--data.repeat", "4", *EAGER, *flags]) == 0
    folder, out = tmp_path / "lightning_logs/circles/version_0", capsys.readouterr().out
    names = {path.name for path in folder.iterdir()}
    assert {"checkpoints", "config.yaml", "metrics.json", *files} <= names
    has_events = any("tfevents" in name for name in names)
    assert has_events == bool(files)
    assert ("litclf dashboard " in out) == has_events
    assert len(list((tmp_path / "own").rglob("metrics.csv"))) == bool(files)


def test_a_callback_with_a_choice_among_its_arguments_is_written_into_the_config():
    args = ["--trainer.max_epochs", "1", "--data.repeat", "4", "--pictures", "false", "--model.engine", "eager"]
    assert main(["fit", "-c", "circles", *args, "--trainer.callbacks+=Timer"]) == 0
    written = yaml.safe_load(Path("lightning_logs/circles/version_0/config.yaml").read_text())
    assert written["trainer"]["callbacks"][0]["init_args"]["interval"] == "step"


def test_a_callback_that_misses_its_package_when_the_fit_begins_is_a_line(error_line, monkeypatch):
    def misses(*_args, **_kwargs):
        raise ModuleNotFoundError("`psutil` is not installed")

    monkeypatch.setattr(DeviceStatsMonitor, "setup", misses)
    line = error_line("fit", "-c", "circles", "--pictures", "false", "--trainer.callbacks+=DeviceStatsMonitor")
    assert line.strip() == "error: --trainer.callbacks: `psutil` is not installed; fix: install it, or leave it out"


def test_pruning_works_on_weights_as_pytorch_lays_them_out(capsys):
    pruning = ["--trainer.callbacks+=ModelPruning", "--trainer.callbacks.pruning_fn", "l1_unstructured"]
    short = ["--trainer.max_epochs", "2", "--data.repeat", "4", "--pictures", "false"]
    assert main(["fit", "-c", "circles", *short, *pruning, "--trainer.callbacks.amount", "0.5"]) == 0
    assert "engine      eager, since" in capsys.readouterr().out
    weights = torch.load("lightning_logs/circles/version_0/checkpoints/last.ckpt", weights_only=True)["state_dict"]
    hidden = weights["network.2.weight"]
    assert 0.5 < (hidden == 0).float().mean() < 0.95  # half, and half of the rest


def test_monitoring_a_metric_that_is_not_there_names_those_that_are(error_line):
    args = ["fit", "-c", "circles", "--trainer.callbacks+=EarlyStopping", "--trainer.callbacks.monitor=val/los"]
    line = error_line(*args)
    assert line.startswith("error: --trainer.callbacks: EarlyStopping monitors val/los, which is none of ")
    assert line.endswith("; fix: did you mean val/loss?")
