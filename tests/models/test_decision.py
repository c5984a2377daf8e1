import pytest
import torch

from litclf import BinaryClassifier, InputError
from litclf.models.decision import Calibration, Decision, log_probabilities_of, probabilities_of


def test_decision_takes_one_logit_or_many():
    logits = torch.tensor([-1.0, 0.0, 2.0])
    probabilities, classes = Decision(2.0, 0.7)(logits)
    torch.testing.assert_close(probabilities[:, 1], (logits / 2).sigmoid())
    torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(3))
    assert classes.tolist() == [0, 0, 1]  # sigmoid(1) is 0.73
    many = torch.tensor([[0.0, 2.0, 1.0]])
    probabilities, classes = Decision(2.0)(many)
    torch.testing.assert_close(probabilities, (many / 2).softmax(dim=-1))
    assert classes.tolist() == [1]


@pytest.mark.parametrize("logits", [torch.randn(5), torch.randn(5, 3), torch.tensor([-800.0, 800.0])])
def test_logarithms_are_those_of_the_probabilities_and_stay_finite(logits):
    found = log_probabilities_of(logits.double())
    assert torch.isfinite(found).all()
    torch.testing.assert_close(found.exp(), probabilities_of(logits.double()))


def test_one_half_decides_as_training_does():
    logits = torch.tensor([1e-9, -1e-9, 0.0])
    model = BinaryClassifier(input_shape=[1], num_classes=2)
    assert Decision(3.0)(logits)[1].tolist() == model.classes(logits).tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        (3, "must hold"),
        ({"temprature": 1.0}, "must hold"),
        ({"temperature": 0.0}, "temperature must lie in"),
        ({"temperature": float("nan")}, "temperature must lie in"),
        ({"temperature": "1"}, "temperature must lie in"),
        ({"threshold": 1.0}, "threshold must lie in"),
    ],
)
def test_a_stored_calibration_is_checked(stored, message):
    with pytest.raises(InputError, match=message):
        Calibration.from_dict(stored)


def test_the_line_for_the_terminal_tells_both_splits():
    calibration = Calibration(1.25, 0.4, "f1", 500, 0.1, 0.05, 0.12, 0.07)
    assert str(calibration) == (
        "temperature 1.25; error val 0.1000 -> 0.0500, test 0.1200 -> 0.0700; threshold 0.4 by f1"
    )
