import pytest

from litclf import InputError
from litclf.cli.arguments import Arguments, ToolParser, data_changes

GIVEN = Arguments("fit", ("-c", "a", "--model.lr", "-1", "x", "--data.noise=0.1", "--debug", "-c=b", "--name"))


def test_flags_have_their_values_and_places():
    assert [(flag.name, flag.value, flag.place, flag.end) for flag in GIVEN.flags] == [
        ("-c", "a", 0, 2),
        ("--model.lr", "-1", 2, 4),
        ("--data.noise", "0.1", 5, 6),
        ("--debug", None, 6, 7),
        ("-c", "b", 7, 8),
        ("--name", None, 8, 9),
    ]
    assert GIVEN.surplus == ["x"]


def test_the_last_value_counts():
    assert GIVEN.value("-c", "--config") == "b"
    assert GIVEN.value("--name") is None
    assert [flag.value for flag in GIVEN.named("-c")] == ["a", "b"]


def test_flags_are_left_out_with_their_values_and_changed_in_place():
    assert GIVEN.without("-c", "--model.lr").words == ("x", "--data.noise=0.1", "--debug", "--name")
    first, last = GIVEN.named("-c")
    assert GIVEN.with_value(first, "z").words[:2] == ("-c", "z")
    assert GIVEN.with_value(last, "z").words[-2:] == ("-c=z", "--name")


@pytest.mark.parametrize(
    "word", ["--trainer.logger", "--trainer.logger=x", "--trainer.logger+=x", "--trainer.logger.a=1"]
)
def test_a_flag_that_does_nothing_is_refused_with_all_below_it(word):
    with pytest.raises(InputError, match=r"^--trainer\.logger[.a]*: does nothing; fix: drop it"):
        Arguments("test", ("--ckpt_path", "a", word)).refuse(["--trainer.logger"], "does nothing")
    Arguments("test", ("--trainer.loggers", "1")).refuse(["--trainer.logger"], "does nothing")


def test_errors_of_a_tool_are_one_line():
    with pytest.raises(InputError, match="litclf report: unrecognized arguments: --x; fix: see litclf report --help"):
        ToolParser("report", "Writes.").parse_args(["--x"])


def test_changes_of_the_data_are_values():
    assert data_changes(
        ["--data.val_size=0.1", "--data.path", "a.csv", "--data.size", "[2, 3]", "--data.seed", "-1"]
    ) == {
        "val_size": 0.1,
        "path": "a.csv",
        "size": [2, 3],
        "seed": -1,
    }


@pytest.mark.parametrize("args", [["--otput", "a"], ["--data.path"], ["a.csv"], ["--model.lr=3"]])
def test_other_arguments_are_refused(args):
    with pytest.raises(InputError, match="is no setting"):
        data_changes(args)
