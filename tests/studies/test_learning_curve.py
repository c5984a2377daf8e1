"""Learning curves: parts that grow, with the classes in their shares, and what each is worth."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from litclf import BlobsDataModule, MulticlassClassifier, cross_validate
from litclf.studies.learning_curve import SHARES, _part


@given(st.lists(st.integers(0, 3), min_size=2, max_size=80), st.integers(0, 100))
def test_parts_grow_and_hold_each_class_by_its_share(targets, seed):
    targets = np.array(targets)
    rows = np.flatnonzero(np.random.default_rng(seed).random(len(targets)) < 0.8)
    parts = [_part(rows, targets, share, seed) for share in SHARES]
    assert all(set(small) <= set(large) for small, large in pairwise(parts))
    assert _part(rows, targets, 1.0, seed).tolist() == rows.tolist()
    for share, part in zip(SHARES, parts, strict=True):
        for number in np.unique(targets[rows]):
            count = (targets[rows] == number).sum()
            assert (targets[part] == number).sum() == max(1, int(np.ceil(round(share * count, 9))))


def test_more_rows_of_a_hard_task_are_worth_more(tmp_path):
    data = BlobsDataModule(num_samples=300, batch_size=16)
    settings = {"max_epochs": 4, "enable_progress_bar": False, "default_root_dir": tmp_path}
    model = MulticlassClassifier(hidden_dims=[8], lr=0.05)
    folder = cross_validate(model, data, folds=3, learning_curve=True, **settings).run.folder
    curve = pd.read_csv(folder / "learning_curve.csv")
    assert curve["share"].tolist() == [*SHARES, 1.0]
    assert sorted(path.name for path in tmp_path.rglob("version_*")) == ["version_0"], "no folder of the parts is left"
    assert curve["rows"].is_monotonic_increasing
    assert curve["test/accuracy"].iloc[-1] > curve["test/accuracy"].iloc[0]
    whole = pd.read_csv(folder / "cv.csv")
    assert len(whole) == 3
    assert curve["rows"].iloc[-1] == round(whole["train_rows"].mean())
    assert curve["test/loss"].iloc[-1] == pytest.approx(whole["test/loss"].mean())
    gains = curve["test/accuracy"].diff().to_numpy()
    assert curve["gain"].to_numpy()[1:] == pytest.approx(gains[1:])
    assert (curve["gain_low"][1:] <= curve["gain"][1:]).all()
    assert curve["test/accuracy_high"].max() <= 1
