"""Help is kept for who asks again, and made anew when it may be another."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from litclf.cli.help import helped

ASK = """
import sys
LOADED
from litclf.cli.help import helped

def run():
    print("made anew, aé")
    END

print(helped("fit", run))
"""


def asked(cache, loaded="", end="raise SystemExit(0)", **env):
    code = ASK.replace("LOADED", loaded).replace("END", end)
    env = os.environ | {"XDG_CACHE_HOME": str(cache), "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"} | env
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=True)
    return done.stdout.decode()


def test_it_is_made_once_for_a_version_and_a_width(tmp_path):
    other = "return print('other') or 0"
    assert asked(tmp_path, end=other) == "made anew, aé\nother\n0\n"
    assert asked(tmp_path) == "made anew, aé\nother\n0\n"
    assert asked(tmp_path, COLUMNS="81") == "made anew, aé\n0\n"
    assert asked(tmp_path, end=other, loaded="import importlib.metadata as m; m.version = str") == (
        "made anew, aé\nother\n0\n"
    )


def test_it_is_not_kept_where_it_failed_or_may_hold_what_others_loaded(tmp_path):
    for end, code in (("raise SystemExit(2)", 2), ("return 1", 1)):
        assert asked(tmp_path, end=end) == f"made anew, aé\n{code}\n"
    assert asked(tmp_path, end="return 0", loaded="sys.modules['lightning'] = sys") == "made anew, aé\n0\n"
    assert not list(tmp_path.rglob("*.help"))


def test_a_cache_that_cannot_be_read_or_written_is_no_error(tmp_path):
    (tmp_path / "litclf" / "fit.help").mkdir(parents=True)
    (tmp_path / "file").touch()
    for cache in (tmp_path, tmp_path / "file"):
        assert asked(cache, end="return 0") == "made anew, aé\n0\n"


def test_a_user_without_a_home_has_no_cache(monkeypatch, capsys):
    """As in containers that run by a number that is no user."""

    def nobody(*_):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "expanduser", nobody)
    assert helped("fit", lambda: print("made anew") or 0) == 0
    assert capsys.readouterr().out == "made anew\n"


@pytest.mark.slow  # some seconds: PyTorch and Lightning are loaded for the first answer
def test_the_second_answer_is_the_first_without_pytorch(tmp_path):
    env = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    told = "import sys; from litclf.cli.main import main; main(['fit', '--help-all']); print('torch' in sys.modules)"
    runs = [
        subprocess.run([sys.executable, "-c", told], env=env, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    first, second = (run.splitlines() for run in runs)
    assert first[:-1] == second[:-1]
    assert any("--trainer.max_epochs" in line for line in first)
    assert (first[-1], second[-1]) == ("True", "False")
