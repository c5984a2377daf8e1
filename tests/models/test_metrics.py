"""Metrics of classes against scikit-learn, also on splits that lack a class."""

import numpy as np
import pytest
import torch
from sklearn import metrics
from torchmetrics import MetricCollection
from torchmetrics.classification import BinaryAccuracy
from torchmetrics.functional import classification as theirs

from litclf import BinaryClassifier, CirclesDataModule, MulticlassClassifier
from litclf.models.metrics import ClassMetrics


def made(num_classes, there, seed=0, samples=60):
    """Scores of a model that knows something, and targets of the classes that are there."""
    generator = np.random.default_rng(seed)
    y = generator.choice(there, samples)
    logits = generator.normal(size=(samples, num_classes))
    logits[np.arange(samples), y] += 1
    return torch.tensor(logits).softmax(dim=1).float(), torch.tensor(y)


def measured(model, scores, y, num_classes, positive=1):
    collection = model.metrics(num_classes)
    collection.positive = positive
    for rows in torch.arange(len(y)).split(25):
        collection.update(scores[rows], y[rows])
    return {name: float(value) for name, value in collection.compute().items()}


@pytest.mark.parametrize("there", [[0, 1, 2, 3], [0, 1, 3], [1, 2], [0, 3]], ids=str)
def test_means_are_over_the_classes_that_have_samples(there, recwarn):
    probabilities, y = made(4, there)
    found = measured(MulticlassClassifier(), probabilities, y, 4)
    predicted = probabilities.argmax(dim=1)
    settings = {"labels": there, "average": "macro", "zero_division": 0}
    areas = [metrics.roc_auc_score(y == number, probabilities[:, number]) for number in there]
    expected = {
        "accuracy": metrics.accuracy_score(y, predicted),
        "f1": metrics.f1_score(y, predicted, **settings),
        "precision": metrics.precision_score(y, predicted, **settings),
        "recall": metrics.recall_score(y, predicted, **settings),
        "auroc": np.mean(areas),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-6)
    assert not list(recwarn)


def test_one_class_against_no_rest_has_no_area():
    probabilities, y = made(3, [2])
    found = measured(MulticlassClassifier(), probabilities, y, 3)
    assert np.isnan(found["auroc"])
    assert found["recall"] == pytest.approx(float((probabilities.argmax(dim=1) == 2).float().mean()))


@pytest.mark.parametrize("positive", [0, 1])
@pytest.mark.parametrize("there", [[0, 1], [0, 0, 0, 1], [0, 1, 1, 1, 1]], ids=str)
def test_what_is_of_one_of_two_classes_is_of_the_one_that_is_named(positive, there, recwarn):
    probabilities, y = made(2, there)
    found = measured(BinaryClassifier(), probabilities[:, 1], y, 2, positive)
    predicted = (probabilities[:, 1] > 0.5).long()
    settings = {"pos_label": positive, "zero_division": 0}
    expected = {
        "f1": metrics.f1_score(y, predicted, **settings),
        "precision": metrics.precision_score(y, predicted, **settings),
        "recall": metrics.recall_score(y, predicted, **settings),
        "auroc": metrics.roc_auc_score(y, probabilities[:, 1]),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-6)
    assert not list(recwarn)


def test_half_is_class_0_whichever_is_measured():
    scores, y = torch.full((4,), 0.5), torch.tensor([0, 0, 0, 1])
    assert measured(BinaryClassifier(), scores, y, 2, positive=0)["recall"] == 1
    assert measured(BinaryClassifier(), scores, y, 2, positive=1)["recall"] == 0


@pytest.mark.parametrize(("there", "positive", "missing"), [([0], 1, True), ([0], 0, False), ([1], 1, False)], ids=str)
def test_without_samples_of_the_class_there_is_no_value(there, positive, missing, recwarn):
    probabilities, y = made(2, there)
    found = measured(BinaryClassifier(), probabilities[:, 1], y, 2, positive)
    assert np.isnan([found[name] for name in ("f1", "precision", "recall")]).tolist() == [missing] * 3
    assert np.isnan(found["auroc"])
    assert not list(recwarn)


