"""Checkpoint file, and the one gate for it: a write is whole on the disk, nothing is read that was not checked first.

A checkpoint is the zip archive that :func:`torch.save` writes, with a comment at its end that holds the SHA-256 of all
bytes before it. :func:`torch.load` and every zip tool read it as before. The checksum finds damage, not forgery: what
makes a stranger's file harmless are the checks of its structure and values, and that nothing but tensors and plain
values is ever unpickled.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import shorten
from typing import Any, BinaryIO

import torch
from torch.serialization import get_unsafe_globals_in_checkpoint

from litclf.runs.find import local_path
from litclf.runs.hparams import HYPERPARAMETERS, check_plain
from litclf.utilities.errors import InputError
from litclf.utilities.files import replacing

_OLD_HYPERPARAMETERS = ("hparams", "module_arguments")
"""Entries of old versions of Lightning, which are mixed into the constructor's arguments where they are found."""

_END = 22
"""Bytes of a zip archive's end record, whose last two are the length of the comment after it."""

_MARK = b"litclf sha256 "
_COMMENT = re.compile(_MARK + rb"([0-9a-f]{64})")
_COMMENT_SIZE = len(_MARK) + 64

_MEMBER = re.compile(r"(?P<folder>[^/\\]+)/(data\.pkl|data/\d+|byteorder|version|\.(?:data/)?[a-z_]+)")
"""What PyTorch writes into a checkpoint; archives of TorchScript hold ``code`` and ``constants.pkl`` too."""

_FIX = "pass an undamaged checkpoint"


def save(checkpoint: dict[str, Any], path: Path) -> None:
    """Writes a checkpoint with its checksum; ``path`` is replaced at the end, once all is on the disk.

    Raises:
        InputError: If the folder of ``path`` does not exist.
        OSError: If it cannot be written; it names ``path``, where the old file is as it was.
    """
    buffer = io.BytesIO()
    torch.save(checkpoint, buffer)
    with buffer.getbuffer() as content:
        content[-2:] = _COMMENT_SIZE.to_bytes(2, "little")
        checksum = hashlib.sha256(content).hexdigest()
    buffer.seek(0, os.SEEK_END)
    buffer.write(_MARK + checksum.encode())
    with replacing(path) as beside, buffer.getbuffer() as content:
        beside.write_bytes(content)


def check_saved(checkpoint: dict[str, Any]) -> None:
    """Refuses what :func:`save` would not write, or :func:`read` would refuse afterwards.

    Raises:
        InputError: Naming what holds it.
    """
    buffer, fix = io.BytesIO(), "keep plain values, lists, dicts and tensors in state_dict and on_save_checkpoint"
    for key, part in zip(HYPERPARAMETERS, ("model", "data"), strict=True):
        try:
            check_plain(checkpoint.get(key, {}), f"save_hyperparameters of the {part}")
        except InputError as error:
            ignore = "leave it out, by save_hyperparameters(ignore=[...])"
            raise InputError(part, f"its checkpoints would be refused: {error.what}", ignore) from error
    try:
        torch.save(checkpoint, buffer)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise InputError("checkpoint", f"cannot be saved: {_first_line(error)}", fix) from error
    buffer.seek(0)
    if names := get_unsafe_globals_in_checkpoint(buffer):
        rule = f"would hold {', '.join(sorted(names))[:80]} beside tensors and plain values, and be refused"
        raise InputError("checkpoint", rule, fix)


def read(path: str | Path, map_location: Any = None) -> dict[str, Any]:
    """Reads a checkpoint of tensors and plain values, after its checksum and its structure were checked.

    Args:
        path: A local file, of litclf or of plain Lightning; the latter is checked by the CRC of its members.
        map_location: As :func:`torch.load` takes it; None is the CPU.

    Raises:
        InputError: If the file is missing, damaged or no checkpoint, or its hyperparameters are more than plain values.
        OSError: If it may not be read.
    """
    with opened(path, map_location) as (_, checkpoint):
        return checkpoint


