"""Sides of folds by a column of a table, and the refusals of columns that cannot serve."""

import numpy as np
import pandas as pd
import pytest

from litclf import BlobsDataModule, InputError, TableDataModule
from litclf.studies.sides import Sides


@pytest.fixture
def table(tmp_path):
    """A function that gives the data of a file of visits, its column of patients and other columns as they are told."""

    def make(drop=("patient", "day", "date", "gap"), suffix=".csv", **columns):
        rows, draw = np.arange(60), np.random.default_rng(0)
        frame = pd.DataFrame({"patient": rows // 3, "day": 100 - rows, "dose": draw.normal(size=60)})
        frame["date"] = [f"2024-01-{1 + row % 28:02}" for row in rows]
        frame["gap"] = np.where(rows == 7, np.nan, rows)
        frame["ill"] = np.array(["no", "yes"])[rows % 2]
        frame = frame.assign(**columns)
        path = tmp_path / f"visits{suffix}"
        frame.to_parquet(path) if suffix == ".parquet" else frame.to_csv(path, index=False)
        return TableDataModule(path=str(path), target="ill", drop=list(drop))

    return make


def test_a_planted_patient_on_both_sides_would_be_seen(table):
    data, patients = table(), np.arange(60) // 3

    def torn(folds):
        return any(set(patients[fold["test"]]) & set(patients[[*fold["train"], *fold["val"]]]) for fold in folds)

    assert torn(Sides(4).of(data))  # the rows alone, without a word of patients
    assert not torn(Sides(4, groups="patient").of(data))


def test_time_is_that_of_numbers_and_of_dates_in_parquet(table):
    data = table()
    for fold in Sides(4, order_by="day").of(data):  # days count down
        assert min(*fold["train"], *fold["val"]) > max(fold["test"])
    dates = pd.date_range("2024-01-01", periods=60)[::-1]
    days = [fold["test"].tolist() for fold in Sides(4, order_by="day").of(data)]
    for dated in (
        table(suffix=".parquet", date=dates),
        table(date=dates.astype(str)),
        table(date=dates.strftime("%Y-%m-%dT%H:%M")),
    ):
        assert [fold["test"].tolist() for fold in Sides(4, order_by="date").of(dated)] == days


@pytest.mark.parametrize(
    ("sides", "drop", "message"),
    [
        (
            {"groups": "patients"},
            ["date"],
            r"groups: .*visits.csv has no column 'patients'; fix: did you mean patient\?",
        ),
        ({"groups": "patient"}, ["date"], r"groups: column patient is learned from.*--data.drop '\[date, patient\]'"),
        ({"groups": "gap"}, ["date", "gap"], r"groups: line 9 has no value in column gap"),
        (
            {"order_by": "ill"},
            ["date"],
            r"order_by: line 2, column ill must hold a number or a date to order by, got .no",
        ),
        ({"order_by": "gap"}, ["date"], r"order_by: line 9 has no value in column gap; fix: fill it in"),
        ({"order_by": "daye"}, ["date"], r"order_by: .*no column 'daye'; fix: did you mean day\?"),
    ],
)
def test_columns_that_cannot_serve_are_refused(table, sides, drop, message):
    with pytest.raises(InputError, match=message):
        Sides(3, **sides).of(table(drop=drop))


def test_columns_are_of_table_files_and_one_of_them_is_enough():
    with pytest.raises(InputError, match=r"groups: needs a table file with a column patient, got BlobsDataModule"):
        Sides(3, groups="patient").of(BlobsDataModule(num_samples=60))
    with pytest.raises(InputError, match=r"order_by: cannot be kept beside groups"):
        Sides(3, groups="a", order_by="b")
