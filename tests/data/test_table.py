import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_class_weight

from litclf import InputError, TableDataModule
from litclf.preprocessing.base import ArrayPreparation
from tests.data.contract import BatchedContract

ROWS, TARGETS = [[1, 2], [2, 3], [3, 1], [4, 3]], [0, 0, 2, 1]


@pytest.fixture
def write(tmp_path):
    """Writes a table of 40 rows, with the columns given in place of its own, and returns its path."""

    def write(name="a.csv", **columns):
        stream = np.random.default_rng(0)
        frame = pd.DataFrame({"x": stream.normal(5, 2, 40), "k": list("abba") * 10, "y": ["no", "yes"] * 20})
        frame = frame.assign(**columns)
        path = tmp_path / name
        frame.to_parquet(path) if name.endswith("parquet") else frame.to_csv(path, index=False)
        return str(path)

    return write


class TestContract(BatchedContract):
    kind = TableDataModule

    @pytest.fixture
    def settings(self, write):
        return {"path": write(), "target": "y"}


class TestContractOfRows(BatchedContract):
    kind = TableDataModule

    @pytest.fixture
    def settings(self):
        return {"rows": [[i, i % 7] for i in range(40)], "targets": [i % 2 for i in range(40)], "holdout": 0.3}


def test_rows_are_taken_as_they_are():
    data = TableDataModule(ROWS, TARGETS)
    x, y = data.splits["train"]
    assert (x.dtype, x.tolist(), y.dtype, y.tolist()) == (torch.float32, ROWS, torch.int64, TARGETS)
    assert (data.input_shape, data.class_names) == ((2,), ("class 0", "class 1", "class 2"))
    assert isinstance(data.preparation, ArrayPreparation)


def test_holdout_is_halved_and_keeps_every_row():
    splits = TableDataModule(ROWS, TARGETS, holdout=0.5).splits
    assert {name: len(split.y) for name, split in splits.items()} == {"train": 2, "val": 1, "test": 1}
    assert sorted(row for split in splits.values() for row in split.x.tolist()) == ROWS


@pytest.mark.parametrize(
    ("rows", "targets", "message"),
    [
        ([], [], "rows: must hold at least one row"),
        ([[]], [0], "rows: must hold at least one row"),
        ([[1], [2]], [0], "targets: must be one a row, got 1 for 2 rows"),
        ([[1], [2, 3]], [0, 1], r"rows: row 1 must hold 1 finite numbers as row 0 does, got \[2, 3\]"),
        ([[1], [float("nan")]], [0, 1], r"rows: row 1 must hold 1 finite numbers as row 0 does, got \[nan\]"),
        ([1, 2], [0, 1], r"rows: must be rows of numbers, got values of shape \[2\]; fix: .*reshape"),
        (np.zeros((2, 2, 2)), [0, 1], r"rows: must be rows of numbers, got values of shape \[2, 2, 2\]"),
        ([["a", 1], ["b", 2]], [0, 1], r"rows: row 0 must hold 2 finite numbers .*\['a', '1'\].* DataFrame"),
        ("20000 rows of 2, sha256 a1", [0, 1], "rows: were given in Python, .* pass them again in Python, or --input"),
        ([[1], [2]], [0, 0], "targets: must be of two classes or more, all are of class 0"),
        ([[1], [2]], [0.5, 1.5], "targets: row 0 must have a class, got 0.5"),
        ([[1], [2]], ["a", None], "targets: row 1 must have a class, got none"),
        ([[1], [2]], np.eye(2), r"targets: must be a class for each row, got values of shape \[2, 2\]"),
    ],
)
def test_what_does_not_fit_together_is_refused(rows, targets, message):
    with pytest.raises(InputError, match=f"^{message}"):
        TableDataModule(rows, targets)


def test_holdout_that_leaves_nothing_to_train_on_is_refused():
    with pytest.raises(InputError, match=r"^holdout: .*0\.9"):
        TableDataModule(ROWS, TARGETS, holdout=0.9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "path: is missing; fix: pass --data.path TABLE.csv and --data.target COLUMN; in Python path and target"),
        ({"rows": ROWS}, "targets: is missing beside rows"),
        ({"path": "a.csv"}, "target: is missing beside path"),
        ({"rows": ROWS, "targets": TARGETS, "target": "y"}, "target: does nothing beside rows, got 'y'"),
        ({"rows": ROWS, "targets": TARGETS, "val_size": 0.2}, "val_size: does nothing beside rows, got 0.2"),
        ({"path": "a.csv", "target": "y", "holdout": 0.2}, "holdout: does nothing beside path, got 0.2"),
        ({"path": "a.csv", "target": "y", "test_size": 1.0}, "test_size: must be at least 0 and below 1, got 1.0"),
        (
            {"path": "a.csv", "target": "y", "split_column": "s", "val_path": "b.csv"},
            "split_column: does nothing beside",
        ),
    ],
)
def test_arguments_that_contradict_are_refused(arguments, message):
    with pytest.raises(InputError, match=f"^{message}"):
        TableDataModule(**arguments)


