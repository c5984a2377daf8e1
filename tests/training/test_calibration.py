import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import f1_score
from torchmetrics.functional.classification import binary_calibration_error

from litclf import BinaryClassifier, InputError, MulticlassClassifier
from litclf.inference.model import load
from litclf.models.decision import Decision
from litclf.runs.checkpoint import Checkpoint
from litclf.training.calibration import calibrate, calibrate_checkpoint, split_logits


class Batches:
    """Data whose inputs are logits already, in two batches a split."""

    def __init__(self, val, test=None):
        self.val, self.test, self.trainer = val, test, None

    def val_dataloader(self):
        return self.batches(self.val)

    def test_dataloader(self):
        return self.batches(self.test)

    def batches(self, split):
        if split is None:
            return []
        x, y = split
        half = len(y) // 2
        return [(x[:half], y[:half]), (x[half:], y[half:])]


def model_of_logits(num_classes):
    kind = BinaryClassifier if num_classes == 2 else MulticlassClassifier
    width = 1 if num_classes == 2 else num_classes
    model = kind(network=torch.nn.Identity(), input_shape=[width], num_classes=num_classes)
    model.register_parameter("place", torch.nn.Parameter(torch.zeros(1)))  # tells the device
    return model


def binary(samples, factor=1.0, seed=0):
    """Logits that are ``factor`` times as large as the targets warrant."""
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(samples, 1, generator=generator)
    y = (torch.rand(samples, generator=generator) < logits[:, 0].sigmoid()).long()
    return factor * logits, y


