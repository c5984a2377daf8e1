"""The Trainer's way to the disk: through the gate for checkpoints, and nothing else is removed or made anew."""

import pytest

from litclf import InputError
from litclf.runs.checkpoint_io import SafeCheckpointIO

CONTENT = {"state_dict": {}, "hyper_parameters": {"lr": 0.1}, "epoch": 3}


def test_a_folder_that_was_removed_during_the_run_ends_it(tmp_path):
    plugin = SafeCheckpointIO()
    path = tmp_path / "run" / "checkpoints" / "last.ckpt"
    plugin.save_checkpoint(CONTENT, path)
    path.unlink()
    path.parent.rmdir()
    with pytest.raises(FileNotFoundError, match="its folder was removed during the run") as error:
        plugin.save_checkpoint(CONTENT, path)
    assert error.value.filename == str(path)
    assert not path.parent.exists()


def test_options_of_storage_are_refused(tmp_path):
    with pytest.raises(InputError, match="storage_options"):
        SafeCheckpointIO().save_checkpoint(CONTENT, tmp_path / "a.ckpt", storage_options={"key": 1})


def test_a_checkpoint_is_removed(tmp_path):
    path = tmp_path / "last.ckpt"
    SafeCheckpointIO().save_checkpoint(CONTENT, path)
    for _ in range(2):
        SafeCheckpointIO().remove_checkpoint(str(path))
        assert not path.exists()
