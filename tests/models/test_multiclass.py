import pytest
import torch
from sklearn import metrics
from torch.nn import functional as F

from litclf import BlobsDataModule, MulticlassClassifier


@pytest.fixture
def model():
    torch.manual_seed(0)
    return MulticlassClassifier(hidden_dims=[8], input_shape=[2], num_classes=4)


def test_logits_are_one_a_class(model):
    assert model(torch.zeros(3, 2)).shape == (3, 4)
    images = MulticlassClassifier("cnn", [4, 4], input_shape=[1, 28, 28], num_classes=10)
    assert images(torch.zeros(3, 1, 28, 28)).shape == (3, 10)


@pytest.mark.parametrize(("right", "loss"), [(2, 0.51), (0, 2.30)])
def test_loss_of_one_prediction_is_minus_the_log_of_the_right_probability(model, right, loss):
    logits = torch.tensor([[0.1, 0.2, 0.6, 0.1]]).log()
    assert model.loss(logits, torch.tensor([right])).item() == pytest.approx(loss, abs=5e-3)


def test_loss_is_cross_entropy_by_hand(model):
    logits, y = torch.randn(6, 4, generator=torch.Generator().manual_seed(1)), torch.tensor([0, 1, 2, 3, 0, 1])
    softmax = torch.exp(logits) / torch.exp(logits).sum(dim=1, keepdim=True)
    by_hand = -(F.one_hot(y, 4) * torch.log(softmax)).sum(dim=1).mean()
    torch.testing.assert_close(model.loss(logits, y), by_hand)
    torch.testing.assert_close(model.loss(logits, y), F.cross_entropy(logits, y))
    torch.testing.assert_close(model.probabilities(logits), softmax)


def test_prediction_is_probabilities_that_sum_to_1_and_the_largest_class(model):
    x = torch.randn(5, 2)
    for batch in (x, (x, torch.zeros(5))):
        probabilities, classes = model.predict_step(batch, 0)
        torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(5))
        assert torch.equal(classes, probabilities.argmax(dim=1))


def by_scikit_learn(model, split):
    with torch.no_grad():
        probabilities = model(split.x).double().softmax(dim=1)
    predicted, y = probabilities.argmax(dim=1), split.y
    return {
        "loss": metrics.log_loss(y, probabilities),
        "accuracy": metrics.accuracy_score(y, predicted),
        "f1": metrics.f1_score(y, predicted, average="macro"),
        "precision": metrics.precision_score(y, predicted, average="macro", zero_division=0),
        "recall": metrics.recall_score(y, predicted, average="macro"),
        "auroc": metrics.roc_auc_score(y, probabilities, average="macro", multi_class="ovr"),
    }


@pytest.mark.parametrize("labels", [[0, 1, 2, 3], [0, 1, 2, 2]])  # equal and unequal classes
def test_logged_metrics_are_those_of_scikit_learn(labels, make_trainer):
    torch.manual_seed(0)
    data = BlobsDataModule(num_samples=5000, cluster_std=5, labels=labels, holdout=0.5, batch_size=64)
    model = MulticlassClassifier(hidden_dims=[8])
    trainer = make_trainer(max_epochs=1)
    trainer.fit(model, datamodule=data)
    found = {"val": dict(trainer.callback_metrics)}
    found["test"] = trainer.test(model, datamodule=data, verbose=False)[0]
    for stage in ("val", "test"):
        expected = {f"{stage}/{key}": value for key, value in by_scikit_learn(model, data.splits[stage]).items()}
        assert {key: float(found[stage][key]) for key in expected} == pytest.approx(expected, abs=1e-5)
        assert 0.5 < expected[f"{stage}/accuracy"] < 1
        assert 0 <= found[stage][f"{stage}/calibration_error"] <= 1
