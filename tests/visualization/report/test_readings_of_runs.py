"""The reading of runs trained here: for each rule one that it must speak of, and one that it must not."""

from contextlib import nullcontext

import numpy as np
import pytest
import torch

import litclf
from litclf.cli.main import main
from litclf.data.base import ClassificationDataModule, Split
from litclf.runs.read import read_folder
from litclf.utilities.errors import RunError
from litclf.visualization.report.reading import RULES, gradients

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),
]  # minutes: twenty fits, of which some must go wrong, with pictures


class Given(ClassificationDataModule):
    """Points in the plane, in three splits that need not be alike."""

    def __init__(self, splits, names=("no", "yes"), repeat=1):
        super().__init__(50, repeat, "auto", 0)
        self.given, self.class_names, self.input_shape = splits, tuple(names), (2,)

    def load(self):
        return {
            split: Split(torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.int64))
            for split, (x, y) in self.given.items()
        }


def blobs(counts, apart=6.0, flipped=0.0, seed=0):
    """Classes side by side, ``apart`` deviations; so many of each, of which a share has another's label."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(counts)), counts)
    x = rng.normal(size=(len(y), 2)) + apart * np.stack([y - (len(counts) - 1) / 2, 0 * y], 1)
    order, wrong = rng.permutation(len(y)), rng.random(len(y)) < flipped
    return x[order], np.where(wrong, (y + 1) % len(counts), y)[order]


def rings(count, seed=0):
    """One class around the other, which no line parts."""
    rng = np.random.default_rng(seed)
    y, angle = np.arange(count) % 2, rng.uniform(0, 2 * np.pi, count)
    radius = 1 + y + rng.normal(scale=0.1, size=count)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1), y


def splits(make, *sizes, **args):
    """Train, validation and test of one kind."""
    names = ("train", "val", "test")
    return {name: make(size, seed=seed, **args) for seed, (name, size) in enumerate(zip(names, sizes, strict=True))}


EASY = splits(blobs, (300, 300), (200, 200), (200, 200))
RINGS = splits(rings, 600, 400, 400)
NOISE = splits(blobs, (40, 40), (200, 200), (200, 200), apart=0.5, flipped=0.2)
FEW = splits(blobs, (300, 300), (200, 200), (10, 10), apart=2.0)
RARE = splits(blobs, (900, 50), (450, 25), (450, 25), apart=1.5)
LOST = splits(blobs, (900, 50), (450, 25), (450, 25), apart=0.0)
SHIFTED = EASY | {"test": blobs((200, 200), flipped=0.3, seed=2)}
SINGLE = splits(blobs, (300, 300, 3), (200, 200, 0), (200, 200, 1), apart=0.0)
MANY = splits(blobs, (300, 300, 60), (200, 200, 20), (200, 200, 20), apart=0.0)
WIDE = {"hidden_dims": [128, 128], "optimizer": "adam", "lr": 0.01}
DEEP = {"hidden_dims": [10] * 8, "init": "kaiming"}

RUNS = {
    # name: (data, settings of the model, epochs, rules that must speak, rules that must not)
    "easy": (EASY, {}, 5, "linear_is_enough", "not_above_majority diverged splits_disagree few_test_samples"),
    "rings": (RINGS, {}, 40, "", "linear_is_enough overfitting gradients strange_start oscillates never_predicted"),
    "rings, linear": (RINGS, {"hidden_dims": []}, 5, "not_above_majority", "linear_is_enough"),
    "rings, a little": (RINGS, {"lr": 0.03}, 8, "", "overfitting diverged"),
    "noise by heart": (NOISE, WIDE, 60, "overfitting", "diverged still_improving"),
    "noise, briefly": (NOISE, {"lr": 0.01}, 5, "", "overfitting"),
    "rate of 1e3": (RINGS, {"lr": 1e3}, 8, "diverged", "overfitting still_improving"),
    "rate of 1e30": (RINGS, {"lr": 1e30}, 4, "not_finite", "overfitting still_improving"),
    "a line at a rate of 100": (NOISE, {"hidden_dims": [], "lr": 100.0}, 20, "oscillates", "not_finite"),
    "few to test": (FEW, {}, 5, "few_test_samples", "diverged"),
    "rare, found by rank": (RARE, {"lr": 0.05}, 8, "not_above_majority", "diverged"),
    "rare, by chance": (LOST, {"lr": 0.05}, 8, "not_above_majority never_predicted", "diverged linear_is_enough"),
    "test of another kind": (SHIFTED, {}, 5, "splits_disagree still_improving", "overfitting"),
    "one sample of a class": (SINGLE, {"lr": 0.05}, 5, "", "never_predicted"),
    "a class of twenty": (MANY, {"lr": 0.05}, 5, "never_predicted", "diverged"),
    "deep sigmoid": (RINGS, DEEP | {"activation": "sigmoid"}, 5, "gradients not_above_majority", "not_finite"),
    "deep tanh": (RINGS, DEEP | {"activation": "tanh"}, 5, "", "gradients"),
    "large inputs": ({k: (1e3 * x, y) for k, (x, y) in EASY.items()}, {"lr": 1e-6}, 3, "strange_start", "oscillates"),
    "worse than a line": (EASY, {"hidden_dims": [2], "lr": 1e-3}, 1, "", "few_test_samples not_finite"),
    "easy, longer": (EASY, {"optimizer": "adam", "lr": 0.01}, 10, "", "still_improving not_above_majority oscillates"),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_a_run_is_told_what_it_shows_and_nothing_else(name, tmp_path):
    data, settings, epochs, told, untold = RUNS[name]
    names = ("no", "yes", "rare")[: 1 + max(data["train"][1])]
    make = litclf.BinaryClassifier if len(names) == 2 else litclf.MulticlassClassifier
    trainer = {"max_epochs": epochs, "default_root_dir": str(tmp_path), "enable_progress_bar": False}
    model = make(**({"hidden_dims": [16, 16], "lr": 0.1} | settings))
    stopped = pytest.raises(RunError, match="lower it") if told == "not_finite" else nullcontext()
    with stopped:
        litclf.fit(model, Given(data, names), pictures=True, **trainer)
    history = read_folder(tmp_path / "lightning_logs/Given/version_0").history
    said = {rule.__name__: rule(history) for rule in RULES}
    assert [rule for rule in told.split() if said[rule] is None] == []
    assert {rule: said[rule] for rule in untold.split() if said[rule] is not None} == {}
    if name == "rare, found by rank":
        assert "yet the model has learned" in said["not_above_majority"]


@pytest.mark.parametrize("activation", ["sigmoid", "relu"])
def test_the_activations_preset_is_told_that_its_gradient_vanishes(activation, tmp_path):
    words = f"fit -c activations --model.activation {activation} --trainer.default_root_dir {tmp_path}"
    assert main(words.split()) == 0
    said = gradients(read_folder(tmp_path / "lightning_logs/activations/version_0").history) or ""
    assert ("vanishes: after 20 steps" in said and "ReLU" in said) == (activation == "sigmoid")


def test_each_rule_speaks_of_a_run_and_is_silent_on_another():
    assert len(RUNS) == 20
    for place in (3, 4):
        assert {rule.__name__ for rule in RULES} <= {name for run in RUNS.values() for name in run[place].split()}
