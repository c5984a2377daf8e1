"""The experiments of `scripts/faults.py` on checkpoints, in small numbers, and that they notice what goes wrong."""

import importlib
import sys
from pathlib import Path

import pytest
import torch

from litclf import InputError

SCRIPTS = Path(__file__).parents[1] / "scripts"


@pytest.fixture
def faults(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module("faults")


@pytest.fixture
def saves(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module("faults_saves")


def test_results_are_printed_and_recorded(faults, monkeypatch, tmp_path, capsys):
    path = tmp_path / "RELIABILITY.md"
    monkeypatch.setattr(
        faults, "experiments", lambda: {"one": lambda n: (n, n, "fine"), "two": lambda n: (1, n, "bad")}
    )
    for n, code in ((2, 1), (1, 0)):
        monkeypatch.setattr(sys, "argv", ["faults.py", "--n", str(n), "--record", str(path)])
        assert faults.main() == code
    assert "two: 1 of 2" in capsys.readouterr().out
    rows = [line for line in path.read_text().splitlines() if line.startswith(("| one", "| two"))]
    assert [row.split(" | ")[1] for row in rows] == ["1 of 1", "1 of 1"]
    assert "`python scripts/faults.py --only one --n 1`" in rows[0]


@pytest.mark.parametrize("args", [["--only", "nothing"], ["--n", "0"]])
def test_what_is_asked_wrongly_is_refused(faults, monkeypatch, args):
    monkeypatch.setattr(sys, "argv", ["faults.py", *args])
    with pytest.raises(SystemExit, match="2"):
        faults.main()


def test_every_experiment_has_its_sizes(faults):
    assert faults.experiments().keys() <= faults.SIZES.keys()


@pytest.mark.parametrize("name", ["bit_flips", "truncations"])
def test_damage_is_never_loaded_silently(saves, name):
    good, tried, note = saves.EXPERIMENTS[name](20)
    assert (good, tried) == (20, 20)
    assert "0 silently wrong" in note


def test_damage_that_is_loaded_is_counted(saves, monkeypatch):
    def read(path):
        try:
            return torch.load(path, weights_only=True)
        except Exception as error:
            raise InputError("ckpt_path", str(error), "none") from error

    proper = saves.read
    monkeypatch.setattr(saves, "read", lambda path: (read if path.name == "damaged.ckpt" else proper)(path))
    good, tried, _ = saves.bit_flips(20)
    assert good < tried


# A child of a process with threads only saves, and is killed.
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_killed_saves_leave_the_last_checkpoint_whole(saves):
    assert saves.save_kills(4)[:2] == (4, 4)


def test_full_disks_leave_the_last_checkpoint(saves):
    good, tried, note = saves.full_disks(30)
    if not tried:
        pytest.skip(note)
    assert good == tried
