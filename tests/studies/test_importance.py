"""Importance of columns: what is planted is found, what is noise is not, and a nominal column is one column."""

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from litclf import BlobsDataModule, ImagesDataModule, MulticlassClassifier, TableDataModule, cross_validate
from litclf.data.folds import FoldsDataModule
from litclf.models.seeds import Seeds
from litclf.studies.importance import importance

NAMES = ["column", *(f"{name}{end}" for name in ("loss_gained", "accuracy_lost") for end in ("", "_low", "_high"))]


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """The importance of a number, a colour and two columns of noise, by a cross-validation."""
    root, generator = tmp_path_factory.mktemp("planted"), np.random.default_rng(0)
    number, colour = generator.normal(size=300), generator.choice(["red", "green", "blue"], 300)
    label = np.where(number + 1.5 * (colour == "red") > 0.5, "yes", "no")
    noise = {"noise": generator.normal(size=300), "word": generator.choice(list("abcd"), 300)}
    pd.DataFrame({"number": number, "colour": colour, **noise, "label": label}).to_csv(root / "t.csv", index=False)
    data = TableDataModule(path=str(root / "t.csv"), target="label")
    model = MulticlassClassifier(hidden_dims=[8], optimizer="adam", lr=0.01)
    settings = {"max_epochs": 8, "enable_progress_bar": False, "default_root_dir": root}
    return pd.read_csv(cross_validate(model, data, folds=5, **settings).run.folder / "importance.csv")


def test_noise_comes_last_and_its_interval_holds_zero(planted):
    assert list(planted.columns) == NAMES
    assert set(planted["column"][:2]) == {"number", "colour"}
    useful, useless = planted[:2], planted[2:]
    assert (useful["loss_gained_low"] > 0).all()
    assert ((useless["loss_gained_low"] <= 0) & (useless["loss_gained_high"] >= 0)).all()


def by_hand(network, data, places, seed, number):
    """Mean log-loss gained on the held-out rows of a fold, in NumPy."""
    x, y = data.splits["test"].x[:], data.splits["test"].y.numpy()

    def loss(rows):
        logits = network(rows).detach().double().numpy()
        shifted = logits - logits.max(axis=1, keepdims=True)
        return -(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))[np.arange(len(y)), y].mean()

    generator, gained = np.random.default_rng((seed, number)), []
    for place in range(x.shape[1]):
        for _ in range(5):
            order = generator.permutation(len(x))
            shuffled = x.clone()
            shuffled[:, place] = x[order, place]
            if place == places:
                gained.append(loss(shuffled) - loss(x))
    return np.mean(gained)


def test_the_loss_gained_is_that_by_hand():
    rows, data = np.arange(100), BlobsDataModule(num_samples=100)
    folded = FoldsDataModule(data, [{"train": rows[:60], "test": rows[60:]}, {"train": rows[40:], "test": rows[:40]}])
    model = MulticlassClassifier(hidden_dims=[5])
    model.attach(folded)
    model.begin(Seeds(2))
    found = importance(model, folded, seed=3).set_index("column")
    for place, column in enumerate(["x1", "x2"]):
        pairs = zip(model.network.members, folded.member_data, strict=True)
        expected = [by_hand(network, own, place, 3, number) for number, (network, own) in enumerate(pairs)]
        assert found.loc[column, "loss_gained"] == pytest.approx(np.mean(expected), abs=1e-6)


def test_all_inputs_of_a_column_are_shuffled_together(tmp_path):
    generator = np.random.default_rng(0)
    table = {"colour": generator.choice(list("rgb"), 60), "size": generator.normal(size=60), "y": list("ab") * 30}
    pd.DataFrame(table).to_csv(tmp_path / "t.csv", index=False)
    data, rows = TableDataModule(path=str(tmp_path / "t.csv"), target="y"), np.arange(60)
    folded = FoldsDataModule(data, [{"train": rows[:40], "test": rows[40:]}, {"train": rows[20:], "test": rows[:20]}])
    model = MulticlassClassifier()
    model.attach(folded)
    model.begin(Seeds(2))
    seen = []
    for network in model.network.members:
        network.register_forward_pre_hook(lambda _, given: seen.append(given[0].clone()))
    importance(model, folded)
    assert len(seen) == 2 * (1 + 2 * 5)
    # Of three categories, each row has one.
    assert all(torch.equal(x[:, 1:4].sum(dim=1), torch.ones(len(x))) for x in seen)


def test_images_have_no_columns(tmp_path):
    for number in range(8):
        folder = tmp_path / "images" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4), 20 * number).save(folder / f"{number}.png")
    data, rows = ImagesDataModule(path=str(tmp_path / "images"), val_size=0, test_size=0), np.arange(8)
    folded = FoldsDataModule(data, [{"train": rows[:6], "test": rows[6:]}, {"train": rows[2:], "test": rows[:2]}])
    model = MulticlassClassifier(hidden_dims=[3])
    model.attach(folded)
    model.begin(Seeds(2))
    assert not len(importance(model, folded))
