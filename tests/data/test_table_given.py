"""Tables of arrays, DataFrames and labels, against the same rows in a file, and what a checkpoint keeps of them."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_iris

from litclf import InputError, TableDataModule, fit, load
from litclf.cli.main import main
from litclf.data.sources.given import MOST_KEPT
from litclf.inference.rebuild import rebuild_data
from litclf.models.multiclass import MulticlassClassifier
from litclf.runs.checkpoint import Checkpoint


def same(one, other):
    """Whether two DataModules hold the same splits of the same classes."""
    splits = (one.splits[split] for split in one.splits)
    pairs = zip(splits, other.splits.values(), strict=True)
    equal = [torch.equal(x, y) for own, split in pairs for x, y in zip(own, split, strict=True)]
    return all(equal) and one.class_names == other.class_names


@pytest.fixture(scope="module")
def table():
    """Numbers, some missing, texts, categories that are written as numbers, truths, and a class of each row."""
    stream = np.random.default_rng(0)
    frame = pd.DataFrame({"size": stream.normal(5, 2, 120), "skin": stream.choice(["fur", "none"], 120)})
    frame.loc[::9, "size"] = np.nan
    frame["floor"] = pd.Categorical(stream.integers(0, 3, 120))
    frame["tame"] = stream.random(120) > 0.5
    return frame.assign(kind=stream.choice(["cat", "duck"], 120))


def test_a_dataframe_is_what_its_file_is(table, tmp_path):
    path = tmp_path / "a.csv"
    table.to_csv(path, index=False)
    of_file = TableDataModule(path=str(path), target="kind", categorical=["floor"])
    shuffled = table.set_axis(np.arange(120)[::-1])  # whose index says nothing
    assert same(TableDataModule(rows=shuffled, target="kind"), of_file)
    given = TableDataModule(rows=shuffled.drop(columns="kind"), targets=shuffled["kind"])
    assert same(given, of_file)
    assert given.preparation.to_dict() == of_file.preparation.to_dict()
    assert given.row_name("test", 0).replace("the DataFrame row ", "") == str(
        int(of_file.row_name("test", 0).split()[-1]) - 2
    )


@pytest.mark.parametrize(
    "as_given",
    [np.asarray, torch.tensor, lambda rows: np.asarray(rows).tolist(), lambda rows: [tuple(row) for row in rows]],
    ids=["array", "tensor", "lists", "tuples"],
)
def test_rows_of_numbers_are_the_same_however_they_are_held(as_given):
    rows, targets = load_iris(return_X_y=True)
    reference = TableDataModule(rows=rows.tolist(), targets=targets.tolist(), holdout=0.3)
    assert same(TableDataModule(rows=as_given(rows), targets=targets, holdout=0.3), reference)


@pytest.mark.parametrize(
    ("targets", "names", "numbers"),
    [
        (np.array([0, 1, 0, 1]), ("class 0", "class 1"), [0, 1, 0, 1]),
        (torch.tensor([0, 2, 0, 1]), ("class 0", "class 1", "class 2"), [0, 2, 0, 1]),
        (pd.Series(["b", "a", "b", "a"], index=[7, 3, 9, 1]), ("a", "b"), [1, 0, 1, 0]),
        (pd.Categorical(["b", "a", "b", "a"]), ("a", "b"), [1, 0, 1, 0]),
        (np.array([[1.0], [10.0], [9.0], [1.0]]), ("1", "9", "10"), [0, 2, 1, 0]),
        ([-1, 1, 1, -1], ("-1", "1"), [0, 1, 1, 0]),
        ([True, False, True, False], ("False", "True"), [1, 0, 1, 0]),
    ],
)
def test_classes_are_names_or_numbers_from_0_on(targets, names, numbers):
    for rows in (np.eye(4), pd.DataFrame(np.eye(4))):
        data = TableDataModule(rows=rows, targets=targets, **({} if isinstance(rows, np.ndarray) else NO_SPLITS))
        assert (data.class_names, data.splits["train"].y.tolist()) == (names, numbers)


NO_SPLITS = {"val_size": 0.0, "test_size": 0.0}


def test_class_names_are_those_of_numbers():
    data = TableDataModule(rows=np.eye(4), targets=[1, 0, 1, 0], target_names=np.array(["yes", "no"]))
    assert (data.class_names, data.splits["train"].y.tolist()) == (("yes", "no"), [1, 0, 1, 0])
    names = ["10", "9", " 1.0"]  # in another order than by value
    data = TableDataModule(rows=pd.DataFrame(np.eye(3)), targets=[0, 2, 1], target_names=names, **NO_SPLITS)
    assert (data.class_names, data.splits["train"].y.tolist()) == (("10", "9", "1.0"), [0, 2, 1])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"targets": ["a", "b"], "target_names": ["x", "y"]}, "targets: must be numbers of 2 classes.* got a"),
        ({"targets": [0, 2], "target_names": ["x", "y"]}, "targets: must be numbers of 2 classes.* got 2"),
        ({"targets": [0, 1], "target_names": ["x", "x "]}, "target_names: must be two names or more, each another"),
        ({"rows": {"a": [1, 2], "b": [1]}, "targets": [0, 1]}, "rows: are no table"),
        ({"rows": pd.DataFrame([[1, 2]], columns=["a", "a"]), "targets": [0]}, "rows: must have a name of its own"),
        ({"rows": pd.DataFrame({"a": []}), "targets": []}, "rows: must hold at least one row"),
        ({"rows": pd.DataFrame({"a": [1, 2]}), "targets": [0]}, "targets: must be one a row, got 1 for 2 rows"),
        ({"rows": pd.DataFrame({"a": [1, 2]})}, "targets: is missing beside a DataFrame.* or the column"),
        ({"rows": pd.DataFrame({"a": [1, 2]}), "target": "b"}, "target: the DataFrame has no column 'b'"),
        (
            {"rows": pd.DataFrame({"a": [1, 2]}), "target": "a", "targets": [0, 1]},
            "target: does nothing beside targets",
        ),
        ({"rows": pd.DataFrame({"a": [1, 2]}), "targets": [0, 1], "holdout": 0.5}, "holdout: does nothing beside a Da"),
    ],
)
def test_what_is_no_table_with_classes_is_refused(settings, message):
    with pytest.raises(InputError, match=f"^{message}"):
        TableDataModule(**{"rows": [[1], [2]]} | settings)


def test_data_that_a_checkpoint_keeps_is_rebuilt_from_it(table, tmp_path):
    data = TableDataModule(rows=table, target="kind")
    quiet = {"max_epochs": 1, "enable_progress_bar": False, "default_root_dir": tmp_path}
    result = fit(MulticlassClassifier(), data, **quiet)
    assert same(rebuild_data(Checkpoint.tested(result.folder)), data)
    rows = table.drop(columns="kind").iloc[:2]
    assert load(result.folder).predict(rows).probabilities.shape == (2, 2)


def test_of_more_rows_than_a_checkpoint_keeps_it_tells_which_they_were(tmp_path, capsys):
    stream = np.random.default_rng(0)
    rows = np.tile(stream.normal(size=(MOST_KEPT + 1, 1)), 11)  # above the values that settings may hold
    targets = rows[:, 0] > 0
    quiet = {"enable_progress_bar": False, "default_root_dir": tmp_path}
    result = fit(MulticlassClassifier(), TableDataModule(rows=rows, targets=targets), max_epochs=1, **quiet)
    assert load(result.folder).predict(rows[:5]).probabilities.shape == (5, 2)
    with pytest.raises(InputError, match=r"rows: were given in Python, and .* 2001 rows of 11, sha256"):
        rebuild_data(Checkpoint.tested(result.folder))
    run = str(result.folder)
    for args in (["test", "--ckpt_path", run], ["validate", "--ckpt_path", run], ["resume", run, "--epochs", "2"]):
        capsys.readouterr()
        assert main(args) == 2
        line = capsys.readouterr().err
        assert line.startswith("error: --data.rows: were given in Python, and the checkpoint tells of them only that")
        assert line.endswith("pass them again in Python, or --input FILE of others to litclf predict or litclf test\n")
    last = result.folder / "checkpoints" / "last.ckpt"
    settings = quiet | {"ckpt_path": last, "max_epochs": 2}
    other = rows.copy()
    other[-1, -1] += 1
    with pytest.raises(InputError, match=r"data\.rows: is '2001 rows.*, but .* was made with '2001 rows"):
        fit(MulticlassClassifier(), TableDataModule(rows=other, targets=targets), **settings)
    fit(MulticlassClassifier(), TableDataModule(rows=rows, targets=targets), **settings)


def test_one_bin_would_do_nothing():
    with pytest.raises(InputError, match=r"^bins: must be 0 or at least 2, got 1"):
        TableDataModule(rows=pd.DataFrame({"a": range(20)}), targets=[0, 1] * 10, bins=1)
