import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import accuracy_score

from litclf import BinaryClassifier, CirclesDataModule, fit, load
from litclf.cli.main import main

pytestmark = pytest.mark.usefixtures("in_empty_folder")
SHORT = ["--trainer.max_epochs", "1", "--pictures", "false"]


def test_predict_writes_a_row_for_each_sample(trained):
    assert main(["predict", "--ckpt_path", str(trained / "checkpoints" / "best.ckpt")]) == 0
    lines = [line.split(",") for line in (trained / "predictions.csv").read_text().splitlines()]
    assert lines[0] == ["row", "target", "predicted", "probability of outer", "probability of inner"]
    targets, predicted = [row[1] for row in lines[1:]], [row[2] for row in lines[1:]]
    assert len(targets) == 100
    stored = json.loads((trained / "metrics.json").read_text())["test/accuracy"]
    assert accuracy_score(targets, predicted) == pytest.approx(stored)
    assert all(float(row[3]) + float(row[4]) == pytest.approx(1, abs=1e-12) for row in lines[1:])
    x = CirclesDataModule(num_samples=1000, noise=0.03, factor=0.8).splits["test"].x
    np.testing.assert_allclose([[float(cell) for cell in row[3:]] for row in lines[1:]], load(trained).probabilities(x))


def test_members_write_how_far_they_agree(members_run, copy_run):
    folder = copy_run(members_run)
    assert main(["predict", "--ckpt_path", str(folder)]) == 0
    table = pd.read_csv(folder / "predictions.csv")
    said = load(folder).predict(members_run.trainer.datamodule.splits["test"].x.numpy())
    names = ["agreement of members", "deviation of members", "mutual information of members"]
    assert list(table)[5:] == names
    np.testing.assert_allclose(table[names].to_numpy().T, list(said.disagreement.values()))
    assert main(["predict", "--ckpt_path", str(folder), "--member", "1"]) == 0
    alone = pd.read_csv(folder / "predictions-member-1.csv")
    assert list(alone) == list(table)[:5]
    expected = load(folder, member=1).probabilities(members_run.trainer.datamodule.splits["test"].x.numpy())
    np.testing.assert_allclose(alone.iloc[:, 3:], expected)


def test_a_point_is_told_with_how_far_members_agree(members_run, copy_run, capsys):
    assert main(["predict", "--ckpt_path", str(copy_run(members_run)), "--point=0.7,0.3"]) == 0
    said = load(members_run.folder).predict([[0.7, 0.3]])
    assert f"agreement of members           {said.agreement[0]:.6f}" in capsys.readouterr().out


def test_threshold_and_output_hold_for_the_test_split(trained):
    assert main(["predict", "--ckpt_path", str(trained), "--threshold", "0.999999", "--output", "out.parquet"]) == 0
    rows = pq.read_table("out.parquet").to_pandas()
    assert list(rows["row"]) == list(range(100))
    assert set(rows["predicted"]) == {"outer"}


def test_the_training_split_is_taken_where_there_is_no_other(tmp_path):
    data = CirclesDataModule(num_samples=50, holdout=0, repeat=2)
    run = fit(BinaryClassifier(), data, max_epochs=1, enable_progress_bar=False, default_root_dir=tmp_path)
    assert main(["predict", "--ckpt_path", str(run.folder)]) == 0
    assert len((run.folder / "predictions.csv").read_text().splitlines()) == 51


@pytest.mark.parametrize("flags", [["-c", "circles"], ["--data", "CirclesDataModule"], ["--data.noise", "0.03"]])
def test_settings_that_say_what_the_checkpoint_says_are_taken(trained, flags):
    flags = ["--output", "a.csv", *flags, "--data.repeat=50", "--threads", "1", "--data.steps_per_execution", "1"]
    assert main(["predict", "--ckpt_path", str(trained), *flags]) == 0


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--data.noise", "0.5"], "--data.noise: is 0.5, but "),
        (["-c", "blobs"], "--data: is BlobsDataModule, but "),
        (["--data", "BlobsDataModule"], "--data: is BlobsDataModule, but "),
        (["--model", "BinaryClassifier"], "--model: does nothing for predict"),
        (["--model.lr=1"], "--model.lr: does nothing for predict"),
        (["--trainer.limit_predict_batches", "0"], "--trainer.limit_predict_batches: does nothing for predict"),
        (["--threads", "0"], "--threads: must be a whole number"),
        (["--data.nois", "1"], "has no argument nois; fix: did you mean noise?"),
        (["--output", "a.xlsx"], "--output: must end in .csv or .parquet"),
        (["surplus"], "surplus: is no setting"),
    ],
)
def test_what_means_nothing_is_refused_and_nothing_is_written(trained, flags, message, error_line):
    assert message in error_line("predict", "--ckpt_path", trained, *flags)
    assert list(Path().iterdir()) == []


def test_a_file_that_cannot_be_written_to_its_end_leaves_the_earlier_one(trained, monkeypatch):
    earlier = trained / "predictions.csv"
    earlier.write_text("earlier")
    calls = []

    def decide(_, x):
        calls.append(x)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("litclf.inference.model.LoadedModel.decide", decide)
    assert main(["predict", "--ckpt_path", str(trained)]) == 1
    assert calls
    assert earlier.read_text() == "earlier"
    assert not list(trained.glob(".*predictions*"))


def test_an_image_has_no_classes_to_predict(tmp_path, error_line):
    assert main(["fit", "-c", "restoration", *SHORT, "--data.repeat", "2"]) == 0
    best = tmp_path / "lightning_logs/restoration/version_0/checkpoints/best.ckpt"
    assert "is no classifier of litclf" in error_line("predict", "--ckpt_path", best)
