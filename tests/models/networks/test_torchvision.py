import copy
import functools
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image
from torchvision import models

from litclf import BinaryClassifier, MulticlassClassifier
from litclf.data.images import ImagesDataModule
from litclf.models.networks.torchvision import Backbone, backbone_names
from litclf.utilities.errors import InputError

LIGHT = "shufflenet_v2_x0_5"
"""With a file of 5 MB, where resnet18 has one of 47."""

SMALL = ("resnet18", "squeezenet1_1", "mobilenet_v3_small", LIGHT, "mnasnet0_5")


@pytest.fixture(scope="module")
def weights_of(tmp_path_factory):
    """A file as torchvision publishes them, and the network that it is of; each written once, and only to be read."""

    @functools.cache
    def weights_of(name, num_classes=1000):
        torch.manual_seed(0)
        quiet = {"init_weights": True} if name == "googlenet" else {}
        network = models.get_model(name, num_classes=num_classes, **quiet).eval()
        path = tmp_path_factory.mktemp("weights") / f"{name}.pth"
        torch.save(network.state_dict(), path)
        return path, network

    return weights_of


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("channels", [1, 3])
def test_backbone_gives_logits_of_grey_and_of_colour(name, channels):
    network = Backbone(name, (channels, 48, 40), 7)
    assert network.training
    assert network(torch.rand(3, channels, 48, 40)).shape == (3, 7)


def test_names_are_classification_networks_only():
    assert {"resnet18", "vit_b_16", "convnext_tiny"} < set(backbone_names())
    assert not {"fcn_resnet50", "raft_small", "r3d_18"} & set(backbone_names())


@pytest.mark.parametrize("name", ["resnet18", "googlenet", pytest.param("densenet121", marks=pytest.mark.slow)])
def test_local_weights_give_the_outputs_of_torchvision(name, weights_of):
    path, theirs = weights_of(name)
    x = torch.rand(2, 3, 64, 64)
    preset = models.get_model_weights(name).DEFAULT.transforms()
    mean, std = (torch.tensor(values)[:, None, None] for values in (preset.mean, preset.std))
    theirs = copy.deepcopy(theirs)
    if name == "googlenet":
        theirs.transform_input = True  # as torchvision sets it for its weights
    ours = Backbone(name, (3, 64, 64), 1000, path).eval()
    torch.testing.assert_close(ours(x), theirs((x - mean) / std), rtol=1e-4, atol=1e-5)


def test_weights_for_other_classes_start_all_but_the_last_layer(weights_of):
    path, theirs = weights_of("resnet18")
    ours = Backbone("resnet18", (3, 32, 32), 4, path).network
    saved = theirs.state_dict()
    for name, value in ours.state_dict().items():
        assert value.shape[0] == 4 if name.startswith("fc.") else torch.equal(value, saved[name])


def test_weights_for_colour_serve_grey_images(weights_of):
    path, _ = weights_of(LIGHT, num_classes=4)
    grey, colour = (Backbone(LIGHT, (channels, 32, 32), 4, path).eval() for channels in (1, 3))
    x = torch.rand(2, 1, 32, 32)
    # Standardised by the mean of the three colours, so near and not equal.
    same = colour.network(((x - grey.mean) / grey.std).expand(-1, 3, -1, -1))
    torch.testing.assert_close(grey(x), same, rtol=1e-4, atol=1e-5)


