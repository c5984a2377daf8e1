"""Folds of tables, against single fits on files that mark the splits: preparation knows nothing of other rows."""

import numpy as np
import pandas as pd
import pytest
import torch

from litclf import MulticlassClassifier, TableDataModule, cross_validate, fit
from litclf.data.folds import FoldsDataModule
from litclf.data.sources.folding import Folding
from tests.studies.test_cross_validation import SETTINGS, equal, rows_of, weights_of


def write_table(path, rows=90, seed=0):
    """Numbers with gaps, a category of which some values are in a single row, and three classes."""
    draw = np.random.default_rng(seed)
    y = np.arange(rows) % 3
    frame = pd.DataFrame(
        {
            "length": draw.normal(y * 2.0, 1.0).round(3),
            "weight": draw.lognormal(3, 1, rows).round(2),
            "kind": np.where(draw.random(rows) < 0.05, [f"rare {number}" for number in range(rows)], "usual"),
            "name": np.array(["ash", "birch", "cedar"])[y],
        }
    )
    frame.loc[draw.choice(rows, 3, replace=False), "weight"] = np.nan
    frame.to_csv(path, index=False)
    return frame


def make_model():
    return MulticlassClassifier(hidden_dims=[5], optimizer="adam", lr=0.02, lr_schedule="cosine")


def make_data(path, **settings):
    return TableDataModule(path=str(path), target="name", batch_size=8, class_weights=True, **settings)


def folds_of(data, folds):
    counts = {name: len(split.y) for name, split in data.splits.items()}
    return Folding(folds, 1, counts["val"] / (counts["train"] + counts["val"]), data.seed).stratified(
        data.drawn_targets, data.class_names
    )


def test_each_fold_is_the_single_fit_on_a_file_that_marks_its_rows(tmp_path):
    frame = write_table(tmp_path / "trees.csv")
    data = make_data(tmp_path / "trees.csv")
    found = cross_validate(
        make_model(), make_data(tmp_path / "trees.csv"), folds=3, default_root_dir=tmp_path, **SETTINGS
    )
    table, widths = rows_of(found.run.folder / "cv.csv"), set()
    for number, rows in enumerate(folds_of(data, 3)):
        marks = np.full(len(frame), "train", dtype=object)
        for split in ("val", "test"):
            marks[rows[split]] = split
        path = tmp_path / f"marked-{number}.csv"
        frame.assign(split=marks).to_csv(path, index=False)
        single = fit(
            make_model(),
            make_data(path, split_column="split"),
            seed=42 + number,
            default_root_dir=tmp_path / str(number),
            **SETTINGS,
        )
        for name in ("best", "last"):
            own = weights_of(found.run.folder, name, f"network.members.{number}.")
            assert equal(own, weights_of(single.folder, name, "network."))
        for key in ("test/accuracy", "test/loss"):
            assert float(table[number][key]) == pytest.approx(single.metrics[key], abs=1e-6)
        widths.add(own["0.weight"].shape[1])
    assert len(widths) > 1, "the folds should differ in the categories of their training rows"


def learned(folded):
    return [own.preparation.to_dict() for own in folded.member_data]


def test_what_is_learned_for_a_fold_does_not_change_with_the_rows_it_holds_out(tmp_path):
    """A column that was scaled with all rows, held-out ones too, would."""
    frame = write_table(tmp_path / "trees.csv")
    data = make_data(tmp_path / "trees.csv")
    rows = folds_of(data, 3)
    before = learned(FoldsDataModule(data, rows))
    for number, fold in enumerate(rows):
        changed = frame.copy()
        held = np.concatenate([fold["test"], fold["val"]])
        changed.loc[held, "length"] += 1000.0
        changed.loc[held, "kind"] = "unknown before"
        changed.to_csv(tmp_path / "changed.csv", index=False)
        after = learned(FoldsDataModule(make_data(tmp_path / "changed.csv"), rows))
        assert after[number] == before[number]
        assert all(after[other] != before[other] for other in range(3) if other != number)


def test_a_planted_leak_is_seen(tmp_path, monkeypatch):
    """Folds that are prepared by all rows are not the single fits on the marked files."""
    write_table(tmp_path / "trees.csv")
    data = make_data(tmp_path / "trees.csv")
    rows = folds_of(data, 3)
    honest = FoldsDataModule(data, rows).member_data[0].splits["train"].x

    def leaking(self, rows, for_loaders=False):
        return super(TableDataModule, self).with_rows(rows, for_loaders)

    monkeypatch.setattr(TableDataModule, "with_rows", leaking)
    leaked = FoldsDataModule(data, rows).member_data[0].splits["train"].x[:]
    assert leaked.shape != honest.shape or not torch.equal(leaked, honest)


def test_rows_of_a_test_file_stay_apart(tmp_path):
    write_table(tmp_path / "trees.csv")
    write_table(tmp_path / "more.csv", rows=30, seed=1)
    data = make_data(tmp_path / "trees.csv", test_path=str(tmp_path / "more.csv"))
    found = cross_validate(make_model(), data, folds=3, final=True, default_root_dir=tmp_path, **SETTINGS)
    assert len(found.out_of_fold.targets) == 90
    assert found.out_of_fold.names[:2] == [f"{tmp_path}/trees.csv line 2", f"{tmp_path}/trees.csv line 3"]
    assert (
        found.final.metrics["facts"] | {"num_train": 90, "num_val": 0, "num_test": 30} == found.final.metrics["facts"]
    )
