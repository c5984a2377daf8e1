"""Fold files: which folders have them, and damaged ones."""

import pytest

from litclf.runs.fold_files import parting, read_folds
from litclf.utilities.errors import InputError

CV = "repeat,fold,seed,train_rows,val_rows,test_rows\n1,1,42,6,2,2\n2,3,43,6,2,2\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "cv.csv").write_text(CV)
    (tmp_path / "oof.csv").write_text("row,label,predicted,p(a)\nx,a,a,1.0\n")
    return tmp_path


def test_without_its_settings_the_numbers_of_folds_and_repeats_are_those_of_the_table(folder):
    files = read_folds(folder, None)
    assert parting(files.settings) == "3 folds, 2 times, stratified"
    assert files.overlap == 4 / 16
    told = read_folds(folder, {"folds": 3, "repeats": 2, "order_by": "day"})
    assert parting(told.settings) == "3 folds, 2 times, each tested on what follows its training by day"


def test_a_run_without_its_tables_is_no_cross_validation(folder):
    (folder / "oof.csv").unlink()
    assert read_folds(folder, None) is None


def test_a_table_with_a_short_row_is_refused_by_its_name(folder):
    (folder / "slices.csv").write_text("column,value\nclass\n")
    with pytest.raises(InputError, match=r"slices.csv: has rows of more or fewer cells than its first"):
        read_folds(folder, None)
