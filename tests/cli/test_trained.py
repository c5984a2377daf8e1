import pytest

from litclf import InputError
from litclf.cli.export import main as export
from litclf.cli.predict import main as predict
from litclf.cli.serve import main as serve
from litclf.cli.trained import ModelParser, load_model


def test_abbreviations_are_not_taken():
    with pytest.raises(InputError, match="unrecognized arguments: --no-calib"):
        ModelParser("export", "Writes.").parse_args(["--ckpt_path", "a", "--no-calib"])


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "--ckpt_path: export needs the checkpoint of a trained model; fix: litclf export --ckpt_path"),
        (["--ckpt_path", "none.ckpt"], "--ckpt_path: there is no file none.ckpt"),
    ],
)
def test_what_is_wrong_is_told_of_its_flag(args, message):
    with pytest.raises(InputError, match=message):
        load_model(ModelParser("export", "Writes.").parse_args(args))


@pytest.mark.parametrize(
    ("run", "member", "message"),
    [
        ("members_run", "4", r"^--member: must be a whole number in \[0, 4\), got 4; fix: pass a value such as 0$"),
        ("members_run", "-1", r"^--member: must be a whole number in \[0, 4\), got -1; fix"),
        ("members_run", "two", r"argument --member: invalid int value: 'two'"),
        ("circles_run", "0", r"^--member: .* is of one network, without members; fix: drop it, or"),
    ],
)
@pytest.mark.parametrize("command", [export, predict, serve])
def test_a_member_that_cannot_be_taken_is_refused_in_one_wording(command, run, member, message, request):
    more = ["--format", "onnx"] if command is export else []
    with pytest.raises(InputError, match=message):
        command(["--ckpt_path", str(request.getfixturevalue(run).folder), "--member", member, *more])


def test_what_was_taken_of_the_members_is_said(members_run, circles_run, capsys):
    def told(*args):
        load_model(ModelParser("export", "Writes.").parse_args(list(map(str, args))))
        return capsys.readouterr().err

    one = "note        member 2, of seed 9, predicts alone, uncalibrated: temperature and threshold are of all\n"
    assert told("--ckpt_path", members_run.folder, "--member", 2) == one
    assert "4 members predict by their mean probability" in told("--ckpt_path", members_run.folder)
    assert told("--ckpt_path", circles_run.folder) == ""
