import pytest

from litclf import InputError
from litclf.cli.arguments import ModelParser, data_changes, load_model


def test_errors_are_one_line():
    with pytest.raises(InputError, match="litclf export: the following arguments are required: --ckpt_path; fix: see"):
        ModelParser("export", "Writes.").parse_args([])


def test_abbreviations_are_not_taken():
    with pytest.raises(InputError, match="unrecognized arguments: --no-calib"):
        ModelParser("export", "Writes.").parse_args(["--ckpt_path", "a", "--no-calib"])


def test_changes_of_the_data_are_values():
    assert data_changes(["--data.val_size=0.1", "--data.path", "a.csv", "--data.size", "[2, 3]"]) == {
        "val_size": 0.1,
        "path": "a.csv",
        "size": [2, 3],
    }


@pytest.mark.parametrize("args", [["--otput", "a"], ["--data.path"], ["a.csv"], ["--model.lr=3"]])
def test_other_arguments_are_refused(args):
    with pytest.raises(InputError, match="is no setting"):
        data_changes(args)


def test_what_is_wrong_is_told_of_its_flag(tmp_path):
    given = ModelParser("export", "Writes.").parse_args(["--ckpt_path", str(tmp_path / "none.ckpt")])
    with pytest.raises(InputError, match="--ckpt_path: there is no file"):
        load_model(given)
