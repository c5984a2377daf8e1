import gc
import importlib
import re
import sys
from pathlib import Path

import pytest

from litclf.cli.main import COMMANDS, exit_code, main, usage
from litclf.cli.presets import presets
from litclf.utilities.errors import InputError, RunError
from litclf.utilities.signals import Interrupted

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_every_command_is_a_module_with_a_main_and_stands_in_the_usage():
    told = {line.split()[0] for line in usage().partition("commands:")[2].partition("options:")[0].splitlines() if line}
    assert {command.name for command in COMMANDS} == told - {"or"}
    heads = re.findall(r"\{([\w,-]+)\}", usage())
    alone = {"completion", "cv", "resume"}
    assert {name for head in heads for name in head.split(",")} | alone == told - {"or"}
    for command in COMMANDS:
        assert callable(importlib.import_module(command.module).main)


def test_help_version_and_presets_need_no_torch(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setitem(sys.modules, "lightning", None)
    assert main(["--help"]) == 0
    assert "litclf fit -c circles" in capsys.readouterr().out
    assert main(["--version"]) == 0
    assert main(["presets"]) == 0
    out = capsys.readouterr().out
    assert all(name in out and description in out for name, description in presets().items())


def test_no_command_is_answered_with_the_usage(capsys):
    assert main([]) == 2
    assert "usage" in capsys.readouterr().out


def test_a_folder_that_cannot_be_made_exits_with_1(capsys, tmp_path):
    (tmp_path / "lightning_logs").write_text("")
    assert main(["fit", "-c", "circles", "--trainer.default_root_dir", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_debug_shows_the_traceback():
    with pytest.raises(ValueError, match="lr: must be positive"):
        main(["fit", "-c", "circles", "--model.lr", "-1", "--debug"])


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (InputError("lr", "must be\n positive", "pass 0.1"), 2, "error: lr: must be positive; fix: pass 0.1\n"),
        (RunError("loss", "is nan", "lower lr"), 1, "error: loss: is nan; fix: lower lr\n"),
        (OSError(28, "No space left", "a.csv"), 1, "error: a.csv: No space left; fix: mend that, and run again\n"),
        (
            MemoryError(),
            1,
            "error: memory: is used up; fix: lower --data.batch_size, or take less data or a smaller network\n",
        ),
        (KeyboardInterrupt(), 130, ""),
        (Interrupted(15), 143, ""),
        (SystemExit(3), 3, ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_errors_end_in_a_line_and_an_exit_code(error, code, line, capsys):
    def command(_):
        raise error

    assert exit_code(command, []) == code
    assert capsys.readouterr().err == line


def test_a_command_that_there_is_not_is_named(capsys):
    assert main(["tst"]) == 2
    assert capsys.readouterr().err == "error: tst: is no command of litclf; fix: did you mean test?\n"


@pytest.mark.parametrize("collects", [True, False])
def test_the_garbage_collector_rests_while_a_command_is_imported(collects, monkeypatch):
    monkeypatch.delitem(sys.modules, "litclf.cli.presets")
    found, real = [], importlib.import_module
    monkeypatch.setattr(importlib, "import_module", lambda name: found.append(gc.isenabled()) or real(name))
    monkeypatch.setattr(gc, "freeze", lambda: found.append("frozen"))
    if not collects:
        gc.disable()
    try:
        assert main(["presets"]) == 0
        assert gc.isenabled() is collects
    finally:
        gc.enable()
    assert found == [False, *["frozen"] * collects]


def test_a_working_folder_that_was_removed_is_named(tmp_path, monkeypatch, capsys):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "here").rmdir()
    assert exit_code(lambda _: Path.cwd() and 0, []) == 1
    assert capsys.readouterr().err.startswith("error: the working folder: No such file or directory; fix: ")


def test_a_bug_is_no_lack_of_memory():
    def command(_):
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        exit_code(command, [])


def test_an_error_is_red_where_somebody_looks(capsys, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["tst"]) == 2
    assert capsys.readouterr().err.startswith("\x1b[31merror:\x1b[0m tst: is no command")
