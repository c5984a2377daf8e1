"""Modules of the user's own, loaded, predicted with, exported and refused, against the modules themselves."""

import pickle
import sys

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from litclf import BinaryClassifier, BlobsDataModule, InputError, MulticlassClassifier, fit, load
from litclf.cli.main import main
from litclf.inference.own import OwnNetwork
from litclf.inference.serve.api import ModelAPI

MINE = """
import torch
from lightning.pytorch import LightningModule
from torch import nn

from litclf import MulticlassClassifier

class Net(LightningModule):
    def __init__(self, width=4):
        super().__init__()
        self.save_hyperparameters()  # config.yaml tells what it is made of
        self.net = nn.Sequential(nn.Linear(2, width), nn.Tanh(), nn.Linear(width, 1))

    def forward(self, x):
        return self.net(x).squeeze(1)

    def training_step(self, batch, _):
        x, y = batch
        loss = nn.functional.binary_cross_entropy_with_logits(self(x), y.float())
        self.log("train/loss", loss)
        return loss

    def validation_step(self, batch, _):
        x, y = batch
        self.log("val/loss", nn.functional.binary_cross_entropy_with_logits(self(x), y.float()))

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), 0.02)

class Scaled(MulticlassClassifier):
    def __init__(self, scale=2.0):
        super().__init__(hidden_dims=[4])
        self.scale = scale

    def forward(self, x):
        return super().forward(x) * self.scale
"""
QUIET = {"max_epochs": 1, "enable_progress_bar": False}


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    """A module of the user's, and the runs of its two classes, by their names."""
    root = tmp_path_factory.mktemp("own")
    (root / "mine_of_a_user.py").write_text(MINE)
    sys.path.insert(0, str(root))
    import mine_of_a_user

    models = {"Net": mine_of_a_user.Net(width=3), "Scaled": mine_of_a_user.Scaled()}
    data = {"Net": BlobsDataModule(num_samples=200, centers=2), "Scaled": BlobsDataModule(num_samples=200)}
    runs = {name: fit(models[name], data[name], name=name, default_root_dir=root / name, **QUIET) for name in models}
    yield mine_of_a_user, runs
    sys.path.remove(str(root))
    del sys.modules["mine_of_a_user"]


def said_by(result, rows):
    """Probabilities by the module that was trained."""
    with torch.inference_mode():
        logits = result.model.cpu().eval()(torch.tensor(rows, dtype=torch.float32)).double()
    return np.stack([1 - logits.sigmoid(), logits.sigmoid()], 1) if logits.ndim == 1 else logits.softmax(1).numpy()


ROWS = np.random.default_rng(0).normal(0, 3, (7, 2))


@pytest.mark.parametrize("name", ["Net", "Scaled"])
def test_a_module_that_is_allowed_predicts_as_it_does_itself(name, mine, tmp_path, capsys):
    module, runs = mine
    run = runs[name].folder
    pd.DataFrame(ROWS, columns=["x1", "x2"]).to_csv(tmp_path / "rows.csv", index=False)
    args = ["--ckpt_path", str(run), "--input", str(tmp_path / "rows.csv"), "--output", str(tmp_path / "said.csv")]
    assert main(["predict", *args, "--allow_classes", module.__name__]) == 0
    shares = pd.read_csv(tmp_path / "said.csv").filter(like="probability of").to_numpy()
    assert shares == pytest.approx(said_by(runs[name], ROWS), abs=1e-5)
    own = module.Net(width=3) if name == "Net" else module.Scaled()
    assert load(run, module=own).probabilities(ROWS) == pytest.approx(shares, abs=1e-6)
    capsys.readouterr()
    assert main(["predict", *args]) == 2
    assert "pass --allow_classes with the module that its class is of" in capsys.readouterr().err
    assert main(["predict", *args, "--allow_classes", "other"]) == 2
    assert f"got '{module.__name__}.{name}'; fix: pass --allow_classes {module.__name__}" in capsys.readouterr().err