@pytest.mark.parametrize("name", ["iris.csv", "iris.tsv", "iris.parquet"])
def test_numbers_are_standardised_by_the_training_rows(name, tmp_path):
    iris = load_iris(as_frame=True)
    frame = iris.data.assign(species=iris.target_names[iris.target])
    path = tmp_path / name
    frame.to_parquet(path) if name == "iris.parquet" else frame.to_csv(
        path, index=False, sep="\t" * (name[-3] == "t") or ","
    )
    data = TableDataModule(path=path, target="species")
    assert (data.class_names, data.input_shape) == (tuple(iris.target_names), (4,))
    assert {name: len(split.y) for name, split in data.splits.items()} == {"train": 105, "val": 15, "test": 30}
    lines = {
        split: [int(data.row_name(split, i).split()[-1]) for i in range(len(data.splits[split].y))]
        for split in data.splits
    }
    rows = {split: np.array(own) - (0 if name == "iris.parquet" else 2) for split, own in lines.items()}
    assert sorted(np.concatenate(list(rows.values()))) == list(range(150))
    scaler = StandardScaler().fit(iris.data.to_numpy()[rows["train"]])
    for split, (x, y) in data.splits.items():
        assert np.array_equal(y, iris.target.to_numpy()[rows[split]])
        assert np.array_equal(x, scaler.transform(iris.data.to_numpy()[rows[split]]).astype(np.float32))
        assert (np.bincount(y) == len(y) // 3).all()


def test_split_column_is_obeyed_and_not_learned_from(write):
    data = TableDataModule(
        path=write(part=["train"] * 20 + ["val"] * 8 + ["test"] * 12), target="y", split_column="part"
    )
    assert data.preparation.columns == ["x", "k"]
    assert [data.row_name(split, 0).split()[-1] for split in ("train", "val", "test")] == ["2", "22", "30"]
    assert {name: len(split.y) for name, split in data.splits.items()} == {"train": 20, "val": 8, "test": 12}


def test_files_of_their_own_are_taken_whole(write):
    arguments = {"path": write(), "target": "y", "test_path": write("b.csv")}
    data = TableDataModule(**arguments)
    assert {name: len(split.y) for name, split in data.splits.items()} == {"train": 36, "val": 4, "test": 40}
    assert data.row_name("test", 3).endswith("b.csv line 5")
    data = TableDataModule(**arguments, val_path=write("c.parquet"))
    assert {name: len(split.y) for name, split in data.splits.items()} == {"train": 40, "val": 40, "test": 40}


def test_category_that_training_lacks_gets_zeros(write):
    data = TableDataModule(path=write(), target="y", test_path=write("b.csv", k="z"))
    assert data.notes == ("line 2, column k: 'z' was in no training row, and counts as none of the categories",)
    assert not data.splits["test"].x[:, 1:].any()


def test_columns_are_dropped_and_taken_as_categories(write):
    path = write(id=[f"n{i}" for i in range(40)], code=[1, 2, 3, 4] * 10)
    with pytest.raises(InputError, match=r"^path: .*a.csv column id has a text of its own in most rows; fix: "):
        TableDataModule(path=path, target="y")
    data = TableDataModule(path=path, target="y", drop=["id"], categorical=["code"])
    assert data.preparation.features == ["x", "k = a", "k = b", *(f"code = {i}" for i in range(1, 5))]


def test_class_weights_are_balanced(write):
    path = write(y=["no"] * 30 + ["yes"] * 10)
    assert TableDataModule(path=path, target="y").class_weights is None
    data = TableDataModule(path=path, target="y", class_weights=True)
    y = data.splits["train"].y.numpy()
    assert data.class_weights == pytest.approx(compute_class_weight("balanced", classes=np.arange(2), y=y))


@pytest.mark.parametrize(
    ("columns", "arguments", "message"),
    [
        ({"y": "yes"}, {}, "target: must hold two classes or more, column y of .*a.csv holds yes only"),
        (
            {"y": ["yes", "no", None, "no"] * 10},
            {},
            r"path: .*a.csv line 4 must have a class in column y, got none \(and 9",
        ),
        ({"y": np.linspace(0, 1, 40)}, {}, "path: .*a.csv line 3 must have a class in column y, got 0.0256"),
        (
            {"y": ["once"] + ["no"] * 39},
            {},
            "test_size: needs a row of each class in every split; class once",
        ),
        ({"x": [1.0] * 39 + [np.inf]}, {}, "path: .*a.csv line 41, column x must be a finite number, got 'inf'"),
        (
            {"x": ["1"] * 39 + ["old"]},
            {},
            "path: .*a.csv column x must hold a number in line 41 as in most",
        ),
        ({}, {"target": "Y"}, "target: .*a.csv has no column 'Y'"),
        ({}, {"drop": ["xx"]}, "drop: .*a.csv has no column 'xx'"),
        ({}, {"drop": ["x", "k"]}, "path: .*a.csv has no columns to learn from"),
        ({}, {"drop": ["y"]}, "drop: must not name the target y"),
        ({}, {"categorical": ["z"]}, "categorical: .*a.csv has no column 'z'"),
        ({}, {"split_column": "part"}, "split_column: .*a.csv has no column 'part'"),
        ({"part": "train"}, {"split_column": "k"}, "path: .*a.csv line 2, column k must be train, val or test, got a"),
        (
            {"part": ["train", "test"] * 20},
            {"split_column": "part"},
            "path: class yes of .*a.csv has no training row",
        ),
    ],
)
def test_what_cannot_be_trained_on_is_refused(columns, arguments, message, write):
    with pytest.raises(InputError, match=f"^{message}") as error:
        TableDataModule(**{"path": write(**columns), "target": "y"} | arguments)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"y": "maybe"}, "test_path: .*b.csv line 2 has class 'maybe', which no training row has"),
        ({"x": "old"}, "test_path: .*b.csv line 2, column x must be a number, got 'old'"),
    ],
)
def test_what_does_not_fit_in_another_file_is_refused(columns, message, write):
    with pytest.raises(InputError, match=f"^{message}"):
        TableDataModule(path=write(), target="y", test_path=write("b.csv", **columns))


