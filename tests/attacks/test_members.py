"""Checkpoints that tell of members which they do not hold."""

import tracemalloc
from itertools import cycle

import pytest
import torch

from litclf import BinaryClassifier, CirclesDataModule, fit, load
from litclf.inference.rebuild import rebuild_model
from litclf.runs.checkpoint import Checkpoint
from litclf.runs.checkpoint_file import read, save

TOLD = {"count": 3, "first": 42, "vary": "both"}
OTHERS = {
    "endless": {"count": 10**9},
    "more": {"count": 4},
    "fewer": {"count": 2},
    "none": {"count": 0},
    "negative": {"count": -1},
    "no number": {"count": "3"},
    "half of one": {"count": 2.5},
    "truth": {"count": True},
    "a seed that is none": {"first": "stranger"},
    "unknown entries": {"stranger": 1},
}
COMMANDS = ("test", "predict", "export --format torch")
REASONS = ("and tells of others", "does not tell of its members by count, first and vary")
KEPT = {
    "nothing": {},
    "no dict": [],
    "others that diverged": {"diverged": {7: 1}},
    "names that diverged": {"diverged": {"stranger": 1}},
    "too few that were best": {"best": [None]},
    "best of others": {"best": [{"stranger": 1}] * 3},
    "sums of others": {"sums": torch.zeros(2, 3)},
    "values of others": {"values": {"val/loss": torch.zeros(7)}},
    "values that are none": {"values": {"val/loss": "low"}},
    "too few states of random numbers": {"random": []},
}
READERS = {
    "load": load,
    "from_checkpoint": BinaryClassifier.load_from_checkpoint,
    "rebuild": lambda path: rebuild_model(Checkpoint.read(path)),
}


@pytest.fixture(scope="session")
def honest_members(tmp_path_factory):
    """The checkpoint of a run with three members, which litclf made."""
    settings = {"max_epochs": 1, "enable_progress_bar": False, "default_root_dir": tmp_path_factory.mktemp("members")}
    data = CirclesDataModule(num_samples=100, noise=0.1)
    return fit(BinaryClassifier(hidden_dims=[4]), data, name="members", members=3, **settings).folder


@pytest.fixture
def forge_members(honest_members, attack):
    """Writes it with a changed content."""

    def forge(change):
        content = read(honest_members / "checkpoints" / "best.ckpt")
        change(content)
        save(content, attack.folder / "a.ckpt")
        return attack.folder / "a.ckpt"

    return forge


def refused_in_little_memory(attack, reader, path):
    tracemalloc.start()
    try:
        line = attack.refused(reader, path)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    return line


@pytest.mark.parametrize("told", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_other_members_than_the_file_holds_are_refused_before_they_are_made(attack, forge_members, reader, told):
    path = forge_members(lambda content: content["hyper_parameters"].update(members=TOLD | told))
    line = refused_in_little_memory(attack, reader, path)
    assert any(reason in line for reason in REASONS)


@pytest.mark.parametrize("told", [[], "three", 3, {}, {"count": 3}])
def test_members_that_are_told_in_another_way_are_refused(attack, forge_members, told):
    for reader in READERS.values():
        path = forge_members(lambda content: content["hyper_parameters"].update(members=told))
        assert "does not tell of its members by count, first and vary" in attack.refused(reader, path)


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_members_larger_than_the_file_are_refused(attack, forge_members, reader):
    path = forge_members(lambda content: content["hyper_parameters"].update(hidden_dims=[500, 1000]))
    assert "describes a network of 15" in refused_in_little_memory(attack, reader, path)


def test_one_network_with_members_is_refused(attack, forge):
    for reader in READERS.values():
        path = forge(lambda content: content["hyper_parameters"].update(members=TOLD))
        assert "holds the weights of 0 members, and tells of others" in attack.refused(reader, path)


@pytest.mark.parametrize("kept", KEPT.values(), ids=KEPT)
@pytest.mark.parametrize("reader", ["from_checkpoint", "rebuild"])
def test_what_is_kept_of_other_members_is_refused(attack, forge_members, reader, kept):
    def change(content):
        content["members"] = {**content["members"], **kept} if isinstance(kept, dict) and kept else kept

    assert "of its" in attack.refused(READERS[reader], forge_members(change))


@pytest.mark.parametrize(("told", "command"), [*zip(OTHERS.values(), cycle(COMMANDS), strict=False)], ids=OTHERS)
def test_commands_refuse_them(refused_command, honest_members, attack, told, command):
    content = read(honest_members / "checkpoints" / "best.ckpt")
    content["hyper_parameters"]["members"] = TOLD | told
    (attack.folder / "run" / "checkpoints").mkdir(parents=True)
    for name in ("config.yaml", "metrics.json"):
        (attack.folder / "run" / name).write_text((honest_members / name).read_text())
    path = attack.folder / "run" / "checkpoints" / "best.ckpt"
    save(content, path)
    line = refused_command(*command.split(), "--ckpt_path", path)
    assert any(reason in line for reason in REASONS)
