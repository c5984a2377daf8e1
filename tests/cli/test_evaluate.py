import csv
import json
import re

import numpy as np
import pytest
import torch
from scipy import stats

from litclf import BinaryClassifier, CirclesDataModule, load
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


@pytest.mark.parametrize("command", ["test", "validate"])
def test_members_are_evaluated_with_their_intervals(command, members_run, copy_run, capsys):
    folder, stage = copy_run(members_run), {"test": "test", "validate": "val"}[command]
    assert main([command, "--ckpt_path", str(folder)]) == 0
    told = json.loads((folder / f"{command}.json").read_text())
    assert {key.split("/")[0] for key in told["members"]["metrics"]} == {stage}
    with (folder / "members.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for name in ("accuracy", "loss"):
        own = [float(row[f"{stage}/{name}"]) for row in rows]
        interval = told["members"]["metrics"][f"{stage}/{name}"]
        assert interval["mean"] == pytest.approx(np.mean(own)) == pytest.approx(told[f"{stage}/{name}"], abs=1e-6)
        assert (interval["low"], interval["high"]) == pytest.approx(
            stats.t.interval(0.95, 3, np.mean(own), stats.sem(own))
        )
    data = members_run.trainer.datamodule
    x, y = data.splits[stage]
    right = load(folder, calibrated=False).predict(x.numpy()).indexes == y.numpy()
    assert told["ensemble/accuracy"] == pytest.approx(right.mean())
    out = capsys.readouterr().out
    assert "members     4, seeds 7 to 10" in out
    mean, together = told["members"]["metrics"][f"{stage}/accuracy"]["mean"], told["ensemble/accuracy"]
    assert re.search(rf"^{stage}/accuracy +{mean:.4f} .* {together:.4f}$", out, re.MULTILINE)


def test_members_of_the_checkpoint_are_evaluated_whatever_a_config_asks_for(members_run, copy_run):
    folder = copy_run(members_run)
    config = (folder / "config.yaml").read_text()
    assert "\nmembers: 4\n" in config
    (folder / "config.yaml").write_text(config.replace("members: 4", "members: 2"))
    assert main(["test", "--ckpt_path", str(folder)]) == 0
    assert len(json.loads((folder / "test.json").read_text())["members"]["seeds"]) == 4


def test_lightnings_own_trainer_tests_and_predicts_with_members(members_run, make_trainer):
    model = BinaryClassifier.load_from_checkpoint(members_run.folder / "checkpoints" / "best.ckpt")
    data = CirclesDataModule(**members_run.trainer.datamodule.hparams)
    (metrics,) = make_trainer().test(model, data, verbose=False)
    for key in ("test/accuracy", "test/loss", "ensemble/accuracy", "ensemble/loss"):
        assert metrics[key] == pytest.approx(members_run.metrics[key], abs=1e-6)
    (validated,) = make_trainer().validate(model, data, verbose=False)
    assert validated["val/loss"] == pytest.approx(members_run.metrics["members"]["metrics"]["val/loss"]["mean"])
    probabilities, _ = zip(*make_trainer().predict(model, data), strict=True)
    expected = load(members_run.folder).probabilities(data.splits["test"].x.numpy())
    np.testing.assert_allclose(torch.cat(probabilities), expected, atol=1e-6)


@pytest.mark.parametrize(("command", "stage"), [("test", "test"), ("validate", "val")])
def test_one_member_is_evaluated_as_the_fit_measured_it(command, stage, members_run, copy_run, capsys):
    folder = copy_run(members_run)
    assert main([command, "--ckpt_path", str(folder), "--member", "2"]) == 0
    metrics = json.loads((folder / f"{command}-member-2.json").read_text())
    with (folder / "members.csv").open(newline="") as file:
        row = list(csv.DictReader(file))[2]
    own = {key: float(value) for key, value in row.items() if key.startswith(f"{stage}/")}
    assert {key: value for key, value in metrics.items() if "/" in key} == pytest.approx(own, abs=1e-6)
    assert "members" not in metrics
    assert not (folder / f"{command}.json").exists()
    assert f"{command}-member-2.json" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("run", "member", "message"),
    [
        ("members_run", "4", "--member: must be a whole number in [0, 4), got 4; fix: "),
        ("members_run", "two", "--member: "),
        ("circles_run", "0", "--member: "),
    ],
)
def test_a_member_that_is_not_there_is_refused_with_nothing_written(
    run, member, message, request, copy_run, error_line
):
    folder = copy_run(request.getfixturevalue(run))
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert error_line("test", "--ckpt_path", folder, "--member", member).startswith(f"error: {message}")
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