def test_nothing_predicted_of_a_class_that_is_there_is_zero():
    found = measured(BinaryClassifier(), torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0, 0, 1]), 2)
    assert [found[name] for name in ("f1", "precision", "recall")] == [0, 0, 0]


@pytest.mark.parametrize("digits", [1, 2, 6])
@pytest.mark.parametrize("seed", range(3))
def test_two_classes_against_torchmetrics_also_with_equal_scores_and_on_the_edges_of_bins(seed, digits):
    probabilities, y = made(2, [0, 1], seed, samples=1000)
    scores = probabilities[:, 1].round(decimals=digits)
    expected = {
        "accuracy": theirs.binary_accuracy(scores, y),
        "f1": theirs.binary_f1_score(scores, y),
        "precision": theirs.binary_precision(scores, y),
        "recall": theirs.binary_recall(scores, y),
        "auroc": theirs.binary_auroc(scores, y),
        "calibration_error": theirs.binary_calibration_error(scores, y, n_bins=15),
    }
    found = measured(BinaryClassifier(), scores, y, 2)
    assert found == pytest.approx({name: float(value) for name, value in expected.items()}, abs=1e-6)
    # What a fit is judged by is the same to the bit.
    assert found["accuracy"] == expected["accuracy"]


@pytest.mark.parametrize("digits", [1, 6])
def test_several_classes_against_torchmetrics_also_with_equal_scores(digits):
    probabilities, y = made(5, range(5), samples=1000)
    scores = probabilities.round(decimals=digits)
    scores /= scores.sum(dim=1, keepdim=True)
    expected = {
        "accuracy": theirs.multiclass_accuracy(scores, y, 5, average="micro"),
        "f1": theirs.multiclass_f1_score(scores, y, 5),
        "precision": theirs.multiclass_precision(scores, y, 5),
        "recall": theirs.multiclass_recall(scores, y, 5),
        "auroc": theirs.multiclass_auroc(scores, y, 5),
        "calibration_error": theirs.multiclass_calibration_error(scores, y, 5, n_bins=15),
    }
    found = measured(MulticlassClassifier(), scores, y, 5)
    assert found == pytest.approx({name: float(value) for name, value in expected.items()}, abs=1e-6)
    assert found["accuracy"] == expected["accuracy"]


@pytest.mark.parametrize("classes", [2, 3])
def test_models_that_are_measured_at_once_are_measured_as_each_alone(classes):
    drawn = torch.Generator().manual_seed(classes)
    samples, own = [7, 30, 1, 12], ClassMetrics(classes, binary=classes == 2)
    scores = torch.rand(sum(samples), classes, generator=drawn).softmax(dim=1)
    scores = scores[:, 1] if classes == 2 else scores
    targets = torch.randint(classes, (sum(samples),), generator=drawn)
    values = own.measure(scores, targets, samples)
    parts = zip(scores.split(samples), targets.split(samples), strict=True)
    alone = [own.measure(*part, [len(part[1])]) for part in parts]
    for name, found in values.items():
        torch.testing.assert_close(found, torch.cat([one[name] for one in alone]), rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64], ids=str)
def test_scores_of_any_precision_are_measured(dtype):
    scores, y = torch.tensor([0.25, 0.75, 0.5, 1.0], dtype=dtype), torch.tensor([0, 1, 1, 1])
    found = measured(BinaryClassifier(), scores, y, 2)
    assert found == {
        "accuracy": 0.75,
        "f1": pytest.approx(0.8),
        "precision": 1,
        "recall": pytest.approx(2 / 3),
        "auroc": 1,
        "calibration_error": pytest.approx(0.25),
    }


class Own(BinaryClassifier):
    """Has metrics of TorchMetrics of its own, and no others."""

    def metrics(self, num_classes):
        return MetricCollection({"mine": BinaryAccuracy()})


def test_a_subclass_may_have_metrics_of_its_own(make_trainer):
    trainer, model = make_trainer(max_epochs=1), Own(hidden_dims=[4])
    trainer.fit(model, CirclesDataModule(batch_size=None, repeat=2, steps_per_execution=2))
    validated = {name for name in trainer.callback_metrics if name.startswith("val/")}
    assert validated == {"val/loss", "val/mine"} == {name for name in model.logged() if name.startswith("val/")}
