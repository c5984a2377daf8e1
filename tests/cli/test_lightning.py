"""What the Trainer is given."""

import json

import pytest

from litclf.cli.main import main

QUICK = ["--trainer.max_epochs", "1", "--pictures", "false", "--trainer.enable_progress_bar", "false"]


@pytest.mark.parametrize(
    ("channel", "limit", "steps"),
    [
        ("flag", "1", 1),
        ("config", "1.0", 10),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in (("flag", "1.0", 10), ("config", "1", 1))),
        *(pytest.param(channel, "3", 3, marks=pytest.mark.slow) for channel in ("flag", "config")),
    ],
)
def test_a_whole_number_is_a_number_of_batches_and_one_with_a_point_a_share(
    channel, limit, steps, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.yaml").write_text(f"trainer:\n  limit_train_batches: {limit}\n")
    own = ["--trainer.limit_train_batches", limit] if channel == "flag" else ["-c", "own.yaml"]
    assert main(["fit", "-c", "blobs", *own, "--name", "blobs", *QUICK]) == 0, capsys.readouterr().err
    written = json.loads((tmp_path / "lightning_logs/blobs/version_0/metrics.json").read_text())
    assert written["global_step"] == steps
    # The run's own config repeats it.
    again = ["--config", "lightning_logs/blobs/version_0/config.yaml", "--name", "again", *QUICK]
    assert main(["fit", *again]) == 0, capsys.readouterr().err
    assert json.loads((tmp_path / "lightning_logs/again/version_0/metrics.json").read_text())["global_step"] == steps
