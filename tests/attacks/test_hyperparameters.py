"""Hyperparameters that ask for something to be imported, called or built, in checkpoints that are whole and signed."""

import inspect

import pytest

from litclf import BinaryClassifier, CirclesDataModule, Classifier, load
from litclf.inference.rebuild import rebuild_data
from litclf.runs.checkpoint import Checkpoint
from litclf.runs.checkpoint_io import SafeCheckpointIO
from litclf.runs.hparams import ARGUMENTS

SPEC = {"class_path": "stranger.Thing", "init_args": {}}
BUILDER = "lightning.pytorch.cli.instantiate_module"

MODEL = {
    "instantiator": {"_instantiator": BUILDER, "_class_path": "stranger.Thing"},
    "instantiator of another": {"_instantiator": "stranger.call"},
    "class path": {"_class_path": "stranger.Thing"},
    "class": SPEC,
    "nested class": {"network": SPEC},
    "deeply nested class": {"hidden_dims": [4, [{"lr": SPEC}]]},
    "arguments of a class": {"network": {"init_args": {"x": 1}}},
    "unknown argument": {"on_load": "stranger.call"},
    "name that is none": {7: "stranger.call"},
    "bytes": {"network": b"stranger"},
}


def bomb():
    """Ten lists of ten, ten deep, of which each holds the next ten times: small in a file, endless to walk through."""
    held = [0]
    for _ in range(40):
        held = [held] * 10
    return held


def deep():
    held = []
    for _ in range(400):
        held = [held]
    return held


def changing(**entries):
    return lambda content: content["hyper_parameters"].update(entries)


@pytest.mark.parametrize("values", MODEL.values(), ids=MODEL)
@pytest.mark.parametrize("reader", [load, BinaryClassifier.load_from_checkpoint], ids=["load", "from_checkpoint"])
def test_a_model_is_not_built_from_them(attack, forge, values, reader):
    path = forge(lambda content: content["hyper_parameters"].update(values))
    attack.refused(reader, path)


@pytest.mark.parametrize("values", MODEL.values(), ids=MODEL)
@pytest.mark.parametrize(
    "reader",
    [lambda path: rebuild_data(Checkpoint.read(path)), CirclesDataModule.load_from_checkpoint],
    ids=["load", "from_checkpoint"],
)
def test_data_is_not_built_from_them(attack, forge, values, reader):
    path = forge(lambda content: content["datamodule_hyper_parameters"].update(values))
    attack.refused(reader, path)


@pytest.mark.parametrize("values", [MODEL["instantiator"], MODEL["nested class"]], ids=["instantiator", "nested"])
def test_the_trainer_is_not_given_them(attack, forge, values):
    path = forge(lambda content: content["hyper_parameters"].update(values))
    assert "asks to import and build" in attack.refused(SafeCheckpointIO().load_checkpoint, path)


@pytest.mark.parametrize("command", ["predict", "predict --point 1,2", "test", "fit", "export --format torch"])
def test_commands_refuse_them(refused_command, forge, command):
    path = forge(changing(network=SPEC))
    assert "asks to import and build" in refused_command(*command.split(), "--ckpt_path", path)


@pytest.mark.parametrize("key", ["hparams", "module_arguments"])
def test_entries_of_old_versions_are_refused(attack, forge, key):
    """Lightning mixes them into the arguments, whatever the checkpoint's proper hyperparameters are."""
    path = forge(lambda content: content.update({key: MODEL["instantiator"]}))
    assert f"has the entry {key}" in attack.refused(BinaryClassifier.load_from_checkpoint, path)


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ({"model_class": "stranger.Thing"}, "is no classifier of litclf"),
        ({"model_class": "Trainer"}, "is no classifier of litclf"),
        ({"preparation": {"kind": "stranger.Thing"}}, "must be of kind"),
        ({"preparation": {"kind": "array", "class_path": "stranger.Thing"}}, "does not describe"),
        ({"network": "stranger.Thing"}, "must be mlp, cnn or"),
        ({"activation": "stranger.call"}, "must be one of"),
    ],
)
def test_names_mean_nothing_but_what_litclf_has(attack, forge, entries, reason):
    assert reason in attack.refused(load, forge(changing(**entries)))


def test_no_file_is_read_that_a_checkpoint_names(attack, forge):
    (attack.folder / "weights.pth").write_text("never read")
    path = forge(changing(weights_path=str(attack.folder / "weights.pth")))
    attack.deeds_of(lambda: (load(path), BinaryClassifier.load_from_checkpoint(path)))


@pytest.mark.parametrize("held", [bomb, deep])
def test_bombs_are_refused_in_little_time(attack, forge, held):
    assert "nests them deeper" in attack.refused(load, forge(changing(hidden_dims=held())))


@pytest.mark.parametrize(
    "entries", [{"hidden_dims": [2000, 2000]}, {"hidden_dims": [10**7, 10**7]}, {"input_shape": [10**9]}]
)
@pytest.mark.parametrize("reader", [load, BinaryClassifier.load_from_checkpoint], ids=["load", "from_checkpoint"])
def test_networks_larger_than_their_file_are_refused_before_they_are_made(attack, forge, entries, reader):
    assert "describes a network of" in attack.refused(reader, forge(changing(**entries)))


def test_more_classes_than_the_file_has_weights_for_are_refused(attack, forge):
    path = forge(changing(num_classes=10**9, model_class="MulticlassClassifier"))
    assert "describes a network of" in attack.refused(load, path)


def test_files_of_hyperparameters_are_not_read(attack, best):
    (attack.folder / "h.yaml").write_text("!!python/object/apply:os.system ['touch sentinel']")
    assert "hparams_file" in attack.refused(
        lambda: BinaryClassifier.load_from_checkpoint(best, hparams_file=attack.folder / "h.yaml")
    )


@pytest.mark.parametrize("kind", [BinaryClassifier, CirclesDataModule])
def test_weights_only_cannot_be_switched_off(attack, best, kind):
    assert "must be true" in attack.refused(lambda: kind.load_from_checkpoint(best, weights_only=False))
    assert "must be true" in attack.refused(lambda: SafeCheckpointIO().load_checkpoint(best, weights_only=False))


def test_the_arguments_that_are_known_are_those_of_the_class():
    assert set(inspect.signature(Classifier.__init__).parameters) - {"self"} == ARGUMENTS
