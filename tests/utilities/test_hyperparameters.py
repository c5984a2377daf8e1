"""Numbers of NumPy among the arguments are Python's in what is kept, which is then read again."""

import numpy as np
import pandas as pd
import pytest
import torch

from litclf import BinaryClassifier, BlobsDataModule, CirclesDataModule, InputError, TableDataModule, fit
from litclf.inference.rebuild import load_run


def test_a_fit_with_numbers_of_numpy_is_that_with_pythons_and_can_be_read(tmp_path):
    settings = {"max_epochs": 1, "enable_progress_bar": False, "default_root_dir": tmp_path}
    plain = fit(BinaryClassifier(hidden_dims=[4], lr=0.01), CirclesDataModule(num_samples=100), seed=3, **settings)
    model = BinaryClassifier(hidden_dims=[np.int64(4)], lr=np.logspace(-3, -1, 3)[1])
    result = fit(model, CirclesDataModule(num_samples=np.int64(100)), seed=np.int64(3), **settings)
    run = load_run(result.folder)
    assert type(run.model.hparams["lr"]) is float
    assert run.data.hparams["num_samples"] == 100
    for own, theirs in zip(result.model.parameters(), plain.model.parameters(), strict=True):
        assert (own == theirs).all()
    assert (result.folder / "config.yaml").read_text() == (plain.folder / "config.yaml").read_text()


@pytest.mark.parametrize("kind", [np.array, tuple, pd.Series, pd.Index, torch.tensor])
def test_what_stands_for_a_list_is_one_in_what_is_kept(kind):
    model = BinaryClassifier(hidden_dims=kind([8, 4]), input_shape=kind([2]), num_classes=2)
    assert (model.hparams["hidden_dims"], model.hparams["input_shape"]) == ([8, 4], [2])
    assert all(type(width) is int for width in model.hparams["hidden_dims"])
    assert BlobsDataModule(centers=2, labels=kind([0, 1])).hparams["labels"] == [0, 1]


@pytest.mark.parametrize("kind", [np.array, tuple, pd.Series, pd.Index, set])
def test_names_may_stand_in_any_list_and_be_numbers(kind):
    rows = pd.DataFrame({"7": [-999, 2, 3, 4] * 5, "a": [1, 2, 1, 3] * 5})
    data = TableDataModule(rows, [0, 1] * 10, drop=kind(["a"]), missing=kind([-999]))
    assert (data.hparams["drop"], data.hparams["missing"]) == (["a"], ["-999"])
    assert data.preparation.features == ["7", "7 is missing"]


@pytest.mark.parametrize("name", ["drop", "categorical", "missing", "target_names"])
def test_one_name_is_no_list_of_its_letters(name):
    with pytest.raises(InputError, match=rf"{name}: must be a list of names, got 'ab'; fix: pass \['ab'\]"):
        TableDataModule([[1], [2]], [0, 1], **{name: "ab"})


def test_a_class_of_ones_own_may_take_arrays_and_columns():
    class Own(BinaryClassifier):
        def __init__(self, weights, shares, widths=(4, 2)):
            super().__init__(hidden_dims=widths)
            self.save_hyperparameters()

    kept = Own(np.array([1.0, 2.0]), pd.Series([0.5, 0.5]), widths=np.array([4, 2])).hparams
    assert (kept["weights"], kept["widths"], kept["hidden_dims"]) == ([1.0, 2.0], [4, 2], [4, 2])
