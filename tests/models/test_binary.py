import pytest
import torch
from sklearn import metrics
from torch.nn import functional as F

from litclf import BinaryClassifier, CirclesDataModule, InputError


@pytest.fixture
def model():
    torch.manual_seed(0)
    return BinaryClassifier(hidden_dims=[10], input_shape=[2], num_classes=2)


@pytest.mark.parametrize("samples", [1, 3])
def test_logits_are_one_a_sample(model, samples):
    assert model(torch.zeros(samples, 2)).shape == (samples,)


def test_loss_is_binary_cross_entropy_by_hand(model):
    logits, y = torch.tensor([-2.0, 0.5, 3.0, 0.0]), torch.tensor([0, 1, 0, 1])
    p = 1 / (1 + torch.exp(-logits))
    by_hand = -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()
    torch.testing.assert_close(model.loss(logits, y), by_hand)
    torch.testing.assert_close(model.loss(logits, y), F.binary_cross_entropy(p, y.float()))


def test_class_1_is_where_the_probability_is_above_one_half(model):
    logits = torch.tensor([-1.0, -1e-6, 0.0, 1e-6, 1.0])
    assert model.classes(logits).tolist() == [0, 0, 0, 1, 1]
    shares = model.probabilities(torch.tensor([0.0, 2.0]))
    torch.testing.assert_close(shares, torch.tensor([[0.5, 0.5], [0.119203, 0.880797]]), atol=1e-6, rtol=0)


def test_prediction_is_probabilities_and_classes(model):
    x = torch.randn(5, 2)
    for batch in (x, (x, torch.zeros(5))):
        probabilities, classes = model.predict_step(batch, 0)
        assert probabilities.shape == (5, 2)
        torch.testing.assert_close(probabilities[:, 1], torch.sigmoid(model(x)))
        torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(5))
        assert torch.equal(classes, (probabilities[:, 1] > 0.5).long())


def test_other_than_two_classes_are_refused():
    with pytest.raises(
        InputError, match=r"^model: BinaryClassifier needs 2 classes, got 3; fix: pass --model Multiclass"
    ):
        BinaryClassifier(input_shape=[2], num_classes=3)


def by_scikit_learn(model, split):
    with torch.no_grad():
        probabilities = torch.sigmoid(model(split.x))
    predicted, y = (probabilities > 0.5).long(), split.y
    return {
        "loss": metrics.log_loss(y, probabilities.double()),
        "accuracy": metrics.accuracy_score(y, predicted),
        "f1": metrics.f1_score(y, predicted),
        "precision": metrics.precision_score(y, predicted),
        "recall": metrics.recall_score(y, predicted),
        "auroc": metrics.roc_auc_score(y, probabilities),
    }


def test_logged_metrics_are_those_of_scikit_learn(make_trainer):
    torch.manual_seed(0)
    # 1250 samples each: two batches of different sizes.
    data = CirclesDataModule(num_samples=5000, noise=0.2, holdout=0.5, batch_size=64, steps_per_execution=40)
    model = BinaryClassifier(hidden_dims=[10], optimizer="adam", lr=0.01)
    trainer = make_trainer(max_epochs=3)
    trainer.fit(model, datamodule=data)
    found = {"val": dict(trainer.callback_metrics)}
    found["test"] = trainer.test(model, datamodule=data, verbose=False)[0]
    for stage in ("val", "test"):
        expected = {f"{stage}/{key}": value for key, value in by_scikit_learn(model, data.splits[stage]).items()}
        assert {key: float(found[stage][key]) for key in expected} == pytest.approx(expected, abs=1e-5)
        assert 0.5 < expected[f"{stage}/accuracy"] < 1
        assert 0 <= found[stage][f"{stage}/calibration_error"] <= 1
