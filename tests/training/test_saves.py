"""What a fit saves has its checksum, is loaded as Lightning loads it, and survives a full disk."""

import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.fabric.plugins.environments import LightningEnvironment
from lightning.pytorch import LightningModule
from lightning.pytorch.strategies import SingleDeviceStrategy

from litclf import BinaryClassifier, CirclesDataModule
from litclf.cli.main import main
from litclf.runs.checkpoint_file import read
from litclf.runs.checkpoint_io import SafeCheckpointIO
from litclf.training.plan import Plan
from litclf.training.stages import open_run
from litclf.training.trainer import make_trainer


def test_a_fit_sweeps_its_folder_when_it_starts(tmp_path):
    ended = subprocess.Popen([sys.executable, "-S", "-c", ""])
    ended.wait()
    left = tmp_path / "checkpoints" / f".{ended.pid}.best.ckpt"
    left.parent.mkdir()
    left.write_text("half")
    open_run(Plan(BinaryClassifier(), CirclesDataModule(), "circles", config="", seed=1), tmp_path)
    assert not left.exists()


class OwnIO(TorchCheckpointIO):
    pass


def test_a_way_to_the_disk_of_the_users_own_is_taken():
    own, quiet = OwnIO(), {"logger": False, "enable_checkpointing": False, "accelerator": "cpu", "devices": 1}
    for settings in (
        {"plugins": own},
        {"plugins": [own]},
        {"strategy": SingleDeviceStrategy("cpu", checkpoint_io=own)},
    ):
        assert make_trainer({**quiet, **settings}).strategy.checkpoint_io is own
    for settings in ({}, {"strategy": SingleDeviceStrategy("cpu")}, {"plugins": LightningEnvironment()}):
        assert isinstance(make_trainer({**quiet, **settings}).strategy.checkpoint_io, SafeCheckpointIO)


def test_all_that_a_fit_saves_has_its_checksum(circles_run):
    checkpoints = sorted((circles_run.folder / "checkpoints").iterdir())
    assert [path.name for path in checkpoints] == ["best.ckpt", "last.ckpt"]
    for path in checkpoints:
        assert re.fullmatch(rb"litclf sha256 [0-9a-f]{64}", path.read_bytes()[-78:])
    assert "calibration" in read(checkpoints[0])


def test_models_and_data_are_loaded_as_lightning_loads_them(circles_run):
    best = circles_run.folder / "checkpoints" / "best.ckpt"
    model = BinaryClassifier.load_from_checkpoint(str(best))
    x = torch.rand(5, 2)
    assert torch.equal(model.eval()(x), circles_run.model.eval()(x))
    assert model.hparams["class_names"] == circles_run.model.hparams["class_names"]
    assert BinaryClassifier.load_from_checkpoint(best, lr=0.5, map_location="cpu").hparams["lr"] == 0.5
    data = CirclesDataModule.load_from_checkpoint(best, noise=0.3)
    assert (data.num_samples, data.noise) == (2000, 0.3)


class Own(BinaryClassifier):
    def __init__(self, scale: float = 1.0) -> None:
        super().__init__(hidden_dims=[4], input_shape=[2], num_classes=2)
        self.save_hyperparameters({"scale": scale})


def test_a_class_of_ones_own_with_fewer_arguments_is_loaded(tmp_path, make_trainer):
    trainer = make_trainer()
    trainer.strategy.connect(Own(scale=2.0))
    trainer.save_checkpoint(tmp_path / "own.ckpt")
    assert Own.load_from_checkpoint(tmp_path / "own.ckpt").hparams["scale"] == 2.0


def test_a_network_of_ones_own_is_passed(tmp_path, make_trainer):
    network = torch.nn.Linear(2, 1)
    trainer = make_trainer()
    trainer.strategy.connect(BinaryClassifier(network=network, num_classes=2))
    trainer.save_checkpoint(tmp_path / "own.ckpt")
    again = torch.nn.Linear(2, 1)
    BinaryClassifier.load_from_checkpoint(tmp_path / "own.ckpt", network=again)
    assert torch.equal(again.weight, network.weight)


def test_lightnings_other_modules_are_not_touched():
    assert LightningModule.load_from_checkpoint is not BinaryClassifier.load_from_checkpoint


def test_a_fit_on_a_full_disk_ends_with_one_line_and_the_old_checkpoint(tmp_path, monkeypatch, capsys):
    """The disk is full from the second save on: the first one is both checkpoints of the first epoch."""
    saves = []
    proper = Path.write_bytes

    def write_bytes(path, content):
        if path.name.endswith(".ckpt"):
            saves.append(path)
            if len(saves) > 1:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return proper(path, content)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    args = [
        "--trainer.default_root_dir",
        str(tmp_path),
        "--pictures",
        "false",
        "--trainer.enable_progress_bar",
        "false",
    ]
    assert main(["fit", "-c", "circles", *args]) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert re.fullmatch(r"error: \S*\.ckpt: No space left on device; fix: .*", line)
    kept = sorted((tmp_path / "lightning_logs" / "circles" / "version_0" / "checkpoints").iterdir())
    assert [path.name for path in kept] == ["best.ckpt", "last.ckpt"]
    assert len({read(path)["global_step"] for path in kept}) == 1
