"""Contenders of `benchmark.py`: the same fit done in five ways, each timed from its first line of work to its last.

Every contender takes a :class:`Job` and gives back an :class:`Outcome`. Data is read before the clock starts. The
loss is always the mean over the samples of the last pass, taken as it trains, so that equal work shows equal losses.
An engine that litclf gains later needs one more function that calls :func:`litclf_trainer` with its setting.
"""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer, seed_everything
from lightning.pytorch.loggers import TensorBoardLogger
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset
from torchvision import datasets, transforms

import litclf
from litclf.data.base import ClassificationDataModule
from litclf.data.loading.order import PassOrder
from litclf.models.classifier import Classifier
from litclf.training.notices import quiet_lightning

SEED = 42
GATHER = 100
"""Mini-batches that the hand-written loop gathers at once."""


@dataclass(frozen=True)
class Job:
    """One fit that all contenders carry out.

    Attributes:
        name: Name of the preset that the fit is taken from.
        sizes: Width of every layer, the inputs first and the logits last.
        optimizer: ``sgd`` or ``adam``.
        lr: Learning rate.
        batch_size: Samples of a mini-batch; None for full-batch steps.
        repeat: Passes in one Trainer epoch of litclf.
        epochs: Trainer epochs of litclf.
        steps_per_execution: Most steps of one Trainer batch of litclf.
        data_dir: Folder that holds ``MNIST/raw``, for the job that needs it.
    """

    name: str
    sizes: tuple[int, ...]
    optimizer: str
    lr: float
    batch_size: int | None
    repeat: int
    epochs: int
    steps_per_execution: int
    data_dir: str | None = None

    @property
    def passes(self) -> int:
        """Passes over the training set."""
        return self.repeat * self.epochs

    @property
    def weights(self) -> list[int]:
        """Number of weights of each layer, without biases."""
        return [a * b for a, b in zip(self.sizes, self.sizes[1:], strict=False)]

    def data(self) -> ClassificationDataModule:
        """The data, read into memory."""
        args: dict[str, Any] = {
            "batch_size": self.batch_size,
            "repeat": self.repeat,
            "steps_per_execution": self.steps_per_execution,
        }
        data: ClassificationDataModule
        if self.name == "circles":
            data = litclf.CirclesDataModule(**args)
        elif self.name == "centroids":
            centers: list[list[float]] = [[-10, -4], [-7, -8], [-6, -3], [-2, 4]]
            blobs: dict[str, Any] = {"num_samples": 100, "cluster_std": 0.5, "groups": 2, "seed": 80, "holdout": 0.0}
            data = litclf.BlobsDataModule(centers=centers, **blobs, **args)
        else:
            data = litclf.MNISTDataModule(data_dir=self.data_dir, val_size=0, **args)
        assert data.splits
        return data

    def tensors(self) -> tuple[Tensor, Tensor]:
        """Inputs, float32 of shape ``(N, features)``, and targets as the loss takes them."""
        data = self.data()
        x, y = data.splits["train"]
        return data.prepare(x).flatten(1), y.float() if self.sizes[-1] == 1 else y

    def network(self) -> nn.Sequential:
        """The network as plain PyTorch, with the initial weights of the seed."""
        torch.manual_seed(SEED)
        layers: list[nn.Module] = []
        for inputs, outputs in zip(self.sizes, self.sizes[1:], strict=False):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        return nn.Sequential(*layers[:-1])

    def loss(self, logits: Tensor, y: Tensor) -> Tensor:
        """Mean cross-entropy, of one logit or of several."""
        if self.sizes[-1] == 1:
            return F.binary_cross_entropy_with_logits(logits.squeeze(1), y)
        return F.cross_entropy(logits, y)

    def build_optimizer(self, network: nn.Module, **args: Any) -> torch.optim.Optimizer:
        """The optimizer; ``args`` go to its constructor."""
        kind = torch.optim.SGD if self.optimizer == "sgd" else torch.optim.Adam
        return kind(network.parameters(), lr=self.lr, **args)


@dataclass(frozen=True)
class Outcome:
    """What a contender did: ``seconds`` for ``passes`` passes of the job, and the mean loss of the last one."""

    seconds: float
    passes: int
    loss: float


class EndOfFit(Callback):
    """Takes the time when the Trainer has closed the fit, before litclf goes on to the test."""

    time = 0.0

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Takes it."""
        if stage == "fit":
            self.time = time.perf_counter()


def classifier(job: Job, **settings: Any) -> Classifier:
    """The job's litclf model, with further settings of it."""
    kind = litclf.BinaryClassifier if job.sizes[-1] == 1 else litclf.MulticlassClassifier
    own: dict[str, Any] = {"hidden_dims": list(job.sizes[1:-1]), "optimizer": job.optimizer, "lr": job.lr}
    return kind(**own, **settings)


def litclf_trainer(job: Job, **trainer_args: Any) -> Outcome:
    """litclf under the Trainer, with TensorBoard, metrics.csv, checkpoints and the preset's validation."""
    data = job.data()
    end = EndOfFit()
    args: dict[str, Any] = {"max_epochs": job.epochs, "callbacks": [end], "enable_progress_bar": False}
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        args.update(default_root_dir=folder, **trainer_args)
        result = litclf.fit(classifier(job), data, seed=SEED, threads=1, **args)
    return Outcome(end.time - begin, job.passes, result.metrics["train/loss"])


