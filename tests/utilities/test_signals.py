"""Signals outside of a fit; those within one are in test_resuming.py. Processes are started where nothing less does."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from subprocess import PIPE

import pytest

from litclf.utilities import signals


def send(signum):
    os.kill(os.getpid(), signum)
    time.sleep(1)


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGUSR1, 138)])
def test_a_signal_ends_what_goes_on_with_its_code(signum, code):
    before = signal.getsignal(signum)
    with pytest.raises(signals.Interrupted) as caught, signals.handled():
        send(signum)
    assert caught.value.code == code
    assert signal.getsignal(signum) == before


def test_a_fit_hears_of_it_when_it_asks():
    with signals.handled():
        signals.wait_for_save(True)
        os.kill(os.getpid(), signal.SIGTERM)
        assert signals.requested() == signal.SIGTERM
        signals.take_your_time()
    assert signals.requested() is None


@pytest.mark.parametrize(("signum", "kind"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)])
def test_a_program_gets_what_python_raises(signum, kind):
    with pytest.raises(kind) as caught, signals.as_python_ends(), signals.handled():
        send(signum)
    if kind is SystemExit:
        assert caught.value.code == 143


@contextmanager
def child(code, patience=signals._SECONDS):
    """A process that runs ``code`` with signals handled, once it has said so; it leaves work that goes on so long."""
    code = f"signals._SECONDS = {patience}\nwith signals.handled():\n    {code}"
    code = f"import time\nfrom litclf.utilities import signals\n{code}"
    with subprocess.Popen([sys.executable, "-c", code], stdout=PIPE, stderr=PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


BUSY = "signals.wait_for_save(True); print('ready', flush=True); [time.sleep(0.1) for _ in range(600)]"


def test_a_second_sigint_leaves_at_once():
    with child(BUSY, patience=60) as process:
        for _ in range(100):  # two, or more where it is so slow that it takes some of them for one
            process.send_signal(signal.SIGINT)
            time.sleep(0.2)
            if process.poll() is not None:
                break
        assert process.poll() == 130
        assert process.stderr.read() == ""


def test_work_that_does_not_end_is_left_within_five_seconds():
    assert signals._SECONDS < 5
    with child(BUSY, patience=0.5) as process:
        begin = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 143
        assert time.monotonic() - begin >= 0.5
        assert "left without saving" in process.stderr.read()


@pytest.mark.parametrize(("parent", "left"), [(os.getpid(), (0, "goes on\n")), (0, (137, ""))], ids=["there", "ended"])
def test_a_process_whose_parent_has_ended_before_it_asked_for_the_signal_ends(parent, left):
    code = "from litclf.utilities import signals\nwith signals.handled(): print('goes on')"
    env = {**os.environ, "LOCAL_RANK": "1", signals.PARENT: str(parent)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == left


def test_those_that_a_fit_starts_know_their_parent():
    with signals.handled():
        assert os.environ[signals.PARENT] == str(os.getpid())
    assert signals.PARENT not in os.environ


STOPPED = """
import os, signal, sys
MODULE = sys.argv.pop(1)

class Stop:
    def find_spec(self, name, *_):
        if name == MODULE:
            os.kill(os.getpid(), signal.SIGTERM)

sys.meta_path.insert(0, Stop())
from litclf.__main__ import entrance
entrance()
"""


@pytest.mark.slow
@pytest.mark.parametrize("module", ["torch", "lightning.pytorch", "litclf.training.run", "litclf.training.stages"])
def test_the_command_ends_while_it_starts(module, tmp_path):
    """Stopped where it begins to load a module; at any other moment: tests/reliability."""
    args = [sys.executable, "-c", STOPPED, module, "fit", "-c", "circles"]
    done = subprocess.run(args, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (143, 1), done.stderr
