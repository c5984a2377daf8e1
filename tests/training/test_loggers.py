import csv
import time

import torch
from lightning.pytorch.loggers import TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from litclf.training.loggers.csv import MetricsCSV
from litclf.training.loggers.tensorboard import RunTensorBoard


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_values_of_one_step_share_a_row(tmp_path):
    logger = MetricsCSV(tmp_path)
    logger.log_metrics({"train/loss": 0.5}, step=9)
    logger.log_metrics({"val/loss": 0.25, "epoch": 0}, step=9)
    logger.log_metrics({"train/loss": 0.125}, step=19)
    logger.write()
    assert rows(logger.path) == [
        {"step": "9", "train/loss": "0.5", "epoch": "0", "val/loss": "0.25"},
        {"step": "19", "train/loss": "0.125", "epoch": "", "val/loss": ""},
    ]


def test_every_write_leaves_a_whole_file(tmp_path):
    logger = MetricsCSV(tmp_path)
    for step in range(5):
        logger.log_metrics({"a": step}, step)
        logger.write()
        assert [row["step"] for row in rows(logger.path)] == [str(n) for n in range(step + 1)]


def test_a_shorter_row_replaces_a_longer_one_whole(tmp_path):
    logger = MetricsCSV(tmp_path)
    logger.log_metrics({"a": 0.123456}, step=0)
    logger.write()
    logger.log_metrics({"a": 1}, step=0)
    logger.write()
    assert logger.path.read_bytes() == b"step,a\r\n0,1\r\n"


def test_a_resumed_run_keeps_earlier_rows_and_rewrites_later_ones(tmp_path):
    first = MetricsCSV(tmp_path)
    for step in (9, 19, 29):
        first.log_metrics({"loss": step}, step)
    first.finalize("success")
    second = MetricsCSV(tmp_path)
    second.log_metrics({"loss": -1, "extra": 2}, step=19)
    second.finalize("success")
    assert rows(second.path) == [
        {"step": "9", "loss": "9", "extra": ""},
        {"step": "19", "loss": "-1", "extra": "2"},
    ]


def test_a_file_is_brought_back_to_what_it_was(tmp_path):
    first = MetricsCSV(tmp_path)
    first.log_metrics({"loss": 1}, step=9)
    first.log_metrics({"loss": 2}, step=19)
    state = first.state()
    first.write()
    before = first.path.read_bytes()
    first.log_metrics({"val": 3}, step=19)
    first.log_metrics({"loss": 4}, step=29)
    first.write()
    with first.path.open("a") as file:
        file.write("39,")  # as a kill in the middle of a row leaves it
    second = MetricsCSV(tmp_path)
    second.rewind(state)
    assert second.path.read_bytes() == before
    second.log_metrics({"val": 3}, step=19)
    second.write()
    assert rows(second.path)[-1] == {"step": "19", "loss": "2", "val": "3"}


def test_a_write_that_was_just_done_is_not_done_again_until_a_hundred_times_its_length_has_passed(
    tmp_path, monkeypatch
):
    seconds = iter([5.0, 5.0, 5.5, 50.0, 56.0, 56.0, 56.1])  # asked for; the write from 5.0 to 5.5; asked for, twice
    monkeypatch.setattr(time, "monotonic", lambda: next(seconds))
    logger = MetricsCSV(tmp_path)
    found = []
    for step in range(3):
        logger.log_metrics({"a": step}, step)
        logger.save()
        found.append([row["step"] for row in rows(logger.path)])
    assert found == [["0"], ["0"], ["0", "1", "2"]]


def test_events_are_cut_where_they_were_and_later_files_go(tmp_path):
    first = RunTensorBoard(tmp_path / "a" / "version_0")
    first.log_metrics({"loss": 1.0}, step=0)
    state = first.state()
    first.log_metrics({"loss": 2.0}, step=1)
    first.finalize("success")
    lost = RunTensorBoard(tmp_path / "a" / "version_0", purge_step=1)
    lost.log_metrics({"loss": 3.0}, step=1)
    lost.finalize("success")
    second = RunTensorBoard(tmp_path / "a" / "version_0", purge_step=1)
    second.rewind(state)
    files = list((tmp_path / "a" / "version_0").glob("events*"))
    assert {path.name: path.stat().st_size for path in files} == state["files"]
    for logger in (first, lost):
        logger.experiment.close()


def scalars(folder):
    """What TensorBoard reads in a folder: step and value by tag."""
    events = EventAccumulator(str(folder)).Reload()
    return {tag: [(row.step, row.value) for row in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_a_row_shows_what_lightnings_own_logger_shows(tmp_path):
    ours, theirs = RunTensorBoard(tmp_path / "ours"), TensorBoardLogger(tmp_path / "theirs", name="", version="")
    for logger in (ours, theirs):
        logger.log_metrics({"train/loss": 0.1, "val/accuracy": torch.tensor(0.75), "epoch": 1}, step=7)
        logger.log_metrics({"train/loss": float("nan")}, step=8)
        logger.finalize("success")
    found, expected = scalars(tmp_path / "ours"), scalars(tmp_path / "theirs")
    assert str(found) == str(expected)  # as text, in which what is not a number equals itself
    assert set(found) == {"train/loss", "val/accuracy", "epoch"}


def test_a_row_is_on_disk_within_seconds_though_nothing_asks_for_it(tmp_path):
    logger = RunTensorBoard(tmp_path / "run")
    logger.log_metrics({"train/loss": 0.5}, step=0)
    logger.save()
    end = time.monotonic() + 10  # takes one: the writer waits for a second
    while not scalars(tmp_path / "run") and time.monotonic() < end:
        time.sleep(0.1)
    assert scalars(tmp_path / "run") == {"train/loss": [(0, 0.5)]}
