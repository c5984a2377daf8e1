"""Data files whose headers lie, and what old versions of libraries would have unpickled beside them."""

import pickle
import struct
import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from litclf import MNISTDataModule
from litclf.data.sources.idx import read_idx

HEADERS = {
    "10^9 images": (0x0803, 10**9, 28, 28),
    "2^32 - 1 everywhere": (0x0803, 2**32 - 1, 2**32 - 1, 2**32 - 1),
    "no images": (0x0803, 0, 28, 28),
    "doubles": (0x0E03, 16, 28, 28),
    "many dimensions": (0x08FF, 16, 28, 28),
}


@pytest.fixture
def raw(attack):
    folder = attack.folder / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for part in ("train", "t10k"):
        images, labels = np.zeros((16, 28, 28), np.uint8), np.arange(16, dtype=np.uint8) % 10
        (folder / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">4I", 0x0803, 16, 28, 28) + images.tobytes())
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x0801, 16) + labels.tobytes())
    return folder


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_headers_are_held_against_the_file(attack, raw, header):
    (raw / "train-images-idx3-ubyte").write_bytes(struct.pack(">4I", *header) + bytes(16 * 784))
    tracemalloc.start()
    line = attack.refused(MNISTDataModule(data_dir=str(attack.folder), val_size=4).load)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "the train files in" in line
    assert peak < 10_000_000


def test_what_old_versions_left_is_not_unpickled(attack, raw, monkeypatch):
    processed = raw.parent / "processed"
    processed.mkdir()
    for name in ("training.pt", "test.pt"):
        torch.save((torch.zeros(1, 28, 28), torch.zeros(1)), processed / name, _use_new_zipfile_serialization=False)

    def loaded(*_args, **_settings):
        pytest.fail("a file was unpickled")

    monkeypatch.setattr(torch, "load", loaded)
    monkeypatch.setattr(pickle, "load", loaded)
    monkeypatch.setattr("torchvision.datasets.mnist.download_and_extract_archive", lambda *_args, **_settings: None)
    attack.deeds_of(MNISTDataModule(data_dir=str(attack.folder), val_size=4).load)
    (raw / "train-images-idx3-ubyte").unlink()
    attack.refused(MNISTDataModule(data_dir=str(attack.folder), val_size=4).load)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=64) | st.binary(max_size=40).map(lambda rest: bytes([0, 0, 8, 1]) + rest))
def test_any_bytes_give_numbers_or_a_refusal(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any-idx"
    path.write_bytes(content)
    try:
        numbers = read_idx(path, 1)
    except ValueError:
        return
    assert numbers.numpy().tobytes() == content[8:]
