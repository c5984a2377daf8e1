"""Scores on new labelled data, against those of the fit on the same rows and against scikit-learn's."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn import metrics as sk

from litclf import InputError, load
from litclf.cli.main import main
from litclf.inference.score import score


@pytest.fixture(scope="module")
def tested(table_run, tmp_path_factory):
    """The test rows of a run as a file, what they score, and the folder of it."""
    path = tmp_path_factory.mktemp("score") / "new.csv"
    table_run.trainer.datamodule.files.frames["test"].to_csv(path, index=False)
    return path, score(load(table_run.folder, calibrated=False), path, path.parent / "out")


def test_the_rows_of_the_test_score_what_the_fit_has_measured(table_run, tested):
    _, found = tested
    own = {key: value for key, value in table_run.metrics.items() if key.startswith("test/")}
    assert found.metrics == pytest.approx(own, abs=1e-5)
    assert all(low <= found.metrics[key] <= high for key, (low, high) in found.intervals.items())
    assert found.intervals.keys() == found.metrics.keys()


def test_the_interval_of_a_mean_is_about_that_of_the_normal_distribution(table_run, tested):
    path, found = tested
    rows = pd.read_csv(path)
    model = load(table_run.folder, calibrated=False)
    shares = model.probabilities(rows)[np.arange(len(rows)), rows["kind"].to_numpy()]
    width = 2 * 1.96 * np.std(-np.log(shares)) / len(rows) ** 0.5
    low, high = found.intervals["test/loss"]
    assert high - low == pytest.approx(width, rel=0.25)


def test_a_page_with_raw_values_and_a_file_of_predictions_are_left(tested):
    path, found = tested
    assert {file.name for file in found.folder.iterdir()} >= {"report.html", "predictions.csv", "metrics.json"}
    predicted = pd.read_csv(found.folder / "predictions.csv")
    assert (predicted["kind"] == predicted["predicted"]).mean() == pytest.approx(found.metrics["test/accuracy"])
    samples = json.loads((found.folder / "samples.json").read_text())
    assert samples["columns"] == ["size", "colour"]
    rows = pd.read_csv(path)
    for sample in samples["worst"]:
        size, colour = sample["values"]
        line = rows.iloc[sample["index"] - 2]  # lines of the file are counted from 1 on, its header is the first
        assert (colour, str(line["kind"])) == (line["colour"], str(sample["target"]))
        assert size == ("" if np.isnan(line["size"]) else pytest.approx(line["size"]))


def test_what_is_decided_by_a_threshold_is_scored_by_it(circles_run, tmp_path):
    stream = np.random.default_rng(0)
    rows = pd.DataFrame(stream.normal(0, 0.7, (300, 2)), columns=["x1", "x2"])
    rows["side"] = np.where(np.hypot(rows["x1"], rows["x2"]) > 0.75, "outer", "inner")
    rows.to_csv(tmp_path / "new.csv", index=False)
    model = load(circles_run.folder, threshold=0.2)
    found = score(model, tmp_path / "new.csv", tmp_path / "out", target="side")
    said, y = model.predict(rows), (rows["side"] == "inner").to_numpy()
    positive = model.checkpoint.hparams["positive_class"]
    predicted = np.array(said.classes) == positive
    expected = {
        "test/loss": sk.log_loss(y, said.probabilities[:, 1]),
        "test/accuracy": sk.accuracy_score(rows["side"], said.classes),
        "test/f1": sk.f1_score(rows["side"] == positive, predicted),
        "test/precision": sk.precision_score(rows["side"] == positive, predicted),
        "test/recall": sk.recall_score(rows["side"] == positive, predicted),
        "test/auroc": sk.roc_auc_score(y, said.probabilities[:, 1]),
    }
    assert {key: found.metrics[key] for key in expected} == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda rows: rows.drop(columns="kind"),
            "has no column kind of classes; fix: pass --target COLUMN, or",
        ),
        (lambda rows: rows.rename(columns={"kind": "Kind"}), "has no column kind .*; fix: did you mean --target Kind"),
        (lambda rows: rows.assign(kind=["0", "7", *["1"] * (len(rows) - 2)]), "line 3 is of class '7', and .* knows"),
        (lambda rows: rows.assign(kind=[None, *["1"] * (len(rows) - 1)]), "line 2 has no class in column kind"),
    ],
)
def test_rows_without_a_class_that_the_model_knows_are_refused_before_anything_is_written(
    change, message, table_run, tested, tmp_path
):
    change(pd.read_csv(tested[0])).to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(InputError, match=message):
        score(load(table_run.folder), tmp_path / "new.csv", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_model_without_a_column_of_classes_asks_for_one(circles_run, tmp_path):
    (tmp_path / "new.csv").write_text("x1,x2,side\n0,1,outer\n")
    with pytest.raises(InputError, match=r"^--target: is not known.* pass --target COLUMN"):
        score(load(circles_run.folder), tmp_path / "new.csv", tmp_path / "out")


def test_images_are_of_the_class_of_their_folder(image_run, copy_run, tmp_path, capsys):
    run, data = copy_run(image_run), image_run.trainer.datamodule
    images = tmp_path / "new"
    for number in range(12):
        path = images / data.class_names[number % 2] / "more" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), 20 * number, np.uint8)).save(path)
    assert main(["test", "--ckpt_path", str(run), "--input", str(images)]) == 0
    told = capsys.readouterr().out
    predictions = load(run).predict(sorted(images.rglob("*.png")))
    of = [path.parent.parent.name for path in sorted(images.rglob("*.png"))]
    accuracy = np.mean([one == other for one, other in zip(predictions.classes, of, strict=True)])
    assert f"{accuracy:.4f}" in told.splitlines()[1]
    assert (run / "test-new" / "report.html").is_file()
    Image.new("L", (8, 8)).save(images / "lost.png")
    assert main(["test", "--ckpt_path", str(run), "--input", str(images)]) == 2
    assert "lost.png lies in no folder of a class; fix: put it into a folder" in capsys.readouterr().err
    assert main(["test", "--ckpt_path", str(run), "--input", str(images / "lost.png")]) == 2
    assert "one file, which has no class" in capsys.readouterr().err


def test_one_image_is_answered_on_the_terminal(image_run, copy_run, tmp_path, capsys):
    run, path = copy_run(image_run), tmp_path / "one.png"
    Image.new("L", (8, 8), 90).save(path)
    before = sorted(run.rglob("*"))
    assert main(["predict", "--ckpt_path", str(run), "--input", str(path)]) == 0
    predictions = load(run).predict([path])
    told = capsys.readouterr().out
    assert f"class {predictions.classes[0]}" in " ".join(told.split())
    for share in predictions.probabilities[0]:
        assert f"{share:.6f}" in told
    assert sorted(run.rglob("*")) == before
    assert main(["predict", "--ckpt_path", str(run), "--input", str(path), "--output", str(tmp_path / "a.csv")]) == 0
    assert len(pd.read_csv(tmp_path / "a.csv")) == 1


def test_predictions_of_labelled_rows_come_with_their_accuracy(table_run, tested, tmp_path, capsys):
    path, found = tested
    rows = pd.read_csv(path)
    rows.loc[0, "kind"] = None
    rows.to_csv(tmp_path / "new.csv", index=False)
    run = str(table_run.folder)
    assert main(["predict", "--ckpt_path", run, "--input", str(path), "--output", str(tmp_path / "a.csv")]) == 0
    low, high = found.intervals["test/accuracy"]
    told = f"accuracy    {found.metrics['test/accuracy']:.4f} ({low:.4f} to {high:.4f})"
    assert told in capsys.readouterr().out
    args = ["predict", "--ckpt_path", run, "--input", str(tmp_path / "new.csv"), "--output", str(tmp_path / "a.csv")]
    assert main(args) == 0
    assert f"of {len(rows) - 1} rows; 1 without a known class" in capsys.readouterr().out
