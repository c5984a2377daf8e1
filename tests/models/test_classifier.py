import pytest
import torch
from lightning.pytorch import LightningModule
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from litclf import (
    BinaryClassifier,
    BlobsDataModule,
    CirclesDataModule,
    Classifier,
    InputError,
    MulticlassClassifier,
    TableDataModule,
    fit,
)

FEW_WORKERS = pytest.mark.filterwarnings("ignore:.*does not have many workers")
LOG_INTERVAL = pytest.mark.filterwarnings("ignore:The number of training batches")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"network": "mpl"}, r"network: must be mlp, cnn or .*, got 'mpl'; fix: did you mean mlp\?"),
        ({"activation": "relo"}, r"activation: must be one of .*, got 'relo'; fix: did you mean relu\?"),
        ({"init": "ones"}, "init: must be one of default, kaiming, zeros, got 'ones'"),
        ({"hidden_dims": [10, 0]}, "hidden_dims: must be positive, got 0"),
        ({"lr": -1}, "lr: must be positive, got -1"),
        ({"optimizer": "adam", "momentum": 0.9}, "momentum: does nothing with adam, got 0.9"),
    ],
)
def test_argument_out_of_range_is_refused(settings, message):
    with pytest.raises(InputError, match=f"^{message}"):
        BinaryClassifier(**settings)


def test_sizes_come_from_the_data():
    model = MulticlassClassifier(hidden_dims=[3])
    model.attach(BlobsDataModule(num_features=5, centers=4))
    assert model(torch.zeros(2, 5)).shape == (2, 4)
    assert model.hparams["input_shape"] == [5]
    assert model.hparams["class_names"] == ["class 0", "class 1", "class 2", "class 3"]


def test_attaching_twice_keeps_the_weights():
    model, data = BinaryClassifier(hidden_dims=[3]), CirclesDataModule()
    model.attach(data)
    before = model.network
    model.attach(data)
    assert model.network is before


@pytest.mark.parametrize(
    ("model", "data", "message"),
    [
        (
            MulticlassClassifier(input_shape=[3], num_classes=4),
            BlobsDataModule(),
            r"input_shape: is \[3\] in MulticlassClassifier, but \[2\] in BlobsDataModule",
        ),
        (
            MulticlassClassifier(input_shape=[2], num_classes=3),
            BlobsDataModule(),
            "num_classes: is 3 in MulticlassClassifier, but 4 in BlobsDataModule",
        ),
        (MulticlassClassifier(num_classes=3), BlobsDataModule(), "num_classes: is 3 .* but 4"),
        (BinaryClassifier(), BlobsDataModule(), "model: BinaryClassifier needs 2 classes, got 4"),
        (BinaryClassifier("cnn", [4]), CirclesDataModule(), r"network: cnn needs images, got inputs of shape \(2,\)"),
        (BinaryClassifier(), None, "num_classes: is known neither from the model nor from the data"),
        (BinaryClassifier(num_classes=2), None, "input_shape: is known neither from the model nor from the data"),
    ],
)
def test_network_and_data_that_do_not_fit_are_refused(model, data, message):
    with pytest.raises(InputError, match=f"^{message}"):
        model.attach(data)


def test_forward_before_the_sizes_are_known_is_refused():
    with pytest.raises(InputError, match=r"^input_shape: is not known yet"):
        BinaryClassifier()(torch.zeros(1, 2))


def test_zeros_start_every_parameter_at_zero():
    model = MulticlassClassifier(hidden_dims=[3], init="zeros", input_shape=[2], num_classes=4)
    assert [parameter.abs().sum().item() for parameter in model.parameters()] == [0] * 4
    assert any(parameter.any() for parameter in MulticlassClassifier(input_shape=[2], num_classes=4).parameters())


def test_base_says_what_a_subclass_must_implement():
    with pytest.raises(NotImplementedError, match="Classifier must implement loss"):
        Classifier().loss(torch.zeros(1), torch.zeros(1))