def test_renamed_column_in_another_file_is_refused(write, tmp_path):
    path = write()
    pd.read_csv(path).rename(columns={"x": "X"}).to_csv(tmp_path / "b.csv", index=False)
    with pytest.raises(InputError, match=r"^test_path: .*b.csv has no column x; fix: "):
        TableDataModule(path=path, target="y", test_path=str(tmp_path / "b.csv"))


def test_settings_are_plain(write):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = TableDataModule(path=write(), target="y", class_weights=True)
    assert data.hparams["class_weights"] is True
    assert {type(value) for value in data.hparams.values()} <= {str, int, float, bool, type(None)}


def test_a_test_file_without_the_target_is_refused_by_its_own_name(write, tmp_path):
    path = write()
    pd.read_csv(path).drop(columns="y").to_csv(tmp_path / "b c.csv", index=False)
    with pytest.raises(InputError) as error:
        TableDataModule(path=path, target="y", test_path=str(tmp_path / "b c.csv"))
    assert error.value.where == "test_path"
    assert error.value.what.startswith(f"{tmp_path / 'b c.csv'} has no column 'y'")
    assert error.value.fix.endswith(f"litclf predict --ckpt_path RUN --input '{tmp_path / 'b c.csv'}'")


def test_an_encoding_is_taken_for_every_file(write, tmp_path):
    frame = pd.read_csv(write()).assign(k=["değil", "soğuk"] * 20)
    for name in ("a.csv", "b.csv"):
        frame.to_csv(tmp_path / name, index=False, encoding="cp1254")
    paths = {"path": str(tmp_path / "a.csv"), "test_path": str(tmp_path / "b.csv"), "target": "y"}
    data = TableDataModule(**paths, encoding="cp1254")
    assert (data.preparation.categories, data.notes) == ({"k": ["değil", "soğuk"]}, ())
    guessed = TableDataModule(**paths)
    assert guessed.preparation.categories == {"k": ["deðil", "soðuk"]}
    assert [" was read as Windows-1252, such as 'deðil'" in note for note in guessed.notes] == [True, True]
