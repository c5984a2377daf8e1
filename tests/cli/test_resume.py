import pytest

from litclf.cli.main import main

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_a_flag_that_a_checkpoint_contradicts_is_refused(trained, error_line):
    last = trained / "checkpoints" / "last.ckpt"
    line = error_line("fit", "--ckpt_path", last, "--model.lr", "0.7", "--trainer.max_epochs", "3")
    assert line.startswith("error: --model.lr: is 0.7, but ")
    assert "was made with 0.1" in line


def test_a_schedule_of_another_length_is_not_resumed(tmp_path, error_line):
    short = ["--trainer.max_epochs", "2", "--pictures", "false"]
    assert main(["fit", "-c", "blobs", *short, "--model.lr_schedule", "cosine"]) == 0
    last = tmp_path / "lightning_logs/blobs/version_0/checkpoints/last.ckpt"
    line = error_line("fit", "--ckpt_path", last, "--trainer.max_epochs", "4")
    assert line.startswith("error: --trainer.max_epochs: ")


def test_another_seed_does_not_lose_silently_against_the_checkpoint(trained, error_line):
    last = trained / "checkpoints" / "last.ckpt"
    line = error_line("fit", "--ckpt_path", last, "--seed_everything", "7", "--trainer.max_epochs", "3")
    assert line.startswith("error: --seed_everything: is 7, but ")


def test_a_finished_run_is_left_as_it_is(trained, error_line):
    before = (trained / "metrics.json").read_bytes()
    line = error_line("fit", "--ckpt_path", trained / "checkpoints" / "last.ckpt")
    assert "has finished its 2 epochs; fix: pass --trainer.max_epochs 4" in line
    assert (trained / "metrics.json").read_bytes() == before
