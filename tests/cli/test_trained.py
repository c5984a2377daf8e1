import pytest

from litclf import InputError
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
