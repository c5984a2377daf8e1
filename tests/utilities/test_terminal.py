import io
import os
import sys
import threading
import warnings
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import pytest

from litclf.cli.main import main
from litclf.utilities.terminal import painted, terminal


@contextmanager
def unread():
    """A standard output that nobody reads any more; pytest sets its own between a fixture and a test."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", encoding="utf-8") as stream, redirect_stdout(stream):
        yield stream


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [
        f"{row / 10 - row % 2},{'naïve' if row % 2 else '기쁨'},{f'r{row}' if row % 9 == 0 else 'p'}"
        for row in range(90)
    ]
    (tmp_path / "names.csv").write_text("\n".join(["x,label,kind", *rows, ""]), encoding="utf-8")
    return tmp_path / "names.csv"


@pytest.mark.parametrize(
    ("encoding", "lost"), [("ascii", "\\uae30\\uc068"), ("cp949", "na\\xefve"), ("latin-1", "\\uae30")]
)
@pytest.mark.parametrize("strictness", ["strict", "surrogateescape"])
def test_letters_that_a_terminal_cannot_take_are_replaced(encoding, lost, strictness, monkeypatch):
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding, errors=strictness)
    monkeypatch.setattr(sys, "stdout", stream)
    with terminal():
        print("naïve 기쁨 \udcff")
    assert lost in written.getvalue().decode(encoding)
    assert stream.errors == strictness
    assert sys.stdout is stream


@pytest.mark.filterwarnings("default")
def test_a_command_ends_its_work_though_nobody_reads(table, capsys):
    with unread() as stream:
        assert main(["check-data", str(table)]) == 0
        assert sys.stdout is stream
        print("goes nowhere")
    assert (table.parent / "data_report.json").is_file()
    assert "Broken pipe" not in capsys.readouterr().err


@pytest.mark.parametrize("args", [["--help"], ["presets"], ["fit", "--help"], ["nothing"]])
def test_an_answer_may_be_left_unread(args):
    with unread():
        assert main(args) == (2 if args == ["nothing"] else 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a file of Linux that is always full")
@pytest.mark.filterwarnings("default")
def test_a_full_standard_output_is_named_and_the_work_is_done(table, capsys):
    with Path("/dev/full").open("w", encoding="utf-8") as stream, redirect_stdout(stream):
        assert main(["check-data", str(table)]) == 1
        assert main(["nothing"]) == 2  # which prints nothing there
    assert (table.parent / "data_report.json").is_file()
    told = capsys.readouterr().err.splitlines()[-2]
    assert told.startswith("error: stdout: No space left on device: what was to be printed is lost, no file is; fix: ")


def test_a_stream_that_is_no_file_and_cannot_be_written_to_is_named(monkeypatch, capsys):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stdout", Full())
    assert main(["presets"]) == 1
    assert "error: stdout: No space left on device" in capsys.readouterr().err


@pytest.mark.filterwarnings("default")
def test_warnings_are_notes_without_a_place_in_the_code(capsys):
    shown = warnings.showwarning
    with terminal():
        warnings.warn("two\n  lines", UserWarning, stacklevel=1)
    assert capsys.readouterr().err == "note        two lines\n"
    assert warnings.showwarning is shown
    with pytest.warns(UserWarning, match="with its place"), terminal(as_notes=False):
        warnings.warn("with its place", UserWarning, stacklevel=1)


@pytest.mark.filterwarnings("default")
def test_no_command_shows_where_in_the_code_a_warning_was_given(table, capsys):
    assert main(["check-data", str(table), "--target", "label"]) == 0
    assert main(["init", str(table), "--target", "label"]) == 0
    told = capsys.readouterr().err
    assert ".py" not in told
    assert "was in no training row" in told


@pytest.mark.parametrize("closed", [None, io.StringIO()], ids=["none", "closed"])
def test_a_process_without_terminal_is_left_so_and_told_once(closed, monkeypatch, capsys):
    if closed is not None:
        closed.close()
    monkeypatch.setattr(sys, "stdout", closed)
    assert main(["presets"]) == 0
    assert sys.stdout is closed
    assert painted("0.98", "bold", None) == "0.98"
    assert capsys.readouterr().err == "note        stdout is closed: what is printed is lost\n"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(28, "No space left on device"), "note        [Errno 28] No space left on device\n"),
        (ValueError("a bug"), "Traceback"),
    ],
)
def test_a_thread_that_ends_by_an_error_of_the_machine_is_told_in_a_line(error, told, capsys):
    def end():
        raise error

    hook = threading.excepthook
    with terminal():
        thread = threading.Thread(target=end)
        thread.start()
        thread.join()
    assert told in capsys.readouterr().err
    assert threading.excepthook is hook


def test_streams_are_put_back_in_whatever_order_threads_leave():
    before = sys.stdout, sys.stderr, warnings.showwarning
    first, second = terminal(), terminal()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert sys.stdout is not before[0]  # the second still prints
    second.__exit__(None, None, None)
    assert (sys.stdout, sys.stderr, warnings.showwarning) == before
