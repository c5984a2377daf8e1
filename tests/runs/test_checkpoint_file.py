"""Checkpoints are written whole or not at all, and what is damaged is refused whatever bit it is."""

import errno
import hashlib
import os
import random
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch import LightningModule
from lightning.pytorch.strategies import SingleDeviceStrategy

from litclf import BinaryClassifier, CirclesDataModule, InputError, fit
from litclf.__main__ import main
from litclf.runs.checkpoint_file import local_path, read, save
from litclf.runs.checkpoint_io import SafeCheckpointIO
from litclf.training.trainer import trainer_defaults, with_safe_checkpoints
from litclf.utilities.files import sweep

CONTENT = {"state_dict": {"w": torch.arange(100.0)}, "hyper_parameters": {"lr": 0.1}, "epoch": 3}


def same(one, other):
    return one["epoch"] == other["epoch"] and torch.equal(one["state_dict"]["w"], other["state_dict"]["w"])


@pytest.fixture
def path(tmp_path):
    save(CONTENT, tmp_path / "last.ckpt")
    return tmp_path / "last.ckpt"


@pytest.fixture
def plain(tmp_path):
    """A checkpoint as Lightning writes it."""
    TorchCheckpointIO().save_checkpoint(CONTENT, str(tmp_path / "plain.ckpt"))
    return tmp_path / "plain.ckpt"


def test_a_checkpoint_is_read_back(path):
    assert same(read(path), CONTENT)
    assert [other.name for other in path.parent.iterdir()] == [path.name]


def test_pytorch_and_zip_tools_read_it_as_any_other(path):
    assert same(torch.load(path, weights_only=True), CONTENT)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        comment = archive.comment.decode()
    content = path.read_bytes()
    assert comment == f"litclf sha256 {hashlib.sha256(content[:-78]).hexdigest()}"


def test_a_checkpoint_of_lightning_is_read(plain):
    assert same(read(plain), CONTENT)


def flipped(content, bit):
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_every_flipped_bit_of_our_own_is_refused(path):
    content = path.read_bytes()
    bits = [
        *random.Random(0).sample(range(8 * len(content)), 150),
        *range(8 * (len(content) - 100), 8 * len(content), 3),
    ]
    for bit in bits:
        path.write_bytes(flipped(content, bit))
        with pytest.raises(InputError, match="cannot read"):
            read(path)


def test_no_flipped_bit_of_a_plain_one_changes_what_is_read(plain):
    content = plain.read_bytes()
    refused = 0
    for bit in random.Random(0).sample(range(8 * len(content)), 150):
        plain.write_bytes(flipped(content, bit))
        try:
            assert same(read(plain), CONTENT)
        except InputError:
            refused += 1
    assert refused > 50


@pytest.mark.parametrize("kind", ["path", "plain"])
def test_every_truncation_is_refused(kind, request):
    file = request.getfixturevalue(kind)
    content = file.read_bytes()
    for length in [*random.Random(0).sample(range(len(content)), 50), *range(len(content) - 120, len(content))]:
        file.write_bytes(content[:length])
        with pytest.raises(InputError, match="cannot read"):
            read(file)


@pytest.mark.parametrize(
    "comment",
    [
        b"litclf sha256 " + b"0" * 64,
        b"litclf sha256 " + b"z" * 64,
        b"litclf sha256 ",
        b"other",
        b"litclf sha512 " + b"0" * 64,
    ],
)
def test_a_comment_that_is_no_checksum_of_the_content_is_refused(plain, comment):
    with zipfile.ZipFile(plain, "a") as archive:
        archive.comment = comment
    with pytest.raises(InputError, match="cannot read"):
        read(plain)


def test_bytes_after_the_end_are_refused(path, plain):
    for file in (path, plain):
        file.write_bytes(file.read_bytes() + b"\0")
        with pytest.raises(InputError, match="its end is missing"):
            read(file)


def test_a_file_that_may_not_be_read_is_no_damaged_one(path, monkeypatch):
    def denied(*_args):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(PermissionError):
        read(path)


@pytest.mark.parametrize("value", [["list"], 3, None])
def test_what_is_no_dict_is_refused(tmp_path, value):
    save(value, tmp_path / "a.ckpt")
    with pytest.raises(InputError, match="is not a checkpoint of a run"):
        read(tmp_path / "a.ckpt")


@pytest.mark.parametrize("value", [3, b"a.ckpt", None])
def test_what_is_no_path_is_refused(value):
    with pytest.raises(InputError, match="must be a path"):
        local_path(value)


def failing(monkeypatch, name, number, of=lambda *_: True):
    """Makes a call of the system fail as on a full disk."""
    proper = getattr(os, name)

    def call(*args, **settings):
        if of(*args):
            raise OSError(number, os.strerror(number))
        return proper(*args, **settings)

    monkeypatch.setattr(os, name, call)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
