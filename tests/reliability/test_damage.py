"""Checkpoints that are damaged on the disk: none may load as another."""

import random

import pytest
import torch
from lightning.fabric.plugins import TorchCheckpointIO

from litclf.runs.checkpoint_file import read
from litclf.utilities.errors import InputError


@pytest.fixture
def checkpoints(circles_run, tmp_path):
    """The checkpoint of a fit of circles, and the same as plain Lightning writes it."""
    own, plain = circles_run.folder / "checkpoints" / "last.ckpt", tmp_path / "plain.ckpt"
    TorchCheckpointIO().save_checkpoint(read(own), plain)
    return own, plain


@pytest.mark.slow
@pytest.mark.count(60, 1000)
def test_bit_flips(count, conclude, checkpoints, tmp_path):
    """Flips a bit of a checkpoint, every other time of one as plain Lightning writes it; none may load as another."""
    conclude(*damaged(count, flip, read, checkpoints, tmp_path / "damaged.ckpt"))


@pytest.mark.slow
@pytest.mark.count(20, 100)
def test_truncations(count, conclude, checkpoints, tmp_path):
    """Cuts a checkpoint off at any byte, every other time one as plain Lightning writes it; none may load."""
    conclude(*damaged(count, cut, read, checkpoints, tmp_path / "damaged.ckpt"))


def test_damage_that_is_loaded_is_counted(checkpoints, tmp_path):
    def trusting(path):
        try:
            return torch.load(path, weights_only=True)
        except Exception as error:
            raise InputError("ckpt_path", str(error), "none") from error

    good, tried, note = damaged(20, flip, trusting, checkpoints, tmp_path / "damaged.ckpt")
    assert good < tried
    assert f"{tried - good} silently wrong" in note


def flip(content, stream):
    place = stream.randrange(8 * len(content))
    changed = bytearray(content)
    changed[place // 8] ^= 1 << place % 8
    return bytes(changed)


def cut(content, stream):
    return content[: stream.randrange(len(content))]


def damaged(n, damage, reader, checkpoints, path):
    """How often of ``n`` times ``reader`` let no damage pass, ``n``, and what happened."""
    stream, refused, same, wrong, silent = random.Random(0), 0, 0, 0, 0
    contents = [checkpoint.read_bytes() for checkpoint in checkpoints]
    proper = read(checkpoints[0])
    for trial in range(n):
        path.write_bytes(damage(contents[trial % 2], stream))
        try:
            loaded = reader(path)
        except InputError:
            refused += 1
        else:
            alike = equal(loaded, proper)
            same, wrong = same + alike, wrong + (not alike)
        silent += loads_another(path, proper)
    note = f"{refused} refused, {same} harmless and read as before, {wrong} silently wrong; torch.load alone: {silent}"
    return n - wrong, n, note


def loads_another(path, proper):
    try:
        return not equal(torch.load(path, weights_only=True), proper)
    except Exception:  # torch.load raises many kinds for a damaged file
        return False


def equal(one, other):
    """Whether two checkpoints hold the same, bit by bit."""
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor):
        content = [tensor.contiguous().numpy().tobytes() for tensor in (one, other)]
        return one.dtype == other.dtype and one.shape == other.shape and content[0] == content[1]
    if isinstance(one, dict):
        return list(one) == list(other) and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return repr(one) == repr(other)
