import pytest
from lightning.pytorch.utilities import rank_zero_only

from litclf.runs.folder import RunFolder, is_first_process, removed_if_refused
from litclf.utilities.errors import InputError


def test_only_the_folder_of_a_run_that_never_trained_is_removed(tmp_path):
    for name, written in (("unused", "config.yaml"), ("used", "metrics.csv")):
        (tmp_path / name).mkdir()
        (tmp_path / name / written).write_text("")
        with pytest.raises(InputError), removed_if_refused(RunFolder(tmp_path / name, writes=True)):
            raise InputError("engine", "cannot serve", "pass auto")
    assert [path.name for path in tmp_path.iterdir()] == ["used"]


def test_only_the_first_process_makes_the_folder_of_a_new_run_and_writes_there(tmp_path, monkeypatch):
    first = RunFolder.new(tmp_path / "circles")
    assert (first.path.name, first.writes, is_first_process()) == ("version_0", True, True)
    monkeypatch.setattr(rank_zero_only, "rank", 1)
    second = RunFolder.new(tmp_path / "circles")
    assert (second.path.exists(), second.writes, is_first_process()) == (False, False, False)
    assert RunFolder.at(first.path) == RunFolder(first.path, writes=False)
