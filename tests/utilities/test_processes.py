"""Whether another process of a fit has ended is seen of the process itself, whatever a library says of it."""

import socket
import subprocess
import sys

import pytest

from litclf.training.callbacks.others import OtherProcesses
from litclf.utilities import processes
from litclf.utilities.processes import Others


@pytest.fixture
def other(monkeypatch):
    """Another process of the fit; a third is on another machine, where the first process has its number 1."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    known = [(socket.gethostname(), child.pid), ("elsewhere", 1)]
    monkeypatch.setattr(processes, "gathered", lambda own: [own, *known])
    yield child
    child.kill()
    child.wait()


def test_a_process_has_ended_when_it_was_killed_although_nobody_has_asked_for_it(other):
    others = Others()
    assert not others.ended(within=0)
    other.kill()
    assert others.ended(within=5)
    others.forget()
    assert not others.ended(within=0)


@pytest.mark.parametrize(
    ("dies", "error", "told"),
    [(True, RuntimeError(), True), (False, RuntimeError(), False), (True, ValueError(), False)],
)
def test_a_fit_that_fails_by_itself_is_not_told_as_one_whose_process_has_ended(other, dies, error, told):
    callback, trainer = OtherProcesses(), type("Two", (), {"world_size": 2})()
    callback.setup(trainer, None, "fit")
    if dies:
        other.kill()
    callback.on_exception(trainer, None, error)
    assert callback.ended is told
