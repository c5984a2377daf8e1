"""Kills and signals at random moments, and what a resumed run then ends with; many starts at the same instant."""

import csv
import os
import random
import signal

import pytest

from litclf.cli.main import main

from .disturbance import digest, disturbed, ended, finished, forked, is_between_saves, newest, trials

pytestmark = [
    pytest.mark.slow,
    # The forks of this process are what is tested; they take no lock that one of its threads may hold.
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning"),
]

MOST_SECONDS = 5.0
"""Within these a run has to end after a signal."""


SAME = "resumed to the SHA-256 of the undisturbed run, over weights, states of optimizer and loops, metrics and logs"


@pytest.mark.count(3, 200)
def test_kills(count, conclude, tmp_path):
    """SIGKILL at a random moment, for a third of the trials twice, then resumed until done: the same digest?"""
    chance, wrong, between = random.Random(1), [], 0
    for number, trial in enumerate(trials(count, tmp_path)):
        disturbed(trial, signal.SIGKILL, chance)
        if chance.random() < 1 / 3:
            disturbed(trial._replace(seconds=trial.seconds / 2, cold=False), signal.SIGKILL, chance)
        folder = newest(trial.folder)
        between += folder is not None and is_between_saves(folder)
        if (reason := difference(trial)) is not None:
            wrong.append(f"trial {number} ({trial.case.name}): {reason}")
    note = f"{between} of them after an epoch that was not saved yet"
    conclude(count - len(wrong), count, "; ".join([*wrong, note]) if wrong else f"{SAME}; {note}")


@pytest.mark.count(2, 50)
def test_signals(count, conclude, tmp_path):
    """SIGTERM or SIGINT at a random moment: right exit code within 5 s, and resumed to the same digest?"""
    chance, wrong, slowest = random.Random(2), [], 0.0
    for number, trial in enumerate(trials(count, tmp_path)):
        signum = chance.choice([signal.SIGINT, signal.SIGTERM])
        code, seconds = disturbed(trial, signum, chance)
        slowest = max(slowest, seconds)
        reason = difference(trial)
        if code != 128 + signum or seconds > MOST_SECONDS or reason is not None:
            wrong.append(f"trial {number} ({trial.case.name}): code {code}, {seconds:.1f} s, {reason or 'same digest'}")
    conclude(count - len(wrong), count, "; ".join([*wrong, f"slowest exit {slowest:.2f} s"]))


def difference(trial):
    """What sets the run, gone on with until it is done, apart from the undisturbed one; None where nothing does."""
    try:
        return None if digest(finished(trial.case, trial.folder)) == trial.digest else "another digest"
    except Exception as error:  # a failure of one trial is counted with the others
        return str(error)


@pytest.mark.count(1, 20)
def test_starts(count, conclude, tmp_path):
    """Eight starts at the same instant, ``count`` times: a folder for each?"""
    args = ["fit", "-c", "circles", "--data.repeat", "2", "--trainer.max_epochs", "1", "--pictures", "false"]
    failed = 0
    for _ in range(count):
        reading, writing = os.pipe()

        def run(reading=reading, writing=writing):
            os.close(writing)
            os.read(reading, 1)  # ends for all at once, when the parent closes its side
            return main(args)

        processes = [forked(run, tmp_path) for _ in range(8)]
        os.close(reading)
        os.close(writing)
        failed += sum(ended(process) != 0 for process in processes)
    written = tmp_path.glob("lightning_logs/circles/version_*/metrics.csv")
    whole = [path for path in written if rows(path) == 3]  # two steps and the test
    conclude(len(whole), 8 * count, f"{failed} exit codes other than 0")


def rows(path):
    with path.open(newline="") as file:
        return len(list(csv.DictReader(file)))
