"""``litclf cv``: a preset, a table that is drafted, refusals in one line, and a cross-validation that is resumed."""

import csv
import json
import re

import numpy as np
import pytest
from sklearn.datasets import load_iris

from litclf.cli.main import main
from litclf.runs.checkpoint import Checkpoint
from tests.training.stopping import StopAt


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def iris(tmp_path, monkeypatch):
    """A folder of one's own, in which lies iris.csv."""
    monkeypatch.chdir(tmp_path)
    frame = load_iris(as_frame=True).frame
    frame["target"] = load_iris().target_names[frame["target"]]
    frame.to_csv("iris.csv", index=False)
    return tmp_path


def test_a_table_is_cross_validated_and_a_final_model_predicts_from_rows(iris, capsys):
    settings = ["--trainer.max_epochs", "3", "--pictures", "false", "--trainer.enable_progress_bar", "false"]
    assert main(["cv", "iris.csv", "--folds", "3", "--repeats", "2", "--final", *settings]) == 0
    out, folder = capsys.readouterr().out, iris / "lightning_logs" / "iris_cv" / "version_0"
    values = [float(row["test/accuracy"]) for row in rows_of(folder / "cv.csv")]
    assert len(values) == 6
    assert re.search(rf"^test/accuracy +{np.mean(values):.4f} ", out, re.MULTILINE)
    assert "150 in 3 folds, 2 times, stratified" in out
    assert "Nadeau and Bengio" in out
    assert len(rows_of(folder / "oof.csv")) == 150
    assert not (folder / "report.html").exists()
    assert main(["predict", "--ckpt_path", "lightning_logs/iris/version_0", "--input", "iris.csv"]) == 0
    capsys.readouterr()
    for command in ("test", "validate"):
        assert main([command, "--ckpt_path", "lightning_logs/iris"]) == 2
        assert "all of it was trained on; fix: fit again with samples held out" in capsys.readouterr().err
    for command in ("predict", "export --format onnx", "serve", "test", "validate"):
        assert main([*command.split(), "--ckpt_path", "lightning_logs/iris_cv"]) == 2
        assert "fix: pass the final model, such as lightning_logs/iris, which" in capsys.readouterr().err


def test_a_preset_is_cross_validated_with_settings_of_a_fit_and_has_a_page(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["cv", "circles", "--folds", "2", "--trainer.max_epochs", "2", "--model.lr", "0.05"]) == 0
    folder = tmp_path / "lightning_logs" / "circles_cv" / "version_0"
    assert json.loads((folder / "metrics.json").read_text())["members"]["metrics"]["test/accuracy"]["count"] == 2
    assert "lr: 0.05" in (folder / "hparams.yaml").read_text()
    assert "report      lightning_logs/circles_cv/version_0/report.html\n" in capsys.readouterr().out
    page = (folder / "report.html").read_text()
    told = "the mean of 2 models, each tested on rows that it never saw (2 folds, stratified)."
    assert told in page
    (folder / "report.html").unlink()
    assert main(["report", "lightning_logs/circles_cv"]) == 0
    assert (folder / "report.html").read_text() == page


RESUMED = ["cv", "circles", "--folds", "3", "--trainer.max_epochs", "4", "--save_every", "0", "--learning_curve"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The run folder of a cross-validation that was not stopped; only to be read."""
    root = tmp_path_factory.mktemp("whole")
    assert main([*RESUMED, "--trainer.default_root_dir", str(root)]) == 0
    return root / "lightning_logs" / "circles_cv" / "version_0"


@pytest.mark.parametrize(
    "fit", [0, pytest.param(1, marks=pytest.mark.slow)], ids=["of the folds", "of the learning curve"]
)
def test_a_stopped_cross_validation_is_resumed_to_the_same_bits(fit, whole, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    from litclf.training import stages

    proper, fits = stages.trainer_defaults, []

    def stops(*args, **kwargs):
        made = proper(*args, **kwargs)
        fits.append(made)
        return made | {"callbacks": [*made["callbacks"], *([StopAt("on_train_epoch_end", 200)] * (len(fits) > fit))]}

    with monkeypatch.context() as patch:
        patch.setattr(stages, "trainer_defaults", stops)
        assert main(RESUMED) == 130
    assert "go on with: litclf resume lightning_logs/circles_cv/version_0\n" in capsys.readouterr().err
    stopped = tmp_path / "lightning_logs" / "circles_cv" / "version_0"
    assert not (stopped / "cv.csv").exists()
    assert main(["resume", str(stopped)]) == 0
    assert {path.name for path in stopped.iterdir()} >= {
        path.name for path in whole.iterdir() if "events" not in path.name
    }
    assert not (stopped / "learning_curve").exists()
    for name in ("cv.csv", "oof.csv", "metrics.csv", "learning_curve.csv"):
        assert (stopped / name).read_text() == (whole / name).read_text()
    one, other = (Checkpoint.read(folder / "checkpoints" / "last.ckpt").weights for folder in (stopped, whole))
    assert all(bool((one[key] == other[key]).all()) for key in one)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["iris.csv", "--folds", "1"], "error: --folds: must be a whole number of at least 2, got 1"),
        (["iris.csv", "--folds", "51"], "error: --folds: must be at most the rows of the rarest class, "),
        (["iris.csv", "--groups", "patient"], "error: --groups: iris.csv has no column 'patient'; fix: pass one of"),
        (["iris.csv", "--order_by", "target"], "error: --order_by: line 2, column target must hold a number or a date"),
        (["iris.csv", "--members", "3"], "error: --members: does nothing where folds are the members"),
        (["irs.csv"], "error: irs.csv: "),
        (["circle"], "error: circle: is no preset, config or data; fix: did you mean circles?"),
        (["circles", "--target", "x"], "error: --target: is for tables"),
        (["--folds", "3"], "error: litclf cv: needs its source first"),
        ([], "error: litclf cv: "),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_with_nothing_written(iris, capsys, args, told):
    assert main(["cv", *args]) == 2
    err = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert len(err) == 1
    assert err[0].startswith(told)
    assert [path.name for path in iris.iterdir()] == ["iris.csv"]