def multiclass(samples, factor=1.0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(samples, 3, generator=generator)
    return factor * logits, torch.multinomial(logits.softmax(-1), 1, generator=generator)[:, 0]


class Logits(ClassifierMixin, BaseEstimator):
    def fit(self, x, y):
        self.classes_ = np.unique(y)
        return self

    def decision_function(self, x):
        return x[:, 0] if x.shape[1] == 1 else x

    def predict(self, x):
        return (x[:, 0] > 0).astype(int) if x.shape[1] == 1 else x.argmax(axis=1)


@pytest.mark.parametrize(("draw", "num_classes"), [(binary, 2), (multiclass, 3)])
@pytest.mark.parametrize("factor", [3.0, 0.5])
def test_calibrated_probabilities_are_scikit_learns(draw, num_classes, factor):
    x, y = draw(2000, factor)
    model = model_of_logits(num_classes)
    calibration = calibrate(model, Batches((x, y)))
    estimator = FrozenEstimator(Logits().fit(x.numpy(), y.numpy()))
    oracle = CalibratedClassifierCV(estimator, method="temperature").fit(x.double().numpy(), y.numpy())
    probabilities, _ = Decision(calibration.temperature)(model(x.double()))
    np.testing.assert_allclose(probabilities, oracle.predict_proba(x.double().numpy()), atol=1e-4)
    assert calibration.temperature == pytest.approx(factor, rel=0.15)
    assert calibration.num_samples == 2000


def test_errors_are_those_of_torchmetrics_on_both_splits():
    (x, y), (test_x, test_y) = binary(2000, 3.0), binary(500, 3.0, seed=1)
    calibration = calibrate(model_of_logits(2), Batches((x, y), (test_x, test_y)))
    for split_x, split_y, before, after in (
        (x, y, calibration.ece_before, calibration.ece_after),
        (test_x, test_y, calibration.test_ece_before, calibration.test_ece_after),
    ):
        for temperature, error in ((1.0, before), (calibration.temperature, after)):
            probabilities = (split_x[:, 0].double() / temperature).sigmoid().float()
            assert error == pytest.approx(float(binary_calibration_error(probabilities, split_y, n_bins=15)))
    assert calibration.ece_after < calibration.ece_before / 2
    assert calibration.test_ece_after < calibration.test_ece_before / 2


def test_the_test_split_chooses_nothing():
    val = binary(500, 3.0)
    first = calibrate(model_of_logits(2), Batches(val, binary(500, 3.0, seed=1)), "youden")
    second = calibrate(model_of_logits(2), Batches(val, binary(500, 0.1, seed=2)), "youden")
    assert (first.temperature, first.threshold) == (second.temperature, second.threshold)


def test_few_samples_leave_the_temperature():
    calibration = calibrate(model_of_logits(2), Batches(binary(99, 3.0)))
    assert calibration.temperature == 1
    assert calibration.note == "temperature left at 1: 99 validation samples are fewer than 100"
    assert calibration.ece_before == calibration.ece_after


def test_no_validation_split_leaves_everything():
    calibration = calibrate(model_of_logits(2), Batches(None))
    assert (calibration.temperature, calibration.threshold, calibration.num_samples) == (1, 0.5, 0)
    assert calibration.note == "temperature left at 1: there is no validation split"
    assert calibration.ece_before is calibration.ece_after is calibration.test_ece_before is None


def test_a_split_without_errors_leaves_the_temperature():
    x, _ = binary(200)
    calibration = calibrate(model_of_logits(2), Batches((x, (x[:, 0] > 0).long())))
    assert calibration.temperature == 1
    assert "all 200 validation samples are predicted rightly" in calibration.note


def scores_of(x, temperature):
    return (x[:, 0].double() / temperature).sigmoid().numpy()


@pytest.mark.parametrize("rule", ["youden", "f1"])
def test_no_threshold_is_better_by_the_rule(rule):
    x, y = binary(400, 2.0)
    y[x[:, 0] < -1.0] = 0  # so that one half is not the best
    x -= 1.0
    calibration = calibrate(model_of_logits(2), Batches((x, y)), rule)
    scores, targets = scores_of(x, calibration.temperature), y.numpy()

    def value(threshold):
        predicted = scores > threshold
        if rule == "f1":
            return f1_score(targets, predicted)
        return predicted[targets == 1].mean() - predicted[targets == 0].mean()

    best = max(value(threshold) for threshold in [0.0, *scores])
    assert value(calibration.threshold) == pytest.approx(best)
    assert best > value(0.5)
    assert np.abs(scores - calibration.threshold).min() > 0


def test_of_equally_good_thresholds_the_one_nearest_to_one_half_is_taken():
    x = torch.tensor([[-3.0], [-2.0], [1.0], [3.0]])
    calibration = calibrate(model_of_logits(2), Batches((x, torch.tensor([0, 0, 1, 1]))), "youden")
    low, high = torch.tensor([-2.0, 1.0]).sigmoid().tolist()
    assert calibration.threshold == pytest.approx((low + high) / 2)


def test_a_threshold_needs_both_classes():
    x, _ = binary(200)
    calibration = calibrate(model_of_logits(2), Batches((x, torch.ones(200, dtype=torch.int64))), "f1")
    assert calibration.threshold == 0.5
    assert "does not hold both classes" in calibration.note


@pytest.mark.parametrize(
    ("num_classes", "rule", "message"),
    [(3, "youden", "youden chooses between two classes, the data has 3"), (2, "yuden", r"did you mean youden\?")],
)
def test_a_rule_that_does_not_fit_is_refused(num_classes, rule, message):
    with pytest.raises(InputError, match=message):
        calibrate(model_of_logits(num_classes), Batches(None), rule)


@pytest.fixture
def run(circles_run):
    return circles_run, circles_run.trainer.datamodule


@pytest.fixture
def checkpoint(circles_run, tmp_path):
    """A copy of the best checkpoint, alone in its folder."""
    return Path(shutil.copy(circles_run.folder / "checkpoints" / "best.ckpt", tmp_path))


def test_logits_of_a_split_are_the_models(run):
    result, data = run
    logits, y = split_logits(result.model, data, "val")
    x, targets = data.splits["val"]
    torch.testing.assert_close(logits.float(), result.model(x).detach())
    assert torch.equal(y, targets)
    assert data.trainer is not None, "it keeps its trainer"


def test_a_checkpoint_is_calibrated_without_retraining(run, checkpoint):
    result, data = run
    before = torch.load(checkpoint, weights_only=True)
    calibration = calibrate_checkpoint(Checkpoint.read(checkpoint), result.model, data, "youden")
    after = torch.load(checkpoint, weights_only=True)
    assert after.pop("calibration") == dataclasses.asdict(calibration)
    before.pop("calibration", None)
    assert before.keys() == after.keys()
    for name, weights in before["state_dict"].items():
        assert torch.equal(weights, after["state_dict"][name])
    assert calibration.temperature != 1
    assert list(checkpoint.parent.iterdir()) == [checkpoint]


def test_loading_applies_it_and_can_leave_it_out(run, checkpoint):
    result, data = run
    calibration = calibrate_checkpoint(Checkpoint.read(checkpoint), result.model, data, "youden")
    x, _ = data.splits["test"]
    logits = result.model(x).detach().double()
    applied, plain = load(checkpoint).predict(x), load(checkpoint, calibrated=False).predict(x)
    np.testing.assert_allclose(applied.probabilities[:, 1], scores_of(logits[:, None], calibration.temperature))
    np.testing.assert_array_equal(applied.indexes, applied.probabilities[:, 1] > calibration.threshold)
    np.testing.assert_allclose(plain.probabilities[:, 1], logits.sigmoid())
    np.testing.assert_array_equal(plain.indexes, logits > 0)
    assert load(checkpoint, threshold=0.9).decision.threshold == 0.9


def test_a_calibration_that_fails_leaves_the_checkpoint(run, checkpoint, monkeypatch):
    content = checkpoint.read_bytes()

    def full(path, _):
        path.open("wb").close()
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="no space"):
        calibrate_checkpoint(Checkpoint.read(checkpoint), run[0].model, run[1])
    assert checkpoint.read_bytes() == content
    assert list(checkpoint.parent.iterdir()) == [checkpoint]