@pytest.mark.parametrize("call", ["fsync", "replace", "write", "open"])
def test_a_save_that_fails_leaves_the_old_one_and_nothing_else(path, monkeypatch, call, number):
    old = path.read_bytes()
    if call in ("write", "open"):

        def write_bytes(beside, content):
            if call == "write":
                with beside.open("wb") as file:
                    file.write(content[: len(content) // 2])
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(Path, "write_bytes", write_bytes)
    else:
        failing(monkeypatch, call, number)
    with pytest.raises(OSError, match=os.strerror(number)) as error:
        save({**CONTENT, "epoch": 4}, path)
    assert (error.value.errno, error.value.filename) == (number, str(path))
    assert path.read_bytes() == old
    assert list(path.parent.iterdir()) == [path]


def test_the_content_is_on_the_disk_before_the_name_and_the_name_before_the_end(path, monkeypatch):
    calls = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (calls.append(str(Path(f"/proc/self/fd/{fd}").readlink())), fsync(fd)))
    monkeypatch.setattr(Path, "replace", lambda one, other: (calls.append("rename"), replace(one, other)))
    save(CONTENT, path)
    beside = str(path.with_name(f".{os.getpid()}.{path.name}"))
    assert calls == [beside, "rename", str(path.parent)]


def test_nothing_is_staged_in_the_folder_for_temporary_files(path, tmp_path_factory, monkeypatch):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.setenv("TMPDIR", str(elsewhere))
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    elsewhere.chmod(0o500)
    seen = []
    monkeypatch.setattr(Path, "replace", lambda one, _: seen.append((one.parent, list(elsewhere.iterdir()))))
    save(CONTENT, path)
    assert seen == [(path.parent, [])]


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


def test_a_checkpoint_is_removed(path):
    for _ in range(2):
        SafeCheckpointIO().remove_checkpoint(str(path))
        assert not path.exists()


@pytest.fixture(scope="module")
def stopped_process():
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_leftovers_of_killed_saves_are_swept(tmp_path, stopped_process):
    kept = [tmp_path / name for name in ("last.ckpt", f".{os.getppid()}.last.ckpt", ".hidden.ckpt", ".1x.last.ckpt")]
    swept = [tmp_path / f".{number}.last.ckpt" for number in (stopped_process, os.getpid(), 10**30)]
    other = tmp_path / f".{stopped_process}.notes.txt"
    for file in (*kept, *swept, other):
        file.write_text("")
    (tmp_path / f".{stopped_process}.folder.ckpt").mkdir()
    assert sorted(sweep(tmp_path, ".ckpt")) == sorted(swept)
    assert all(file.exists() for file in (*kept, other))


def test_a_fit_sweeps_its_folder_when_it_starts(tmp_path, stopped_process):
    left = tmp_path / "checkpoints" / f".{stopped_process}.best.ckpt"
    left.parent.mkdir()
    left.write_text("half")
    trainer_defaults({}, CirclesDataModule(), tmp_path)
    assert not left.exists()


def test_a_plugin_of_the_users_own_is_taken():
    own = TorchCheckpointIO()
    assert with_safe_checkpoints({"plugins": own}) == [own]
    assert with_safe_checkpoints({"strategy": SingleDeviceStrategy("cpu", checkpoint_io=own)}) == []
    (ours,) = with_safe_checkpoints({})
    assert isinstance(ours, SafeCheckpointIO)
    named, _ = with_safe_checkpoints({"plugins": ["something"]})
    assert named == "something"


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    settings = {"max_epochs": 1, "enable_progress_bar": False, "default_root_dir": tmp_path_factory.mktemp("run")}
    return fit(BinaryClassifier(hidden_dims=[4]), CirclesDataModule(num_samples=200, noise=0.1), **settings)


@pytest.fixture
def best(result):
    return result.folder / "checkpoints" / "best.ckpt"


def test_all_that_a_fit_saves_has_its_checksum(result):
    checkpoints = sorted((result.folder / "checkpoints").iterdir())
    assert [path.name for path in checkpoints] == ["best.ckpt", "last.ckpt"]
    for path in checkpoints:
        assert re.fullmatch(rb"litclf sha256 [0-9a-f]{64}", path.read_bytes()[-78:])
    assert "calibration" in read(checkpoints[0])


def test_models_and_data_are_loaded_as_lightning_loads_them(result, best):
    model = BinaryClassifier.load_from_checkpoint(str(best))
    x = torch.rand(5, 2)
    assert torch.equal(model.eval()(x), result.model.eval()(x))
    assert model.hparams["class_names"] == result.model.hparams["class_names"]
    assert BinaryClassifier.load_from_checkpoint(best, lr=0.5, map_location="cpu").hparams["lr"] == 0.5
    data = CirclesDataModule.load_from_checkpoint(best, noise=0.3)
    assert (data.num_samples, data.noise) == (200, 0.3)


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


def test_columns_of_a_table_may_have_any_name(tmp_path):
    content = {
        **CONTENT,
        "hyper_parameters": {"preparation": {"kind": "table", "numbers": {"class_path": {"mean": 1.0}}}},
    }
    save(content, tmp_path / "a.ckpt")
    assert read(tmp_path / "a.ckpt")["hyper_parameters"] == content["hyper_parameters"]


def test_a_fit_on_a_full_disk_ends_with_one_line_and_the_old_checkpoint(tmp_path, monkeypatch, capsys):
    """The disk is full from the third save on: the first two are of the first epoch."""
    saves = []
    proper = Path.write_bytes

    def write_bytes(path, content):
        if path.name.endswith(".ckpt"):
            saves.append(path)
            if len(saves) > 2:
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
    for path in (tmp_path / "lightning_logs" / "circles" / "version_0" / "checkpoints").iterdir():
        assert read(path)["global_step"] == 500
