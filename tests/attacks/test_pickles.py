"""Pickles that call something when they are read, in every wrapping that PyTorch has had."""

import io
import pickle
import sys
import tarfile

import pytest
import torch

from litclf import BinaryClassifier, CirclesDataModule, load
from litclf.inference.rebuild import load_run
from litclf.runs.checkpoint import Checkpoint
from litclf.runs.checkpoint_io import SafeCheckpointIO
from litclf.training.calibration import calibrate_checkpoint

READERS = {
    "read": Checkpoint.read,
    "plugin": SafeCheckpointIO().load_checkpoint,
    "model": BinaryClassifier.load_from_checkpoint,
    "data": CirclesDataModule.load_from_checkpoint,
    "load": load,
    "compare": load_run,
    "calibrate": lambda path: calibrate_checkpoint(Checkpoint.read(path), BinaryClassifier(), CirclesDataModule()),
}
COMMANDS = {
    "predict": ("predict", "--point", "1,2"),
    "predict-split": ("predict",),
    "test": ("test",),
    "resume": ("fit",),
    "export": ("export", "--format", "state_dict"),
}


@pytest.fixture
def in_archive(repack, pickled):
    """The pickle in the place of the checkpoint's own, signed or not."""

    def repacked(sign):
        def change(members):
            return [(name, pickled if name.endswith("data.pkl") else held) for name, held in members.items()]

        return repack(change, sign)

    return repacked


def test_the_pickles_are_live(pickled, attack):
    """Else it would show nothing that nothing comes of them."""
    try:
        pickle.loads(pickled)
        assert attack.sentinel.exists()
    finally:
        sys.modules.pop("stranger", None)


@pytest.mark.parametrize("sign", [False, True], ids=["plain", "signed"])
def test_a_pickle_in_an_archive_is_refused(in_archive, attack, sign):
    assert "beside tensors and plain values" in attack.refused(Checkpoint.read, in_archive(sign))


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_refuses(in_archive, attack, reader):
    assert "cannot read" in attack.refused(READERS[reader], in_archive(True))


@pytest.mark.parametrize("poison", ["os.system"], indirect=True)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_refuses(in_archive, refused_command, command):
    path = in_archive(True)
    assert "cannot read" in refused_command(*COMMANDS[command], "--ckpt_path", path)


@pytest.mark.parametrize("poison", ["os.system"], indirect=True)
def test_comparing_refuses(in_archive, refused_command, run):
    in_archive(True)
    assert "cannot read" in refused_command("compare", run, run)


def test_a_bare_pickle_is_refused(pickled, attack, best):
    best.write_bytes(pickled)
    assert "its end is missing" in attack.refused(Checkpoint.read, best)


def test_a_signed_bare_pickle_is_refused(pickled, attack, best, signed):
    best.write_bytes(signed(pickled + b"PK\5\6" + bytes(18)))
    assert "cannot read" in attack.refused(Checkpoint.read, best)


def test_the_pickle_format_of_old_versions_is_refused(attack, best, poison):
    torch.save({"poison": poison}, best, _use_new_zipfile_serialization=False)
    assert "1.6 or newer" in attack.refused(Checkpoint.read, best)


def test_the_tar_format_of_old_versions_is_refused(pickled, attack, best):
    with tarfile.open(best, "w") as archive:
        for name in ("sys_info", "pickle", "storages", "tensors"):
            info = tarfile.TarInfo(name)
            info.size = len(pickled)
            archive.addfile(info, io.BytesIO(pickled))
    assert "1.6 or newer" in attack.refused(Checkpoint.read, best)


@pytest.mark.filterwarnings("ignore:.*torch.jit.* is deprecated")
def test_an_archive_of_torchscript_is_refused(attack, best):
    module = torch.jit.trace(torch.nn.Linear(2, 1), torch.zeros(1, 2))
    torch.jit.save(module, best)
    assert "which is no part of a checkpoint" in attack.refused(Checkpoint.read, best)
