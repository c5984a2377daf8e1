"""Estimator: a fit and what it predicts as one object of scikit-learn's, for its pipelines, searches and displays."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from joblib import effective_n_jobs
from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.utilities.seed import isolate_rng
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags, assert_all_finite, check_random_state, column_or_1d, compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from litclf.data.table import TableDataModule
from litclf.inference.model import LoadedModel, load
from litclf.models.auto import AutoClassifier
from litclf.models.classifier import Activation
from litclf.runs.checkpoint import Checkpoint
from litclf.runs.checkpoint_file import save
from litclf.training.notices import quiet_lightning
from litclf.training.run import RunResult, fit
from litclf.training.stages import NO_LOGS
from litclf.utilities.checks import whole
from litclf.utilities.errors import InputError
from litclf.utilities.files import write_bytes
from litclf.utilities.notes import told
from litclf.utilities.threads import using_threads

_KEPT = ("epoch", "global_step", "pytorch-lightning_version", "state_dict", "hyper_parameters", "calibration")
"""Entries of a checkpoint that a model is loaded from; the others are what a fit goes on from."""


class LitClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """A fully connected network as an estimator of scikit-learn.

    Rows are an array of numbers, of shape ``(N, features)``, or a DataFrame, whose texts and pandas' categories are
    categories. They are prepared as :class:`~litclf.data.table.TableDataModule` prepares a table: numbers are
    standardised, so that no scaler is needed before it, and missing values are marked. Nothing is printed, and no file
    is left, unless that is asked for. A fitted estimator is pickled as plain data: the bytes of a checkpoint.

    Args:
        hidden_dims: Width of each hidden layer; empty makes the network linear.
        activation: Activation after each hidden layer.
        optimizer: ``sgd``, ``adam`` or ``adamw``.
        lr: Learning rate, positive; the peak of a schedule.
        weight_decay: Weight decay, zero or more.
        lr_schedule: ``none``, ``cosine``, ``onecycle`` or ``step``.
        label_smoothing: Share of each training target that is spread evenly over all classes, in [0, 1).
        batch_size: Samples of a mini-batch; None for full-batch steps.
        max_epochs: Passes over the training rows, at most.
        val_size: Share of the rows that is held out for validation, in [0, 1), which the best epoch and the temperature
            of the probabilities are chosen by. With 0 all rows train, and the last weights are kept.
        patience: Passes without a lower validation loss after which a fit stops; None never stops early.
        class_weight: Weight of each class in the training loss, by its label; ``balanced`` for the inverse of its share
            of the rows; None for none.
        categorical: Columns of a DataFrame that hold categories although they look like numbers.
        members: Networks that are trained side by side, each by a seed of its own; they predict by their mean
            probability.
        n_jobs: Threads of a fit; None takes one for small networks and PyTorch's default for others, -1 one for each
            processor.
        random_state: Seed of weights, order and validation rows; an int makes fits alike.
        default_root_dir: Folder below which the run folder is left, as ``lightning_logs/LitClassifier/version_0``;
            None leaves none.
        verbose: Whether to print what a fit says.

    Attributes:
        classes_: The labels, sorted, of shape ``(C,)``.
        n_features_in_: Columns of the rows.
        feature_names_in_: Their names; only of a DataFrame whose columns are all named by text.
        model_: The trained model, a :class:`~litclf.inference.model.LoadedModel`.
        metrics_: Metrics of the fit under their log keys, such as ``train/loss`` and ``val/accuracy``.
        notes_: What the fit had to say of data and settings.
        run_folder_: The run folder; None where none was left.

    Raises:
        InputError: By ``fit``, if an argument is out of range, or rows or labels cannot be used; a ``ValueError``.

    Example:
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True, as_frame=True)
        >>> classifier = LitClassifier(random_state=0).fit(X, y)
        >>> classifier.predict_proba(X[:2]).shape, bool(classifier.score(X, y) > 0.9)
        ((2, 3), True)
    """

    def __init__(
        self,
        hidden_dims: Sequence[int] = (64, 64),
        *,
        activation: Activation = "relu",
        optimizer: Literal["sgd", "adam", "adamw"] = "adam",
        lr: float = 0.003,
        weight_decay: float = 0.0,
        lr_schedule: Literal["none", "cosine", "onecycle", "step"] = "onecycle",
        label_smoothing: float = 0.0,
        batch_size: int | None = 32,
        max_epochs: int = 50,
        val_size: float = 0.0,
        patience: int | None = None,
        class_weight: Mapping[Any, float] | Literal["balanced"] | None = None,
        categorical: Sequence[str] | None = None,
        members: int = 1,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        default_root_dir: str | Path | None = None,
        verbose: bool = False,
    ) -> None:
        # As they are given: scikit-learn copies an estimator by them.
        self.hidden_dims = hidden_dims
        self.activation = activation
        self.optimizer = optimizer
        self.lr = lr
        self.weight_decay = weight_decay
        self.lr_schedule = lr_schedule
        self.label_smoothing = label_smoothing
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.val_size = val_size
        self.patience = patience
        self.class_weight = class_weight
        self.categorical = categorical
        self.members = members
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.default_root_dir = default_root_dir
        self.verbose = verbose

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803  # scikit-learn's names
        """Trains a network on rows ``X`` and labels ``y``, of shape ``(N,)``.

        Raises:
            InputError: If something was given that cannot be used.
            ValueError: By scikit-learn, if rows and labels do not fit together.
        """
        whole("max_epochs", self.max_epochs, 1, example=50)
        rows, y = self._rows(X, y)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            rule = f"must hold two classes or more, got one class: {self.classes_[0]}"
            raise InputError("y", rule, "pass rows of other classes too")
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        with ExitStack() as stack:
            stack.enter_context(quiet_lightning())  # streams and random numbers are the process's
            stack.enter_context(isolate_rng())
            said = io.StringIO()
            if not self.verbose:
                stack.enter_context(redirect_stdout(said))
                stack.enter_context(redirect_stderr(said))
            scratch = None if self.default_root_dir is not None else stack.enter_context(TemporaryDirectory())
            data = self._data(rows, numbers, seed)
            result = self._trained(data, seed, Path(self.default_root_dir or str(scratch)), scratch is None)
            self._checkpoint = _plain_bytes(Checkpoint.tested(Path(str(result.folder))))
        self.model_ = _loaded(self._checkpoint)
        self.metrics_ = {key: value for key, value in result.metrics.items() if isinstance(value, float)}
        self.notes_ = [line for line in said.getvalue().splitlines() if line != told(NO_LOGS)]
        self.run_folder_ = None if scratch is not None else result.folder
        return self

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """The most probable label of each row, of shape ``(N,)``."""
        probabilities = self.predict_proba(X)
        return np.asarray(self.classes_[probabilities.argmax(axis=1)])

    def predict_proba(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Probability of each label of ``classes_`` for each row, float64 of shape ``(N, C)``."""
        check_is_fitted(self)
        rows = self._rows(X)
        with using_threads(self.model_.threads):
            return self.model_.probabilities(rows)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """All but the model, which is made again from the bytes of its checkpoint."""
        return {name: value for name, value in super().__getstate__().items() if name != "model_"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "_checkpoint" in state:
            self.model_ = _loaded(state["_checkpoint"])

    def _rows(self, X: Any, *y: Any) -> Any:  # noqa: N803
        """The rows as a DataFrame, and the labels where they are given; checked as scikit-learn does."""
        is_frame = isinstance(X, pd.DataFrame)
        how: dict[str, Any] = {"skip_check_array": True} if is_frame else {"ensure_all_finite": "allow-nan"}
        checked = validate_data(self, X, *y, reset=bool(y), **how)
        rows, *labels = checked if y else (checked,)
        if not is_frame:
            rows = pd.DataFrame(rows, columns=[f"x{number + 1}" for number in range(rows.shape[1])])
        if not y:
            return rows
        column = column_or_1d(labels[0], warn=True)
        assert_all_finite(column, input_name="y")
        check_classification_targets(column)
        check_consistent_length(rows, column)
        return rows, column

    def _data(self, rows: pd.DataFrame, numbers: NDArray[np.int64], seed: int) -> TableDataModule:
        """The rows of a fit; without validation all passes are one epoch, since nothing is looked at in between."""
        data = TableDataModule(
            rows=rows,
            targets=numbers,
            target_names=[str(label) for label in self.classes_],
            val_size=self.val_size,
            test_size=0.0,
            categorical=None if self.categorical is None else list(self.categorical),
            batch_size=self.batch_size,
            repeat=1 if self.val_size else self.max_epochs,
            seed=seed,
        )
        if self.class_weight is not None:
            labels = self.classes_[data.splits["train"].y.numpy()]
            weights = compute_class_weight(self.class_weight, classes=self.classes_, y=labels)
            data.class_weights = (weights / weights[data.splits["train"].y.numpy()].mean()).tolist()
        return data

    def _trained(self, data: TableDataModule, seed: int, root: Path, logs: bool) -> RunResult:
        """A fit of the network."""
        model = AutoClassifier(
            hidden_dims=self.hidden_dims,
            activation=self.activation,
            optimizer=self.optimizer,
            lr=self.lr,
            weight_decay=self.weight_decay,
            lr_schedule=self.lr_schedule,
            label_smoothing=self.label_smoothing,
        )
        if self.patience is not None and not self.val_size:
            rule = f"waits for the loss of validation rows, and val_size is 0, got {self.patience}"
            raise InputError("patience", rule, "pass val_size=0.1 too")
        stops = [] if self.patience is None else [EarlyStopping("val/loss", patience=self.patience)]
        return fit(
            model,
            data,
            name=type(self).__name__,
            seed=seed,
            threads=None if self.n_jobs is None else effective_n_jobs(self.n_jobs),
            members=self.members,
            max_epochs=self.max_epochs if self.val_size else 1,
            devices=1,
            callbacks=stops,
            logger=logs,
            enable_progress_bar=self.verbose,
            default_root_dir=root,
        )


def _plain_bytes(checkpoint: Checkpoint) -> bytes:
    """A checkpoint of what a model is loaded from, and nothing of the rows it was trained on."""
    content = {key: checkpoint.content[key] for key in _KEPT if key in checkpoint.content}
    if "members" in checkpoint.content:
        content["members"] = {"diverged": checkpoint.content["members"]["diverged"]}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.ckpt"
        save(content, path)
        return path.read_bytes()


def _loaded(content: bytes) -> LoadedModel:
    """The model in the bytes of a checkpoint, which are checked as a file is."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.ckpt"
        write_bytes(path, content)
        return load(path)
