import json

import pytest
import torch

from litclf.cli.main import main

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_test_and_validate_need_only_the_checkpoint(trained, capsys):
    before = json.loads((trained / "metrics.json").read_text())
    for command, stage in (("test", "test"), ("validate", "val")):
        assert main([command, "--ckpt_path", str(trained / "checkpoints" / "best.ckpt")]) == 0
        metrics = json.loads((trained / f"{command}.json").read_text())
        assert metrics.pop("positive_class") == before["positive_class"] == {"name": "inner", "why": "the second class"}
        # During the fit the weights lay otherwise in memory, which rounds in the last bit.
        assert metrics == pytest.approx({key: value for key, value in before.items() if key.startswith(f"{stage}/")})
    told = capsys.readouterr().out
    assert "auroc" in told
    assert told.count("f1, precision and recall of class inner, the second class (--model.positive_class)") == 2


def test_a_checkpoint_of_another_model_is_refused(trained, error_line):
    line = error_line("test", "-c", "blobs", "--ckpt_path", trained / "checkpoints" / "best.ckpt")
    assert "is of BinaryClassifier, not of MulticlassClassifier" in line


def test_a_truncated_checkpoint_is_refused(trained, error_line, tmp_path):
    whole = (trained / "checkpoints" / "best.ckpt").read_bytes()
    (tmp_path / "cut.ckpt").write_bytes(whole[: len(whole) // 2])
    assert "cannot read cut.ckpt" in error_line("test", "-c", "circles", "--ckpt_path", "cut.ckpt")


def test_a_pickle_is_not_run(error_line, tmp_path):
    class Exploit:
        def __reduce__(self):
            return (open, (str(tmp_path / "sentinel"), "w"))

    torch.save({"state_dict": Exploit(), "hyper_parameters": {}}, tmp_path / "evil.ckpt")
    assert "cannot read" in error_line("test", "-c", "circles", "--ckpt_path", "evil.ckpt")
    assert not (tmp_path / "sentinel").exists()


@pytest.mark.parametrize(("command", "limit"), [("test", "test"), ("validate", "val")])
def test_limits_that_leave_nothing_are_named(command, limit, trained, error_line):
    args = [command, "--ckpt_path", trained / "checkpoints" / "best.ckpt", f"--trainer.limit_{limit}_batches", "0"]
    assert "leave nothing" in error_line(*args)
