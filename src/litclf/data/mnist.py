"""MNIST family: handwritten digits, clothes and Japanese characters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from platformdirs import user_cache_dir
from sklearn.model_selection import train_test_split
from torch import Tensor

from litclf.data.base import ClassificationDataModule, Split
from litclf.data.loading.augmentation import shift
from litclf.data.sources.idx import read_idx
from litclf.preprocessing.image import ImagePreparation, unit
from litclf.utilities.checks import not_negative, one_of, whole
from litclf.utilities.errors import InputError

if TYPE_CHECKING:
    from torchvision import datasets

Name = Literal["MNIST", "FashionMNIST", "KMNIST"]


class MNISTDataModule(ClassificationDataModule):
    """Grey images of 28 x 28 pixels in ten classes, from torchvision's MNIST family.

    Batches are ``(x, y)``: ``x`` float32 of shape ``(N, 1, 28, 28)``, pixels in [0, 1]; ``y`` int64 of shape ``(N,)``,
    in [0, 9]. In memory the images stay uint8; they are scaled a batch or execution at a time. The test split is the
    official one.

    Args:
        dataset: ``MNIST``, ``FashionMNIST`` or ``KMNIST``.
        data_dir: Folder that holds, or receives, ``<dataset>/raw``; None for a cache folder of the user's.
        val_size: Images carved out of the 60 000 for validation, drawn by the seed; 0 for no validation.
        max_shift: Largest random shift of a training image in each direction, in pixels; 0 for none.
        batch_size: Images of a mini-batch; None for full-batch steps.
        repeat: Passes over the training set in one Trainer epoch.
        steps_per_execution: Most optimizer steps that run as one Trainer batch; ``auto`` chooses for each fit.
        seed: Seed of the split.

    Raises:
        InputError: If an argument is out of range, or if files are missing or damaged and cannot be downloaded.

    Source: :class:`torchvision.datasets.MNIST` and the classes beside it.

    Example:
        >>> MNISTDataModule().input_shape
        (1, 28, 28)
    """

    input_shape = (1, 28, 28)

    def __init__(
        self,
        dataset: Name = "MNIST",
        data_dir: str | None = None,
        val_size: int = 5000,
        max_shift: int = 0,
        batch_size: int | None = 32,
        repeat: int = 1,
        steps_per_execution: int | Literal["auto"] = "auto",
        seed: int = 42,
    ) -> None:
        super().__init__(batch_size, repeat, steps_per_execution, seed)
        from torchvision import datasets  # a second to load, and this class is loaded by every command

        one_of("dataset", dataset, ("MNIST", "FashionMNIST", "KMNIST"))
        not_negative("val_size", val_size, 5000)
        whole("max_shift", max_shift, 0, 28, example=2)
        self.save_hyperparameters()
        self.dataset = dataset
        self.data_dir = Path(data_dir) if data_dir is not None else Path(user_cache_dir("litclf"))
        self.val_size, self.max_shift = val_size, max_shift
        self._source: type[datasets.MNIST] = getattr(datasets, dataset)
        self.class_names = tuple(name.split(" - ")[-1] for name in self._source.classes)

    @property
    def has_own_test(self) -> bool:
        """True: the ten thousand images that came as a test."""
        return True

    def prepare_data(self) -> None:
        """Downloads what is missing, with a progress bar; without network, says which files are wanted where."""
        missing = self._missing()
        if not missing:
            return
        try:
            # Not by the constructor, which unpickles files that versions of long ago have left in the folder.
            source: datasets.MNIST = object.__new__(self._source)
            source.root = str(self.data_dir)
            source.download()
        except (RuntimeError, OSError) as error:
            raise InputError(
                "data_dir",
                f"{self._raw.resolve()} lacks {', '.join(missing)}, and downloading failed",
                f"copy the files there from {self._source.mirrors[0]} (unpacked), or pass --data.data_dir with the "
                f"folder that holds {self.dataset}/raw",
            ) from error

    def load(self) -> dict[str, Split]:
        """Reads the four files and carves the validation split out of the training images."""
        self.prepare_data()
        x, y = self._read(train=True)
        if self.val_size >= len(y):
            raise InputError(
                "val_size", f"must be below the {len(y)} training images, got {self.val_size}", "pass 5000"
            )
        rows, val_rows = np.arange(len(y)), np.arange(0)
        if self.val_size:
            rows, val_rows = train_test_split(rows, test_size=self.val_size, random_state=self.seed)
        return {
            "train": Split(x[rows], y[rows]),
            "val": Split(x[val_rows], y[val_rows]),
            "test": self._read(train=False),
        }

    def prepare(self, x: Tensor) -> Tensor:
        """Pixels in [0, 1], float32."""
        return unit(x)

    @property
    def preparation(self) -> ImagePreparation:
        """How images of 28 x 28 pixels become inputs of the network."""
        return ImagePreparation(28, 28, 1)

    @property
    def augments(self) -> bool:
        """Whether training images are shifted."""
        return self.max_shift > 0

    def draw_augmentation(self, stream: np.random.Generator, num_samples: int) -> Tensor:
        """How far each image moves down and right, int64 of shape ``(num_samples, 2)``."""
        return torch.from_numpy(stream.integers(-self.max_shift, self.max_shift + 1, (num_samples, 2)))

    def augment(self, x: Tensor, draws: Tensor) -> Tensor:
        """Images moved by ``draws``, with black where they leave."""
        return shift(x, draws, self.max_shift)

    @property
    def _raw(self) -> Path:
        return self.data_dir / self.dataset / "raw"

    def _missing(self) -> list[str]:
        names = [Path(name).stem for name, _ in self._source.resources]
        return [name for name in names if not (self._raw / name).is_file()]

    def _read(self, train: bool) -> Split:
        part = "train" if train else "t10k"
        try:
            images = read_idx(self._raw / f"{part}-images-idx3-ubyte", 3)
            labels = read_idx(self._raw / f"{part}-labels-idx1-ubyte", 1)
            if images.shape[1:] != (28, 28) or not len(images) == len(labels) > 0 or int(labels.max()) > 9:
                raise ValueError(f"{tuple(images.shape)} images with {len(labels)} labels")
        except (ValueError, OSError) as error:
            raise InputError(
                "data_dir",
                f"the {part} files in {self._raw.resolve()} are damaged: {' '.join(str(error).split())}",
                "delete them there and run again to download them, or copy whole ones",
            ) from error
        return Split(images.unsqueeze(1), labels.long())