def test_old_names_of_densenet_weights_are_understood(weights_of, tmp_path):
    _, theirs = weights_of("densenet121", num_classes=4)
    old = {
        name.replace("norm1.", "norm.1.").replace("conv2.", "conv.2.") if "denselayer" in name else name: value
        for name, value in theirs.state_dict().items()
    }
    torch.save(old, tmp_path / "old.pth")
    assert torch.equal(
        Backbone("densenet121", (3, 32, 32), 4, tmp_path / "old.pth").network.classifier.weight,
        theirs.classifier.weight,
    )


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("resnet18", (2,), r"network: resnet18 needs images, grey or in colour, got inputs of shape \(2,\)"),
        ("resnet18", (2, 8, 8), r"network: resnet18 needs images, grey or in colour, got inputs of shape \(2, 8, 8\)"),
        ("alexnet", (1, 28, 28), "network: alexnet cannot take images of 28 x 28 pixels: "),
        ("vit_b_32", (3, 64, 32), "network: vit_b_32 needs square images, got 32 x 64"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(name, shape, message):
    with pytest.raises(InputError, match=f"^{message}"):
        Backbone(name, shape, 3)


def damaged(path):
    path.write_bytes(path.read_bytes()[:1000])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda path: path.unlink(), "there is no file"),
        (damaged, "cannot read"),
        (lambda path: path.write_bytes(b"<html>"), "cannot read"),
        (lambda path: torch.save([1, 2], path), "does not hold a state_dict of tensors"),
        (lambda path: torch.save({"fc.weight": torch.zeros(3, 1024)}, path), "conv1.0.weight is missing there"),
        (
            lambda path: torch.save(torch.load(path) | {"conv1.0.weight": torch.zeros(1)}, path),
            r"conv1.0.weight has shape \[1\] there, not \[24, 3, 3, 3\]",
        ),
    ],
)
def test_weights_that_do_not_fit_are_refused(change, message, weights_of, tmp_path):
    path = Path(shutil.copy(weights_of(LIGHT)[0], tmp_path))
    change(path)
    with pytest.raises(InputError, match=f"^weights_path: .*{message}") as error:
        Backbone(LIGHT, (3, 32, 32), 3, path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"network": "resnet81"}, r"network: must be mlp, cnn or .*, got 'resnet81'; fix: did you mean resnet18\?"),
        ({"network": "resnet18", "hidden_dims": [8]}, r"hidden_dims: does nothing for resnet18, got \[8\]"),
        ({"network": "resnet18", "init": "zeros"}, "init: is for mlp and cnn, got zeros for resnet18"),
        ({"network": "cnn", "weights_path": "a.pth"}, "weights_path: starts a network of torchvision"),
        ({"network": torch.nn.Linear(2, 3), "weights_path": "a.pth"}, "weights_path: starts a network of torchvision"),
        (
            {"network": "resnet18", "weights_path": "none.pth", "input_shape": [3, 32, 32], "num_classes": 3},
            "weights_path: there is no file none.pth",
        ),
    ],
)
def test_model_refuses_what_does_nothing(settings, message):
    with pytest.raises(InputError, match=f"^{message}"):
        MulticlassClassifier(**settings)


def test_binary_model_has_one_logit():
    model = BinaryClassifier("resnet18", input_shape=[1, 32, 32], num_classes=2)
    assert model(torch.rand(3, 1, 32, 32)).shape == (3,)


def test_checkpoint_does_without_the_file_of_weights(make_trainer, weights_of, tmp_path):
    saved, theirs = weights_of(LIGHT)
    path = Path(shutil.copy(saved, tmp_path))
    for row in range(20):
        image = tmp_path / "images" / "ab"[row % 2] / f"{row}.png"
        image.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 32), (row, 2 * row, 99)).save(image)
    model = MulticlassClassifier(LIGHT, lr=0.001, weights_path=str(path))
    trainer = make_trainer(max_epochs=1)
    trainer.fit(model, datamodule=ImagesDataModule(str(tmp_path / "images"), steps_per_execution=2, batch_size=8))
    trainer.save_checkpoint(tmp_path / "end.ckpt")
    assert model.hparams["weights_path"] == str(path)
    path.unlink()
    rebuilt = MulticlassClassifier.load_from_checkpoint(tmp_path / "end.ckpt", weights_only=True)
    assert not torch.equal(theirs.conv1[0].weight, rebuilt.network.network.conv1[0].weight)
    x = torch.rand(4, 3, 32, 32)
    torch.testing.assert_close(rebuilt.eval()(x), model.eval()(x))