@pytest.mark.slow  # PyTorch's exporter to ONNX
def test_a_module_of_ones_own_is_exported_and_checked(mine, tmp_path, capsys):
    module, runs = mine
    args = ["--ckpt_path", str(runs["Net"].folder), "--allow_classes", module.__name__]
    assert main(["export", *args, "--format", "onnx", "--output", str(tmp_path / "a.onnx")]) == 0
    session = onnxruntime.InferenceSession(tmp_path / "a.onnx")
    shares = session.run(["probabilities"], {session.get_inputs()[0].name: ROWS.astype(np.float32)})[0]
    assert shares == pytest.approx(said_by(runs["Net"], ROWS), abs=1e-5)
    assert main(["export", *args, "--format", "state_dict", "--output", str(tmp_path / "a.pt")]) == 0
    told = capsys.readouterr().out
    model = module.Net(width=3)
    weights = torch.load(tmp_path / "a.pt", weights_only=True)
    assert 'model.load_state_dict({name.removeprefix("module."): value' in told.replace("'", '"')
    model.load_state_dict({name.removeprefix("module."): value for name, value in weights.items()})
    assert torch.equal(model(torch.zeros(1, 2)), runs["Net"].model.cpu()(torch.zeros(1, 2)))


def test_a_module_of_ones_own_is_served_by_the_process_that_is_given_it(mine):
    module, runs = mine
    path = runs["Net"].folder / "checkpoints" / "best.ckpt"
    sent = pickle.dumps(module.Net(width=3))  # as it goes to the process of the model
    api = ModelAPI(path, True, None, module=pickle.loads(sent))
    api.setup("cpu")
    assert api.model.probabilities(ROWS) == pytest.approx(said_by(runs["Net"], ROWS), abs=1e-5)


def test_a_network_of_ones_own_is_loaded_with_it(tmp_path):
    def network():
        return nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 4))

    model, data = MulticlassClassifier(network=network()), BlobsDataModule(num_samples=200)
    result = fit(model, data, default_root_dir=tmp_path, **QUIET)
    loaded = load(result.folder, module=MulticlassClassifier(network=network()))
    assert loaded.probabilities(ROWS) == pytest.approx(said_by(result, ROWS), abs=1e-5)
    with pytest.raises(InputError, match=r"is of a network of one's own; fix: .*module=MulticlassClassifier\(network"):
        load(result.folder)
    with pytest.raises(InputError, match=r"^module: does not fit .*Missing key.* fix: pass a module of the class"):
        load(result.folder, module=MulticlassClassifier(network=nn.Linear(2, 4)))


def test_logits_become_a_column_where_they_are_none():
    assert OwnNetwork(nn.Flatten(0))(torch.zeros(3, 1)).shape == (3, 1)
    assert OwnNetwork(nn.Identity())(torch.zeros(3, 5)).shape == (3, 5)


def test_a_module_that_gives_other_values_than_classes_is_refused(mine):
    module, runs = mine
    other = module.Net(width=3)
    other.forward = lambda x: other.net(x).repeat(1, 3)
    with pytest.raises(InputError, match=r"^module: gives 3 values for each input, and there are 2 classes"):
        load(runs["Net"].folder, module=other)


def test_loaders_of_ones_own_are_fitted(tmp_path):
    x = torch.randn(64, 3)
    loader = DataLoader(TensorDataset(x, (x.sum(1) > 0).long()), batch_size=16)
    quiet = QUIET | {"default_root_dir": tmp_path}
    result = fit(BinaryClassifier(input_shape=[3], num_classes=2), loader, **quiet)
    assert {key.partition("/")[0] for key in result.metrics if "/" in key} == {"train"}
    assert result.metrics["global_step"] == 4
    loaders = {"train": loader, "val": loader, "test": loader}
    result = fit(BinaryClassifier(input_shape=[3], num_classes=2), loaders, **quiet)
    assert result.metrics["val/loss"] == pytest.approx(result.metrics["test/loss"], abs=1e-6)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([1, 2], r"data: must be a LightningDataModule, or loaders .*, got list; fix: pass \{\"train\": DataLoader"),
        ({"val": DataLoader([1])}, "data: must be .*, got a mapping of val"),
        ({"train": DataLoader([1]), "valid": DataLoader([1])}, "data: must be .*, got a mapping of train, valid"),
        (DataLoader([1]), "num_classes: is known neither from the model nor from the data; fix: pass num_classes"),
    ],
)
def test_what_cannot_be_fitted_is_refused_in_a_line(data, message, tmp_path):
    with pytest.raises(InputError, match=f"^{message}"):
        fit(BinaryClassifier(), data, default_root_dir=tmp_path, **QUIET)
