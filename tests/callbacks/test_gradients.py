import pytest
import torch
from torch.nn import functional as F

from litclf import BinaryClassifier, CirclesDataModule
from litclf.callbacks.gradients import GradientNorms


def make_data(most, repeat=1):
    return CirclesDataModule(num_samples=50, batch_size=None, repeat=repeat, steps_per_execution=most)


@pytest.mark.parametrize("most", [1, 3])
def test_norms_are_those_of_the_latest_step(most, make_trainer, make_records):
    torch.manual_seed(0)
    records, data = make_records(), make_data(most, repeat=3)
    model = BinaryClassifier(hidden_dims=[6, 5], input_shape=[2], num_classes=2)
    start = {name: value.clone() for name, value in model.state_dict().items()}
    trainer = make_trainer(max_epochs=1, logger=records, log_every_n_steps=1, callbacks=[GradientNorms()])
    trainer.fit(model, datamodule=data)
    hand = BinaryClassifier(hidden_dims=[6, 5], input_shape=[2], num_classes=2)
    hand.load_state_dict(start)
    x, y = data.splits["train"]
    for _ in range(3):
        gradients = torch.autograd.grad(F.binary_cross_entropy_with_logits(hand(x), y.float()), list(hand.parameters()))
        with torch.no_grad():
            for parameter, gradient in zip(hand.parameters(), gradients, strict=True):
                parameter -= 0.1 * gradient
    norms = [gradient.square().sum().sqrt().item() for gradient in gradients if gradient.ndim > 1]
    logged = {key: records.series(key)[-1] for _, row in records.rows for key in row if key.startswith("gradients/")}
    assert {key: value for key, (_, value) in logged.items()} == pytest.approx(
        {
            "gradients/network.0": norms[0],
            "gradients/network.2": norms[1],
            "gradients/network.4": norms[2],
            "gradients/first_over_last": norms[0] / norms[2],
        },
        rel=1e-5,
    )
    assert {step for step, _ in logged.values()} == {2}


def test_sigmoid_vanishes_and_relu_holds(make_trainer, make_records):
    ratios = {}
    for activation in ("sigmoid", "tanh", "relu", "leaky_relu"):
        torch.manual_seed(42)
        records, data = make_records(), CirclesDataModule(batch_size=None, repeat=5, steps_per_execution=5)
        model = BinaryClassifier(hidden_dims=[10] * 8, activation=activation)
        trainer = make_trainer(max_epochs=1, logger=records, log_every_n_steps=1, callbacks=[GradientNorms()])
        trainer.fit(model, datamodule=data)
        ((_, ratios[activation]),) = records.series("gradients/first_over_last")
    assert ratios["sigmoid"] < 1e-3 * min(value for name, value in ratios.items() if name != "sigmoid")


def test_frozen_layers_have_no_norm(make_trainer, make_records):
    records = make_records()
    model = BinaryClassifier(hidden_dims=[4], input_shape=[2], num_classes=2)
    model.network[0].requires_grad_(False)
    trainer = make_trainer(max_epochs=1, logger=records, log_every_n_steps=1, callbacks=[GradientNorms()])
    trainer.fit(model, datamodule=make_data(1))
    assert not records.series("gradients/network.0")
    assert records.series("gradients/network.2")
