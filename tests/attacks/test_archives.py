"""Archives with names that lead elsewhere, links, bombs and lies about their size; addresses instead of files."""

import copy
import io
import os
import zipfile

import pytest

from litclf import BinaryClassifier, CirclesDataModule, load
from litclf.runs.checkpoint import Checkpoint
from litclf.runs.checkpoint_io import SafeCheckpointIO

BIG = 1 << 20


@pytest.mark.parametrize(
    "name",
    [
        "../sentinel",
        "archive/../../sentinel",
        "/sentinel",
        "archive/data/../../x",
        "a\\b",
        "archive/code/x.py",
        "x/y/z",
    ],
)
@pytest.mark.parametrize("sign", [False, True], ids=["plain", "signed"])
def test_other_members_are_refused(attack, repack, name, sign):
    path = repack(lambda members: [*members.items(), (name, b"harm")], sign)
    assert "which is no part of a checkpoint" in attack.refused(Checkpoint.read, path)


def test_links_are_refused(attack, repack):
    link = zipfile.ZipInfo("archive/data/99")
    link.external_attr = 0o120777 << 16
    path = repack(lambda members: [*members.items(), (link, b"/etc/passwd")], sign=True)
    assert "which is no part of a checkpoint" in attack.refused(Checkpoint.read, path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_twice_are_refused(attack, repack):
    path = repack(lambda members: [*members.items(), *members.items()], sign=True)
    assert "a member twice" in attack.refused(Checkpoint.read, path)


def test_two_folders_are_refused(attack, repack):
    path = repack(lambda members: [*members.items(), ("other/data.pkl", b".")], sign=True)
    assert "a member twice, or none" in attack.refused(Checkpoint.read, path)


@pytest.mark.parametrize("sign", [False, True], ids=["plain", "signed"])
def test_bombs_are_not_unpacked(attack, best, signed, sign):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(100 * BIG))
    best.write_bytes(signed(buffer.getvalue()) if sign else buffer.getvalue())
    assert best.stat().st_size < BIG
    assert "is compressed" in attack.refused(Checkpoint.read, best)


@pytest.mark.parametrize("lie", ["size", "overlap"])
@pytest.mark.parametrize("sign", [False, True], ids=["plain", "signed"])
def test_members_that_claim_more_than_there_is_are_refused(attack, best, signed, lie, sign):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", bytes(BIG))
        (member,) = archive.filelist
        if lie == "size":
            member.file_size = member.compress_size = 1 << 30
        else:  # many names of one piece of content
            for number in range(1000):
                other = copy.copy(member)
                other.filename = f"archive/data/{number}"
                archive.filelist.append(other)
    best.write_bytes(signed(buffer.getvalue()) if sign else buffer.getvalue())
    assert "claim more than" in attack.refused(Checkpoint.read, best)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:9/a.ckpt",
        "https://127.0.0.1:9/a.ckpt",
        "s3://bucket/a.ckpt",
        "file:///etc/passwd",
        "registry:a",
    ],
)
@pytest.mark.parametrize(
    "reader",
    [
        *(load, Checkpoint.read, BinaryClassifier.load_from_checkpoint, CirclesDataModule.load_from_checkpoint),
        SafeCheckpointIO().load_checkpoint,
        lambda address: SafeCheckpointIO().save_checkpoint({}, address),
        lambda address: SafeCheckpointIO().remove_checkpoint(address),
    ],
)
def test_addresses_are_not_followed(attack, address, reader):
    assert "is no local file; fix: fetch it first" in attack.refused(reader, address)


@pytest.mark.parametrize("command", ["predict", "predict --point 1,2", "test", "fit", "export --format torch"])
def test_commands_follow_no_address(refused_command, command):
    assert "is no local file" in refused_command(*command.split(), "--ckpt_path", "http://127.0.0.1:9/a.ckpt")


def test_pipes_and_devices_are_not_read(attack):
    os.mkfifo(attack.folder / "pipe")
    for path in (attack.folder / "pipe", "/dev/zero", attack.folder):
        assert "there is no file" in attack.refused(Checkpoint.read, path)


@pytest.mark.parametrize("name", ["checkpoints/../../kept", "link.ckpt", "folder"])
def test_nothing_else_is_removed_than_a_checkpoint(attack, name):
    """A checkpoint names the checkpoints that its run will remove."""
    for folder in ("checkpoints", "folder"):
        (attack.folder / folder).mkdir()
    (attack.folder / "kept").write_text("precious")
    (attack.folder / "link.ckpt").symlink_to(attack.folder / "kept")
    attack.refused(SafeCheckpointIO().remove_checkpoint, str(attack.folder / "folder" / ".." / name))
    attack.refused(SafeCheckpointIO().remove_checkpoint, f"{attack.folder}/{name}")
    assert (attack.folder / "kept").read_text() == "precious"
    assert (attack.folder / "folder").is_dir()
