import csv
import time

import pytest
import torch
from lightning.pytorch.loggers import TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from litclf.models.points import Rows
from litclf.training.loggers.csv import MetricsCSV
from litclf.training.loggers.pace import Pace
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
    state = first.state()  # with the rows that wait
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


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass as a test says."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_a_write_is_due_when_a_hundred_times_its_length_has_passed(clock):
    pace = Pace()
    for seconds, waits in ((0.5, 50.0), (0.0, 0.05)):
        assert pace.is_due
        with pace.writing():
            clock[0] += seconds
        clock[0] += 0.99 * waits
        assert not pace.is_due
        clock[0] += 0.02 * waits


def test_rows_wait_while_a_write_was_just_done_and_are_written_by_whatever_is_logged_later(tmp_path, clock):
    logger, found = MetricsCSV(tmp_path), []
    for step, seconds in enumerate((0, 0.01, 60)):
        clock[0] += seconds
        logger.log_metrics({"a": step}, step)
        logger.save()
        found.append([row["step"] for row in rows(logger.path)])
    assert found == [["0"], ["0"], ["0", "1", "2"]]
    logger.log_metrics({"a": 3}, 3)
    clock[0] += 60
    logger.log_rows("b", Rows([], []), epoch=0)
    assert len(rows(logger.path)) == 4


def test_events_are_cut_where_they_were_and_later_files_go(tmp_path):
    first = RunTensorBoard(tmp_path / "a" / "version_0")
    first.log_metrics({"loss": 1.0}, step=0)
    first.write()
    first.log_metrics({"loss": 1.5}, step=1)  # which waits, and goes along with the checkpoint
    state = first.state()
    first.log_metrics({"loss": 2.0}, step=2)
    first.finalize("success")
    lost = RunTensorBoard(tmp_path / "a" / "version_0", purge_step=2)
    lost.log_metrics({"loss": 3.0}, step=2)
    lost.finalize("success")
    second = RunTensorBoard(tmp_path / "a" / "version_0", purge_step=2)
    second.rewind(state)
    files = list((tmp_path / "a" / "version_0").glob("events*"))
    assert {path.name: path.stat().st_size for path in files} == state["files"]
    second.log_metrics({"loss": 4.0}, step=2)
    second.finalize("success")
    for logger in (first, lost, second):
        logger.experiment.close()
    assert scalars(tmp_path / "a" / "version_0") == {"loss": [(0, 1.0), (1, 1.5), (2, 4.0)]}


def test_what_others_write_counts_in_the_length_that_a_checkpoint_knows(tmp_path):
    logger = RunTensorBoard(tmp_path / "a" / "version_0")
    logger.log_metrics({"loss": 1.0}, step=0)
    before = logger.state()["files"]
    logger.experiment.add_scalar("theirs", 2.0, 0)
    after = logger.state()["files"]
    logger.experiment.close()
    assert [after[name] > length for name, length in before.items()] == [True]


def scalars(folder):
    """What TensorBoard reads in a folder: step and value by tag, by step."""
    events = EventAccumulator(str(folder)).Reload()
    # It reads the tenth file of a process before the ninth, where both are of one second.
    return {tag: sorted((row.step, row.value) for row in events.Scalars(tag)) for tag in events.Tags()["scalars"]}


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
