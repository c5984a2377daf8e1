from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import log_loss, roc_auc_score

from litclf import CirclesDataModule, InputError, MNISTDataModule, MulticlassClassifier, fit
from litclf.inference.model import load

MNIST = Path(__file__).parents[3] / "shared" / "data"
QUIET = {"max_epochs": 1, "enable_progress_bar": False}


@pytest.fixture
def circles(circles_run):
    return circles_run, circles_run.trainer.datamodule


@pytest.fixture
def blobs(blobs_run):
    return blobs_run, blobs_run.trainer.datamodule


@pytest.fixture
def checkpoint(circles, tmp_path):
    """A function that writes a checkpoint like that of the circles, with changes."""
    content = torch.load(circles[0].folder / "checkpoints" / "best.ckpt", weights_only=True)

    def write(**changes):
        saved = {**content["hyper_parameters"], **changes.pop("hyper_parameters", {})}
        saved = {key: value for key, value in saved.items() if value != "left out"}
        torch.save({**content, "hyper_parameters": saved, **changes}, tmp_path / "a.ckpt")
        return tmp_path / "a.ckpt"

    return write


@pytest.mark.parametrize("kind", ["circles", "blobs"])
def test_predictions_are_what_the_test_counted_to_the_last_sample(kind, request):
    result, data = request.getfixturevalue(kind)
    x, y = data.splits["test"]
    predictions = load(result.folder, calibrated=False).predict(x.numpy().astype(np.float64))
    y, stored = y.numpy(), result.metrics
    assert round(stored["test/accuracy"] * len(y)) == (predictions.indexes == y).sum()
    assert stored["test/loss"] == pytest.approx(log_loss(y, predictions.probabilities), rel=1e-5)
    scores = predictions.probabilities[:, 1] if kind == "circles" else predictions.probabilities
    assert stored["test/auroc"] == pytest.approx(roc_auc_score(y, scores, multi_class="ovr"), abs=1e-5)
    assert predictions.classes == [data.class_names[index] for index in predictions.indexes]
    assert predictions.probabilities.dtype == np.float64
    np.testing.assert_allclose(predictions.probabilities.sum(axis=1), 1)


def test_a_frame_is_worked_through_in_pieces(circles):
    model = load(circles[0].folder)
    x = np.random.default_rng(0).normal(size=(45_001, 2))
    frame = pd.DataFrame({"x2": x[:, 1], "x1": x[:, 0]})
    np.testing.assert_allclose(model.probabilities(frame), model.probabilities(x), atol=1e-6)
    frame.loc[45_000, "x1"] = np.nan
    with pytest.raises(InputError, match="row 45000, column x1"):
        model.predict(frame)


def test_no_rows_have_no_predictions(circles):
    predictions = load(circles[0].folder).predict(np.empty((0, 2)))
    assert predictions.classes == []
    assert predictions.probabilities.shape == (0, 2)


def test_loading_draws_no_random_numbers(circles):
    torch.manual_seed(0)
    load(circles[0].folder)
    drawn = torch.rand(1)
    torch.manual_seed(0)
    assert drawn == torch.rand(1)


@pytest.mark.parametrize(
    ("saved", "message"),
    [
        ({"model_class": "Own"}, "is of Own, which is no classifier of litclf"),
        ({"model_class": "InputError"}, "is of InputError, which is no classifier"),
        ({"model_class": "CirclesDataModule"}, "is of CirclesDataModule, which is no classifier"),
        ({"network": "left out"}, "is of a network of one's own"),
        ({"preparation": "left out"}, "does not hold how raw inputs are prepared"),
        ({"preparation": {"kind": "pickle"}}, "got 'pickle'"),
        ({"hidden_dims": "wide"}, "do not fit its model"),
        ({"hidden_dims": "left out"}, "do not fit its model: 'hidden_dims'"),
        ({"network": "os.system"}, "must be mlp, cnn or a classification network"),
        ({"hidden_dim": [3]}, r"has no argument hidden_dim; fix: did you mean hidden_dims\?"),
        ({"hidden_dims": [9]}, "do not fit its model"),
        ({"class_names": ["a", "b", "c"]}, "names 3 classes of a model with 2"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(checkpoint, saved, message):
    with pytest.raises(InputError, match=message):
        load(checkpoint(hyper_parameters=saved))


def test_weights_that_are_not_finite_are_refused(circles, checkpoint):
    weights = {name: value * float("nan") for name, value in circles[0].model.state_dict().items()}
    with pytest.raises(InputError, match=r"network\.0\.weight in .* is not finite"):
        load(checkpoint(state_dict=weights))


def test_no_file_is_read_that_a_checkpoint_names(checkpoint, tmp_path):
    load(checkpoint(hyper_parameters={"weights_path": str(tmp_path / "none.pth")}))


@pytest.mark.parametrize(
    ("kind", "threshold", "message"),
    [
        ("blobs", 0.4, "is what one logit of two classes has to exceed, MulticlassClassifier has 4"),
        ("circles", 1.5, "must lie between 0 and 1, got 1.5"),
    ],
)
def test_a_threshold_that_does_not_fit_is_refused(kind, threshold, message, request):
    with pytest.raises(InputError, match=message):
        load(request.getfixturevalue(kind)[0].folder, threshold=threshold)


def test_a_threshold_that_two_logits_would_pass_over_is_refused(tmp_path):
    settings = {"max_epochs": 1, "enable_progress_bar": False, "default_root_dir": tmp_path}
    result = fit(MulticlassClassifier(hidden_dims=[2]), CirclesDataModule(num_samples=100), **settings)
    with pytest.raises(InputError, match="has to exceed, MulticlassClassifier has 2"):
        load(result.folder, threshold=0.3)


def test_classes_without_names_are_numbered(checkpoint):
    assert load(checkpoint(hyper_parameters={"class_names": []})).class_names == ("class 0", "class 1")


@pytest.mark.slow
@pytest.mark.skipif(not MNIST.is_dir(), reason="needs the files of MNIST")
def test_predictions_of_raw_digits_are_what_the_test_counted(tmp_path):
    data = MNISTDataModule(data_dir=str(MNIST), steps_per_execution=100)
    settings = {**QUIET, "limit_train_batches": 500, "default_root_dir": tmp_path}
    result = fit(MulticlassClassifier(hidden_dims=[32]), data, **settings)
    x, y = data.splits["test"]
    predictions = load(result.folder).predict(x[:, 0].numpy())
    assert (predictions.indexes == y.numpy()).sum() == round(result.metrics["test/accuracy"] * len(y))
