"""Classifier: the base of all classifiers, with one step for training, validation and test."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal, cast

import torch
from lightning.pytorch import LightningDataModule
from torch import Tensor, nn

from litclf.engines.base import Loss
from litclf.engines.kernel.engine import layers_of
from litclf.models.decision import Calibration, Decision
from litclf.models.measured import MeasuredModule
from litclf.models.members import Members
from litclf.models.metrics import ClassMetrics
from litclf.models.networks.build import OWN_NETWORKS, build_network, check_network
from litclf.models.networks.ensemble import members_of
from litclf.models.networks.mlp import ACTIVATIONS, initialize
from litclf.models.optimizers import Recipe
from litclf.models.positive import Positive, refuse_for
from litclf.models.seeds import Seeds
from litclf.utilities.checks import one_of, plain, share, sizes
from litclf.utilities.data_spec import DataSpec
from litclf.utilities.errors import InputError, part

Activation = Literal["identity", "relu", "leaky_relu", "tanh", "sigmoid", "selu", "silu", "gelu", "gelu_tanh"]


class Classifier(MeasuredModule):
    """A network of logits with a loss, which a subclass supplies.

    The sizes of the network come from the DataModule that the Trainer is given, unless they are passed here.

    Args:
        network: ``mlp`` for fully connected layers, ``cnn`` for a small convolutional network on images, the name of
            a classification network of torchvision such as ``resnet18``, or, in Python, any module that maps inputs
            to logits.
        hidden_dims: Width of each hidden layer of the MLP (empty makes it linear), or channels of each stage of the
            CNN.
        activation: Activation after each hidden layer of the MLP; the CNN has ReLU.
        init: ``default`` leaves PyTorch's initial weights; ``kaiming`` scales the MLP's weights to its activation and
            starts biases at zero, which deep networks need; ``zeros`` starts every parameter at zero.
        optimizer: ``sgd``, ``adam`` or ``adamw``.
        lr: Learning rate, positive; the peak of a schedule.
        momentum: Momentum of SGD, in [0, 1).
        nesterov: Whether SGD's momentum is Nesterov's.
        weight_decay: Weight decay, zero or more.
        lr_schedule: ``none``, ``cosine``, ``onecycle``, ``step`` or ``coslog4``, moving with every optimizer step.
        engine: What runs the optimizer steps of an execution: ``eager`` PyTorch, the compiled ``kernel`` for fully
            connected networks on the CPU, a captured CUDA ``graph``, or ``auto``, the fastest that can.
        input_shape: Shape of one input; None takes it from the data.
        num_classes: Number of classes; None takes it from the data.
        weights_path: File of weights that a network of torchvision starts from, as torchvision publishes them; None
            draws random ones. Nothing is downloaded. A checkpoint does without the file.
        positive_class: Of two classes, the name of the one that F1, precision, recall and ``threshold_rule`` are of;
            None takes the rarer one of the training samples, or the second of about as many.
        label_smoothing: Share of each training target that is spread evenly over all classes, in [0, 1). The losses
            of validation and test are without it, and without weights of classes.
        beta2: How much of the mean square of gradients Adam and AdamW keep at a step, in [0, 1).
        bias_lr: Rate of biases, as a multiple of ``lr``, positive.
        parametrization: ``standard``, or ``ntk`` for the MLP: initial weights and rates of each layer by the root of
            its inputs, so that one rate serves all widths.

    Raises:
        InputError: If an argument is out of range, or the data does not fit; the message names it and the value.

    Attributes:
        positive: Of two classes, the one that is measured; None until the data is known, and for more classes.
    """

    def __init__(
        self,
        network: str | nn.Module = "mlp",
        hidden_dims: Sequence[int] = (),
        activation: Activation = "relu",
        init: Literal["default", "kaiming", "zeros"] = "default",
        optimizer: Literal["sgd", "adam", "adamw"] = "sgd",
        lr: float = 0.1,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        lr_schedule: Literal["none", "cosine", "onecycle", "step", "coslog4"] = "none",
        engine: Literal["auto", "eager", "kernel", "graph"] = "auto",
        input_shape: Sequence[int] | None = None,
        num_classes: int | None = None,
        weights_path: str | None = None,
        positive_class: str | None = None,
        label_smoothing: float = 0.0,
        beta2: float = 0.999,
        bias_lr: float = 1.0,
        parametrization: Literal["standard", "ntk"] = "standard",
    ) -> None:
        pace = (optimizer, lr, momentum, nesterov, weight_decay, lr_schedule)
        super().__init__(Recipe(*pace, beta2, bias_lr, parametrization), engine)
        one_of("activation", activation, ACTIVATIONS)
        one_of("init", init, ("default", "kaiming", "zeros"))
        share("label_smoothing", label_smoothing)
        if parametrization == "ntk" and (network != "mlp" or init != "default"):
            named, value = ("network", network) if network != "mlp" else ("init", init)
            raise InputError("parametrization", f"ntk is for mlp by init default, got {named} {value}", "pass standard")
        # A checkpoint holds plain values only: no tuples, no modules.
        hidden_dims, input_shape = plain(hidden_dims), plain(input_shape)
        sizes("hidden_dims", hidden_dims, 10)
        sizes("input_shape", () if input_shape is None else input_shape, 2)
        self.save_hyperparameters(ignore=["network"])
        self.decision = Decision()
        self.positive: Positive | None = None
        self._positive_asked = positive_class
        self._train_loss = Loss(None, label_smoothing)
        if isinstance(network, str):
            check_network(network, hidden_dims, init)
            self.save_hyperparameters({"network": network})
        elif isinstance(network, nn.Module):
            self.network = network
        else:
            raise InputError("network", f"must be a name or a module, got {network!r}", "pass mlp, or a module")
        if weights_path is not None and (self.network is not None or network in OWN_NETWORKS):
            rule = "starts a network of torchvision, and does nothing for others"
            raise InputError("weights_path", rule, "drop it, or pass a network such as resnet18")
        if num_classes is not None and (input_shape is not None or self.network is not None):
            self._build(list(input_shape or ()), num_classes, [])

    def num_logits(self, num_classes: int) -> int:
        """Logits that the network must return for each sample.

        Raises:
            InputError: If the model cannot tell so many classes apart.
        """
        return num_classes

    def logged(self) -> set[str]:
        """The keys of what a fit with validation logs; a class of one's own may log others beside."""
        return super().logged() | {"train/accuracy", "val/loss", *map("val/{}".format, self.val_metrics.keys())}

    def plain_loss(self, data: LightningDataModule) -> Loss | str:
        """The loss on ``data`` for engines that compute it themselves; else why it is nothing that they could."""
        ours = next(kind for kind in type(self).__mro__ if kind.__module__.startswith("litclf.models."))
        names = ("step", "loss", "forward", "shaped", "train_loss", "classes", "correct")
        if any(getattr(type(self), name) is not getattr(ours, name) for name in names):
            return super().plain_loss(data)
        if cast(Any, data).splits["train"].y.dtype != torch.int64:
            return "the targets are not classes"
        # The kernels take one output for the binary loss, several for the multiclass one.
        layers, classes = layers_of(members_of(self.network)[0]), self.hparams["num_classes"]
        wanted = self.num_logits(classes)
        if layers is not None and (layers.dims[-1] != wanted or (wanted == 1 and classes != 2)):
            return "the network's outputs do not fit the classes"
        return self._train_loss

    def forward(self, x: Tensor) -> Tensor:
        """Logits of inputs ``x``, shape ``(N, *input_shape)``."""
        if self.network is None:
            raise InputError("input_shape", "is not known yet", "pass it with num_classes, or fit with a DataModule")
        return self.shaped(self.network(x))

    def step(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Mean loss of a mini-batch, and its logits; with the data's class weights and label smoothing, if any."""
        logits = self(x)
        return self.train_loss(logits, y), logits

    def predict_step(self, batch: Tensor | Sequence[Tensor], batch_idx: int) -> tuple[Tensor, Tensor]:
        """Probabilities and classes of inputs ``x``, or of the inputs of an ``(x, y)`` batch, as calibrated."""
        logits = self(batch if isinstance(batch, Tensor) else batch[0])
        return self.probabilities(logits / self.decision.temperature), self.classes(logits - self.decision.border)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Leaves out where the initial weights came from: rebuilding the model must not ask for that file."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["hyper_parameters"].pop("weights_path", None)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Takes the class names, the preparation and the calibration, which the constructor does not."""
        super().on_load_checkpoint(checkpoint)
        self.decision = Calibration.from_dict(checkpoint.get("calibration", {})).decision()
        saved = checkpoint["hyper_parameters"]
        self.save_hyperparameters({"class_names": saved.get("class_names", [])})
        if "preparation" in saved:
            self.save_hyperparameters({"preparation": saved["preparation"]})

    @part("model")
    def attach(self, data: LightningDataModule | None) -> None:
        """Builds the network for the sizes of ``data``, or checks that the one built already fits them.

        Raises:
            InputError: If the sizes are known from nowhere, or do not fit together.
        """
        spec = DataSpec.of(data)
        known: tuple[Any, Any] = (self.hparams["input_shape"], self.hparams["num_classes"])
        offered = (list(spec.input_shape), spec.num_classes)
        for name, own, theirs in zip(("input_shape", "num_classes"), known, offered, strict=True):
            if own is not None and theirs and own != theirs:
                rule = f"is {own} in {type(self).__name__}, but {theirs} in {spec.kind}"
                raise InputError(name, rule, "drop it, and the data decides")
        input_shape, num_classes = known[0] or offered[0], known[1] or offered[1]
        if not num_classes or not (input_shape or self.network is not None):
            missing = "num_classes" if not num_classes else "input_shape"
            rule = "is known neither from the model nor from the data"
            raise InputError(missing, rule, f"pass {missing} to the model")
        if not hasattr(self, "val_metrics"):
            self._build(input_shape, num_classes, spec.class_names)
        elif spec.class_names:
            self.save_hyperparameters({"class_names": list(spec.class_names)})
        self._choose_positive(spec)
        self._train_loss = Loss(spec.class_weights, self._train_loss.label_smoothing)
        self._targets = self._train_loss.targets(num_classes)
        if spec.preparation is not None:
            self.save_hyperparameters({"preparation": spec.preparation})

    def _choose_positive(self, spec: DataSpec) -> None:
        """Has what is measured of one of two classes be of the positive one."""
        asked, num_classes = self._positive_asked, self.hparams["num_classes"]
        if num_classes != 2:
            refuse_for(num_classes, asked)
            return
        self.positive = Positive.of(asked, spec)
        self.save_hyperparameters({"positive_class": self.positive.name})
        for metrics in (self.val_metrics, self.test_metrics):
            if isinstance(metrics, ClassMetrics):
                metrics.positive = self.positive.index

    def _build(self, input_shape: list[int], num_classes: int, class_names: Sequence[str]) -> None:
        if self.network is None:
            self.network = self._new_network(input_shape, num_classes)
        else:
            initialize(self.network, self.hparams["init"], self.hparams["activation"])
        self._targets = self._train_loss.targets(num_classes)
        self.val_metrics = self.metrics(num_classes)
        self.test_metrics = self.val_metrics.clone()
        if input_shape:
            self.example_input_array = torch.zeros(1, *input_shape)
        sizes = {"input_shape": input_shape or None, "num_classes": num_classes, "class_names": list(class_names)}
        self.save_hyperparameters(sizes)

    def _new_network(self, input_shape: list[int], num_classes: int) -> nn.Module:
        name, hidden_dims, activation = (self.hparams[key] for key in ("network", "hidden_dims", "activation"))
        start, logits = self.hparams["weights_path"], self.num_logits(num_classes)
        network = build_network(name, input_shape, hidden_dims, activation, logits, start)
        initialize(network, "ntk" if self.recipe.parametrization == "ntk" else self.hparams["init"], activation)
        return network

    def begin(self, seeds: Seeds, threads: int | None = None, specs: Sequence[DataSpec] = ()) -> None:
        """Trains members from now on, each with a network drawn by its seed; the sizes are known.

        Args:
            seeds: The seeds.
            threads: Threads that train them; None takes as many as there are processors.
            specs: What the data of each member tells, where members differ in it.

        Raises:
            InputError: If the network cannot be drawn anew, or the class has steps of its own.
        """
        if "network" not in self.hparams:
            rule = "cannot be trained by a network that was passed as a module, which is drawn once"
            raise InputError("members", rule, "pass its name, such as mlp, or train without members")
        shapes = [list(spec.input_shape) for spec in specs] or [self.hparams["input_shape"]] * seeds.count
        num_classes = self.hparams["num_classes"]
        self.begin_members(seeds, [partial(self._new_network, shape, num_classes) for shape in shapes])
        members = cast(Members, self.members)
        members.threads = threads
        members.losses = [Loss(spec.class_weights, self._train_loss.label_smoothing) for spec in specs]
        if self.example_input_array is not None:
            self.example_input_array = torch.zeros(1, *shapes[0])  # of the first member, which stands for all


# What the command line and a config may name: a module of one's own is passed in Python only.
cast(Any, Classifier.__init__).__annotations__["network"] = "str"
