"""Refusals of cross-validation: one line, and nothing written."""

import pytest
import torch

from litclf import BlobsDataModule, InputError, MulticlassClassifier, cross_validate
from litclf.data.sources.folding import Folding


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"folds": 1}, r"folds: must be a whole number of at least 2, got 1"),
        ({"folds": 21}, r"folds: must be at most the rows of the rarest class, class 0 has 20, got 21; fix: pass 20"),
        ({"repeats": 0}, r"repeats: must be a whole number in \[1, 2001\), got 0"),
        ({"repeats": 10_000, "learning_curve": True}, r"repeats: must be a whole number in \[1, 401\), got 10000"),
        ({"limit_val_batches": 2}, r"trainer.limit_val_batches: cannot be 2"),
        ({"max_steps": 10, "folds": 3, "max_epochs": -1}, r"trainer.max_steps: cannot end folds .*max_epochs"),
    ],
)
def test_what_cannot_be_folded_is_refused_before_anything_is_written(settings, message, tmp_path):
    settings = {"max_epochs": 1, "enable_progress_bar": False, "default_root_dir": tmp_path} | settings
    data = BlobsDataModule(num_samples=80, batch_size=53, holdout=0.0)  # folds of 53 and of 54 training rows
    with pytest.raises(InputError, match=message):
        cross_validate(MulticlassClassifier(), data, **settings)
    assert not list(tmp_path.rglob("*"))


def test_a_class_of_one_row_can_only_be_added_to_or_left_out():
    with pytest.raises(InputError, match=r"folds: .*, b has 1, got 2; fix: add rows of it"):
        Folding(2).stratified(torch.tensor([0, 0, 1]).numpy(), ["a", "b"])
