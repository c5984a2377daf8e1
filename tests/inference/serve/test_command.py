import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from litclf.cli.main import main
from litclf.inference.model import load

REAL_FIND = importlib.util.find_spec


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "--ckpt_path: serve needs the checkpoint of a trained model"),
        (["--ckpt_path", "no-such-run"], "--ckpt_path: there is no file no-such-run"),
        (["--ckpt_path", "x", "--port", "80"], "--port: must lie between 1024 and 65535, got 80"),
        (["--ckpt_path", "x", "--port", "web"], "litclf serve: argument --port: invalid int value: 'web'"),
        (["--ckpt_path", "x", "--host", "example.org"], "litclf serve: argument --host: invalid choice: 'example.org'"),
        (["--ckpt_path", "x", "--hosts", "::"], "litclf serve: unrecognized arguments: --hosts ::"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line(arguments, line, capsys):
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        assert main(["serve", *arguments]) == 2
    finally:
        signal.signal(signal.SIGINT, handlers[0])
        signal.signal(signal.SIGTERM, handlers[1])
    error = capsys.readouterr().err
    assert error.startswith(f"error: {line}")
    assert error.count("\n") == 1


def test_a_port_in_use_is_told_before_the_model_is_loaded(capsys):
    with contextlib.closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["serve", "--ckpt_path", "no-such-run", "--port", str(port)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: --port: {port} on 127.0.0.1 cannot be used: Address already in use; fix:")
    assert error.count("\n") == 1


def test_without_litserve_the_extra_is_named(monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "litserve" else REAL_FIND(name))
    assert main(["serve", "--ckpt_path", "x"]) == 2
    assert capsys.readouterr().err.endswith("fix: pip install 'litclf[serve]'\n")


def members(group):
    """Processes of a session that are left, the ended ones not counted."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            pid, rest = path.read_text().split(" ", 1)
            state, _, _, session = rest.rpartition(")")[2].split()[:4]
            if int(session) == group and state != "Z":
                found.append(int(pid))
    return found


@contextlib.contextmanager
def started(run, client, log):
    """The command in a process of its own, once it is ready."""
    command = [sys.executable, "-m", "litclf", "serve", "--ckpt_path", str(run), "--port", str(client.port)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True, cwd=log.parent)
    try:
        end = time.monotonic() + 120
        while time.monotonic() < end:
            assert process.poll() is None, log.read_text()
            with contextlib.suppress(OSError):
                if client.get("/health")[0] == 200:
                    break
            time.sleep(0.1)
        yield process
    finally:
        for pid in members(process.pid):
            os.kill(pid, signal.SIGKILL)
        process.wait()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_answers_and_ends_at_once_with_all_its_processes(points, unused_client, tmp_path, number, code):
    log = tmp_path / "log"
    with started(points, unused_client, log) as process:
        predictions = unused_client.predictions({"rows": [[1.0, 0.5], [-1.0, 0.5]]})
        frame = pd.DataFrame([[1.0, 0.5], [-1.0, 0.5]], columns=["가로", "<b>높이</b>"])
        assert [answer["class"] for answer in predictions] == load(points).predict(frame).classes
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal does
        else:
            process.send_signal(number)
        assert process.wait(5) == code
        time.sleep(0.5)
        assert members(process.pid) == []
    assert log.read_text() == f"serving     {unused_client.url}  (Ctrl-C ends it)\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log"]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_a_model_that_dies_ends_the_server(points, unused_client, tmp_path):
    log = tmp_path / "log"
    with started(points, unused_client, log) as process:
        commands = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in members(process.pid)}
        (worker,) = (pid for pid, command in commands.items() if "spawn_main" in command)
        os.kill(worker, signal.SIGKILL)
        assert process.wait(30) == 1
        time.sleep(0.5)
        assert members(process.pid) == []
    assert "Traceback" not in log.read_text()
    assert "error: server: its process of the model ended" in log.read_text()
