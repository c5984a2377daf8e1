import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from sklearn.metrics import accuracy_score

from litclf import CirclesDataModule
from litclf.__main__ import main
from litclf.cli.presets import preset_path, presets

SHORT = ["--trainer.max_epochs", "1"]


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def offline(monkeypatch):
    def refuse(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr("torchvision.datasets.mnist.download_and_extract_archive", refuse)


def error_line(capsys, *args):
    """The one line that a wrong command prints; its exit code is 2."""
    assert main([str(arg) for arg in args]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("error: ")
    assert "; fix: " in lines[0]
    return lines[0]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run folder of a short circles fit."""
    root = tmp_path_factory.mktemp("trained")
    assert main(["fit", "-c", "circles", "--trainer.default_root_dir", str(root), "--trainer.max_epochs", "2"]) == 0
    return root / "lightning_logs" / "circles" / "version_0"


def test_help_version_and_presets_need_no_torch(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setitem(sys.modules, "lightning", None)
    assert main(["--help"]) == 0
    assert "litclf fit -c circles" in capsys.readouterr().out
    assert main(["--version"]) == 0
    assert main(["presets"]) == 0
    out = capsys.readouterr().out
    assert all(name in out and description in out for name, description in presets().items())


def test_no_command_is_answered_with_the_usage(capsys):
    assert main([]) == 2
    assert "usage" in capsys.readouterr().out


NEED_FILES = ("images", "table", "mnist")


@pytest.mark.parametrize("name", [name for name in presets() if not name.startswith(NEED_FILES)])
def test_every_preset_trains(name, capsys):
    changes = ["--data.repeat", "2"] if name != "centroids" else []
    assert main(["fit", "-c", name, *SHORT, *changes]) == 0
    out = capsys.readouterr().out
    assert f"run folder  lightning_logs/{name}/version_0" in out
    assert f"litclf dashboard lightning_logs/{name}/version_0" in out


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


def test_what_a_fit_chose_on_validation_data_is_shown_and_applied(tmp_path, capsys):
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
    assert main(["fit", "-c", "table", "--data.path", "copies.csv", "--data.target", "y", *SHORT]) == 0
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


def test_test_and_validate_need_only_the_checkpoint(trained, capsys):
    before = json.loads((trained / "metrics.json").read_text())
    for command, stage in (("test", "test"), ("validate", "val")):
        assert main([command, "--ckpt_path", str(trained / "checkpoints" / "best.ckpt")]) == 0
        metrics = json.loads((trained / f"{command}.json").read_text())
        # During the fit the weights lay otherwise in memory, which rounds in the last bit.
        assert metrics == pytest.approx({key: value for key, value in before.items() if key.startswith(f"{stage}/")})
    assert "auroc" in capsys.readouterr().out


def test_predict_writes_a_row_for_each_sample(trained):
    assert main(["predict", "--ckpt_path", str(trained / "checkpoints" / "best.ckpt")]) == 0
    lines = [line.split(",") for line in (trained / "predictions.csv").read_text().splitlines()]
    assert lines[0] == ["row", "target", "predicted", "probability of outer", "probability of inner"]
    targets, predicted = [row[1] for row in lines[1:]], [row[2] for row in lines[1:]]
    assert len(targets) == 100
    stored = json.loads((trained / "metrics.json").read_text())["test/accuracy"]
    assert accuracy_score(targets, predicted) == pytest.approx(stored)
    assert all(float(row[3]) + float(row[4]) == pytest.approx(1, abs=2e-6) for row in lines[1:])


def test_fit_resumes_in_the_same_folder(tmp_path):
    assert main(["fit", "-c", "blobs", "--trainer.max_epochs", "2"]) == 0
    folder = tmp_path / "lightning_logs/blobs/version_0"
    last = str(folder / "checkpoints/last.ckpt")
    assert main(["fit", "--ckpt_path", last, "--trainer.max_epochs", "4"]) == 0
    assert json.loads((folder / "metrics.json").read_text())["global_step"] == 40
    assert yaml.safe_load((folder / "config.yaml").read_text())["ckpt_path"] is None
    assert [path.name for path in folder.parent.iterdir()] == ["version_0"]


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
        (["fit", "-c", "circles", "--trainer.accumulate_grad_batches", "2"], "--trainer.accumulate_grad_batches", "1"),
        (["fit", "-c", "circles", "--trainer.accelerator", "abacus"], "--trainer.accelerator", "change that setting"),
        (["fit", "-c", "circles", "--trainer.callbacks+=Foo"], "--trainer.callbacks", "see litclf fit --help"),
        (["fit", "--model", "BinaryClassifier", "--data", "BlobsDataModule"], "model", "MulticlassClassifier"),
        (["fit", "--model", "BinaryClasifier", "--data", "CirclesDataModule"], "--model", "BinaryClassifier"),
        (["fit", "--model", "BinaryClassifier"], "--data", "pass -c PRESET"),
        (["fit"], "--model", "pass -c PRESET"),
        (["tst", "-c", "circles"], "tst", "did you mean test?"),
        (["test", "-c", "circles"], "--ckpt_path", "litclf test --ckpt_path"),
        (["predict", "-c", "circles"], "--ckpt_path", "litclf predict --ckpt_path"),
        (["test", "--ckpt_path", "nowhere.ckpt"], "--ckpt_path", "or a run folder"),
        (["fit", "--ckpt_path", "nowhere.ckpt"], "--ckpt_path", "path of a .ckpt file"),
        (["fit", "-c", "circles", "--threshold_rule", "f2"], "--threshold_rule", "did you mean f1?"),
        (["fit", "-c", "blobs", "--threshold_rule", "f1"], "--threshold_rule", "the most probable class is predicted"),
    ],
)
def test_wrong_input_is_one_line_with_a_way_out(args, flag, way_out, capsys, tmp_path):
    line = error_line(capsys, *args)
    assert line.startswith(f"error: {flag}: ")
    assert way_out in line.split("; fix: ")[1]
    assert not list(tmp_path.rglob("version_*"))


def test_missing_mnist_files_are_named(capsys, monkeypatch, tmp_path):
    offline(monkeypatch)
    line = error_line(capsys, "fit", "-c", "mnist", "--data.data_dir", tmp_path)
    assert line.startswith("error: --data.data_dir: ")
    assert "train-images-idx3-ubyte" in line
    assert str(tmp_path / "MNIST" / "raw") in line
    assert not (tmp_path / "lightning_logs").exists()


def test_a_damaged_config_is_named(capsys, tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("model: {class_path: BinaryClassifier\n")
    assert error_line(capsys, "fit", "-c", path).startswith(f"error: {path}: is no YAML")


def test_a_checkpoint_of_another_model_is_refused(trained, capsys):
    line = error_line(capsys, "test", "-c", "blobs", "--ckpt_path", trained / "checkpoints" / "best.ckpt")
    assert "is of BinaryClassifier, not of MulticlassClassifier" in line


def test_a_truncated_checkpoint_is_refused(trained, capsys, tmp_path):
    whole = (trained / "checkpoints" / "best.ckpt").read_bytes()
    (tmp_path / "cut.ckpt").write_bytes(whole[: len(whole) // 2])
    assert "cannot read cut.ckpt" in error_line(capsys, "test", "-c", "circles", "--ckpt_path", "cut.ckpt")


def test_a_flag_that_a_checkpoint_contradicts_is_refused(trained, capsys):
    last = trained / "checkpoints" / "last.ckpt"
    line = error_line(capsys, "fit", "--ckpt_path", last, "--model.lr", "0.7", "--trainer.max_epochs", "3")
    assert line.startswith("error: --model.lr: is 0.7, but ")
    assert "was made with 0.1" in line


def test_a_pickle_is_not_run(capsys, tmp_path):
    class Exploit:
        def __reduce__(self):
            return (open, (str(tmp_path / "sentinel"), "w"))

    torch.save({"state_dict": Exploit(), "hyper_parameters": {}}, tmp_path / "evil.ckpt")
    assert "cannot read" in error_line(capsys, "test", "-c", "circles", "--ckpt_path", "evil.ckpt")
    assert not (tmp_path / "sentinel").exists()


def test_a_folder_that_cannot_be_made_exits_with_1(capsys, tmp_path):
    (tmp_path / "lightning_logs").write_text("")
    assert main(["fit", "-c", "circles", "--trainer.default_root_dir", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_debug_shows_the_traceback():
    with pytest.raises(ValueError, match="lr: must be positive"):
        main(["fit", "-c", "circles", "--model.lr", "-1", "--debug"])


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


def test_monitoring_a_metric_that_is_not_there_names_those_that_are(capsys):
    args = ["fit", "-c", "circles", "--trainer.callbacks+=EarlyStopping", "--trainer.callbacks.monitor=val/los"]
    line = error_line(capsys, *args)
    assert line.startswith("error: --trainer.callbacks: EarlyStopping monitors val/los, which is none of ")
    assert line.endswith("; fix: did you mean val/loss?")


def test_a_schedule_of_another_length_is_not_resumed(tmp_path, capsys):
    assert main(["fit", "-c", "blobs", "--trainer.max_epochs", "2", "--model.lr_schedule", "cosine"]) == 0
    last = tmp_path / "lightning_logs/blobs/version_0/checkpoints/last.ckpt"
    line = error_line(capsys, "fit", "--ckpt_path", last, "--trainer.max_epochs", "4")
    assert line.startswith("error: --trainer.max_epochs: ")


@pytest.mark.parametrize(("command", "limit"), [("test", "test"), ("validate", "val"), ("predict", "predict")])
def test_limits_that_leave_nothing_end_in_one_line_or_an_empty_file(command, limit, trained, capsys):
    args = [command, "--ckpt_path", trained / "checkpoints" / "best.ckpt", f"--trainer.limit_{limit}_batches", "0"]
    if command == "predict":
        assert main([str(arg) for arg in args]) == 0
    else:
        assert "leave nothing" in error_line(capsys, *args)


def test_an_image_has_no_classes_to_predict(tmp_path, capsys):
    assert main(["fit", "-c", "restoration", *SHORT, "--data.repeat", "2"]) == 0
    best = tmp_path / "lightning_logs/restoration/version_0/checkpoints/best.ckpt"
    assert "has no classes to predict" in error_line(capsys, "predict", "--ckpt_path", best)


def test_another_seed_does_not_lose_silently_against_the_checkpoint(trained, capsys):
    last = trained / "checkpoints" / "last.ckpt"
    line = error_line(capsys, "fit", "--ckpt_path", last, "--seed_everything", "7", "--trainer.max_epochs", "3")
    assert line.startswith("error: --seed_everything: is 7, but ")


def test_a_finished_run_is_left_as_it_is(trained, capsys):
    before = (trained / "metrics.json").read_bytes()
    line = error_line(capsys, "fit", "--ckpt_path", trained / "checkpoints" / "last.ckpt")
    assert "has finished its 2 epochs; fix: pass --trainer.max_epochs 4" in line
    assert (trained / "metrics.json").read_bytes() == before