@contextmanager
def opened(path: str | Path, map_location: Any = None) -> Iterator[tuple[BinaryIO, dict[str, Any]]]:
    """The file of a checkpoint, at its start, and its content; for who must hand the very file that was checked on.

    Args:
        path: As :func:`read` takes it.
        map_location: As :func:`read` takes it.

    Raises:
        InputError: As :func:`read` does.
        OSError: As :func:`read` does.
    """
    path = local_path(path)
    if not path.is_file():
        raise InputError("ckpt_path", f"there is no file {path}", "pass the path of a .ckpt file of a run")
    with path.open("rb") as file:
        try:
            _check_content(file)
            file.seek(0)
            checkpoint = torch.load(file, map_location=map_location or "cpu", weights_only=True)
        except Exception as error:  # zipfile and torch.load raise many kinds for a damaged file
            reason = _foreign(file) if isinstance(error, pickle.UnpicklingError) else _first_line(error)
            raise InputError("ckpt_path", f"cannot read {path}: {reason}", _FIX) from error
        _check_values(checkpoint, path)
        file.seek(0)
        yield file, checkpoint


def _check_content(file: BinaryIO) -> None:
    """Checks the checksum of a file that has one, the CRC of each member of one that has none, and its structure.

    Raises:
        ValueError: And what :mod:`zipfile` raises for damaged archives.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END - _COMMENT_SIZE))
    tail = file.read()
    found = _COMMENT.fullmatch(tail[-_COMMENT_SIZE:])
    end = tail[-_END - _COMMENT_SIZE : -_COMMENT_SIZE] if found else tail[-_END:]
    length = _COMMENT_SIZE if found else 0
    if end[:4] != b"PK\5\6" or end[-2:] != length.to_bytes(2, "little"):
        raise ValueError("its end is missing or damaged, or it is no checkpoint of PyTorch 1.6 or newer")
    if found and _checksum(file, size - _COMMENT_SIZE) != found.group(1).decode():
        raise ValueError("its checksum does not match its content")
    with zipfile.ZipFile(file) as archive:
        _check_members(archive.infolist(), size)
        if not found and (member := archive.testzip()):
            raise ValueError(f"its member {member} is damaged")


def _check_values(checkpoint: Any, path: Path) -> None:
    if not isinstance(checkpoint, dict):
        raise InputError("ckpt_path", f"{path} is not a checkpoint of a run", "pass a .ckpt file that litclf wrote")
    for key in _OLD_HYPERPARAMETERS:
        if key in checkpoint:
            rule = f"{path} has the entry {key}, of Lightning before 1.0"
            raise InputError("ckpt_path", rule, "pass a checkpoint of this version")
    for key in HYPERPARAMETERS:
        check_plain(checkpoint.get(key, {}), f"{path}: {key}")


def _checksum(file: BinaryIO, size: int) -> str:
    """The SHA-256 of the first ``size`` bytes."""
    checksum, piece = hashlib.sha256(), 1 << 20
    file.seek(0)
    for start in range(0, size, piece):
        checksum.update(file.read(min(piece, size - start)))
    return checksum.hexdigest()


def _check_members(members: list[zipfile.ZipInfo], size: int) -> None:
    """Refuses what PyTorch does not write: other names, links, names twice, compression, more content than bytes."""
    names = [member.filename for member in members]
    matches = [_MEMBER.fullmatch(name) for name in names]
    for member, match in zip(members, matches, strict=True):
        if match is None or match["folder"] in (".", "..") or member.external_attr >> 16 & 0o170000 == 0o120000:
            raise ValueError(f"it holds {member.filename!r:.80}, which is no part of a checkpoint")
        if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
            raise ValueError(f"its member {member.filename} is compressed")
    if len(set(names)) < len(names) or len({match["folder"] for match in matches if match}) != 1:
        raise ValueError("it holds a member twice, or none")
    if sum(member.file_size for member in members) > size:
        raise ValueError(f"its members claim more than the {size} bytes it has")


def _foreign(file: BinaryIO) -> str:
    """What a checkpoint holds that is not unpickled; PyTorch would say at length how to load the file all the same."""
    file.seek(0)
    try:
        names = sorted(get_unsafe_globals_in_checkpoint(file))
    except Exception:  # a pickle that cannot even be taken apart
        names = []
    # A stranger chose the names: whatever a terminal would obey in them is spelt out.
    told = repr(", ".join(names))[1:-1][:80] or "something"
    return f"it holds {told} beside tensors and plain values"


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return shorten(lines[0], 150, placeholder=" ...") if lines else type(error).__name__
