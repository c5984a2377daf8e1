import io
import os
import sys
import warnings
from contextlib import contextmanager, redirect_stdout

import pytest

from litclf.cli.main import main
from litclf.utilities.terminal import terminal


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


def test_other_errors_of_writing_are_told(monkeypatch, capsys):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stdout", Full())
    assert main(["presets"]) == 1
    assert "No space left on device" in capsys.readouterr().err


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


def test_a_process_without_terminal_is_left_so(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["presets"]) == 0
    assert sys.stdout is None


def test_streams_are_put_back_in_whatever_order_threads_leave():
    before = sys.stdout, sys.stderr, warnings.showwarning
    first, second = terminal(), terminal()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert sys.stdout is not before[0]  # the second still prints
    second.__exit__(None, None, None)
    assert (sys.stdout, sys.stderr, warnings.showwarning) == before
