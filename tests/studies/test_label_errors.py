"""Label errors: labels that were changed are found among the first of the list."""

import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

from litclf import InputError, MulticlassClassifier, TableDataModule, cross_validate
from litclf.studies.folds import OutOfFold
from litclf.studies.label_errors import label_errors


def found_among_the_first(x, y, seed, root, share=0.06, **settings):
    """Changes 5 % of the labels, and gives the share of them that are among the first of the list."""
    generator, classes = np.random.default_rng(seed), int(y.max()) + 1
    changed = generator.choice(len(y), len(y) // 20, replace=False)
    labels = y.copy()
    labels[changed] = (y[changed] + generator.integers(1, classes, len(changed))) % classes
    table = pd.DataFrame(x, columns=[f"x{number}" for number in range(x.shape[1])])
    table.assign(label=[f"class {label}" for label in labels]).to_csv(root / "t.csv", index=False)
    data = TableDataModule(path=str(root / "t.csv"), target="label")
    model = MulticlassClassifier(hidden_dims=[64], optimizer="adam", lr=0.003)
    settings = {"max_epochs": 15, "enable_progress_bar": False, "default_root_dir": root, **settings}
    folder = cross_validate(model, data, folds=5, seed=seed, **settings).run.folder
    ranked = pd.read_csv(folder / "label_errors.csv")["row"].str.rpartition(" ")[2].astype(int) - 2
    return len(set(ranked[: round(share * len(y))]) & set(changed)) / len(changed)


@pytest.mark.slow  # five cross-validations of 1797 digits
def test_of_changed_labels_of_digits_most_are_found(tmp_path):
    digits = load_digits()
    shares = [found_among_the_first(digits.data, digits.target, seed, tmp_path) for seed in range(5)]
    assert min(shares) >= 0.8, shares


@pytest.mark.slow
def test_changed_labels_of_some_digits_are_found(tmp_path):
    digits = load_digits()
    assert found_among_the_first(digits.data[:500], digits.target[:500], 0, tmp_path, share=0.1) >= 0.7


def test_a_row_is_told_by_its_label_and_by_what_it_seems_to_be():
    probabilities = np.array([[0.9, 0.1], [0.05, 0.95], [0.8, 0.2], [0.1, 0.9], [0.97, 0.03], [np.nan, np.nan]])
    targets = np.array([0, 1, 0, 1, 1, 0])
    held = OutOfFold(list("uvwxyz"), targets, probabilities, np.ones((6, 1), int), ("cat", "dog"))
    first = label_errors(held).iloc[0]
    assert (first["row"], first["label"], first["seems"], bool(first["is_error"])) == ("y", "dog", "cat", True)
    assert len(label_errors(held)) == 5


def test_without_the_package_the_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cleanlab.filter", None)
    held = OutOfFold([], np.array([], int), np.empty((0, 2)), np.empty((0, 1), int), ("a", "b"))
    with pytest.raises(InputError, match=r"needs the package cleanlab.*pip install 'litclf\[labels\]'"):
        label_errors(held)