def tutorial_loop(job: Job) -> Outcome:
    """The bare PyTorch loop as tutorials write it: default optimizer, a DataLoader where there are mini-batches."""
    batches: Iterable[tuple[Tensor, Tensor]]
    if job.batch_size is None:
        batches = [job.tensors()]
    else:
        dataset: Any
        if job.name == "mnist":
            dataset = datasets.MNIST(job.data_dir, train=True, transform=transforms.ToTensor())
        else:
            dataset = TensorDataset(*job.tensors())
        batches = DataLoader(dataset, batch_size=job.batch_size, shuffle=True)
    begin = time.perf_counter()
    network = job.network()
    optimizer = job.build_optimizer(network)
    total, samples = 0.0, 0
    for _ in range(job.passes):
        total, samples = 0.0, 0
        for x, y in batches:
            loss = job.loss(network(x.flatten(1)), y)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += loss.item() * len(y)
            samples += len(y)
    return Outcome(time.perf_counter() - begin, job.passes, total / samples)


def best_loop(job: Job) -> Outcome:
    """The best hand-written eager loop: resident tensors gathered by index, fused optimizer, no wait for the loss."""
    x, y = job.tensors()
    batch_size = job.batch_size or len(y)
    begin = time.perf_counter()
    network = job.network()
    optimizer = job.build_optimizer(network, fused=True)
    parameters = list(network.parameters())
    order = PassOrder(len(y), batch_size, SEED)
    losses: list[Tensor] = []
    for number in range(job.passes):
        losses = []
        rows = torch.from_numpy(order.rows(number))
        for part in [rows] if order.full_batch else torch.split(rows, GATHER * batch_size):
            chosen = (x, y) if order.full_batch else (x.index_select(0, part), y.index_select(0, part))
            for inputs, targets in zip(*(torch.split(tensor, batch_size) for tensor in chosen), strict=True):
                loss = job.loss(network(inputs), targets)
                for parameter in parameters:
                    parameter.grad = None
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                losses.append(loss.detach())
    sizes = torch.tensor([end - start for start, end in map(order.bounds, range(order.steps_per_pass))])
    mean = float((torch.stack(losses) * sizes).sum() / sizes.sum())
    return Outcome(time.perf_counter() - begin, job.passes, mean)


class _OrdinaryModule(LightningModule):
    """The job as Lightning's own introduction writes it."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job, self.network = job, job.network()

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        x, y = batch
        loss = self.job.loss(self.network(x), y)
        self.log("train_loss", loss, on_step=True, on_epoch=True)
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return self.job.build_optimizer(self.network)


def ordinary_lightning(job: Job) -> Outcome:
    """Ordinary Lightning: automatic optimization, DataLoader, TensorBoard, checkpoints; a fifth of a full-batch fit."""
    x, y = job.tensors()
    loader = DataLoader(TensorDataset(x, y), batch_size=job.batch_size or len(y), shuffle=job.batch_size is not None)
    passes = job.passes if job.batch_size else max(1, job.passes // 5)
    with tempfile.TemporaryDirectory() as folder, quiet_lightning():
        seed_everything(SEED, verbose=False)
        begin = time.perf_counter()
        logger = TensorBoardLogger(folder)
        off: dict[str, Any] = {"enable_progress_bar": False, "enable_model_summary": False}
        trainer = Trainer(max_epochs=passes, logger=logger, default_root_dir=folder, **off)
        trainer.fit(_OrdinaryModule(job), loader)
        seconds = time.perf_counter() - begin
        return Outcome(seconds, passes, float(trainer.callback_metrics["train_loss_epoch"]))


def sklearn_mlp(job: Job) -> Outcome:
    """scikit-learn's MLPClassifier with the same sizes, solver, rate, batch and passes; other initial weights."""
    x, y = (np.asarray(tensor) for tensor in job.tensors())
    settings: dict[str, Any] = {"solver": job.optimizer, "learning_rate_init": job.lr, "max_iter": job.passes}
    settings.update(batch_size=job.batch_size or len(y), momentum=0.0, nesterovs_momentum=False)
    # Nothing beside the loss, and no early end.
    settings.update(alpha=0.0, tol=0.0, n_iter_no_change=job.passes + 1, random_state=SEED)
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)
        begin = time.perf_counter()
        network = MLPClassifier(job.sizes[1:-1], **settings).fit(x, y)
    return Outcome(time.perf_counter() - begin, network.n_iter_, cast(float, network.loss_))


CONTENDERS: dict[str, Callable[[Job], Outcome]] = {
    "litclf": litclf_trainer,
    "tutorial loop": tutorial_loop,
    "best eager loop": best_loop,
    "Lightning": ordinary_lightning,
    "scikit-learn": sklearn_mlp,
}
BASELINE = "tutorial loop"


def jobs(data_dir: str | None, epochs: int = 1) -> dict[str, Job]:
    """All jobs by name; ``mnist`` has its data in ``data_dir`` and runs for ``epochs``."""
    found = [
        Job("circles", (2, 10, 10, 1), "sgd", 0.1, None, 100, 20, 100),
        Job("centroids", (2, 4, 8, 4), "adam", 0.01, 8, 10, 10, 130),
        Job("mnist", (784, 256, 128, 64, 10), "adam", 0.01, 32, 1, epochs, 100, data_dir),
    ]
    return {job.name: job for job in found}


def warm_up() -> None:
    """Runs each contender on a short fit, so that no round pays for first uses."""
    job = replace(jobs(None)["centroids"], epochs=1)
    for run in CONTENDERS.values():
        run(job)