class Plain(LightningModule):
    """Anyone's module: knows nothing of litclf."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 4)
        self.shapes = []

    def training_step(self, batch, batch_idx):
        x, y = batch
        self.shapes.append(tuple(x.shape))
        return nn.functional.cross_entropy(self.layer(x), y)

    def validation_step(self, batch, batch_idx):
        x, y = batch
        self.log("val/loss", nn.functional.cross_entropy(self.layer(x), y))

    def test_step(self, batch, batch_idx):
        x, y = batch
        self.log("test/accuracy", (self.layer(x).argmax(dim=1) == y).float().mean())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


@LOG_INTERVAL
def test_anyones_module_trains_on_our_data(make_trainer):
    torch.manual_seed(0)
    model, trainer = Plain(), make_trainer(max_epochs=5)
    data = BlobsDataModule(num_samples=200, batch_size=32)
    trainer.fit(model, datamodule=data)
    assert model.shapes == [(32, 2)] * 25
    assert trainer.test(model, datamodule=data, verbose=False)[0]["test/accuracy"] > 0.9


@FEW_WORKERS
@LOG_INTERVAL
def test_our_model_trains_on_anyones_loader_as_plain_pytorch_does(make_trainer):
    x, y = BlobsDataModule(num_samples=100).splits["train"]
    loader = DataLoader(TensorDataset(x, y), batch_size=32)
    torch.manual_seed(0)
    model = MulticlassClassifier(hidden_dims=[8], input_shape=[2], num_classes=4)
    hand = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 4))
    hand.load_state_dict(model.network.state_dict())
    optimizer = torch.optim.SGD(hand.parameters(), 0.1)
    for _ in range(3):
        total = 0.0
        for x_batch, y_batch in loader:
            loss = nn.functional.cross_entropy(hand(x_batch), y_batch)
            total += loss.item() * len(y_batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    trainer = make_trainer(max_epochs=3)
    trainer.fit(model, loader, loader)
    torch.testing.assert_close(model.network.state_dict(), hand.state_dict())
    assert trainer.callback_metrics["train/loss"].item() == pytest.approx(total / len(y), rel=1e-5)
    assert trainer.callback_metrics["val/accuracy"].item() == (hand(x).argmax(dim=1) == y).float().mean()


@pytest.mark.parametrize("most", [1, 5])
def test_anyones_network_trains_in_our_model(most, make_trainer):
    network = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 4))
    before = [parameter.detach().clone() for parameter in network.parameters()]
    model, trainer = MulticlassClassifier(network), make_trainer(max_epochs=1)
    trainer.fit(model, datamodule=BlobsDataModule(num_samples=100, batch_size=8, steps_per_execution=most))
    assert model.network is network
    assert all(not torch.equal(old, new) for old, new in zip(before, network.parameters(), strict=True))


def test_trainers_own_settings_work_with_ordinary_batches(make_trainer):
    trainer = make_trainer(max_epochs=1, accumulate_grad_batches=2, gradient_clip_val=1.0)
    trainer.fit(BinaryClassifier(), datamodule=CirclesDataModule(num_samples=40, batch_size=8))
    assert trainer.global_step == 2


@pytest.mark.parametrize(
    "settings",
    [
        {"hidden_dims": (4, 3), "activation": "tanh", "optimizer": "adam", "lr": 0.01},
        {"network": "mlp", "optimizer": "sgd", "momentum": 0.9, "lr_schedule": "onecycle"},
        {"hidden_dims": [4], "input_shape": (2,), "num_classes": 4},
    ],
)
def test_checkpoint_holds_all_that_is_needed_to_rebuild(settings, make_trainer, tmp_path):
    model, trainer = MulticlassClassifier(**settings), make_trainer(max_epochs=1)
    data = BlobsDataModule(num_samples=100, batch_size=8, steps_per_execution=4)
    trainer.fit(model, datamodule=data)
    trainer.save_checkpoint(tmp_path / "end.ckpt")
    loaded = MulticlassClassifier.load_from_checkpoint(tmp_path / "end.ckpt", weights_only=True)
    x = data.splits["test"].x
    assert torch.equal(loaded(x), model(x))
    assert loaded.recipe == model.recipe
    assert loaded.hparams["class_names"] == list(data.class_names)
    hparams = torch.load(tmp_path / "end.ckpt", weights_only=True)["hyper_parameters"]
    assert hparams["class_names"] == list(data.class_names)
    assert (hparams["input_shape"], hparams["num_classes"], hparams["model_class"]) == ([2], 4, "MulticlassClassifier")


def test_checkpoint_of_anyones_network_loads_into_it(make_trainer, tmp_path):
    model, trainer = MulticlassClassifier(nn.Linear(2, 4)), make_trainer(max_epochs=1)
    trainer.fit(model, datamodule=BlobsDataModule(num_samples=100, batch_size=8))
    trainer.save_checkpoint(tmp_path / "end.ckpt")
    loaded = MulticlassClassifier.load_from_checkpoint(
        tmp_path / "end.ckpt", weights_only=True, network=nn.Linear(2, 4)
    )
    assert torch.equal(loaded.network.weight, model.network.weight)


def test_evaluation_starts_anew_each_epoch(make_trainer):
    data = BlobsDataModule(num_samples=100, batch_size=None)
    model, trainer = MulticlassClassifier(lr=1e-9), make_trainer(max_epochs=1)
    trainer.fit(model, datamodule=data)
    first, second = (trainer.validate(model, datamodule=data, verbose=False)[0] for _ in range(2))
    assert first == second
    assert first["val/accuracy"] == float(
        (model.classes(model(data.splits["val"].x)) == data.splits["val"].y).float().mean()
    )


@pytest.mark.parametrize("sizes", [{}, {"input_shape": [2], "num_classes": 2}])
def test_a_checkpoint_tells_how_raw_inputs_are_prepared(make_trainer, tmp_path, sizes):
    model, trainer = BinaryClassifier(**sizes), make_trainer(max_epochs=1)
    trainer.fit(model, datamodule=CirclesDataModule(num_samples=100, batch_size=None))
    trainer.save_checkpoint(tmp_path / "end.ckpt")
    loaded = BinaryClassifier.load_from_checkpoint(tmp_path / "end.ckpt", weights_only=True)
    for own in (model, loaded):
        assert own.hparams["preparation"] == {"kind": "array", "columns": ["x1", "x2"]}


@pytest.mark.parametrize("kind", [BinaryClassifier, MulticlassClassifier])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_weighed_classes_and_smoothed_targets_train_as_a_loss_with_these(kind, smoothing):
    rows, targets = [[float(row), 1.0] for row in range(6)], [0, 0, 0, 0, 1, 1]
    data = TableDataModule(rows=rows, targets=targets, batch_size=None)
    data.class_weights = [0.75, 1.5]
    torch.manual_seed(0)
    model = kind(lr=0.1, label_smoothing=smoothing)
    model.attach(data)
    x, y = data.splits["train"]
    by_hand, plain = [], []
    for probabilities, target in zip(model.probabilities(model(x)), y, strict=True):
        wanted = [smoothing / 2, smoothing / 2]
        wanted[int(target)] += 1 - smoothing
        by_hand.append(-sum(w * q * p.log() for w, q, p in zip([0.75, 1.5], wanted, probabilities, strict=True)))
        plain.append(-probabilities[target].log())
    torch.testing.assert_close(model.step(x, y)[0], torch.stack(by_hand).mean())
    # As it is told of validation and test.
    torch.testing.assert_close(model.loss(model(x), y), torch.stack(plain).mean())


@pytest.mark.parametrize("kind", [BinaryClassifier, MulticlassClassifier])
def test_targets_are_smoothed_without_data_too(kind):
    model = kind(input_shape=[2], num_classes=2, label_smoothing=0.2)
    x, y = torch.randn(5, 2), torch.tensor([0, 1, 1, 0, 1])
    logits = model(x).reshape(5, -1)
    wanted = F.cross_entropy(
        logits if kind is MulticlassClassifier else torch.cat([0 * logits, logits], 1), y, label_smoothing=0.2
    )
    torch.testing.assert_close(model.step(x, y)[0], wanted)


@pytest.mark.parametrize("smoothing", [-0.1, 1.0, "much"])
def test_a_smoothing_that_is_no_share_is_refused(smoothing):
    with pytest.raises(InputError, match="label_smoothing: must be"):
        BinaryClassifier(label_smoothing=smoothing)


def test_weighed_classes_are_trained_by_the_command_of_their_data(tmp_path):
    rows = [[float(row % 10), float(row % 3)] for row in range(60)]
    targets = [int(row % 10 > 7) for row in range(60)]
    settings = {"max_epochs": 2, "enable_progress_bar": False, "default_root_dir": tmp_path}
    data = TableDataModule(rows=rows, targets=targets, steps_per_execution=4)
    data.class_weights = [0.5, 3.0]
    result = fit(BinaryClassifier(hidden_dims=[4]), data, **settings)
    assert result.metrics["engine"] == "kernel, for a fully connected network on the CPU"
