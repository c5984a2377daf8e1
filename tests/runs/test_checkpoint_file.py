"""Checkpoints are written whole or not at all, and what is damaged is refused whatever bit it is."""

import datetime
import errno
import hashlib
import os
import random
import zipfile
from pathlib import Path

import pytest
import torch
from lightning.fabric.plugins import TorchCheckpointIO

from litclf import InputError
from litclf.runs.checkpoint_file import read, save
from litclf.runs.find import local_path

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


def test_columns_of_a_table_may_have_any_name(tmp_path):
    content = {
        **CONTENT,
        "hyper_parameters": {"preparation": {"kind": "table", "numbers": {"class_path": {"mean": 1.0}}}},
    }
    save(content, tmp_path / "a.ckpt")
    assert read(tmp_path / "a.ckpt")["hyper_parameters"] == content["hyper_parameters"]


def test_what_it_holds_beside_tensors_is_named(tmp_path):
    torch.save({**CONTENT, "day": datetime.date(2024, 2, 29)}, tmp_path / "a.ckpt")
    with pytest.raises(InputError, match=r"a\.ckpt: it holds datetime\.date beside tensors and plain values; fix: "):
        read(tmp_path / "a.ckpt")


def test_a_name_in_it_that_a_terminal_would_obey_is_spelt_out(plain):
    with zipfile.ZipFile(plain) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(plain, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, b"\x80\x02cos\nsys\x1b[2Jtem\n." if name.endswith("data.pkl") else content)
    with pytest.raises(InputError, match=r"it holds os\.sys\\x1b\[2Jtem beside"):
        read(plain)
