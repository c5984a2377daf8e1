"""Runs that the tests of resuming share: undisturbed ones, and one that was stopped in the middle of an epoch."""

import shutil

import pytest


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """What undisturbed runs leave, by the steps of their executions; each is run once."""
    from tests.training.stopping import left_by, run

    found = {}

    def of(steps_per_execution, **settings):
        key = (steps_per_execution, str(settings))
        if key not in found:
            found[key] = left_by(run(tmp_path_factory.mktemp("whole"), steps_per_execution, **settings).folder)
        return found[key]

    return of


@pytest.fixture(scope="session")
def stopped_once(tmp_path_factory):
    """The folder of a run that was stopped after step 20 of 48; only to be read."""
    from tests.training.stopping import stopped

    return stopped(tmp_path_factory.mktemp("stopped"), 7, "on_train_batch_end", 20)


@pytest.fixture
def stopped_run(stopped_once, tmp_path):
    """A copy of it, to go on with."""
    return shutil.copytree(stopped_once, tmp_path / "lightning_logs" / "own" / "version_0")
