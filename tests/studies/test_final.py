"""Final model: data of all rows, and a fit that nothing but the folds has stopped."""

import numpy as np
import pandas as pd
import pytest
from lightning.pytorch.callbacks import EarlyStopping

from litclf import BlobsDataModule, MulticlassClassifier, TableDataModule, cross_validate
from litclf.studies.final import on_all_rows
from litclf.training.callbacks.gradients import GradientNorms


@pytest.fixture
def table(tmp_path):
    """A function that gives the data of a file of 40 rows, of which the last ten are marked as ``split`` says."""

    def make(split=None, **settings):
        frame = pd.DataFrame({"x": np.arange(40.0), "y": np.array(["a", "b"])[np.arange(40) % 2]})
        if split:
            frame["part"] = np.where(np.arange(40) < 30, "train", split)
            settings["split_column"] = "part"
        frame.to_csv(tmp_path / "t.csv", index=False)
        return TableDataModule(path=str(tmp_path / "t.csv"), target="y", **settings)

    return make


def test_rows_that_were_drawn_for_other_splits_are_trained_on_by_arguments_that_say_so(table):
    whole, changed = on_all_rows(table(class_weights=True))
    assert changed == {"val_size": 0.0, "test_size": 0.0}
    assert {name: whole.hparams[name] for name in changed} == changed
    assert (whole.num_train_samples, len(whole.splits["val"].y), len(whole.splits["test"].y)) == (40, 0, 0)
    assert whole.preparation.to_dict()["numbers"]["x"]["mean"] == pytest.approx(np.arange(40).mean())


@pytest.mark.parametrize(("split", "trained", "tested"), [("test", 30, 10), ("val", 40, 0)])
def test_a_test_that_came_with_the_data_stays_theirs_and_their_validation_is_trained_on(split, trained, tested, table):
    whole, _ = on_all_rows(table(split))
    assert (whole.num_train_samples, len(whole.splits["val"].y), len(whole.splits["test"].y)) == (trained, 0, tested)


def test_a_fit_on_all_rows_begins_with_callbacks_as_they_were_before_the_folds(tmp_path):
    """One that the folds have run out of patience would stop the final model, and the curve's, at once."""
    patience = EarlyStopping("train/loss", patience=1, min_delta=10.0)
    settings = {"max_epochs": 6, "enable_progress_bar": False, "default_root_dir": tmp_path, "callbacks": [patience]}
    data = BlobsDataModule(num_samples=90, batch_size=8)
    found = cross_validate(MulticlassClassifier(), data, folds=2, final=True, **settings)
    assert found.run.trainer.current_epoch == 2
    assert found.final.trainer.current_epoch == 2


def test_what_waits_for_validation_is_left_out_of_the_final_model_and_what_draws_one_network_of_the_folds(
    tmp_path, capsys
):
    callbacks = [EarlyStopping("val/loss", patience=1), GradientNorms()]
    settings = {"max_epochs": 2, "enable_progress_bar": False, "default_root_dir": tmp_path, "callbacks": callbacks}
    data = BlobsDataModule(num_samples=90, batch_size=8)
    found = cross_validate(MulticlassClassifier(), data, folds=2, final=True, **settings)
    assert "final model: trained without EarlyStopping, for no rows are left to validate on" in capsys.readouterr().err
    assert found.final.metrics["facts"]["num_train"] == 90
    assert (found.final.folder / "gradients.png").is_file()
    assert not (found.run.folder / "gradients.png").exists()
